"""From one format of configuration to the other, and to a stock sentinel after a crash."""

import subprocess

import pytest

from harness.group import Group
from harness.sentinel import program

pytestmark = pytest.mark.vedette

ID, PEER = 'a1' * 20, 'b2' * 20
FAVOURITE, RIVAL, EPOCH = 'c' * 40, 'd' * 40, 1000
LEARNED = ('config-epoch mymaster 5', 'leader-epoch mymaster 7', 'auth-pass mymaster geheim',
           'known-replica mymaster 127.0.0.1 2', f'known-sentinel mymaster 127.0.0.1 4 {PEER}')


def vedette(*arguments):
    return subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True,
                          check=False, timeout=120)


def convert(*arguments):
    done = vedette('--convert', *arguments)
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout


@pytest.fixture
def classic(lab):
    group = Group('mymaster', '127.0.0.1', 1, down_after=30000, lines=LEARNED)
    return lab.sentinel('classic', make='classic', groups=[group], lines=[
        '# a comment', f'sentinel myid {ID}', 'sentinel current-epoch 9'])


def vote_is_bound(sentinel, epoch, favourite):
    """It has voted in that epoch, for that one if it says so at all; another gets no vote."""
    answer = sentinel.vote(sentinel.master_address(), epoch, RIVAL)
    return answer[1] != RIVAL and answer[1] in (favourite, '*') and answer[2] >= epoch


def test_options_of_the_process_have_words_in_a_sentinel_conf(tmp_path):
    file = tmp_path / 'v.yaml'
    file.write_text("clients: {timeout: 1500ms, rename_commands: {ROLE: '', PING: pong}}\n"
                    'pid_file: /run/x.pid\nsource_address: 10.0.0.7\nsupervised: systemd\n'
                    'syslog: {enabled: yes, ident: watch}\ngroups: {}\n')
    lines = convert(file).splitlines()
    for line in ['timeout 2', 'rename-command ROLE ""', 'rename-command PING pong',
                 'pidfile /run/x.pid', 'bind-source-addr 10.0.0.7', 'supervised systemd',
                 'syslog-enabled yes', 'syslog-ident watch']:
        assert lines.count(line) == 1, line


# ---- a crash ----

def test_no_vote_is_given_twice_by_way_of_a_crash(classic):
    classic.start()
    assert classic.vote(classic.master_address(), EPOCH, FAVOURITE)[1] == FAVOURITE
    classic.kill()
    voted = f'sentinel leader-epoch mymaster {EPOCH}\n'
    assert voted not in classic.file.read_text('utf-8')
    done = vedette('--sync-state', classic.file)
    assert (done.returncode, done.stderr) == (0, '')
    assert voted in classic.file.read_text('utf-8')
    classic.become('stock')
    classic.start()
    assert classic.id == ID
    assert vote_is_bound(classic, EPOCH, FAVOURITE)
    classic.vote(classic.master_address(), EPOCH + 1, RIVAL)
    classic.terminate()

    classic.become('classic')                     # and back
    classic.start()
    assert vote_is_bound(classic, EPOCH + 1, '*')


def test_a_file_that_a_vedette_runs_on_is_not_synchronised(classic):
    classic.start()
    before = classic.file.read_bytes()
    done = vedette('--sync-state', classic.file)
    assert done.returncode == 1
    assert 'another process' in done.stderr
    assert classic.file.read_bytes() == before


def test_without_a_state_there_is_nothing_to_synchronise(classic, tmp_path):
    done = vedette('--sync-state', classic.file)
    assert done.returncode == 1
    assert 'there is no state of a vedette beside' in done.stderr
    yaml = tmp_path / 'f.yaml'
    yaml.write_text('groups: {}\n')
    assert vedette('--sync-state', yaml).returncode == 1


# ---- conversion ----

def test_a_converted_sentinel_conf_brings_its_state(lab, classic, tmp_path):
    state = tmp_path / 'state'
    sentinel = lab.sentinel('yaml', make='vedette')
    sentinel.write_file(convert(classic.file, '--state', state))
    sentinel.port = classic.port
    sentinel.start()
    assert sentinel.id == ID
    master = sentinel.master()
    assert (master['quorum'], master['down-after-milliseconds'], master['config-epoch']) == (
        '2', '30000', '5')
    assert [item['name'] for item in sentinel.replicas()] == ['127.0.0.1:2']
    assert [item['runid'] for item in sentinel.peers()] == [PEER]
    assert vote_is_bound(sentinel, 7, '*')
    sentinel.terminate()
    again = vedette('--convert', classic.file, '--state', state)
    assert (again.returncode, again.stdout) == (1, '')
    assert 'holds a state already' in again.stderr


def test_a_vote_beside_the_sentinel_conf_is_converted_too(lab, classic, tmp_path):
    classic.start()
    assert classic.vote(classic.master_address(), EPOCH, FAVOURITE)[1] == FAVOURITE
    classic.sentinel('SET', 'mymaster', 'quorum', 3)
    classic.kill()
    sentinel = lab.sentinel('yaml', make='vedette')
    sentinel.write_file(convert(classic.file, '--state', tmp_path / 'state'))
    sentinel.port = classic.port
    sentinel.start()
    assert sentinel.vote(sentinel.master_address(), EPOCH, RIVAL)[1:] == (FAVOURITE, EPOCH)
    assert sentinel.master()['quorum'] == '3'


def test_yaml_goes_to_a_stock_sentinel_with_its_state(lab):
    group = Group('mymaster', '127.0.0.1', 1, down_after=30000,
                  extra={'auth': {'password': 'two "words"'}})
    sentinel = lab.sentinel('yaml', make='vedette', groups=[group])
    sentinel.start()
    own = sentinel.id
    assert sentinel.vote(sentinel.master_address(), EPOCH, FAVOURITE)[1] == FAVOURITE
    sentinel.sentinel('SET', 'mymaster', 'parallel-syncs', 7)
    sentinel.terminate()
    stock = lab.sentinel('stock', make='stock')
    stock.write_file(convert(sentinel.file))
    assert 'auth-pass mymaster "two \\"words\\""\n' in stock.file.read_text('utf-8')
    stock.port = sentinel.port
    stock.start()
    assert stock.id == own
    assert stock.master()['parallel-syncs'] == '7'
    assert vote_is_bound(stock, EPOCH, FAVOURITE)


def test_what_the_other_format_has_no_word_for_is_told(tmp_path):
    yaml = tmp_path / 'f.yaml'
    yaml.write_text("limits: {peers: 7}\nstate_dir: ./none\ngroups:\n"
                    "  g: {master: '127.0.0.1:1', quorum: 1, crash_after: 2s}\n")
    done = vedette('--convert', yaml)
    assert done.returncode == 0
    assert 'limits.peers of the process is left out' in done.stderr
    assert 'crash_after of g is left out' in done.stderr
    yaml.write_text("listen: ['127.0.0.1:1', '127.0.0.1:2']\ngroups: {}\n")
    done = vedette('--convert', yaml)
    assert (done.returncode, done.stdout) == (1, '')
    assert 'several ports' in done.stderr


@pytest.mark.parametrize('arguments', [
    ['--convert'], ['--convert', 'a', 'b'], ['--convert', 'a', '--state'], ['--sync-state'],
    ['--convert', 'a', '--what', 'b'], ['--sync-state', 'a', 'b']])
def test_wrong_usage_is_told(arguments):
    done = vedette(*arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert 'Usage: vedette' in done.stderr


def test_a_file_that_is_refused_is_not_converted(tmp_path):
    conf = tmp_path / 'sentinel.conf'
    conf.write_text('sentinel monitor g 127.0.0.1 1 0\n')
    for option in ('--convert', '--sync-state'):
        done = vedette(option, conf)
        assert (done.returncode, done.stdout) == (1, '')
        assert f'{conf}:1:' in done.stderr
