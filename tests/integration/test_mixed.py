"""Vedettes and stock sentinels watch one group together."""

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
