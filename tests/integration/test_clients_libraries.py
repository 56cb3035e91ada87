"""Real client libraries find the master, follow it, and lose a sentinel on the way."""

import pathlib

import pytest

from harness.client import Client, ClientError, node_version
from harness.resp import ReplyError
from harness.wait import wait_until

# Those that know RESP3 are tried with both.
SPEAKERS = [('redis-cli', 2), ('redis-cli', 3), ('redis-py', 2), ('ioredis', 2), ('ioredis', 3),
            ('node-redis', 2), ('node-redis', 3)]

PASSWORD = 'what-sentinels-want'
# Who the client is to the sentinels: nobody, the default user, or one who may do what clients do.
LOGINS = {'open': {}, 'password': {'password': PASSWORD},
          'user': {'user': 'application', 'password': 'its-own'}}
SECURITY = pathlib.Path(__file__).parents[2] / 'SECURITY.md'


def documented_rights():
    """The rules of the application user of SECURITY.md, but for its password."""
    text = SECURITY.read_text('utf-8').split('    application:\n')[1].split('```')[0]
    rules = ' '.join(line.strip().removeprefix('- ') for line in text.splitlines()).split()
    assert rules[:2] == ['on', "'>${APPLICATION_PASSWORD}'"]
    return rules[2:]


def with_login(*names):
    return pytest.mark.parametrize('deployment', names, indirect=True)


@pytest.fixture(scope='module')
def deployment(shared_lab, request):
    """Three sentinels that want the login of that name, unless it is open."""
    deployment = shared_lab.planned(down_after=500, failover_timeout=2000)
    deployment.login = LOGINS[request.param]
    for sentinel in deployment.sentinels if deployment.login else ():
        sentinel.settings['clients'] = {'password': PASSWORD}
        sentinel.lines += (f'requirepass "{PASSWORD}"', f'sentinel sentinel-pass "{PASSWORD}"')
        sentinel.write_file()
        sentinel.log_in_with(PASSWORD)
    deployment.start()
    if 'user' in deployment.login:
        for sentinel in deployment.sentinels:
            allow(sentinel, **deployment.login)
    yield deployment
    deployment.end()


def allow(sentinel, user, password):
    sentinel.call('ACL', 'SETUSER', user, 'reset', 'on', f'>{password}', *documented_rights())


def in_order(deployment):
    """Brings back what the test before has killed."""
    for server in deployment.servers:
        if not server.running:
            server.start()
    for sentinel in deployment.sentinels:
        if not sentinel.running:
            sentinel.start()
            if 'user' in deployment.login:
                allow(sentinel, **deployment.login)
    deployment.wait_in_order(40)


@pytest.fixture(params=SPEAKERS, ids=[f'{name}-resp{resp}' for name, resp in SPEAKERS])
def client(request, deployment):
    library, resp = request.param
    if (library, resp) == ('ioredis', 3) and node_version() < 20:
        pytest.skip('ioredis 6 needs node 20')
    in_order(deployment)
    with Client(library, deployment.sentinels, resp=resp, **deployment.login) as client:
        yield client


def text(server):
    return '{}:{}'.format(*server.address)


def names_the_master(client, deployment):
    return client.ask('master') == text(deployment.named_master())


def lose_the_master(deployment):
    """Kills it; returns it and its successor."""
    old = deployment.named_master()
    old.kill()
    return old, deployment.wait_replaced(old, 20)


def writes_again(client, new):
    """Waits until it counts on, and checks that it does so at the new master."""
    count = wait_until(lambda: client.ask('incr', 'count'), 15, 'a write succeeds again')
    assert new.call('GET', 'count') == str(count)
    return count


def switch(old, new):
    return ' '.join(map(str, ('mymaster', *old.address, *new.address)))


@with_login(*LOGINS)
def test_finds_the_master_and_its_replicas(client, deployment):
    assert names_the_master(client, deployment)
    master = deployment.named_master()
    assert client.ask('replicas') == sorted(
        text(server) for server in deployment.servers if server is not master)
    count = client.ask('incr', 'count')
    assert master.call('GET', 'count') == str(count)


@with_login('password')
def test_without_the_login_nothing_is_told(deployment):
    with Client('redis-cli', deployment.sentinels) as client:
        with pytest.raises(ClientError, match='NOAUTH Authentication required'):
            client.ask('master')


@with_login('user')
def test_who_may_only_ask_changes_nothing(deployment):
    with deployment.sentinels[0].connect() as connection:
        connection.call('AUTH', *deployment.login.values())
        for words in (('SENTINEL', 'FAILOVER', 'mymaster'), ('SENTINEL', 'REMOVE', 'mymaster'),
                      ('SENTINEL', 'SET', 'mymaster', 'quorum', 1), ('INFO',), ('ACL', 'LIST'),
                      ('CLIENT', 'KILL', 'TYPE', 'pubsub'), ('CLIENT', 'PAUSE', 1), ('SHUTDOWN',),
                      ('PUBLISH', '__sentinel__:hello', 'x')):
            with pytest.raises(ReplyError, match='NOPERM '):
                connection.call(*words)
        for words in (('SUBSCRIBE', '__sentinel__:hello'), ('PSUBSCRIBE', '*')):
            with pytest.raises(ReplyError, match='NOPERM No permissions to access a channel'):
                connection.call(*words)


@with_login('user')
def test_who_may_only_ask_has_no_other_command(deployment):
    sentinel = deployment.sentinels[0]
    allowed = {word[1:] for word in documented_rights() if word.startswith('+')}
    allowed |= {'auth', 'hello'}  # nobody needs a right to log in
    able = {name for name in sentinel.call('COMMAND', 'LIST') if may_call(sentinel, name)}
    assert able == allowed


def may_call(sentinel, name):
    """Whether its rights let the user call it, with as many arguments as it wants."""
    (about,) = sentinel.call('COMMAND', 'INFO', name)
    words = name.split('|')
    # A channel that the user may listen to.
    words += ['+switch-master'] * (max(abs(about[1]), len(words)) - len(words))
    if words[0] in ('acl', 'client', 'sentinel') and '|' not in name:
        return False  # only what stands below it can be called
    return sentinel.call('ACL', 'DRYRUN', 'application', *words) == 'OK'


@with_login('open')
def test_follows_a_failover_without_a_restart(client, deployment):
    client.ask('listen')
    before = client.ask('incr', 'count')
    deployment.named_master().call('WAIT', 2, 1000)
    old, new = lose_the_master(deployment)
    assert writes_again(client, new) > before
    assert names_the_master(client, deployment)
    wait_until(lambda: client.heard, 5, 'the client hears of the switch')
    assert client.heard == [switch(old, new)]


@with_login('open')
def test_follows_a_failover_on_request(client, deployment):
    """Nobody is down, and the old master goes on taking writes until it is demoted."""
    client.ask('incr', 'count')
    old = deployment.named_master()
    assert deployment.sentinels[1].sentinel('FAILOVER', 'mymaster') == 'OK'
    new = deployment.wait_replaced(old)
    deployment.wait_converged(30)
    writes_again(client, new)
    wait_until(lambda: names_the_master(client, deployment), 15, 'the client names the new master')


def clients_of(sentinel):
    """The addresses of all connections to it, but for the one that asks."""
    with sentinel.connect() as connection:
        own = f' addr={connection.local_address} '
        return {line.split(' addr=')[1].split()[0]
                for line in connection.call('CLIENT', 'LIST').splitlines() if own not in line}


@with_login('open', 'user')
def test_survives_the_death_of_its_sentinel(client, deployment):
    known = {sentinel: clients_of(sentinel) for sentinel in deployment.sentinels}
    client.ask('listen')
    client.ask('incr', 'count')
    lost = next(s for s in deployment.sentinels if clients_of(s) - known[s])
    lost.kill()
    assert names_the_master(client, deployment)
    client.ask('incr', 'count')
    old, new = lose_the_master(deployment)
    writes_again(client, new)
    assert names_the_master(client, deployment)
    wait_until(lambda: switch(old, new) in client.heard, 5, 'the client hears of the switch')




@with_login('open')
def test_the_failover_detector_of_ioredis_moves_it_at_once(deployment):
    """Not only when the old master is demoted, which cuts the connections to it."""
    in_order(deployment)
    with Client('ioredis', deployment.sentinels, detector=True) as client:
        client.ask('incr', 'count')
        old = deployment.named_master()
        old.hang()
        new = deployment.wait_replaced(old)
        writes_again(client, new)
        assert names_the_master(client, deployment)
        old.wake()
