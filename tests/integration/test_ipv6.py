"""Everything on ::1."""

import pytest

from harness.wait import wait_until


@pytest.fixture
def deployment(lab):
    return lab.deployment(host='::1', down_after=500)


def test_a_failover_over_ipv6(deployment):
    events = deployment.record()
    old = deployment.master
    for sentinel in deployment.sentinels:
        assert sentinel.master_address() == ('::1', old.port)
        assert {item['name'] for item in sentinel.replicas()} == {
            f'[::1]:{replica.port}' for replica in deployment.replicas}
        assert {item['ip'] for item in sentinel.peers()} == {'::1'}
        assert f'address=::1:{old.port},' in sentinel.call('INFO', 'sentinel')
    old.kill()
    new = deployment.wait_replaced(old)
    events.wait('+switch-master', message=f'mymaster ::1 {old.port} ::1 {new.port}')
    deployment.wait_converged()
    old.start()
    wait_until(lambda: old.follows(new), 30, 'the old master follows the new one')
