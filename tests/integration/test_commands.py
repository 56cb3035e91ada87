"""What commands answer, where that is more than what stock answers (test_side_by_side)."""

import re
import subprocess

import pytest

from harness.group import Group
from harness.resp import fields
from harness.sentinel import stock_version
from harness.wait import wait_until


@pytest.fixture(scope='module')
def deployment(shared_lab):
    """The deployment that was recorded."""
    return shared_lab.deployment(priorities=[99, 98], down_after=1000, failover_timeout=20000)


@pytest.fixture(scope='module')
def sentinel(deployment):
    return deployment.sentinels[0]


def test_info_sentinel_is_exact(deployment, sentinel):
    host, port = deployment.master.address
    assert sentinel.call('INFO', 'sentinel') == '\r\n'.join([
        '# Sentinel', 'sentinel_masters:1', 'sentinel_tilt:0', 'sentinel_tilt_since_seconds:-1',
        'sentinel_running_scripts:0', 'sentinel_scripts_queue_length:0',
        'sentinel_simulate_failure_flags:0',
        f'master0:name=mymaster,status=ok,address={host}:{port},slaves=2,sentinels=3', ''])


def test_info_has_the_sections_that_clients_read(sentinel, stock):
    whole = sentinel.call('INFO')
    sections = re.findall(r'^# (\w+)\r$', whole, re.M)
    assert sections[:5] == ['Server', 'Clients', 'Stats', 'CPU', 'Sentinel']
    assert sections[5:] == ([] if stock else ['Vedette'])
    for field in ('redis_version', 'redis_mode:sentinel', 'os', 'arch_bits', 'process_id',
                  'run_id', f'tcp_port:{sentinel.port}', 'uptime_in_seconds', 'uptime_in_days',
                  'config_file', 'connected_clients', 'maxclients', 'blocked_clients',
                  'total_connections_received', 'total_commands_processed',
                  'instantaneous_ops_per_sec', 'rejected_connections', 'pubsub_channels',
                  'pubsub_patterns', 'used_cpu_sys', 'used_cpu_user'):
        assert re.search(rf'^{field}(:|\r$)', whole, re.M), field
    assert f'process_id:{sentinel.pid}\r\n' in whole
    for foreign in ('used_memory', 'rdb_last_bgsave', 'master_repl_offset', 'cluster_enabled'):
        assert foreign not in whole
    for argument in ('all', 'default', 'everything'):
        assert re.findall(r'^# .*$', sentinel.call('INFO', argument), re.M) == \
            re.findall(r'^# .*$', whole, re.M)
    assert re.findall(r'^# (\w+)\r$', sentinel.call('INFO', 'SENTINEL', 'server', 'nosuch'),
                      re.M) == ['Server', 'Sentinel']


def test_command_describes_what_is_served(sentinel):
    commands = sentinel.call('COMMAND')
    names = {command[0] for command in commands}
    assert sentinel.call('COMMAND', 'COUNT') == len(commands) == len(names)
    assert {'ping', 'sentinel', 'info', 'role', 'hello', 'client', 'command', 'subscribe',
            'psubscribe', 'unsubscribe', 'punsubscribe', 'publish', 'shutdown'} <= names
    assert names <= {'acl', 'auth'} | {'ping', 'sentinel', 'info', 'role', 'hello', 'client',
                                       'command', 'subscribe', 'psubscribe', 'unsubscribe',
                                       'punsubscribe', 'publish', 'shutdown'}
    unknown, ping = sentinel.call('COMMAND', 'INFO', 'nosuch', 'ping')
    assert unknown is None
    assert ping[:2] == ['ping', -1]


def test_client_list_shows_who_is_connected(deployment, sentinel):
    with sentinel.connect() as me, sentinel.connect() as subscriber:
        me.call('CLIENT', 'SETNAME', 'tester')
        subscriber.call('SUBSCRIBE', '+switch-master')
        own_id = me.call('CLIENT', 'ID')
        clients = [dict(field.split('=', 1) for field in line.split(' '))
                   for line in me.call('CLIENT', 'LIST').splitlines()]
        mine, = (client for client in clients if client['id'] == str(own_id))
        assert (mine['name'], mine['cmd'], mine['resp']) == ('tester', 'client|list', '2')
        assert mine['laddr'] == f'{sentinel.host}:{sentinel.port}'
        names = {client['name'] for client in clients}
        assert {f'sentinel-{s.id[:8]}-cmd' for s in deployment.sentinels[1:]} <= names
        assert [client['sub'] for client in clients if client['sub'] != '0'] == ['1']
        normal = me.call('CLIENT', 'LIST', 'TYPE', 'pubsub')
        assert len(normal.splitlines()) == 1
        assert me.call('CLIENT', 'LIST', 'ID', own_id).startswith(f'id={own_id} ')


def test_names_and_library_of_a_client(sentinel, stock):
    with sentinel.connect() as connection:
        assert connection.call('CLIENT', 'GETNAME') is None
        assert connection.call('CLIENT', 'SETNAME', 'me') == 'OK'
        assert connection.call('CLIENT', 'GETNAME') == 'me'
        fields(connection.call('HELLO', 2, 'SETNAME', 'other'))
        assert connection.call('CLIENT', 'GETNAME') == 'other'
        if not stock or stock_version()[1] >= (7, 2):   # Debian 12's is older than SETINFO
            assert connection.call('CLIENT', 'SETINFO', 'LIB-NAME', 'lib') == 'OK'
            assert connection.call('CLIENT', 'SETINFO', 'lib-ver', '1.2') == 'OK'
            own = connection.call('CLIENT', 'LIST', 'ID', connection.call('CLIENT', 'ID'))
            assert ' lib-name=lib lib-ver=1.2' in own


def test_a_hello_by_publish_introduces_a_peer(lab):
    server = lab.server('server').start()
    sentinel = lab.sentinel('sentinel', groups=[Group('mymaster', *server.address)]).start()
    stranger = 'ef' * 20
    hello = f'127.0.0.1,7,{stranger},3,mymaster,{server.host},{server.port},0'
    assert sentinel.call('PUBLISH', '__sentinel__:hello', hello) == 1
    assert [peer['runid'] for peer in sentinel.peers()] == [stranger]
    assert sentinel.vote(server.address, 2, 'c' * 40)[2] in (0, 2)     # the epoch is 3 now
    assert sentinel.vote(server.address, 3, 'c' * 40)[1:] == ('c' * 40, 3)
    # Seven fields, an unknown group: ignored, and answered alike.
    for other in (hello.rsplit(',', 1)[0], hello.replace('mymaster', 'nosuch')):
        assert sentinel.call('PUBLISH', '__sentinel__:hello', other.replace('ef', 'fe')) == 1
    assert len(sentinel.peers()) == 1


def test_role_and_masters_name_all_groups(sentinel):
    sentinel.sentinel('MONITOR', 'other', '127.0.0.1', 1, 2)
    try:
        assert sorted(sentinel.call('ROLE')[1]) == ['mymaster', 'other']
        assert sentinel.names() == ['mymaster', 'other']
        other = sentinel.master('other')
        assert other['flags'].startswith('master')
        assert (other['runid'], other['down-after-milliseconds'], other['failover-timeout'],
                other['parallel-syncs']) == ('', '30000', '180000', '1')
        wait_until(lambda: 'disconnected' in sentinel.master('other')['flags'], 5, 'no link')
    finally:
        sentinel.sentinel('REMOVE', 'other')


@pytest.mark.parametrize('args, expected', [
    (['PING'], 'PONG\n'),
    (['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'nosuch'], '\n'),
    (['SENTINEL', 'CKQUORUM', 'mymaster'],
     'OK 3 usable Sentinels. Quorum and failover authorization can be reached\n'),
    (['-3', 'SENTINEL', 'CKQUORUM', 'nosuch'], 'ERR No such master with that name\n\n')])
def test_redis_cli_understands_us(sentinel, args, expected):
    done = subprocess.run(['redis-cli', '-h', sentinel.host, '-p', str(sentinel.port), *args],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == expected
