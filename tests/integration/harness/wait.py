"""Waiting for conditions: the only place where the tests sleep.

Where the tests run is left open: two busy processors and a disk that takes 50 ms for each sync, too.
Whoever waits says what suffices where nothing else runs, and gets PATIENCE times as much; to pass takes
no longer for it. What has to come before something else does is a matter of events and counters, or of
periods so long that no machine is that slow.
"""

import time

from .resp import ReplyError

POLL_S = 0.01
PATIENCE = 6
LEAST_S = 30


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
    """Polls until the condition is true and returns its value, else fails with `what`. timeout: what
    suffices on a machine that is fast and at rest."""
    return within(condition, max(LEAST_S, PATIENCE * timeout), what, poll_s)


def within(condition, timeout, what, poll_s=POLL_S):
    """The same where the time is what is tested: exactly that long."""
    end = time.monotonic() + timeout
    while True:
        value = _ask(condition)
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'not within {timeout:g} s: {what} (last answer: {value!r})')
        time.sleep(poll_s)


def holds(condition, seconds, what):
    """Checks that the condition stays true for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = _ask(condition)
        assert value, f'no longer true: {what} (last answer: {value!r})'
        time.sleep(POLL_S)
