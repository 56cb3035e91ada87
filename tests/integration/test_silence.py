"""Who is silent for less than down-after is never down, and who was stalled finds nobody dead."""

import pytest

from harness.wait import wait_until

pytestmark = pytest.mark.vedette

DOWN_AFTER_MS = 1000
# What is left of a longer one is enough for a slow machine to answer in.
LONG_MS, STALLS = 4000, 3


def stat(sentinel, name):
    lines = sentinel.call('INFO', 'stats').splitlines()
    return int(next(line for line in lines if line.startswith(f'vedette_{name}:')).split(':')[1])


def test_a_master_that_stalls_for_less_than_down_after_is_not_down(lab):
    deployment = lab.deployment(down_after=LONG_MS)
    events = deployment.record()
    for _ in range(STALLS):
        deployment.master.stall(0.7 * LONG_MS / 1000)
        wait_until(lambda: all(int(sentinel.master()['last-ok-ping-reply']) < 0.1 * LONG_MS
                               for sentinel in deployment.sentinels), 5, 'it answered everyone')
    deployment.wait_in_order()
    assert not events.find('+sdown')


def test_a_sentinel_that_was_stalled_finds_nobody_dead_and_tilts(lab):
    deployment = lab.deployment(down_after=DOWN_AFTER_MS)
    events = deployment.record()
    stalled, *others = deployment.sentinels
    stalled.stall(4)
    assert events.wait('+tilt', stalled).message == '#tilt mode entered'
    assert 'sentinel_tilt:1' in stalled.call('INFO', 'sentinel')
    # The others found it silent and take it back; it found nothing wrong with anybody.
    for other in others:
        events.wait('+sdown', other, stalled.id)
        events.wait('-sdown', other, stalled.id)
    assert not [event for event in events.find('+sdown') if event.sentinel is stalled]
    assert not [event for event in events.find('+sdown') if event.message.startswith('master')]


def test_a_stall_is_measured_and_shown(lab):
    sentinel = lab.deployment(replicas=0, sentinels=1, down_after=DOWN_AFTER_MS).sentinels[0]
    assert stat(sentinel, 'stall_last_seconds_ago') == -1 or stat(sentinel, 'stalls') > 0
    # A sleep that was meant, until the next PING, is none; and a slow machine stops it late.
    sentinel.stall(5)
    wait_until(lambda: stat(sentinel, 'stall_longest_ms') > 2500, 5, 'INFO shows the stall')
    assert stat(sentinel, 'stall_longest_ms') < 30000
    assert stat(sentinel, 'stalls') >= 1
    assert 0 <= stat(sentinel, 'stall_last_seconds_ago') < 30
    assert [line for line in sentinel.log().splitlines() if 'silence was not counted' in line]


def test_in_tilt_it_watches_and_votes_but_does_not_act(lab):
    deployment = lab.deployment(down_after=DOWN_AFTER_MS)
    events = deployment.record()
    stalled = deployment.sentinels[0]
    stalled.stall(4)
    events.wait('+tilt', stalled)
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old)
    assert events.wait('+elected-leader').sentinel is not stalled
    assert stalled.vote(deployment.named_master().address, 0)[0] == 0
    assert not [event for event in events.find('+sdown') if event.sentinel is stalled]
