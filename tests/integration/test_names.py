"""Host names for servers and sentinels: resolved off the loop, announced on demand."""

import random
import re

import pytest
import redis.sentinel

from harness.group import endpoint
from harness.name_server import NameServer
from harness.names import Names, give_names, name_of, named
from harness.resp import ReplyError, plain
from harness.wait import wait_until

pytestmark = [pytest.mark.vedette,
              pytest.mark.skipif(not Names.available(), reason='a hosts file of our own needs root')]


@pytest.fixture
def names(lab):
    names = Names(lab)
    yield names
    names.close()


@pytest.fixture(params=['vedette', 'classic'])
def make(request):
    return request.param


def hosts(items):
    return {item['ip'] for item in items}


def test_all_is_told_by_name(lab, names, make):
    deployment = named(lab, names, sentinels=[make] * 3).start()
    events = deployment.record()
    old = deployment.master
    for sentinel in deployment.sentinels:
        assert sentinel.master_address() == (name_of(old), old.port)
        assert hosts(sentinel.replicas()) == {name_of(s) for s in deployment.replicas}
        assert {r['name'] for r in sentinel.replicas()} == {
            f'{name_of(s)}:{s.port}' for s in deployment.replicas}
        assert hosts(sentinel.peers()) == {
            name_of(s) for s in deployment.sentinels if s is not sentinel}
        assert f'address={name_of(old)}:{old.port},' in sentinel.call('INFO', 'sentinel')
    old.kill()
    new = deployment.wait_replaced(old)
    events.wait('+switch-master',
                message=f'mymaster {name_of(old)} {old.port} {name_of(new)} {new.port}')
    deployment.wait_converged()
    other = next(s for s in deployment.replicas if s is not new)
    assert other.info()['master_host'] == name_of(new)
    old.start()
    wait_until(lambda: old.follows(new), 30, 'the old master follows the new one')
    assert old.info()['master_host'] == name_of(new)


def test_client_libraries_are_told_names(lab, names):
    deployment = named(lab, names, sentinels=1, quorum=1).start()
    client = redis.sentinel.Sentinel([deployment.sentinels[0].address])
    master = deployment.master
    assert client.discover_master('mymaster') == (name_of(master), master.port)
    assert set(client.discover_slaves('mymaster')) == {
        (name_of(replica), replica.port) for replica in deployment.replicas}


def test_the_switch_of_what_is_announced_counts_at_once(lab, names):
    deployment = named(lab, names, sentinels=1, quorum=1).start()
    sentinel, master = deployment.sentinels[0], deployment.master
    before = {item['name'] for item in sentinel.replicas()}
    assert sentinel.sentinel('CONFIG', 'SET', 'announce-hostnames', 'no') == 'OK'
    assert sentinel.master_address() == master.address
    assert sentinel.master()['ip'] == master.host
    assert hosts(sentinel.replicas()) == {'127.0.0.1'}
    assert {item['name'] for item in sentinel.replicas()} == before   # names of entries stay
    sentinel.sentinel('CONFIG', 'SET', 'announce-hostnames', 'yes')
    assert sentinel.master_address() == (name_of(master), master.port)


@pytest.mark.parametrize('announce', [True, False])
def test_localhost(lab, make, announce):
    """As the test suite of the originals has it, without a name server. Which addresses it has is a matter
    of the machine: all listen at both, and announce the one by which they reach their master."""
    deployment = lab.planned(sentinels=[make] * 3,
                             server_config=['replica-announce-ip localhost', 'bind * -::*'])
    word = 'yes' if announce else 'no'
    deployment.group.host = 'localhost'
    for server in deployment.servers:
        server.aliases = ('localhost', '::1')
    for sentinel in deployment.sentinels:
        sentinel.settings['hostnames'] = {'resolve': 'yes', 'announce': word}
        sentinel.settings['listen'] = [endpoint(host, sentinel.port) for host in ('127.0.0.1', '::1')]
        sentinel.lines += ('sentinel resolve-hostnames yes', f'sentinel announce-hostnames {word}',
                           'bind 127.0.0.1 ::1')
        sentinel.write_file()
    deployment.start()
    shown = {'localhost'} if announce else {'127.0.0.1', '::1'}
    for sentinel in deployment.sentinels:
        assert sentinel.master()['ip'] in shown
        assert hosts(sentinel.replicas()) <= shown
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old)
    deployment.wait_converged()


# Longer than all that is waited for: what comes has not waited for an answer.
FOR_EVER_S = 3600
# A resolver takes at least so long until it gives up: nobody has stood still for that.
TRIES_MS = 5000


def longest_stall_ms(sentinel):
    return int(re.search(r'^vedette_stall_longest_ms:(\d+)', sentinel.call('INFO', 'stats'), re.M)[1])


@pytest.mark.parametrize('announce', [True, False])
def test_a_slow_resolver_disturbs_no_failover(lab, names, announce):
    deployment = named(lab, names, announce=announce, down_after=500).start()
    names.server.delay = FOR_EVER_S
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old)
    deployment.wait_converged()
    for sentinel in deployment.sentinels:
        assert longest_stall_ms(sentinel) < TRIES_MS
    names.server.delay = 0
    old.start()
    wait_until(lambda: old.follows(deployment.named_master()), 30, 'the old master follows')


def test_a_name_that_stops_resolving_keeps_its_address(lab, names):
    deployment = named(lab, names, announce=False).start()
    names.server.forget_all()
    replica = deployment.replicas[0]
    replica.kill()
    replica.start()
    sentinel = deployment.sentinels[0]
    wait_until(lambda: f"Failed to resolve hostname '{name_of(replica)}'" in sentinel.log(), 10,
               'the failure is logged')
    deployment.settle()
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old)
    deployment.wait_converged()


@pytest.mark.parametrize('announce', [True, False])
def test_a_server_that_comes_back_at_another_address_is_found_by_its_name(lab, names, announce):
    """As pods do at every restart."""
    deployment = named(lab, names, announce=announce).start()
    moved = deployment.replicas[0]
    moved.kill()
    moved.move('127.0.0.2')
    names.set(name_of(moved), '127.0.0.2')
    moved.start()
    moved.call('REPLICAOF', name_of(deployment.master), deployment.master.port)
    deployment.settle()
    for sentinel in deployment.sentinels:
        assert hosts(sentinel.replicas()) == (
            {name_of(s) for s in deployment.replicas} if announce else {'127.0.0.1', '127.0.0.2'})
    deployment.replicas[1].call('CONFIG', 'SET', 'replica-priority', '0')
    old = deployment.master
    wait_until(lambda: all(r['slave-priority'] == '0' for s in deployment.sentinels
                           for r in s.replicas() if int(r['port']) == deployment.replicas[1].port),
               15, 'only the server that moved may be promoted')
    old.kill()
    assert deployment.wait_replaced(old) is moved
    deployment.wait_converged()


def test_a_master_that_comes_back_at_another_address_before_it_is_down(lab, names):
    deployment = named(lab, names, announce=False, sentinels=1, quorum=1, down_after=60000).start()
    sentinel, master = deployment.sentinels[0], deployment.master
    events = deployment.record()
    master.kill()
    master.move('127.0.0.2')
    names.set(name_of(master), '127.0.0.2')
    master.start()
    wait_until(lambda: sentinel.master_address() == ('127.0.0.2', master.port)
               and sentinel.master()['flags'] == 'master', 10, 'it is watched where it is now')
    assert not events.find('+sdown')


def test_a_sentinel_that_comes_back_at_another_address(lab, names):
    """By its name, which stays; the id is the same."""
    deployment = named(lab, names, announce=False).start()
    mover, *others = deployment.sentinels
    mover.terminate()
    mover.host = '127.0.0.2'
    mover.settings['listen'] = [f'127.0.0.2:{mover.port}']
    give_names(mover, names, announce=False)
    mover.start()
    for sentinel in others:
        wait_until(lambda s=sentinel: all(p['flags'] == 'sentinel' for p in s.peers())
                   and hosts(s.peers()) == {'127.0.0.1', '127.0.0.2'}, 15,
                   f'{sentinel.name} reaches it where it is now')
        assert sentinel.master()['num-other-sentinels'] == '2'


def test_a_start_does_not_wait_for_names(lab, names):
    deployment = named(lab, names, sentinels=1, quorum=1)
    deployment.start_servers()
    names.server.delay = FOR_EVER_S
    sentinel, = deployment.sentinels
    sentinel.start()
    assert sentinel.master_address() == (name_of(deployment.master), deployment.master.port)
    assert 'disconnected' in sentinel.master()['flags']
    names.server.delay = 0
    deployment.settle()


def test_monitor_by_name_answers_when_the_name_has_resolved(lab, names):
    server = lab.server('db').start()
    names.set(name_of(server), server.host)
    sentinel = lab.sentinel('sentinel', make='vedette')
    give_names(sentinel, names, announce=True)
    sentinel.start()
    names.server.delay = FOR_EVER_S
    with sentinel.connect() as slow:
        slow.send('SENTINEL', 'MONITOR', 'g', name_of(server), server.port, 1)
        slow.send('PING')
        assert sentinel.call('PING') == 'PONG'      # others are served meanwhile
        assert sentinel.names() == []
        names.server.delay = 0
        assert plain(slow.read()) == 'OK'
        assert plain(slow.read()) == 'PONG'
    assert sentinel.master_address('g') == (name_of(server), server.port)
    wait_until(lambda: sentinel.master('g')['flags'] == 'master', 10, 'it is watched')


@pytest.mark.parametrize('args, error', [
    (('g', 'nowhere.test', '6379', 'x'), 'ERR Invalid quorum'),
    (('g', 'nowhere.test', 'x', '1'), 'ERR Invalid port'),
    (('g', 'nowhere.test', '6379', '0'), 'ERR Quorum must be 1 or greater.'),
    (('g', 'nowhere.test', '99999', '1'), 'ERR Invalid IP address or hostname specified'),
    (('g', 'no where', '6379', '1'), 'ERR Invalid IP address or hostname specified'),
    (('g', 'known.test', '99999', '1'), 'ERR Invalid port number.'),
])
def test_monitor_refuses_in_the_order_of_stock(lab, names, args, error):
    names.set('known.test', '127.0.0.1')
    sentinel = lab.sentinel('sentinel', make='vedette')
    give_names(sentinel, names, announce=True)
    sentinel.start()
    with pytest.raises(ReplyError, match=f'^{re.escape(error)}$'):
        sentinel.sentinel('MONITOR', *args)


def test_names_without_resolving_are_refused(lab, names):
    sentinel = lab.sentinel('sentinel', make='vedette').start()
    with pytest.raises(ReplyError, match='^ERR Invalid IP address or hostname specified$'):
        sentinel.sentinel('MONITOR', 'g', 'localhost', 6379, 1)
    assert names.server.asked == []


def test_other_name_servers_are_asked_after_a_reload(lab, names):
    server = lab.server('db').start()
    sentinel = lab.sentinel('sentinel', make='vedette')
    give_names(sentinel, names, announce=True)
    sentinel.start()
    with pytest.raises(ReplyError):
        sentinel.sentinel('MONITOR', 'g', 'db.test', server.port, 1)
    other = NameServer(lab.port())
    other.set('db.test', server.host)
    sentinel.settings['hostnames']['servers'] = other.address
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: monitors(sentinel, 'g', 'db.test', server.port), 10, 'the other one is asked')
    assert 'db.test' in other.asked
    other.close()


def monitors(sentinel, *args):
    try:
        return sentinel.sentinel('MONITOR', *args, 1) == 'OK'
    except ReplyError:
        return False


@pytest.mark.parametrize('makes', [['stock', 'stock', 'vedette'], ['vedette', 'classic', 'stock']])
def test_names_in_a_mixed_quorum(lab, names, makes):
    deployment = named(lab, names, sentinels=makes).start()
    for _ in range(2):
        old = deployment.named_master()
        old.kill()
        new = deployment.wait_replaced(old, timeout=30)
        for sentinel in deployment.sentinels:
            assert sentinel.master_address() == (name_of(new), new.port)
        old.start()
        wait_until(lambda: old.follows(new), 40, 'the old master follows the new one')
        deployment.wait_in_order(30)


def test_a_changed_resolv_conf_is_noticed(lab):
    ignorant, knowing = (NameServer(53, f'127.{random.randint(1, 254)}.{random.randint(0, 255)}.{n}')
                         for n in (1, 2))
    server = lab.server('db').start()
    knowing.set('db.test', server.host)
    file = lab.folder / 'resolv.conf'
    sentinel = lab.sentinel('sentinel', make='vedette', settings={'hostnames': {'resolve': 'yes'}})
    sentinel.enter = ('unshare', '--mount', 'sh', '-c',
                      'mount --bind "$0" /etc/resolv.conf && exec "$@"', file)
    file.write_text(f'nameserver {ignorant.host}\n', 'ascii')
    sentinel.start()
    assert not monitors(sentinel, 'g', 'db.test', server.port)
    assert 'db.test' in ignorant.asked
    file.write_text(f'nameserver {knowing.host}\n', 'ascii')
    wait_until(lambda: monitors(sentinel, 'g', 'db.test', server.port), 10, 'the new one is asked')
    ignorant.close()
    knowing.close()
