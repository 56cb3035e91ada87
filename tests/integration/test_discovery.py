"""Replicas are found by the master's INFO, other sentinels by their hellos."""

import pytest

from harness.group import Group
from harness.wait import wait_until


@pytest.fixture(scope='module')
def deployment(shared_lab):
    return shared_lab.deployment(replicas=2, sentinels=3)


def test_every_sentinel_finds_all_replicas(deployment):
    expected = {f'{host}:{port}' for host, port in (r.address for r in deployment.replicas)}
    for sentinel in deployment.sentinels:
        replicas = sentinel.replicas()
        assert {item['name'] for item in replicas} == expected
        for item in replicas:
            server = deployment.server_at((item['ip'], int(item['port'])))
            assert item['flags'] == 'slave'
            assert item['runid'] == server.run_id
            assert item['master-host'] == deployment.master.host
            assert item['master-port'] == str(deployment.master.port)
            assert item['master-link-status'] == 'ok'
            assert item['slave-priority'] == '100'


def test_every_sentinel_finds_all_others_and_not_itself(deployment):
    addresses = {sentinel.id: sentinel.address for sentinel in deployment.sentinels}
    for sentinel in deployment.sentinels:
        peers = {item['runid']: (item['ip'], int(item['port'])) for item in sentinel.peers()}
        assert peers == {i: a for i, a in addresses.items() if i != sentinel.id}
        assert all(item['name'] == item['runid'] for item in sentinel.peers())


def test_a_healthy_group_says_so(deployment):
    for sentinel in deployment.sentinels:
        master = sentinel.master()
        assert master['flags'] == 'master'
        assert master['runid'] == deployment.master.run_id
        assert (master['num-slaves'], master['num-other-sentinels']) == ('2', '2')
        assert master['config-epoch'] == '0'
        assert sentinel.master_address() == deployment.master.address
        assert sentinel.sentinel('CKQUORUM', 'mymaster').startswith('OK 3 usable Sentinels.')


def test_the_servers_know_the_sentinels_by_name(deployment):
    for server in deployment.servers:
        clients = server.call('CLIENT', 'LIST')
        for sentinel in deployment.sentinels:
            assert f'name=sentinel-{sentinel.id[:8]}-cmd ' in clients
            assert f'name=sentinel-{sentinel.id[:8]}-pubsub ' in clients


def test_two_groups_share_one_link_to_a_peer(shared_lab, deployment):
    other = shared_lab.server('other').start()
    for sentinel in deployment.sentinels:
        sentinel.sentinel('MONITOR', 'other', *other.address, 2)
    for sentinel in deployment.sentinels:
        wait_until(lambda s=sentinel: len(s.peers('other')) == 2, 10, 'peers of the second group')
        for group in ('mymaster', 'other'):
            wait_until(lambda s=sentinel, g=group: {p['link-refcount'] for p in s.peers(g)}
                       == {'2'}, 5, f'shared links in {group}')
    for sentinel in deployment.sentinels:
        sentinel.sentinel('REMOVE', 'other')
        wait_until(lambda s=sentinel: {p['link-refcount'] for p in s.peers()} == {'1'}, 5,
                   'links of one owner again')


def test_a_replica_that_joins_later_is_found(shared_lab, deployment):
    late = shared_lab.server('late').start()
    late.call('REPLICAOF', *deployment.master.address)
    for sentinel in deployment.sentinels:
        wait_until(lambda s=sentinel: f'{late.host}:{late.port}' in
                   [item['name'] for item in s.replicas()], 15, 'the late replica is known')


def test_a_sentinel_that_moved_is_followed(lab):
    deployment = lab.deployment(replicas=0, sentinels=2)
    events = deployment.record()
    stays, moves = deployment.sentinels
    identity = moves.id
    moves.kill()
    old, moves.port = moves.port, lab.port()
    moves.write_file(moves.file.read_text('utf-8').replace(str(old), str(moves.port)))
    moves.start()
    assert moves.id == identity
    wait_until(lambda: [int(p['port']) for p in stays.peers()] == [moves.port], 10,
               'the peer is known at its new address')
    events.wait('+sentinel-address-switch', stays,
                f' ip {moves.host} port {moves.port} for {identity}')


@pytest.mark.vedette
def test_another_process_with_our_id_is_reported_loudly(lab):
    server = lab.server('server').start()
    twin_id = 'ab' * 20
    twins = [lab.sentinel(name, make='classic', groups=[Group('mymaster', *server.address)],
                          lines=[f'sentinel myid {twin_id}']).start() for name in ('one', 'two')]
    for twin in twins:
        wait_until(lambda t=twin: any(twin_id in line and ' # ' in line
                                      for line in t.log().splitlines()), 10,
                   'a warning that names the id')
        assert twin.peers() == []
