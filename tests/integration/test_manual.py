"""SENTINEL FAILOVER: without a fault, and without asking for agreement."""

from harness.group import Group
from harness.resp import encode
from harness.wait import wait_until


def reply(sentinel, *args):
    with sentinel.connect() as connection:
        return connection.ask(*args)


def test_a_failover_on_request(lab):
    deployment = lab.deployment(down_after=5000)
    events = deployment.record()
    asked, *others = deployment.sentinels
    old = deployment.master
    old.call('SET', 'kept', 'yes')
    old.call('WAIT', 2, 1000)
    assert asked.sentinel('FAILOVER', 'mymaster') == 'OK'
    new = deployment.wait_replaced(old)
    assert new.call('GET', 'kept') == 'yes'
    events.wait('+failover-end', asked)
    for channel in ('+try-failover', '+elected-leader', '+selected-slave', '+promoted-slave'):
        assert {e.sentinel for e in events.find(channel)} == {asked}
    for sentinel in others:
        events.wait('+config-update-from', sentinel, f'sentinel {asked.id} ')
    assert not events.find('+sdown') and not events.find('+odown')
    assert deployment.epochs() == {1}
    # The old master was told nothing; it is demoted like one that returned.
    assert deployment.wait_converged(30) is new


def test_each_sentinel_in_turn_leads_on_request(lab):
    deployment = lab.deployment(down_after=5000)
    for epoch, sentinel in enumerate(deployment.sentinels[:2], start=1):
        old = deployment.named_master()
        assert sentinel.sentinel('FAILOVER', 'mymaster') == 'OK'
        deployment.wait_replaced(old)
        assert deployment.epochs() == {epoch}
        deployment.wait_in_order(30)


def test_a_second_request_while_one_is_served_is_refused(lab):
    deployment = lab.deployment(down_after=5000)
    with deployment.sentinels[0].connect() as connection:
        connection.write(encode('SENTINEL', 'FAILOVER', 'mymaster') * 2)
        assert connection.read() == {'+': 'OK'}
        assert connection.read() == {'-': 'INPROG Failover already in progress'}
    deployment.wait_replaced(deployment.master)


def test_a_request_without_a_good_replica_is_refused(lab):
    deployment = lab.deployment(replicas=1, priorities=[0], down_after=5000)
    sentinel = deployment.sentinels[0]
    assert reply(sentinel, 'SENTINEL', 'FAILOVER', 'mymaster') == {
        '-': 'NOGOODSLAVE No suitable replica to promote'}
    deployment.replicas[0].call('CONFIG', 'SET', 'replica-priority', 100)
    wait_until(lambda: sentinel.replicas()[0]['slave-priority'] == '100', 15, 'the new priority')
    assert sentinel.sentinel('FAILOVER', 'mymaster') == 'OK'
    deployment.wait_replaced(deployment.master)


def test_a_request_for_an_unknown_group_is_refused(lab):
    sentinel = lab.sentinel('sentinel', groups=[Group('mymaster', '127.0.0.1', 1)]).start()
    assert reply(sentinel, 'SENTINEL', 'FAILOVER', 'nosuch') == {
        '-': 'ERR No such master with that name'}
