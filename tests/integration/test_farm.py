"""The farm of the benches behaves like the servers that it pretends to be."""

import pathlib
import sys
import time

import pytest

from harness.resp import Connection, ReplyError, encode, plain
from harness.wait import wait_until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'bench'))

from lib.farm import Farm, farm_program     # noqa: E402

HELLO = '__sentinel__:hello'


@pytest.fixture
def farm(lab):
    if not farm_program().exists():
        pytest.skip('the farm is not built')
    farm = Farm(lab.folder, lab.port, groups=4)
    for field in farm.fields:
        lab.keep(field)
    farm.start()
    yield farm
    for field in farm.fields:
        assert field.terminate() == 0, field.log()


def connect(farm, group, member=0, timeout=30):
    return Connection(*farm.address(group, member), timeout)


def info(farm, group, member):
    with connect(farm, group, member) as connection:
        lines = connection.call('INFO').splitlines()
    return dict(line.split(':', 1) for line in lines if ':' in line)


def test_it_splits_groups_over_processes(lab):
    farm = Farm(lab.folder, lab.port, groups=1000, replicas=2, sentinels=3)
    assert [(len(f.groups), f.net) for f in farm.fields] == [(666, 1), (334, 2)]
    assert farm.address(0) == ('127.1.0.1', farm.fields[0].port)
    assert farm.address(666, 2) == ('127.2.0.3', farm.fields[1].port)
    assert farm.address(200, 1) == ('127.1.2.90', farm.fields[0].port)
    assert farm.fields[1].member_at(farm.address(700, 1)) == (700, 1)
    assert farm.fields[0].member_at(farm.address(700, 1)) is None


def test_info_tells_who_replicates_whom(farm):
    master, replica = info(farm, 1, 0), info(farm, 1, 2)
    host, port = farm.address(1, 2)
    assert (master['role'], master['connected_slaves']) == ('master', '2')
    assert master['slave1'].startswith(f'ip={host},port={port},state=online,offset=')
    assert replica['role'] == 'slave'
    assert (replica['master_host'], int(replica['master_port'])) == farm.address(1)
    assert replica['master_link_status'] == 'up'
    assert replica['slave_priority'] == '100'
    assert len(master['run_id']) == 40 and master['run_id'] != replica['run_id']
    assert info(farm, 1, 0)['run_id'] == master['run_id']
    with connect(farm, 1) as connection:
        assert 4500 < len(connection.call('INFO')) < 5500
        assert connection.call('ROLE')[0] == 'master'


def test_a_promotion_as_sentinels_do_it(farm):
    before = time.monotonic() * 1000
    with connect(farm, 0, 1) as leader, connect(farm, 0, 1) as other, connect(farm, 0, 1) as heard:
        assert other.call('PING') == 'PONG'
        assert heard.call('SUBSCRIBE', HELLO) == ['subscribe', HELLO, 1]
        with pytest.raises(ReplyError, match='READONLY'):
            leader.call('SET', 'a', 'b')
        leader.write(encode('MULTI') + encode('SLAVEOF', 'NO', 'ONE') + encode('CONFIG', 'REWRITE')
                     + encode('CLIENT', 'KILL', 'TYPE', 'normal')
                     + encode('CLIENT', 'KILL', 'TYPE', 'pubsub') + encode('EXEC')
                     + encode('SET', 'a', 'b'))
        answers = [plain(leader.read()) for _ in range(7)]
        assert answers == ['OK', *['QUEUED'] * 4, ['OK', 'OK', 1, 1], 'OK']
        assert other.closed_by_peer() and heard.closed_by_peer()
    with connect(farm, 0, 2) as connection:
        assert connection.call('SLAVEOF', *farm.address(0, 1)) == 'OK'
        assert 'Already' in connection.call('SLAVEOF', *farm.address(0, 1))
    old, new, follower = farm.roles()[0]
    assert (old[:2], new[0], follower[0], follower[2]) == (['master', 0], 'master', 'slave', 1)
    assert before - 1 <= new[1] <= follower[1] <= time.monotonic() * 1000
    wait_until(lambda: info(farm, 0, 2)['master_link_status'] == 'up', 5, 'it is in sync')
    assert info(farm, 0, 1)['connected_slaves'] == '1'
    assert info(farm, 0, 0)['connected_slaves'] == '0'


def test_hellos_reach_those_of_the_server_and_of_its_replicas(farm):
    with (connect(farm, 0) as master, connect(farm, 0, 1) as replica, connect(farm, 1) as stranger,
          connect(farm, 0) as speaker):
        for connection in (master, replica, stranger):
            connection.call('SUBSCRIBE', HELLO)
        assert speaker.call('PUBLISH', HELLO, 'one') == 1
        assert plain(master.read()) == plain(replica.read()) == ['message', HELLO, 'one']
        with connect(farm, 0, 1) as at_replica:
            assert at_replica.call('PUBLISH', HELLO, 'two') == 1
        assert plain(replica.read()) == ['message', HELLO, 'two']
        for connection in (master, stranger):   # they heard nothing more
            connection.send('PING')
            assert plain(connection.read()) == ['pong', '']


def test_hung_servers_answer_when_they_are_revived(farm):
    with connect(farm, 2) as known, connect(farm, 3) as well:
        assert known.call('PING') == 'PONG'
        assert farm.hang('masters', 2, 1) == 1
        known.send('PING')
        with connect(farm, 2, timeout=0.2) as new:
            with pytest.raises(TimeoutError):
                new.call('PING')
        assert well.call('PING') == 'PONG'
        assert info(farm, 2, 1)['master_link_status'] == 'up'    # until a minute has passed
        assert farm.revive() == 12
        assert plain(known.read()) == 'PONG'


def test_refusing_servers_reset_all_connections(farm):
    with connect(farm, 2, 1) as known:
        assert known.call('PING') == 'PONG'
        assert farm.refuse(1, 2, 1) == 1
        assert known.closed_by_peer()
    with pytest.raises(ConnectionError), connect(farm, 2, 1) as new:
        new.call('PING')    # if it has come so far
    assert info(farm, 2, 0)['connected_slaves'] == '1'
    farm.refuse(0, 2, 1)
    assert info(farm, 2, 2)['master_link_status'] == 'down'
    farm.revive()
    wait_until(lambda: info(farm, 2, 0)['connected_slaves'] == '2', 5, 'both are back')


def test_slow_servers_take_their_time(farm):
    assert farm.slow(200, 'all', 1, 1) == 3
    with connect(farm, 1) as connection:
        began = time.monotonic()
        assert connection.call('PING') == 'PONG'
        assert time.monotonic() - began >= 0.19
        farm.revive()
        assert connection.call('PING') == 'PONG'


def test_it_counts_what_it_served(farm):
    before = farm.stats()
    with connect(farm, 1) as connection:
        connection.write(encode('PING') * 3)
        for _ in range(3):
            connection.read()
        after = farm.stats()
    assert after['PING'] - before['PING'] == 3
    assert after['reads'] - before['reads'] <= 4    # one of them is for the order itself
    assert after['connections'] == before['connections'] + 1
    assert before['now_ms'] <= after['now_ms'] <= time.monotonic() * 1000 + 1
