"""Vedettes and stock sentinels watch one group together, and either make leads."""

import dataclasses

import pytest

from harness import stock_log
from harness.resp import ReplyError
from harness.sentinel import COMPAT
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

QUORUMS = {'2-stock-1-vedette': ['stock', 'stock', 'vedette'],
           '1-stock-2-vedettes': ['stock', 'vedette', 'vedette'],
           '3-stock-2-vedettes': ['stock', 'stock', 'stock', 'vedette', 'classic']}
# Who leads sees the fault long before all others.
SOON_MS, LATE_MS = 1000, 20000
FAULTS = {'killed': (lambda s: s.kill(), lambda s: s.start()),
          'hung': (lambda s: s.hang(), lambda s: s.wake())}


@pytest.fixture(scope='module', params=QUORUMS.values(), ids=QUORUMS.keys())
def deployment(request, shared_lab):
    deployment = shared_lab.deployment(sentinels=request.param, down_after=LATE_MS,
                                       failover_timeout=1000, parallel_syncs=2)
    deployment.record()
    yield deployment
    deployment.end()


@pytest.fixture(params=['stock', 'vedette'])
def leader(request, deployment):
    """The one that is to lead, of a deployment in order; no vote of before hinders."""
    deployment.recorder.clear()
    return next(s for s in deployment.sentinels if s.make == request.param)


def see_first(deployment, leader):
    """One of them finds the master down alone, and needs the others' votes to replace it."""
    for sentinel in deployment.sentinels:
        sentinel.sentinel('SET', 'mymaster', 'quorum', 1 if sentinel is leader else 2,
                          'down-after-milliseconds', SOON_MS if sentinel is leader else LATE_MS)


def elected(deployment, leader):
    """The epoch under which it alone was elected."""
    event = deployment.recorder.wait('+elected-leader', leader, timeout=15)
    assert {e.sentinel for e in deployment.recorder.find('+elected-leader')} == {leader}, event
    return int(deployment.recorder.find('+new-epoch', leader)[-1].message)


def agree_on(deployment, leader, old, epoch):
    """All tell of one and the same switch, under the epoch of the election."""
    new = deployment.wait_replaced(old, 15)
    switch = ' '.join(map(str, ('mymaster', *old.address, *new.address)))
    for sentinel in deployment.sentinels:
        assert deployment.recorder.wait('+switch-master', sentinel).message == switch
        if sentinel is not leader:
            deployment.recorder.wait('+config-update-from', sentinel, f'sentinel {leader.id} ')
    wait_until(lambda: deployment.epochs() == {epoch}, 5, 'the config epoch of the election')


@pytest.mark.parametrize('fault', FAULTS)
def test_either_make_leads_with_the_votes_of_both(deployment, leader, fault):
    lose, bring_back = FAULTS[fault]
    old = deployment.named_master()
    see_first(deployment, leader)
    lose(old)
    try:
        epoch = elected(deployment, leader)
        voters = [s for s in deployment.sentinels if s is not leader]
        for voter in voters:
            deployment.recorder.wait('+vote-for-leader', voter, f'{leader.id} {epoch}')
        wait_until(lambda: {peer['voted-leader'] for peer in leader.peers()} == {leader.id}, 5,
                   'the leader shows the votes of its peers')
        agree_on(deployment, leader, old, epoch)
    finally:
        bring_back(old)
    deployment.wait_in_order(40)


def test_either_make_leads_on_request(deployment, leader):
    old = deployment.named_master()
    assert leader.sentinel('FAILOVER', 'mymaster') == 'OK'
    agree_on(deployment, leader, old, elected(deployment, leader))
    assert not deployment.recorder.find('+odown')
    deployment.wait_in_order(40)


def hands_over(leader):
    """SENTINEL FAILOVER COORDINATED, as soon as its replicas have been heard of."""
    try:
        return leader.sentinel('FAILOVER', 'mymaster', 'COORDINATED') == 'OK'
    except ReplyError as error:
        assert 'NOGOODSLAVE' in str(error) or 'NOGOODPRIMARY' in str(error), error
        return False


def test_the_others_follow_a_coordinated_failover(deployment, leader):
    if leader.make == 'stock' and COMPAT != 'valkey':
        pytest.skip('only Valkey 9 has it')
    old = deployment.named_master()
    # A server that hands over needs its time, and stock does not wait longer than this.
    leader.sentinel('SET', 'mymaster', 'failover-timeout', 10000)
    wait_until(lambda: hands_over(leader), 15, 'a failover begins')
    new = deployment.wait_replaced(old, 15)
    wait_until(lambda: old.follows(new), 5, 'the old master follows the new one')
    assert not deployment.recorder.find('+convert-to-slave'), 'the master itself has handed over'
    wait_until(lambda: len(deployment.epochs()) == 1, 5, 'the same config epoch')
    leader.sentinel('SET', 'mymaster', 'failover-timeout', 1000)
    deployment.wait_in_order(40)
    assert not deployment.recorder.find('+odown')


@pytest.mark.parametrize('makes', QUORUMS.values(), ids=QUORUMS.keys())
def test_configured_alike_they_agree_whoever_leads(lab, makes):
    deployment = lab.deployment(sentinels=makes, down_after=1500, failover_timeout=3000)
    old = deployment.master
    old.kill()
    # Stock sentinels may split the vote, and then wait for a while.
    deployment.wait_replaced(old, 30)
    old.start()
    deployment.wait_in_order(40)
    assert len(deployment.epochs()) == 1


def test_with_one_of_each_make_either_needs_the_vote_of_the_other(lab):
    deployment = lab.deployment(sentinels=['vedette', 'stock'], down_after=1500,
                                failover_timeout=3000)
    events = deployment.record()
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old, 20)
    leader = events.find('+elected-leader')[0].sentinel
    voter = next(s for s in deployment.sentinels if s is not leader)
    events.wait('+vote-for-leader', voter, leader.id)


def test_after_a_vote_for_stock_its_waits_hold(lab):
    """A stock leader finds nobody to promote and gives up without a word. Who voted for it makes no
    epoch of its own before twice failover-timeout: the leader might still be at it."""
    failover_timeout_ms = 3000
    deployment = lab.planned(sentinels=['stock', 'vedette', 'vedette'], down_after=1600,
                             failover_timeout=failover_timeout_ms, priorities=(0, 0))
    stock, *ours = deployment.sentinels
    stock.groups = {'mymaster': dataclasses.replace(deployment.group, quorum=1, down_after=1000)}
    stock.write_file()
    deployment.start()
    events = deployment.record()
    old = deployment.master
    old.kill()
    events.wait('-failover-abort-no-good-slave', stock)
    votes = {sentinel: events.wait('+vote-for-leader', sentinel) for sentinel in ours}
    assert {vote.message for vote in votes.values()} == {f'{stock.id} 1'}
    for replica in deployment.replicas:
        replica.call('CONFIG', 'SET', 'replica-priority', 100)

    deployment.wait_replaced(old, 20)
    second = min(event.at for event in events.find('+new-epoch', message='2'))
    voted = max(vote.at for vote in votes.values())
    assert second - voted >= 2 * failover_timeout_ms / 1000 - 0.1


def test_what_a_stock_sentinel_complains_of_is_told_from_events():
    """The lab reads the logs of all stock sentinels so, at the end of each test."""
    lines = [f'7:X 21 Nov 2026 17:05:03.080 {text}' for text in (
        '# +sdown master mymaster 127.0.0.1 7310', '* +sentinel-address-switch master mymaster',
        '- Protocol error (invalid bulk length) from client', '. Accepted 127.0.0.1:4711',
        '# WARNING: Sentinel was not able to save the new configuration on disk!!!: No space')]
    assert stock_log.complaints('\n'.join(lines)) == [lines[1], lines[2], lines[4]]
