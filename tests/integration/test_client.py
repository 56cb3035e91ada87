"""Client libraries follow a failover."""

import redis
import redis.sentinel

from harness.resp import plain
from harness.wait import wait_until


def test_redis_py_follows_a_failover(lab):
    deployment = lab.deployment(down_after=500)
    sentinels = redis.sentinel.Sentinel([s.address for s in deployment.sentinels],
                                        socket_timeout=20)
    old = deployment.master
    assert sentinels.discover_master('mymaster') == old.address
    assert sorted(sentinels.discover_slaves('mymaster')) == sorted(
        replica.address for replica in deployment.replicas)
    client = sentinels.master_for('mymaster', socket_timeout=20)
    reader = sentinels.slave_for('mymaster', socket_timeout=20)
    client.set('count', 1)
    client.wait(2, 1000)
    assert reader.get('count') == b'1'
    old.kill()

    def written():
        try:
            return client.incr('count')
        except redis.RedisError:
            return None

    assert wait_until(written, 10, 'a write succeeds again') == 2
    new = deployment.wait_replaced(old)
    assert sentinels.discover_master('mymaster') == new.address
    assert new.call('GET', 'count') == '2'


def test_a_subscriber_hears_of_the_switch_from_every_sentinel(lab):
    deployment = lab.deployment(down_after=500)
    listeners = [s.connect(timeout=60) for s in deployment.sentinels]
    for listener in listeners:
        listener.call('SUBSCRIBE', '+switch-master')
    deployment.master.kill()
    switches = {tuple(plain(listener.read())) for listener in listeners}
    new = deployment.wait_replaced(deployment.master)
    assert switches == {('message', '+switch-master', ' '.join(map(str, (
        'mymaster', *deployment.master.address, *new.address))))}
    for listener in listeners:
        listener.close()


def test_connections_to_the_old_master_are_cut_when_it_is_demoted(lab):
    deployment = lab.deployment(down_after=500)
    old = deployment.master
    with old.connect() as connection:
        assert connection.ask('PING') == {'+': 'PONG'}
        old.hang()
        deployment.wait_replaced(old)
        old.wake()
        wait_until(lambda: old.info()['role'] == 'slave', 30, 'the old master is demoted')
        assert connection.closed_by_peer()
