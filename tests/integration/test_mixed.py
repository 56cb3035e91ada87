"""Vedettes and stock sentinels watch one group together."""

import dataclasses

import pytest

from harness.wait import wait_until

QUORUMS = {'2+1': ['vedette', 'vedette', 'stock'], '1+2': ['vedette', 'stock', 'stock'],
           'classic': ['classic', 'vedette', 'stock']}

pytestmark = pytest.mark.vedette


@pytest.mark.parametrize('makes', QUORUMS.values(), ids=QUORUMS.keys())
def test_a_mixed_quorum_replaces_a_killed_master(lab, makes):
    deployment = lab.deployment(sentinels=makes, down_after=1500)
    events = deployment.record()
    old = deployment.master
    old.kill()
    new = deployment.wait_replaced(old, 15)
    switch = ' '.join(map(str, ('mymaster', *old.address, *new.address)))
    for sentinel in deployment.sentinels:
        assert events.wait('+switch-master', sentinel).message == switch
    deployment.wait_converged()
    old.start()
    deployment.wait_in_order(30)
    assert len(deployment.epochs()) == 1


@pytest.mark.parametrize('makes', [QUORUMS['2+1'], QUORUMS['1+2']], ids=['2+1', '1+2'])
def test_a_mixed_quorum_replaces_a_hung_master(lab, makes):
    deployment = lab.deployment(sentinels=makes, down_after=1500)
    deployment.master.hang()
    deployment.wait_replaced(deployment.master, 15)
    deployment.master.wake()
    deployment.wait_in_order(30)


@pytest.mark.parametrize('makes', [QUORUMS['2+1'], QUORUMS['1+2']], ids=['2+1', '1+2'])
def test_the_others_follow_a_requested_failover_of_either_make(lab, makes):
    deployment = lab.deployment(sentinels=makes, down_after=5000)
    for epoch, asked in enumerate((deployment.sentinels[0], deployment.sentinels[-1]), start=1):
        old = deployment.named_master()
        assert asked.sentinel('FAILOVER', 'mymaster') == 'OK'
        deployment.wait_replaced(old, 15)
        wait_until(lambda e=epoch: deployment.epochs() == {e}, 5, 'the same config epoch')
        deployment.wait_in_order(30)


def test_a_stock_sentinel_elects_a_vedette_and_a_vedette_stock(lab):
    """With one sentinel of each make and quorum 2, each failover needs the vote of the other."""
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
