"""Access control: users of files and of the runtime, the ACL file, and peers that log in."""

import pytest

from harness.resp import ReplyError
from harness.wait import wait_until

# What spec 16.1 gives to clients.
CLIENT_RULES = ('on >app +auth +client|getname +client|id +client|setname +command +hello +ping '
                '+role +sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid '
                '+sentinel|replicas +sentinel|sentinels').split()


def error_of(connection, *args):
    with pytest.raises(ReplyError) as caught:
        connection.call(*args)
    return str(caught.value)


def users(sentinel):
    return sentinel.call('ACL', 'USERS')


def test_a_restricted_client_finds_the_master_and_no_more(lab):
    deployment = lab.deployment(replicas=1, sentinels=1, quorum=1)
    sentinel, = deployment.sentinels
    sentinel.call('ACL', 'SETUSER', 'app', *CLIENT_RULES)
    with sentinel.connect() as client:
        client.call('AUTH', 'app', 'app')
        address = client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')
        assert address == [deployment.master.host, str(deployment.master.port)]
        assert client.call('ROLE') == ['sentinel', ['mymaster']]
        for command in (['SENTINEL', 'FAILOVER', 'mymaster'], ['SENTINEL', 'REMOVE', 'mymaster'],
                        ['ACL', 'LIST'], ['INFO'], ['SHUTDOWN'], ['SUBSCRIBE', '+switch-master']):
            assert error_of(client, *command).startswith('NOPERM ')
    reasons = [dict(zip(entry[::2], entry[1::2]))['object']
               for entry in sentinel.call('ACL', 'LOG')]
    assert reasons == ['subscribe', 'shutdown', 'info', 'acl|list', 'sentinel|remove',
                       'sentinel|failover']


@pytest.mark.vedette
def test_users_of_the_runtime_outlast_a_restart_until_the_file_speaks_of_them(lab):
    deployment = lab.planned(replicas=0, sentinels=1, quorum=1)
    deployment.start_servers()
    sentinel, = deployment.sentinels
    sentinel.settings = {'clients': {'users': {'app': 'on >a +ping', 'ops': 'on >b +@all'}}}
    sentinel.write_file()
    sentinel.start()
    sentinel.call('ACL', 'SETUSER', 'app', '+role')
    sentinel.call('ACL', 'SETUSER', 'more', 'on', 'nopass', '+ping')
    sentinel.call('ACL', 'DELUSER', 'ops')
    sentinel.restart()
    assert users(sentinel) == ['app', 'default', 'more']
    assert sentinel.call('ACL', 'DRYRUN', 'app', 'role') == 'OK'

    sentinel.settings['clients']['users'] = {'app': 'on >c +ping', 'ops': 'on >b +@all'}
    sentinel.write_file()
    with sentinel.connect() as client:
        client.call('AUTH', 'more', 'x')
        sentinel.reload()
        wait_until(lambda: sentinel.call('ACL', 'DRYRUN', 'app', 'role') != 'OK', 10, 'the reload')
        assert client.call('PING') == 'PONG'  # nothing has changed for it
    assert users(sentinel) == ['app', 'default', 'more']
    assert 'clients.users.app' in sentinel.log()

    sentinel.settings['clients']['users']['app'] = 'on foo'
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: "Error in user declaration 'app': Syntax error" in sentinel.log(), 10,
               'the refusal')
    assert users(sentinel) == ['app', 'default', 'more']


def test_users_of_the_runtime_are_written_into_a_classic_file(lab):
    deployment = lab.planned(replicas=0, sentinels=1, quorum=1)
    deployment.start_servers()
    sentinel = lab.sentinel('own', make='stock' if lab.make == 'stock' else 'classic',
                            groups=[deployment.group], lines=['user old on >pw +@all'])
    sentinel.start()
    sentinel.call('ACL', 'SETUSER', 'new', 'on', '>pw', '~k', '&c', '+ping', '(+role ~x)')
    sentinel.call('ACL', 'SETUSER', 'old', '-role')
    sentinel.sentinel('FLUSHCONFIG')
    lines = sentinel.call('ACL', 'LIST')
    sentinel.terminate()
    for make in {sentinel.make, 'stock'}:
        sentinel.become(make)
        sentinel.start()
        assert [line.replace(' sanitize-payload', '') for line in sentinel.call('ACL', 'LIST')] == \
            [line.replace(' sanitize-payload', '') for line in lines]
        sentinel.terminate()


def test_the_acl_file_is_loaded_and_saved(lab):
    deployment = lab.planned(replicas=0, sentinels=1, quorum=1)
    deployment.start_servers()
    answers = {}
    makes = ('stock',) if lab.make == 'stock' else ('classic', 'stock')
    for make in makes:
        file = lab.folder / f'{make}.acl'
        file.write_text('user bob on >pw +@all\n', 'ascii')
        file.chmod(0o640)
        sentinel = lab.sentinel(make, make=make, groups=[deployment.group],
                                lines=[f'aclfile {file}'])
        sentinel.start()
        answers[make] = file_answers(sentinel, file)
        sentinel.terminate()
    assert all(a == answers['stock'] for a in answers.values())


def file_answers(sentinel, file):
    """What a script of changes to the file and to the users is answered."""
    got = []

    def ask(connection, *args):
        try:
            got.append(connection.call(*args))
        except ReplyError as error:
            got.append(str(error).replace(str(file), 'FILE'))

    with sentinel.connect() as operator, sentinel.connect() as bob:
        ask(bob, 'AUTH', 'bob', 'pw')
        for text in ('user a foo\nuser b on\nuser b off\nnonsense\n', 'user a +nocmd\n', '',
                     'user joe on nopass +ping\n'):
            file.write_text(text, 'ascii')
            ask(operator, 'ACL', 'LOAD')
            ask(operator, 'ACL', 'USERS')
        assert bob.closed_by_peer()
        ask(operator, 'ACL', 'SETUSER', 'al', 'on', '>x', '&y', '+role')
        ask(operator, 'ACL', 'SAVE')
        got.append(file.read_text('ascii').replace(' sanitize-payload', ''))
        file.unlink()
        ask(operator, 'ACL', 'LOAD')
    return got


@pytest.mark.vedette
def test_the_mode_of_the_acl_file_is_kept(lab):
    file = lab.folder / 'users.acl'
    file.write_text('user bob on >pw +@all\n', 'ascii')
    file.chmod(0o640)
    sentinel = lab.sentinel('s', settings={'clients': {'acl_file': str(file)}}).start()
    sentinel.call('ACL', 'SETUSER', 'al', 'on')
    sentinel.call('ACL', 'SAVE')
    assert file.stat().st_mode & 0o777 == 0o640
    sentinel.restart()
    assert users(sentinel) == ['al', 'bob', 'default']
    file.write_text('user joe on\n', 'ascii')
    sentinel.reload()
    wait_until(lambda: users(sentinel) == ['default', 'joe'], 10, 'the users of the new file')


def test_generated_passwords_are_long_and_never_the_same(lab):
    sentinel = lab.sentinel('s').start() if lab.make != 'stock' else \
        lab.deployment(replicas=0, sentinels=1, quorum=1).sentinels[0]
    drawn = {sentinel.call('ACL', 'GENPASS') for _ in range(20)}
    assert len(drawn) == 20 and all(len(p) == 64 and int(p, 16) >= 0 for p in drawn)
    assert len(sentinel.call('ACL', 'GENPASS', 4096)) == 1024
    assert len(sentinel.call('ACL', 'GENPASS', 1)) == 1


# Source: spec 17.2, "09 ACL".
def test_peers_log_in_as_they_are_told(lab):
    deployment = lab.deployment(down_after=1000)
    for sentinel in deployment.sentinels:
        assert sentinel.call('ACL', 'WHOAMI') == 'default'
        assert sentinel.sentinel('CKQUORUM', 'mymaster').startswith('OK 3 usable')
    for sentinel in deployment.sentinels:
        sentinel.call('ACL', 'SETUSER', 'alice', 'on', '>pass', 'allkeys', 'allchannels', '+@all')
        with sentinel.connect() as alice:
            alice.call('AUTH', 'alice', 'pass')
            alice.call('ACL', 'SETUSER', 'default', 'off')
            alice.call('CLIENT', 'KILL', 'USER', 'default', 'SKIPME', 'no')
    connections = [sentinel.connect() for sentinel in deployment.sentinels]
    for connection in connections:
        assert error_of(connection, 'PING').startswith('NOAUTH ')
        connection.call('AUTH', 'alice', 'pass')
        assert connection.call('ACL', 'WHOAMI') == 'alice'

    def quorum(connection):
        try:
            return connection.call('SENTINEL', 'CKQUORUM', 'mymaster')
        except ReplyError as error:
            return str(error)

    wait_until(lambda: all('NOQUORUM' in quorum(c) for c in connections), 15, 'no quorum')
    for connection in connections:
        connection.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-user', 'alice')
        connection.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', 'pass')
    wait_until(lambda: all(quorum(c).startswith('OK 3') for c in connections), 15, 'the quorum')
    for connection in connections:
        connection.call('ACL', 'SETUSER', 'default', 'on')
        connection.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-user', '')
        connection.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', '')
        connection.call('ACL', 'DELUSER', 'alice')
        connection.close()
    for sentinel in deployment.sentinels:
        assert not [line for line in sentinel.log().splitlines() if '>pass' in line]
        wait_until(lambda s=sentinel: s.sentinel('CKQUORUM', 'mymaster').startswith('OK 3'), 15,
                   'the quorum without a password')
