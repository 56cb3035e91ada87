"""The chaos of scripts/chaos, for a moment; and what it says of a round is right."""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import types

import pytest

from harness.hosts import Network
from harness.sentinel import program

CHAOS = pathlib.Path(__file__).parents[1] / 'chaos'
sys.path.insert(0, str(CHAOS))

from rounds import ledger                           # noqa: E402
from rounds.check import surprises                  # noqa: E402
from rounds.clients import Ack, Term                # noqa: E402
from rounds.plan import KINDS, PAIRS, rounds        # noqa: E402

pytestmark = pytest.mark.vedette

A, B, C = ('10.0.0.1', 1), ('10.0.0.2', 1), ('10.0.0.3', 1)


def chaos(*options):
    return subprocess.run([CHAOS / 'chaos', *map(str, options)], capture_output=True, text=True,
                          check=False, timeout=600, env={**os.environ, 'VEDETTE': str(program())})


@pytest.mark.skipif(not Network.available(), reason='networks of our own need root')
@pytest.mark.parametrize(('make', 'count', 'faults'), (
    ('vedette', 5, 'killed,hung,link-down,full-disk,emptied'),
    ('both', 2, 'split'),
))
def test_order_comes_back(make, count, faults):
    """Sanitizers, and a machine with other work: it may take longer than it should."""
    done = chaos('--make', make, '--faults', faults, '--rounds', count, '--seed', 1,
                 '--down-after', 2000, '--bound', 90)
    output = done.stdout + done.stderr[-6000:]
    assert done.returncode == 0, output
    *_, figures, verdict = done.stdout.splitlines()
    assert verdict == f'{count} passed, 0 failed', output
    row = json.loads(figures)['results']['all']['vedette']
    assert row['rounds'] == count
    assert row['replaced'] >= 1, output
    assert row['written'] > 100
    assert row['unexplained'] == 0


@pytest.mark.skipif(not Network.available(), reason='networks of our own need root')
def test_a_round_that_takes_too_long_fails():
    done = chaos('--make', 'vedette', '--faults', 'killed', '--rounds', 1, '--bound', -1)
    assert done.returncode == 1
    assert 'the bound is -1 s' in done.stdout
    assert done.stdout.splitlines()[-1] == '0 passed, 1 failed'


# ---- the plan ----

def taken(count, *args):
    return list(itertools.islice(rounds(*args), count))


def test_a_seed_is_a_plan():
    assert taken(50, '7') == taken(50, '7') != taken(50, '8')


def test_a_turn_has_every_fault_in_every_role_and_every_pair():
    count = sum(len(kind.roles) for kind in KINDS.values()) + len(PAIRS)
    labels = {r.label for r in taken(count + 3, 'x')}
    assert len(labels) == count + 1     # those drawn at random share a name


def test_the_second_strike_comes_while_the_first_holds():
    for plan in taken(200, 'x'):
        if len(plan.strikes) == 2:
            first, second = plan.strikes
            assert first.at_s <= second.at_s <= first.at_s + first.hold_s


# ---- the books ----

def acks(address, *times, replid='r'):
    return [Ack(number, at, Term(address, replid)) for number, at in enumerate(times)]


def every(step, begun, ended):
    return [begun + step * i for i in range(round((ended - begun) / step) + 1)]


@pytest.mark.parametrize(('times', 'seconds'), (
    (every(0.1, 0, 10), 0),
    ([*every(0.1, 0, 4), *every(0.1, 6, 10)], 2),
    (every(0.1, 3, 10), 3),
    (every(0.1, 0, 9), 1),
    ([], 10),
))
def test_an_outage_is_what_nobody_writes(times, seconds):
    assert ledger.outage(times, 0, 10) == pytest.approx(seconds, abs=0.15)


def test_who_is_cut_off_writes_to_nobody_else():
    facts = ledger.Facts(cut_off=[('left', 2, 8)])
    clients = [types.SimpleNamespace(host='left', acks=acks(A, *every(0.1, 0, 10))),
               types.SimpleNamespace(host='right', acks=acks(B, *every(0.1, 5, 10)))]
    assert ledger.without_master(clients, facts, 0, 10) == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize(('first', 'second', 'seconds'), (
    (every(0.1, 0, 5), every(0.1, 6, 10), 0),
    (every(0.1, 0, 5), every(0.1, 3, 10), 2),
    ([*every(0.1, 0, 2), *every(0.1, 8, 9)], every(0.1, 1, 10), 2),
))
def test_two_masters_are_two_that_accept_writes(first, second, seconds):
    assert ledger.doubled([*acks(A, *first), *acks(B, *second)]) == pytest.approx(seconds, abs=0.15)


def judged(ack, struck=(), emptied=(), others=()):
    facts = ledger.Facts(dict(struck), list(emptied))
    return ledger.Judge(facts, 'final', [ack, *others], [A, B, C]).explains(ack)


@pytest.mark.parametrize(('expected', 'at', 'struck', 'replid'), (
    ('unreplicated', 5.5, {A: 5}, 'r'),
    ('unreplicated', 4.5, {A: 5}, 'r'),         # the link to the replicas may have been slow
    (None, 3, {A: 5}, 'r'),                     # they had it by then
    (None, 5.5, {}, 'r'),
    (None, 5.5, {B: 5}, 'r'),                   # its master was spared
    (None, 5.5, {A: 5}, 'final'),               # it is the master still
    ('unreplicated', 5.5, {A: 7, B: 5, C: 6}, 'r'),     # who took over was behind
    (None, 3, {A: 7, B: 5, C: 6}, 'r'),
))
def test_a_lost_write_has_a_reason_or_not(expected, at, struck, replid):
    assert judged(acks(A, at, replid=replid)[0], struck) == expected


@pytest.mark.parametrize(('expected', 'later'), (
    ('emptied', A),     # clients went on with the empty one
    (None, B),          # another one had taken over
))
def test_a_master_that_forgot_all_explains_it_unless_it_was_replaced(expected, later):
    ack, = acks(A, 1)
    assert judged(ack, {A: 5}, [(A, 6)], acks(later, 6.5)) == expected


def test_a_server_that_was_silent_for_long_was_struck():
    facts = ledger.Facts()
    ledger.note_silence(facts, [*acks(A, 1, 2, 3), *acks(B, 5, 6)], 1.5)
    assert facts.struck == {A: 3}


@pytest.mark.parametrize(('line', 'full', 'surprising'), (
    ('1:X 21 Nov 2026 20:00:00.000 # +sdown master mymaster 10.0.0.1 1', False, False),
    ('1:X 21 Nov 2026 20:00:00.000 * anything', False, False),
    ('1:X 21 Nov 2026 20:00:00.000 # BUG: mymaster: a law was broken', False, True),
    ('1:X 21 Nov 2026 20:00:00.000 # the state is on disk again', True, False),
    ('1:X 21 Nov 2026 20:00:00.000 # the state is on disk again', False, True),
    ('Segmentation fault', False, True),
))
def test_a_log_is_read(line, full, surprising):
    assert surprises(line, full) == ([line] if surprising else [])
