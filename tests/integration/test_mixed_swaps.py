"""A node of the quorum changes its make, on the same file, port and id, while the others go on."""

import dataclasses
import re
import time

import pytest

from harness.wait import wait_until
from harness.writer import Writer

pytestmark = pytest.mark.vedette

# The third sees a fault long before the others, so that it alone stands: no split vote makes the
# failover of a stock sentinel take longer.
SOON_MS, LATE_MS = 1500, 20000
# What a client may need, with the sentinels agreed on the new master, until it writes there.
RECONNECT_S = 5

# Two that never were, and an epoch that a vote for one of them uses up.
FAVOURITE, RIVAL, EPOCH = 'a' * 40, 'b' * 40, 1000

OTHER = {'stock': 'classic', 'classic': 'stock'}


@pytest.fixture
def deployment(lab):
    deployment = lab.planned(sentinels=['stock'] * 3, quorum=1, failover_timeout=3000)
    for sentinel in deployment.sentinels:
        soon = sentinel is deployment.sentinels[2]
        group = dataclasses.replace(deployment.group, down_after=SOON_MS if soon else LATE_MS)
        sentinel.groups = {group.name: group}
        sentinel.write_file()
    return deployment.start()


def number(sentinel, directive):
    """The number in a line of state of its file."""
    text = sentinel.file.read_text('utf-8')
    return int(re.search(rf'^sentinel {directive}(?: mymaster)? (\d+)$', text, re.M)[1])


def swap(deployment, sentinel, crash=False):
    """The node stops or crashes and comes back as the other make; the deployment is in order
    afterwards."""
    own = sentinel.id
    if crash:
        sentinel.kill()
        sentinel.sync_state()
    else:
        assert sentinel.terminate() == 0
    sentinel.become(OTHER[sentinel.make])
    sentinel.start()
    assert sentinel.id == own
    deployment.wait_in_order(40)


def replace_the_master(deployment):
    """Kills it, waits for another, and brings it back; returns the seconds until all name the new one.
    Nobody has to try twice."""
    old = deployment.named_master()
    deployment.recorder.clear()
    began = time.monotonic()
    old.kill()
    deployment.wait_replaced(old, 20)
    took = time.monotonic() - began
    assert not deployment.recorder.find('-failover-abort-not-elected'), deployment.recorder.text()
    old.start()
    deployment.wait_in_order(40)
    wait_until(lambda: len(deployment.epochs()) == 1, 5, 'the same config epoch')
    return took


def test_ten_swaps_cost_a_client_nothing_but_the_failovers(deployment):
    first, second, third = deployment.sentinels
    deployment.record()
    with Writer(deployment.sentinels) as writer:
        for count, sentinel in enumerate((first, second, third, first, second, third, first,
                                          second, first, second), start=1):
            writer.clear()
            swap(deployment, sentinel, crash=count in (4, 9))
            assert not writer.failures, f'swap {count} was felt'
            if count in (1, 4, 5, 8):  # one of three is a vedette, two, one, two
                took = replace_the_master(deployment)
                assert writer.longest_gap < took + RECONNECT_S
    assert writer.written > 100
    assert writer.lost() == 0


def test_a_swap_leaves_the_others_what_they_knew(deployment):
    """No peer is seen twice, none is reset, and all ids stay what they were."""
    sentinel, *others = deployment.sentinels
    events = deployment.record()
    ids = {s: s.id for s in deployment.sentinels}
    for _ in range(2):
        swap(deployment, sentinel)
        for other in others:
            assert {peer['runid'] for peer in other.peers()} == set(ids.values()) - {ids[other]}
            assert other.master()['num-other-sentinels'] == '2'
    for other in others:
        assert {e.channel for e in events.of(other)} <= {'+sdown', '-sdown'}, events.text()


def answer_to(sentinel, candidate):
    """For whom it says to have voted when that candidate asks, in an epoch that is far ahead."""
    return sentinel.vote(sentinel.master_address(), EPOCH, candidate)[1]


def vote_for(sentinel, candidate):
    assert answer_to(sentinel, candidate) == candidate


def test_the_vote_of_a_stock_sentinel_binds_the_vedette_after_it(deployment):
    sentinel = deployment.sentinels[0]
    vote_for(sentinel, FAVOURITE)
    assert number(sentinel, 'leader-epoch') == EPOCH
    swap(deployment, sentinel)
    assert answer_to(sentinel, RIVAL) != RIVAL


@pytest.mark.parametrize('end', ['stopped', 'crashed'])
def test_the_vote_of_a_vedette_binds_the_stock_after_it(deployment, end):
    """After a crash `vedette --sync-state` brings the file up to date with the database."""
    sentinel = deployment.sentinels[0]
    swap(deployment, sentinel)
    vote_for(sentinel, FAVOURITE)
    if end == 'stopped':
        assert sentinel.terminate() == 0
    else:
        sentinel.kill()
        sentinel.sync_state()
    assert number(sentinel, 'current-epoch') == EPOCH
    assert number(sentinel, 'leader-epoch') == EPOCH
    sentinel.become('stock')
    sentinel.start()
    assert answer_to(sentinel, RIVAL) != RIVAL


def test_what_was_changed_at_a_vedette_holds_at_the_stock_after_it(deployment):
    """And the user's own lines stand as he wrote them."""
    sentinel = deployment.sentinels[0]
    comment = '# Ask the people of the database before you change this.'
    sentinel.terminate()
    sentinel.write_file(f'{comment}\n{sentinel.file.read_text("utf-8")}')
    sentinel.become('classic')
    sentinel.start()
    sentinel.sentinel('SET', 'mymaster', 'parallel-syncs', 7, 'failover-timeout', 9000)
    sentinel.sentinel('MONITOR', 'second', *deployment.master.address, 1)
    before = {name: sentinel.master(name) for name in ('mymaster', 'second')}
    assert sentinel.terminate() == 0
    assert sentinel.file.read_text('utf-8').startswith(f'{comment}\n')
    sentinel.become('stock')
    sentinel.start()
    assert sentinel.names() == ['mymaster', 'second']
    for name, group in before.items():
        after = sentinel.master(name)
        for field in ('ip', 'port', 'config-epoch', 'quorum', 'failover-timeout',
                      'parallel-syncs', 'down-after-milliseconds'):
            assert after[field] == group[field], (name, field)
    assert {peer['runid'] for peer in sentinel.peers()} == {
        other.id for other in deployment.sentinels[1:]}
    assert len(sentinel.replicas()) == 2
