"""The process itself: how it starts, stops and logs."""

import re
import signal
import sqlite3

import pytest

from harness.group import Group
from harness.wait import wait_until

LINE = re.compile(r'^(\d+):X (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} '
                  r'\d\d:\d\d:\d\d\.\d{3} ([.\-*#]) (.+)$')


@pytest.fixture
def group():
    return Group('mymaster', '127.0.0.1', 1, down_after=30000)


@pytest.fixture
def sentinel(lab, group):
    return lab.sentinel('sentinel', groups=[group]).start()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(sentinel, number):
    assert sentinel.terminate(number) == 0


@pytest.mark.parametrize('arguments', [[], ['NOSAVE'], ['SAVE'], ['NOW', 'FORCE']])
def test_shutdown_stops_it_cleanly(sentinel, arguments):
    with sentinel.connect() as connection:
        connection.send('SHUTDOWN', *arguments)
        assert connection.closed_by_peer()
    assert sentinel.wait() == 0


def test_it_stops_cleanly_amid_a_deployment(lab):
    deployment = lab.deployment()
    events = deployment.record()
    subscriber = deployment.sentinels[0].connect()
    subscriber.call('PSUBSCRIBE', '*')
    for sentinel in deployment.sentinels:
        assert sentinel.terminate() == 0
    assert not events.find('+sdown', message='master mymaster')
    subscriber.close()


@pytest.mark.vedette
def test_each_line_of_the_log_has_the_format_of_stock(lab):
    deployment = lab.deployment(down_after=400)
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    wait_until(lambda: any('+failover-end' in sentinel.log()
                           for sentinel in deployment.sentinels), 10, 'the end')
    texts = []
    for sentinel in deployment.sentinels:
        for line in sentinel.log().splitlines():
            found = LINE.match(line)
            assert found, line
            assert int(found[1]) == sentinel.pid
            texts.append((found[4], found[5]))
        assert f'Sentinel ID is {sentinel.id}' in sentinel.log()
    warnings = {text.split()[0] for level, text in texts if level == '#'}
    notices = {text.split()[0] for level, text in texts if level == '*'}
    missing = {'+monitor', '+sdown', '+odown', '+new-epoch', '+try-failover', '+vote-for-leader',
               '+elected-leader', '+selected-slave', '+promoted-slave', '+failover-end',
               '+switch-master'} - warnings
    missing |= {'+slave', '+sentinel', '+slave-reconf-sent', '+slave-reconf-done'} - notices
    assert missing == set()


@pytest.mark.vedette
def test_the_log_says_why_a_replica_was_not_selected(lab):
    deployment = lab.deployment(priorities=[0, 100], down_after=400)
    rejected = deployment.replicas[0]
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    logs = ''.join(sentinel.log() for sentinel in deployment.sentinels)
    assert re.search(rf'{rejected.host}:{rejected.port}.*priority', logs)


@pytest.mark.vedette
def test_the_log_goes_to_a_file_if_asked(lab, group):
    file = lab.folder / 'its.log'
    sentinel = lab.sentinel('sentinel', groups=[group], settings={
        'log': {'level': 'debug', 'file': str(file)}}).start()
    wait_until(lambda: f'Sentinel ID is {sentinel.id}' in file.read_text('utf-8'), 5, 'the log')
    assert all(LINE.match(line) for line in file.read_text('utf-8').splitlines())
    assert sentinel.log() == ''


@pytest.mark.vedette
@pytest.mark.parametrize('level, shown', [('warning', '#'), ('notice', '#*'), ('nothing', '')])
def test_the_log_level_is_honoured(lab, group, level, shown):
    sentinel = lab.sentinel('sentinel', groups=[group], settings={'log': {'level': level}}).start()
    sentinel.sentinel('SET', 'mymaster', 'quorum', 3)
    sentinel.terminate()
    levels = {LINE.match(line)[4] for line in sentinel.log().splitlines()}
    assert levels <= set(shown)
    assert ('#' in levels) == ('#' in shown)


def test_an_identity_is_drawn_once(lab, sentinel, group):
    identity = sentinel.id
    assert re.fullmatch('[0-9a-f]{40}', identity)
    sentinel.terminate()
    assert sentinel.start().id == identity
    assert lab.sentinel('another', groups=[group]).start().id != identity


def test_a_port_in_use_is_a_refusal(lab, sentinel, group):
    other = lab.sentinel('other', groups=[group])
    other.write_file(other.file.read_text('utf-8').replace(str(other.port), str(sentinel.port)))
    other.start(wait=False)
    assert other.wait() == 1
    assert sentinel.answers()


@pytest.mark.vedette
def test_a_second_process_on_the_same_state_is_refused(lab, sentinel, group):
    other = lab.sentinel('other', groups=[group])
    other.write_file(other.file.read_text('utf-8').replace(str(other.state), str(sentinel.state)))
    other.start(wait=False)
    assert other.wait() == 1
    assert str(sentinel.state) in other.log()
    assert sentinel.answers()


def database(sentinel):
    """The file that holds the state."""
    return next(path for path in sentinel.state.iterdir()
                if path.is_file() and path.read_bytes()[:15] == b'SQLite format 3')


@pytest.mark.vedette
@pytest.mark.parametrize('damage', ['overwritten', 'truncated', 'gone', 'newer'])
def test_a_damaged_state_is_a_refusal_and_not_a_fresh_start(sentinel, damage):
    identity = sentinel.id
    sentinel.terminate()
    file = database(sentinel)
    before = file.read_bytes()
    if damage == 'overwritten':
        file.write_bytes(b'no database' * 1000)
    elif damage == 'truncated':
        file.write_bytes(b'')
    elif damage == 'gone':
        file.unlink()
    else:
        with sqlite3.connect(file) as store:
            store.execute('PRAGMA user_version = 9999')
        store.close()
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    assert str(sentinel.state) in sentinel.log()
    for path in sentinel.state.glob(file.name + '-*'):
        path.unlink()
    file.write_bytes(before)
    assert sentinel.start().id == identity


@pytest.mark.vedette
def test_a_state_folder_that_cannot_be_made_is_a_refusal(lab, group):
    file = lab.folder / 'file'
    file.write_text('', 'ascii')
    sentinel = lab.sentinel('sentinel', groups=[group])
    sentinel.write_file(sentinel.file.read_text('utf-8').replace(
        str(sentinel.state), str(file / 'state')))
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
