"""A master that dies or hangs is replaced; nothing is replaced without quorum and majority."""

import time

import pytest

from harness.wait import holds, wait_until

DOWN_AFTER = 600
LONG_MS = 60000     # a failover-timeout that no machine is as slow as
FAULTS = {'killed': lambda server: server.kill(), 'hung': lambda server: server.hang()}


@pytest.mark.parametrize('sentinels', [3, 5])
@pytest.mark.parametrize('fault', FAULTS)
def test_a_lost_master_is_replaced(lab, stock, fault, sentinels):
    deployment = lab.deployment(sentinels=sentinels, down_after=DOWN_AFTER,
                                **({} if stock else {'failover_timeout': LONG_MS}))
    events = deployment.record()
    old = deployment.master
    old.call('SET', 'kept', 'yes')
    old.call('WAIT', 2, 1000)

    lost_at = time.monotonic()
    FAULTS[fault](old)
    new = deployment.wait_replaced(old)
    took_ms = (time.monotonic() - lost_at) * 1000

    assert new.call('GET', 'kept') == 'yes'
    assert new.call('SET', 'new', 'yes') == 'OK'
    other, = (r for r in deployment.replicas if r is not new)
    wait_until(lambda: other.follows(new), 10, 'the other replica follows the new master')
    switch = ' '.join(map(str, ('mymaster', *old.address, *new.address)))
    for sentinel in deployment.sentinels:
        assert events.wait('+switch-master', sentinel).message == switch
        assert len(events.find('+switch-master', sentinel)) == 1
    assert len(deployment.epochs()) == 1
    assert took_ms > deployment.group.down_after * 0.9
    if not stock:
        assert took_ms < LONG_MS    # nobody waited for a time limit; exact figures are the bench's


def test_a_stall_shorter_than_down_after_is_no_failover(lab):
    deployment = lab.deployment(down_after=1500)
    events = deployment.record()
    deployment.master.hang()
    holds(lambda: not events.find('+sdown'), 0.8, 'nobody is down during the stall')
    deployment.master.wake()
    holds(lambda: not events.find('+sdown'), 1.5, 'nobody is down after the stall')
    assert deployment.epochs() == {0}


@pytest.mark.parametrize('fault', FAULTS)
def test_one_dead_sentinel_of_three_is_no_obstacle(lab, fault):
    deployment = lab.deployment(down_after=DOWN_AFTER)
    FAULTS[fault](deployment.sentinels[0])
    if fault == 'hung':
        deployment.sentinels.pop(0)
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old)
    deployment.wait_converged()


def test_master_and_sentinel_lost_together_are_replaced(lab):
    deployment = lab.deployment(down_after=DOWN_AFTER)
    old = deployment.master
    deployment.sentinels[0].kill()
    old.kill()
    deployment.wait_replaced(old)
    deployment.wait_converged()


def test_without_a_majority_nobody_is_promoted(lab):
    deployment = lab.deployment(quorum=1, down_after=300)
    survivor, *others = deployment.sentinels
    events = deployment.record()
    for sentinel in others:
        sentinel.kill()
    deployment.master.kill()
    events.wait('+odown', survivor, '#quorum 1/1')
    events.wait('+try-failover', survivor)
    holds(lambda: not events.find('+elected-leader')
          and not any(replica.is_master() for replica in deployment.replicas), 2,
          'no leader, no promotion')
    assert survivor.master_address() == deployment.master.address
    assert survivor.master()['config-epoch'] == '0'


def test_without_the_quorum_the_master_is_not_objectively_down(lab):
    deployment = lab.deployment(quorum=3, down_after=300)
    events = deployment.record()
    deployment.sentinels[0].kill()
    deployment.master.kill()
    for sentinel in deployment.live_sentinels():
        events.wait('+sdown', sentinel, f'master mymaster {deployment.master.host}')
    holds(lambda: not events.find('+odown') and not events.find('+try-failover'), 1.5,
          'not objectively down')
    for sentinel in deployment.live_sentinels():
        assert 's_down' in sentinel.master()['flags'].split(',')
        assert 'o_down' not in sentinel.master()['flags'].split(',')


def test_ckquorum_tells_what_is_missing(lab):
    deployment = lab.deployment(replicas=0, quorum=2, down_after=300)
    survivor, *others = deployment.sentinels
    for sentinel in others:
        sentinel.kill()
    answer = {}

    def refused():
        with survivor.connect() as connection:
            answer['tree'] = connection.ask('SENTINEL', 'CKQUORUM', 'mymaster')
        return answer['tree'].get('-', '').startswith('NOQUORUM 1 ')

    wait_until(refused, 10, 'both others are down')
    assert answer['tree'] == {'-': (
        'NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum '
        'for this master. Not enough available Sentinels to reach the majority and authorize a '
        'failover')}


def test_a_second_failover_follows_the_first(lab):
    deployment = lab.deployment(down_after=300, failover_timeout=2000)
    first = deployment.master
    first.kill()
    second = deployment.wait_replaced(first)
    deployment.wait_converged()
    second.kill()
    third = deployment.wait_replaced(second)
    assert third not in (first, second)
    assert len(deployment.epochs()) == 1


def test_a_master_that_restarts_and_loads_too_long_is_replaced(lab):
    reboot = {'reboot_down_after': '500ms'}
    deployment = lab.deployment(
        down_after=4000, extra=reboot, lines=('master-reboot-down-after-period mymaster 500',),
        server_config=['loading-process-events-interval-bytes 1024'])
    events = deployment.record()
    old = deployment.master
    old.call('DEBUG', 'POPULATE', 4000)
    old.call('CONFIG', 'SET', 'key-load-delay', 10000)
    old.call('CONFIG', 'REWRITE')
    old.call('SAVE')
    old.kill()
    old.start(wait=False)
    events.wait('+reboot', message=f'master mymaster {old.host} {old.port}', timeout=15)
    deployment.wait_replaced(old, 15)
