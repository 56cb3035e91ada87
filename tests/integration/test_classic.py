"""vedette sentinel.conf: the options and the state lines of the classic format are read."""

import pytest

from harness.group import Group
from harness.resp import ReplyError

pytestmark = pytest.mark.vedette

ID, PEER = 'a1' * 20, 'b2' * 20
STATE = ('config-epoch mymaster 5', 'leader-epoch mymaster 7',
         'known-replica mymaster 127.0.0.1 2', 'known-slave mymaster 127.0.0.1 3',
         f'known-sentinel mymaster 127.0.0.1 4 {PEER}')


@pytest.fixture
def sentinel(lab):
    group = Group('mymaster', '127.0.0.1', 1, down_after=30000, failover_timeout=60000, lines=STATE)
    return lab.sentinel('sentinel', make='classic', groups=[group], lines=[
        '# a comment', '', f'sentinel myid {ID}', 'sentinel current-epoch 9']).start()


def test_options_and_state_are_read(sentinel):
    assert sentinel.id == ID
    master = sentinel.master()
    assert (master['quorum'], master['down-after-milliseconds'], master['failover-timeout'],
            master['parallel-syncs'], master['config-epoch']) == ('2', '30000', '60000', '1', '5')
    assert [item['name'] for item in sentinel.replicas()] == ['127.0.0.1:2', '127.0.0.1:3']
    assert [item['runid'] for item in sentinel.peers()] == [PEER]


def test_epochs_of_the_file_are_honoured(sentinel):
    address = sentinel.master_address()
    assert sentinel.vote(address, 7, 'c' * 40)[1:] == ('*', 7)      # voted, but for whom?
    assert sentinel.vote(address, 10, 'c' * 40)[1:] == ('c' * 40, 10)


def test_changes_are_in_the_file_and_in_the_state_beside_it(sentinel):
    sentinel.sentinel('SET', 'mymaster', 'quorum', 4)
    sentinel.sentinel('MONITOR', 'added', '127.0.0.1', 5, 2)
    sentinel.vote(sentinel.master_address(), 12, 'd' * 40)
    assert sentinel.terminate() == 0
    text = sentinel.file.read_text('utf-8')
    assert 'sentinel monitor added 127.0.0.1 5 2\n' in text
    assert 'sentinel leader-epoch mymaster 12\n' in text
    assert sentinel.file.with_name(sentinel.file.name + '.vedette.db').exists()
    sentinel.start()
    assert sentinel.id == ID
    assert sentinel.master()['quorum'] == '4'
    assert sentinel.watches('added')
    assert sentinel.vote(sentinel.master_address(), 12, 'e' * 40)[1:] == ('d' * 40, 12)


@pytest.mark.parametrize('line', [
    'sentinel monitor mymaster 127.0.0.1 1 2', 'sentinel monitor other 127.0.0.1 1 0',
    'sentinel monitor other 127.0.0.1 70000 2', 'sentinel down-after-milliseconds mymaster 0',
    'sentinel failover-timeout nosuch 1000', 'sentinel nonsense mymaster 1', 'sentinel myid short',
    'port many'])
def test_a_bad_line_is_refused_with_its_place(sentinel, line):
    sentinel.terminate()
    text = sentinel.file.read_text('utf-8') + line + '\n'
    sentinel.write_file(text)
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    assert f'{sentinel.file}:{text.count(chr(10))}:' in sentinel.log()


def test_a_deployment_on_classic_files_replaces_its_master(lab):
    deployment = lab.deployment(sentinels=['classic'] * 3, down_after=500)
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    for sentinel in deployment.sentinels:
        sentinel.restart()
    deployment.wait_converged()


def test_credentials_are_read(lab):
    deployment = lab.planned(sentinels=['classic'] * 2, down_after=500,
                             server_config=['requirepass geheim', 'masterauth geheim'],
                             lines=('auth-pass mymaster geheim',))
    for server in deployment.servers:
        server.log_in_as(None, 'geheim')
    deployment.start()
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    with pytest.raises(ReplyError):
        deployment.sentinels[0].call('CONFIG', 'GET', 'requirepass')
