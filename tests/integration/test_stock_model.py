"""The simulator's model of a stock sentinel does what real ones do, in the same order.

Each scenario is played with real processes, and by the model with many seeds. What a real sentinel
told of the group, and of each server and peer, has to be what the model tells of it with one of
them: which of several orders it is, and who leads, is left to chance with both.
"""

import concurrent.futures
import functools
import os
import statistics

import pytest

from harness import stock_play

if not (os.environ.get('STOCK_MODEL') or stock_play.model().exists()):
    pytest.skip(f'no {stock_play.model()}: build it', allow_module_level=True)

SEEDS, MORE_SEEDS = 100, (300, 1000)
AT_THE_SAME_TIME = 8
# A machine with other things to do makes real ones late, by so much and by what was measured.
LATE_MS = 1500
EARLY_MS = 50
# Who was held up for so long may have told something that he would not have told else.
HELD_UP_MS, PLAYED_AT_MOST = 150, 4
MOMENTS = ['+sdown', '+odown', '+try-failover', '+elected-leader', '+promoted-slave',
           '+failover-end', '+switch-master', '-failover-abort-not-elected',
           '-failover-abort-no-good-slave', '-failover-abort-slave-timeout', '+convert-to-slave',
           '+fix-slave-config']
SCENARIOS = {scenario.name: scenario for scenario in stock_play.scenarios()}
PLAYED_AGAIN = ['killed master', 'killed master', 'hung master', 'hung master']


@functools.cache
def plays(name, seeds=SEEDS):
    return stock_play.model_plays(SCENARIOS[name], seeds)


@functools.cache
def told_by_the_model(name, seeds):
    """{(role of the sentinel, what about): all that the model told}."""
    streams = {}
    for play in plays(name, seeds):
        for key, told in play.streams().items():
            streams.setdefault(key, set()).update(told)
    return streams


def times_of_the_model(name):
    """{event: when it was told first, with each seed with which it was}."""
    times = {event: [play.first_ms(event) for play in plays(name)] for event in MOMENTS}
    return {event: [t for t in found if t is not None] for event, found in times.items()}


@pytest.fixture(scope='module')
def real(shared_lab):
    """{scenario: its plays}: many at the same time, since most of it is waiting."""
    names = [*SCENARIOS, *PLAYED_AGAIN]
    plays = [stock_play.RealPlay(shared_lab, SCENARIOS[name]) for name in names]
    with concurrent.futures.ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
        played = list(pool.map(lambda play: play.play(), plays))
    return {name: [p for p in played if p.scenario.name == name] for name in SCENARIOS}


def strange(play, seeds):
    """What it told that the model does not tell."""
    known = told_by_the_model(play.scenario.name, seeds)
    return [(key, told) for key, streams in play.streams().items() for told in streams
            if told not in known.get(key, ())]


def not_of_the_model(play):
    """What is rare with the model is looked for where it is missed."""
    found = strange(play, SEEDS)
    for seeds in MORE_SEEDS:
        found = found and strange(play, seeds)
    return found


@pytest.mark.parametrize('name', SCENARIOS)
def test_real_ones_tell_what_the_model_tells(real, shared_lab, name):
    for play in real[name]:
        found = not_of_the_model(play)
        for _ in range(1, PLAYED_AT_MOST):
            if not found or play.late_ms < HELD_UP_MS:
                break
            play = stock_play.RealPlay(shared_lab, SCENARIOS[name]).play()
            found = not_of_the_model(play)
        assert not found, '\n'.join(
            [f'{who} told of {about}: {" | ".join(told)}' for (who, about), told in found]
            + [f'the model: {" | ".join(told)}' for key, _ in found
               for told in told_by_the_model(name, SEEDS).get(key, ())] + [play.text()])


@pytest.mark.parametrize('name', SCENARIOS)
def test_real_ones_leave_out_nothing_that_the_model_always_tells(real, name):
    always = [event for event, times in times_of_the_model(name).items() if len(times) == SEEDS]
    for play in real[name]:
        missing = [event for event in always if play.first_ms(event) is None]
        assert not missing, f'{missing} in\n{play.text()}'


@pytest.mark.parametrize('name', SCENARIOS)
def test_they_take_as_long(real, name):
    for event, expected in times_of_the_model(name).items():
        times = [t for t in (play.first_ms(event) for play in real[name]) if t is not None]
        if times and expected:
            took = statistics.median(times)
            late = LATE_MS + max(play.late_ms for play in real[name])
            assert min(expected) - EARLY_MS <= took <= max(expected) + late, (
                f'{event} after {took} ms; the model: {min(expected)} to {max(expected)} ms')
