"""The process among others: its command line, folder, pid file, supervisor, and idle clients."""

import os
import pathlib
import signal
import socket

import pytest

from harness.group import Group
from harness.resp import ReplyError
from harness.sentinel import SANITIZER_ENV, program
from harness.wait import holds, wait_until


@pytest.fixture
def group():
    return Group('mymaster', '127.0.0.1', 1, down_after=30000)


@pytest.fixture(params=['vedette', 'classic'])
def make(request):
    return request.param


def sentinel_with(lab, make, group, yaml=None, lines=(), **options):
    return lab.sentinel('sentinel', make=make, groups=[group], settings=yaml, lines=lines,
                        **options)


def spawn(sentinel, *arguments, path=None, env=None):
    """Starts it with a command line of its own; waits until it answers."""
    sentinel.spawn([path or program(), *arguments], {**SANITIZER_ENV, **(env or {})})
    wait_until(lambda: sentinel.has_died() or sentinel.answers(), 10, 'it answers')
    assert not sentinel.has_died(), sentinel.log()


# ---- the command line ----


@pytest.mark.parametrize('flags', [['--sentinel'], ['--sentinel', '--loglevel', 'verbose'], []])
def test_it_takes_the_command_line_of_stock(lab, group, flags):
    sentinel = sentinel_with(lab, 'classic', group)
    spawn(sentinel, sentinel.file, *flags)
    assert sentinel.names() == ['mymaster']


@pytest.mark.parametrize('name', ['redis-sentinel', 'valkey-sentinel'])
def test_it_runs_by_the_name_of_stock(lab, group, name):
    sentinel = sentinel_with(lab, 'classic', group)
    link = lab.folder / name
    link.symlink_to(program())
    spawn(sentinel, sentinel.file, path=link)
    assert sentinel.names() == ['mymaster']


def test_options_of_the_command_line_are_further_lines(lab, group):
    sentinel = sentinel_with(lab, 'classic', group)
    other = lab.port()
    spawn_port = sentinel.port
    sentinel.port = other
    pid_file = lab.folder / 'a b.pid'
    spawn(sentinel, sentinel.file, '--port', other, '--pidfile', pid_file, '--sentinel',
          'monitor', 'second', '127.0.0.1', '2', '3', '--supervised', 'no')
    assert sentinel.names() == ['mymaster', 'second']
    assert int(pid_file.read_text()) == sentinel.pid
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.1', spawn_port), 1)
    sentinel.reload()
    wait_until(lambda: sentinel.answers(), 5, 'and hold at a reload')
    assert sentinel.names() == ['mymaster', 'second']


@pytest.mark.parametrize('arguments, what', [
    (['--bogus', 'x'], "unknown directive 'bogus'"),
    (['--timeout', '-1'], 'timeout must be'),
    (['--timeout', 'x'], 'timeout must be'),
    (['--tcp-keepalive', '1s'], 'tcp-keepalive must be'),
    (['--tcp-backlog', '0'], 'tcp-backlog must be'),
    (['--daemonize', 'maybe'], "daemonize: argument must be 'yes' or 'no'"),
    (['--supervised', 'runit'], 'supervised must be no, auto, systemd or upstart'),
    (['--dir', '/no/such/folder'], "Can't chdir to '/no/such/folder'"),
    (['--port', '1', '2'], 'port takes one value'),
])
def test_a_bad_option_is_refused(lab, group, arguments, what):
    sentinel = sentinel_with(lab, 'classic', group)
    sentinel.spawn([program(), sentinel.file, *arguments], SANITIZER_ENV)
    assert sentinel.wait() == 1
    assert what in sentinel.log()


def test_yaml_takes_no_options_of_the_command_line(lab, group):
    sentinel = sentinel_with(lab, 'vedette', group)
    sentinel.spawn([program(), sentinel.file, '--port', '1'], SANITIZER_ENV)
    assert sentinel.wait() == 1
    assert 'options on the command line go with a classic file only' in sentinel.log()


# ---- where it works ----


def test_it_works_in_dir_and_paths_follow(lab, group):
    """As the test suite of the originals starts it: the path of the file and `dir` are relative to
    where it is started, all others to `dir`."""
    sentinel = sentinel_with(lab, 'classic', group)
    place = sentinel.folder / 'place'
    place.mkdir()
    text = sentinel.file_text().replace(f'dir {sentinel.folder}', 'dir ./place')
    sentinel.write_file(f'{text}logfile log.txt\npidfile here.pid\n')
    spawn(sentinel, 'sentinel.conf')
    assert os.readlink(f'/proc/{sentinel.pid}/cwd') == str(place)
    assert '+monitor master mymaster' in (place / 'log.txt').read_text()
    assert int((place / 'here.pid').read_text()) == sentinel.pid
    sentinel.reload()
    wait_until(lambda: sentinel.sentinel('SET', 'mymaster', 'quorum', 3) == 'OK', 5, 'it goes on')
    assert 'reload refused' not in (place / 'log.txt').read_text()
    assert not (place / 'place').exists()
    assert sentinel.terminate() == 0
    assert not (place / 'here.pid').exists()


def test_the_log_goes_where_stock_writes_it(lab, group, make):
    """Standard output for a classic file, standard error for YAML."""
    sentinel = sentinel_with(lab, make, group)
    sentinel.spawn(['sh', '-c', f'exec {program()} {sentinel.file.name} >out 2>err'], SANITIZER_ENV)
    wait_until(sentinel.answers, 10, 'it answers')
    assert sentinel.terminate() == 0
    out, err = ((sentinel.folder / name).read_text() for name in ('out', 'err'))
    assert 'Sentinel ID is' in (out if make == 'classic' else err)
    assert (err if make == 'classic' else out) == ''


def test_closed_standard_streams_are_not_taken_by_sockets(lab, group):
    sentinel = sentinel_with(lab, 'vedette', group)
    sentinel.spawn(['sh', '-c', f'exec {program()} {sentinel.file.name} <&- >&- 2>&-'],
                   SANITIZER_ENV)
    wait_until(sentinel.answers, 10, 'it answers')
    for stream in range(3):
        assert os.readlink(f'/proc/{sentinel.pid}/fd/{stream}') == '/dev/null'


# ---- daemon, pid file, supervisor ----


def test_a_daemon_leaves_and_writes_its_pid(lab, group, make):
    pid_file = lab.folder / 'daemon.pid'
    log = lab.folder / 'daemon.log'
    sentinel = sentinel_with(
        lab, make, group,
        {'daemonize': 'yes', 'pid_file': str(pid_file), 'log': {'file': str(log)}},
        ['daemonize yes', f'pidfile {pid_file}', f'logfile {log}'])
    sentinel.spawn([program(), sentinel.file], SANITIZER_ENV)
    assert sentinel.wait() == 0
    wait_until(sentinel.answers, 10, 'the daemon answers')
    pid = wait_until(lambda: pid_file.exists() and int(pid_file.read_text() or 0), 5, 'its pid')
    try:
        assert pid != sentinel.pid
        assert os.getsid(pid) == pid
        assert os.readlink(f'/proc/{pid}/fd/1') == '/dev/null'
        assert log.read_text().startswith(f'{pid}:X ')
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pid_file.exists(), 10, 'it stops and takes its pid file along')
    wait_until(lambda: not pathlib.Path(f'/proc/{pid}').exists(), 10, 'it is gone')


def test_a_pid_file_that_cannot_be_written_stops_nothing(lab, group, make):
    sentinel = sentinel_with(lab, make, group, {'pid_file': '/no/such/folder/x'},
                             ['pidfile /no/such/folder/x']).start()
    wait_until(lambda: 'The pid file /no/such/folder/x cannot be written' in sentinel.log(), 5,
               'the log says so')


@pytest.mark.parametrize('supervised', ['systemd', 'auto'])
@pytest.mark.parametrize('abstract', [False, True])
def test_systemd_is_told(lab, group, make, supervised, abstract):
    """Also with `daemonize yes` in the file, as Debian's: a supervised process stays."""
    path = f'\0vedette-{os.getpid()}-{supervised}-{make}' if abstract else str(lab.folder / 'notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(60)
        sentinel = sentinel_with(lab, make, group,
                                 {'supervised': supervised, 'daemonize': 'yes'},
                                 [f'supervised {supervised}', 'daemonize yes'])
        spawn(sentinel, sentinel.file, env={'NOTIFY_SOCKET': path.replace('\0', '@')})
        assert 'READY=1' in notify.recv(1000).decode().splitlines()
        assert sentinel.terminate() == 0
        assert notify.recv(1000).decode() == 'STOPPING=1\n'


def test_upstart_sees_it_stop_once(lab, group):
    sentinel = sentinel_with(lab, 'classic', group, lines=['supervised upstart'])
    sentinel.spawn([program(), sentinel.file], {**SANITIZER_ENV, 'UPSTART_JOB': 'x'})
    status = pathlib.Path(f'/proc/{sentinel.pid}/status')
    wait_until(lambda: 'State:\tT' in status.read_text(), 10, 'it has stopped itself')
    sentinel.wake()
    wait_until(sentinel.answers, 10, 'it answers')


# ---- connections ----


def test_idle_clients_are_closed_and_others_are_not(lab, group, make):
    sentinel = sentinel_with(lab, make, group, {'clients': {'timeout': '3s'}}, ['timeout 3']).start()
    with (socket.create_connection(sentinel.address) as idle, sentinel.connect() as busy,
          sentinel.connect() as subscriber):
        subscriber.call('SUBSCRIBE', '+sdown')
        idle.setblocking(False)

        def is_closed():
            assert busy.call('PING') == 'PONG'
            return idle.recv(1) == b''

        wait_until(is_closed, 10, 'the idle one is closed')
        holds(lambda: busy.call('PING') == 'PONG', 3.5, 'the busy one is not')
        assert sentinel.sentinel('SET', 'mymaster', 'quorum', 2) == 'OK'
        assert subscriber.call('PING')  # nor is the subscriber


@pytest.mark.parametrize('seconds', [7, 0])
def test_keepalive_is_asked_of_the_system(lab, group, make, seconds):
    sentinel = sentinel_with(lab, make, group, {'clients': {'keepalive': f'{seconds}s'}},
                             [f'tcp-keepalive {seconds}']).start()
    with socket.create_connection(sentinel.address) as connection:
        connection.sendall(b'PING\r\n')
        assert connection.recv(100) == b'+PONG\r\n'
        ours = f'{connection.getsockname()[1]:04X}'

        def timer():
            for line in pathlib.Path('/proc/net/tcp').read_text().splitlines()[1:]:
                fields = line.split()
                if fields[2].endswith(f':{ours}') and fields[1].endswith(f':{sentinel.port:04X}'):
                    return fields[5].split(':')
            return None

        kind, left = wait_until(timer, 5, 'the connection is in the table of the system')
        assert kind == ('02' if seconds else '00')  # 02: the keepalive timer runs
        if seconds:
            assert int(left, 16) <= seconds * os.sysconf('SC_CLK_TCK')


# ---- where its connections come from ----


def test_connections_leave_from_the_source_address(lab, make):
    server = lab.server('server').start()
    watched = Group('mymaster', '127.0.0.1', server.port, down_after=30000)
    sentinel = sentinel_with(lab, make, watched, {'source_address': '127.0.0.3'},
                             ['bind-source-addr 127.0.0.3']).start()

    def sources(host):
        text = server.call('CLIENT', 'LIST')
        return [line for line in text.splitlines() if f' addr={host}:' in line]

    wait_until(lambda: len(sources('127.0.0.3')) == 2, 10, 'both links are there')
    assert sentinel.master()['flags'] == 'master'
    text = sentinel.file.read_text()
    assert text.count('127.0.0.3') == 1
    sentinel.write_file(text.replace('127.0.0.3', '127.0.0.4'))
    sentinel.reload()

    def hung_up():
        for line in sources('127.0.0.3'):
            server.call('CLIENT', 'KILL', 'ID', line.split()[0].removeprefix('id='))
        return len(sources('127.0.0.4')) == 2

    wait_until(hung_up, 15, 'the next ones come from the new address')


# ---- what a reload cannot change ----


def test_a_changed_option_that_takes_a_restart_is_told(lab, group):
    sentinel = sentinel_with(lab, 'vedette', group)
    sentinel.start()
    sentinel.write_file(f'pid_file: {lab.folder}/late.pid\n{sentinel.file.read_text()}')
    sentinel.reload()
    wait_until(lambda: 'pid_file was changed in the file: this takes a restart' in sentinel.log(), 5, 'it is told')
    assert 'supervised was changed' not in sentinel.log()
    assert sentinel.answers()


# ---- a unix socket ----


@pytest.mark.parametrize('alone', [False, True])
def test_clients_are_served_at_a_unix_socket(lab, group, make, alone):
    path = lab.folder / 'here.sock'
    yaml = {'clients': {'unix_socket': str(path), 'unix_socket_mode': '700'}}
    sentinel = sentinel_with(lab, make, group, {**yaml, **({'listen': []} if alone else {})},
                             [f'unixsocket {path}', 'unixsocketperm 700'])
    if alone and make == 'classic':
        text = sentinel.file_text()
        sentinel.write_file(text.replace(f'port {sentinel.port}\n', 'port 0\n'))
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))  # as a crash leaves it
    sentinel.start(wait=False)

    def ask(words):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(words + b'\r\n')
            return client.recv(100000).decode()

    def answers():
        try:
            return ask(b'PING') == '+PONG\r\n'
        except OSError:
            return False

    wait_until(answers, 10, 'it answers there')
    assert path.stat().st_mode & 0o777 == 0o700
    assert f'addr={path}:0 laddr={path}:0 ' in ask(b'CLIENT LIST')
    assert ' flags=U ' in ask(b'CLIENT INFO')
    info = ask(b'INFO server')
    assert f':name=unix,bind={path}\r\n' in info
    assert f'tcp_port:{0 if alone else sentinel.port}\r\n' in info
    assert sentinel.terminate() == 0
    assert not path.exists()


# ---- its own commands ----


def test_commands_go_by_other_names(lab, group, make):
    sentinel = sentinel_with(
        lab, make, group, {'clients': {'rename_commands': {'ROLE': '', 'INFO': 'WHAT'}}},
        ['rename-command ROLE ""', 'rename-command info WHAT']).start()
    assert 'redis_mode:sentinel' in sentinel.call('WHAT', 'server')
    for gone in ['INFO', 'ROLE']:
        with pytest.raises(ReplyError, match=f"unknown command '{gone}'"):
            sentinel.call(gone)
    sentinel.sentinel('SET', 'mymaster', 'quorum', 2)
    sentinel.restart()
    assert sentinel.master()['quorum'] == '2'
    assert 'sentinel_masters:1' in sentinel.call('WHAT', 'sentinel')


@pytest.mark.parametrize('line, what', [
    ('rename-command GET x', 'No such command in rename-command'),
    ('rename-command PING info', 'Target command name already exists'),
])
def test_renames_that_cannot_be_are_refused(lab, group, line, what):
    sentinel = sentinel_with(lab, 'classic', group, lines=[line])
    sentinel.spawn([program(), sentinel.file], SANITIZER_ENV)
    assert sentinel.wait() == 1
    assert what in sentinel.log()


# ---- the log of the system ----


@pytest.fixture
def system_log(lab):
    """The socket of a log of the system, and the command that leads to where it is /dev/log."""
    folder = lab.folder / 'dev'
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(folder / 'log'))
        log.settimeout(60)
        yield log, ['unshare', '--mount', 'sh', '-c', f'cp -a /dev/null /dev/urandom {folder} && '
                    f'mount --bind {folder} /dev && exec "$@"', 'sh']


def test_the_log_goes_to_that_of_the_system_too(lab, group, make, system_log):
    log, enter = system_log
    sentinel = sentinel_with(
        lab, make, group, {'syslog': {'enabled': 'yes', 'ident': 'watch', 'facility': 'local3'}},
        ['syslog-enabled yes', 'syslog-ident watch', 'syslog-facility LOCAL3'],
        enter=enter).start()
    lines = [log.recv(10000).decode() for _ in range(4)]
    assert all(f'watch[{sentinel.pid}]: ' in line for line in lines)
    assert lines[0].startswith(f'<{19 * 8 + 5}>') and 'is starting' in lines[0]  # local3, notice
    warning, = (line for line in lines if '+monitor master mymaster' in line)
    assert warning.startswith(f'<{19 * 8 + 4}>')
    assert '+monitor master mymaster' in sentinel.log()
