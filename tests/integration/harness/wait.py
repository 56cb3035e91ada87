"""Waiting for conditions: the only place where the tests sleep."""

import time

from .resp import ReplyError

POLL_S = 0.01


def _ask(condition):
    """What the condition says; a process that does not answer yet counts as no."""
    try:
        return condition()
    except (OSError, ReplyError) as error:
        return _No(error)


class _No:
    """A falsy answer that remembers why."""

    def __init__(self, why):
        self.why = why

    def __bool__(self):
        return False

    def __repr__(self):
        return repr(self.why)


def wait_until(condition, timeout, what, poll_s=POLL_S):
    """Polls until the condition is true and returns its value; fails with `what` at the timeout."""
    end = time.monotonic() + timeout
    while True:
        value = _ask(condition)
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'not within {timeout} s: {what} (last answer: {value!r})')
        time.sleep(poll_s)


def holds(condition, seconds, what):
    """Checks that the condition stays true for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = _ask(condition)
        assert value, f'no longer true: {what} (last answer: {value!r})'
        time.sleep(POLL_S)
