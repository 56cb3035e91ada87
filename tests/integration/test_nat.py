"""Servers and sentinels in containers: nobody outside knows the addresses that they know of themselves."""

import pytest

from harness.hosts import Network
from harness.wait import wait_until

INNER_SENTINEL_PORT = 26379

pytestmark = pytest.mark.skipif(not Network.available(), reason='networks of our own need root')


@pytest.fixture
def network():
    network = Network()
    yield network
    network.close()


def move_sentinel(sentinel, container, master):
    """As move_behind does with a server."""
    container.publish(sentinel.port, INNER_SENTINEL_PORT)
    sentinel.enter = container.enter
    sentinel.host = container.address
    sentinel.groups['mymaster'].host = master.host
    if sentinel.make == 'vedette':
        sentinel.settings.update({'listen': [f'0.0.0.0:{INNER_SENTINEL_PORT}'],
                                  'announce': f'{sentinel.host}:{sentinel.port}'})
        sentinel.write_file()
        return
    sentinel.lines += (f'sentinel announce-ip {sentinel.host}',
                       f'sentinel announce-port {sentinel.port}')
    text = sentinel.file_text().replace(f'port {sentinel.port}\n', f'port {INNER_SENTINEL_PORT}\n', 1)
    sentinel.write_file(text.replace(f'bind {sentinel.host}\n', 'bind 0.0.0.0\n'))


@pytest.mark.parametrize('makes', [['vedette'] * 3, ['classic', 'vedette', 'stock']])
def test_what_is_announced_counts_behind_nat(lab, network, makes):
    deployment = lab.planned(sentinels=makes)
    hosts = [network.host() for _ in range(3)]
    for server, host in zip(deployment.servers, hosts):
        server.move_behind(network.container(host))
    for sentinel, host in zip(deployment.sentinels, hosts):
        move_sentinel(sentinel, network.container(host), deployment.master)
    deployment.start()
    outside = {host.address for host in hosts}
    for _ in range(2):
        for sentinel in deployment.sentinels:
            assert sentinel.master_address() == deployment.named_master().address
            assert {r['ip'] for r in sentinel.replicas()} <= outside
            assert {p['ip'] for p in sentinel.peers()} < outside
        old = deployment.named_master()
        old.kill()
        new = deployment.wait_replaced(old, timeout=30)
        deployment.wait_converged(30)
        old.start()
        wait_until(lambda: old.follows(new), 40, 'the old master follows the new one')
        deployment.wait_in_order(30)
