"""Which replica is promoted, and how many others are reconfigured at a time."""

import pytest

from harness.wait import wait_until

LONG_MS = 60000     # a failover-timeout after which no correction disturbs the test


def lag(replica, dead_port):
    """Cuts a replica off its master for good: its offset stands still."""
    replica.call('REPLICAOF', replica.host, dead_port)
    wait_until(lambda: replica.info()['master_link_status'] == 'down', 5, 'the link is down')


def test_the_lowest_priority_is_promoted_and_zero_never(lab):
    deployment = lab.deployment(replicas=3, priorities=[0, 50, 10], down_after=300,
                                failover_timeout=1500)
    never, second, first = deployment.replicas
    events = deployment.record()
    deployment.master.kill()
    assert deployment.wait_replaced(deployment.master) is first
    deployment.wait_converged()
    first.kill()
    assert deployment.wait_replaced(first) is second
    deployment.wait_converged()
    second.kill()
    events.wait('-failover-abort-no-good-slave', timeout=15)
    assert not never.is_master()


def test_of_equal_priorities_the_greater_offset_is_promoted(lab):
    deployment = lab.deployment(down_after=2000, failover_timeout=LONG_MS)
    behind, ahead = sorted(deployment.replicas, key=lambda replica: replica.run_id)
    lag(behind, lab.port())
    deployment.master.call('SET', 'more', 'x' * 1000)
    wait_until(lambda: int(ahead.info()['slave_repl_offset'])
               > int(behind.info()['slave_repl_offset']) + 1000, 5, 'one replica is behind')
    deployment.master.kill()
    assert deployment.wait_replaced(deployment.master) is ahead


def test_a_replica_with_a_stale_link_is_not_promoted(lab):
    deployment = lab.deployment(priorities=[1, 100], down_after=300, failover_timeout=LONG_MS)
    stale, fresh = deployment.replicas
    lag(stale, lab.port())
    # The limit is 10 x down-after beyond the master's own down time.
    wait_until(lambda: int(stale.info()['master_link_down_since_seconds']) >= 5, 10,
               'the link is down for 5 s')
    deployment.master.kill()
    assert deployment.wait_replaced(deployment.master) is fresh


def test_a_replica_that_is_down_is_not_promoted(lab):
    deployment = lab.deployment(priorities=[1, 100], down_after=300)
    down, up = deployment.replicas
    events = deployment.record()
    down.hang()
    for sentinel in deployment.sentinels:
        events.wait('+sdown', sentinel, f'slave {down.host}:{down.port} ')
    deployment.master.kill()
    assert deployment.wait_replaced(deployment.master) is up


@pytest.mark.parametrize('limit', [1, 3])
def test_no_more_than_parallel_syncs_replicas_are_reconfigured_at_once(lab, limit):
    deployment = lab.deployment(replicas=4, parallel_syncs=limit, down_after=300)
    events = deployment.record()
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    leader = events.wait('+failover-end').sentinel
    at_work, most = set(), 0
    for event in events.of(leader):
        replica = event.message.split()[1] if event.message.startswith('slave') else None
        if event.channel == '+slave-reconf-sent':
            at_work.add(replica)
        elif event.channel in ('+slave-reconf-done', '-slave-reconf-sent-timeout'):
            at_work.discard(replica)
        most = max(most, len(at_work))
    assert most == limit
    assert len(events.find('+slave-reconf-done', leader)) == 3
    deployment.wait_converged()
