"""Bad input from every side: the command line, files at a start and at a reload, requests, hellos.
It is refused with a clear word, and nothing changes: not what is answered, not the state on disk,
not the configuration file; nothing is published, and no line of the log is torn."""

import os
import pathlib
import random
import re
import signal
import subprocess
import tempfile

import pytest

from harness.group import Group
from harness.resp import ReplyError, encode
from harness.sentinel import SANITIZER_ENV, program
from harness.snapshot import Watch, answers, snapshot, torn_lines
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

ID = 'e' * 40
MIB = 1024 * 1024


# ---- the command line ----

def run(*args, **options):
    done = subprocess.run([program(), *map(os.fspath, args)], capture_output=True, timeout=120,
                          check=False, env={**os.environ, **SANITIZER_ENV}, **options)
    assert b'Sanitizer' not in done.stderr and b'runtime error' not in done.stderr, done.stderr
    return done.returncode, done.stderr.decode('utf-8', 'replace')


@pytest.mark.parametrize('args, why', [
    ([], 'a configuration file is needed'), (['--nosuch'], 'unknown option --nosuch'),
    (['-x'], 'unknown option -x'), (['-'], 'unknown option -'), (['--check'], '--check takes'),
    (['--check', 'a', 'b'], '--check takes'), (['a.yaml', 'b.yaml'], 'b.yaml'),
    (['--CHECK', 'a'], 'unknown option --CHECK'), (['--check=a'], 'unknown option --check=a')])
def test_bad_usage(tmp_path, args, why):
    code, told = run(*args, cwd=tmp_path)
    assert code == 2
    assert told.startswith('vedette: ') and why in told.splitlines()[0]
    assert 'Usage: ' in told
    assert not list(tmp_path.iterdir())


def missing(path):
    del path


def folder(path):
    path.mkdir()


def fifo(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path.name)


def device(path):
    path.symlink_to('/dev/zero')


def huge(path):
    with open(path, 'wb') as file:
        file.truncate(20 * MIB)


def long_lines(path):
    path.write_bytes(b'sentinel ' + b'x ' * (MIB // 4) + b'\n' + b'"' * MIB)


def binary(path):
    path.write_bytes(program().read_bytes()[:100_000])


def noise(path):
    path.write_bytes(random.Random(1).randbytes(100_000))


def nul(path):
    path.write_bytes(b'\0' * 1000)


def utf16(path):
    path.write_text('groups: {}\n', 'utf-16')


# What a file may be instead of one: (maker, what is said of it).
NO_FILES = [
    (missing, 'cannot be read: No such file or directory'),
    (folder, 'cannot be read: Is a directory'), (fifo, 'cannot be read: not a regular file'),
    (device, 'cannot be read: not a regular file'), (loop, 'Too many levels of symbolic links'),
    (huge, 'cannot be read: File too large'), (long_lines, ':1:'), (binary, ':1:'), (noise, ':1:'), (nul, ':1:1:'), (utf16, ':1:1:')]


@pytest.mark.parametrize('name', ['vedette.yaml', 'sentinel.conf'])
@pytest.mark.parametrize('make, why', NO_FILES, ids=lambda value: getattr(value, '__name__', ''))
def test_a_file_that_is_none(tmp_path, name, make, why):
    path = tmp_path / name
    make(path)
    before = sorted(tmp_path.rglob('*'))
    for args in (['--check', path], [path]):
        code, told = run(*args, cwd=tmp_path)
        assert code == 1, told
        assert told.startswith(f'{path}:') and why in told, told[:300]
        assert f'vedette: {path} is refused: ' in told
        assert len(told) < MIB
    assert sorted(tmp_path.rglob('*')) == before


def test_a_file_that_may_not_be_read():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'vedette.yaml'
        path.write_text('groups: {}\n', 'ascii')
        path.chmod(0)
        os.chmod(folder, 0o755)
        nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        done = subprocess.run([*(nobody if os.geteuid() == 0 else []), program(), '--check', path],
                              capture_output=True, timeout=120, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f'{path}: cannot be read: Permission denied\n'.encode())


@pytest.mark.parametrize('text, finding', [
    ('', ":1:1: no groups"), ('# \n', ':1:1: no groups'), ('\ufeff', ':1:1: no groups')])
def test_an_empty_file_watches_nothing_by_mistake(tmp_path, text, finding):
    path = tmp_path / 'vedette.yaml'
    path.write_text(text, 'utf-8')
    code, told = run(path)
    assert code == 1 and f'{path}{finding}' in told


def test_a_name_with_anything_in_it_is_told_in_one_piece(tmp_path):
    for name in (b'a\nb.yaml', b'\xff\xfe.yaml', b'%s%n.yaml', b'x' * 250 + b'.yaml'):
        path = os.fsencode(tmp_path) + b'/' + name
        done = subprocess.run([program(), path], capture_output=True, timeout=120, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(path + b': cannot be read: No such file or directory\n')


# ---- a running one ----

@pytest.fixture(scope='module', params=['vedette', 'classic'])
def sentinel(request, shared_lab):
    server = shared_lab.server('server').start()
    group = Group('mymaster', *server.address, quorum=2, down_after=30000, failover_timeout=60000)
    sentinel = shared_lab.sentinel('sentinel', make=request.param, groups=[group]).start()
    sentinel.server = server
    wait_until(lambda: sentinel.master()['runid'], 5, 'the master is known')
    sentinel.sentinel('FLUSHCONFIG')    # no save of its own is on its way, over what a test writes
    return sentinel


@pytest.fixture
def unchanged(sentinel):
    """Nothing has changed at the end of the test, and nothing was published."""
    sentinel.sentinel('FLUSHCONFIG')
    before = snapshot(sentinel)
    with Watch(sentinel) as watch:
        yield watch
        after = snapshot(sentinel)
        for part, value in before.items():
            assert after[part] == value, part
        assert watch.events() == []
    assert torn_lines(sentinel) == []


# ---- files at a reload ----

BAD_TEXTS = {
    'vedette': ['', 'groups:\n', 'groups: {}\nnosuch: 1\n', '- a\n', 'groups: [', '{' * 1000,
                'groups: {}\nlog: {level: "\xff"}\n', 'groups: {}\nlimits: {clients: -1}\n',
                'groups: {}\nlisten: 1.2.3.4.5:6\n', 'groups: {}\nlisten: 192.0.2.1:1\n',
                'groups: {}\nlog: {file: /nonexistent/x}\n', 'groups: {a: *b}\n',
                'groups: {"a\\nb": {master: "127.0.0.1:1", quorum: 1}}\n',
                'groups: {}\nclients: {password_file: /dev/zero}\n',
                'groups: {}\nclients: {password_file: %FIFO%}\n', 'groups: {}\nlog: {file: %FIFO%}\n'],
    'classic': ['nosuch 1\n', 'port x\n', 'port "\n', 'sentinel monitor\n', 'bind 192.0.2.1\n',
                'sentinel monitor "a\\nb" 127.0.0.1 1 1\n', 'sentinel myid "\\x00"\n',
                'logfile /nonexistent/x\n', 'logfile %FIFO%\n', 'loglevel "\xff"\n',
                'sentinel down-after-milliseconds nosuch 1\n'],
}


def refuse_reload(sentinel):
    said = sentinel.log().count('reload refused, nothing changed')
    sentinel.reload()
    wait_until(lambda: sentinel.log().count('reload refused, nothing changed') > said, 5,
               'the reload is refused')
    assert sentinel.answers()


def test_a_bad_file_at_a_reload(sentinel):
    good = sentinel.file.read_bytes()
    waiting = sentinel.folder / 'waiting'
    if not waiting.exists():
        os.mkfifo(waiting)
    head = '' if sentinel.make == 'vedette' else good.decode()
    before = {**answers(sentinel)}
    with Watch(sentinel) as watch:
        for text in BAD_TEXTS[sentinel.make]:
            sentinel.file.write_bytes(
                (head + text.replace('%FIFO%', str(waiting))).encode('latin-1'))
            refuse_reload(sentinel)
        for make, _ in NO_FILES:
            sentinel.file.unlink(missing_ok=True)
            make(sentinel.file)
            refuse_reload(sentinel)
            if sentinel.file.is_dir():
                sentinel.file.rmdir()
        assert watch.events() == []
    sentinel.file.unlink()
    sentinel.file.write_bytes(good)
    assert answers(sentinel) == before
    assert torn_lines(sentinel) == []
    for timeout in (b'61000', b'60000'):    # a good one is taken as before
        sentinel.sentinel('FLUSHCONFIG')
        sentinel.file.write_bytes(re.sub(rb'6[01]000', timeout, sentinel.file.read_bytes()))
        sentinel.reload()
        wait_until(lambda t=timeout: sentinel.master()['failover-timeout'] == t.decode(), 5,
                   'the good file is read')
    assert answers(sentinel) == before


# ---- requests ----

NAMES = [b'', b'nosuch', b'MYMASTER', b'mymaster ', b'mymaster\0', b'mymaster\n', b'\xff\xfe', b'*',
         b'x' * 60_000]
NO_NUMBERS = [b'', b'x', b'1.5', b'0x10', b' 1', b'1 ', b'+1', b'01', b'1\0', b'1\n', b'\xff', b'9' * 40,
              b'-' + b'9' * 40, b'9223372036854775808', b'--1', b'1e3', b'\xd9\xa1']
NO_COUNTS = [*NO_NUMBERS, b'0', b'-1']
CONTROL = [b'a\nb', b'a\r\nsentinel monitor evil 127.0.0.1 1 1', b'\0', b'a\0b', b'\x7f', b'\x1b[2J']
NO_GROUP_NAMES = [b'', b'a b', b'a,b', b'x' * 256, *CONTROL]
NO_HOSTS = [b'', b'300.0.0.1', b'127.0.0.1:1', b'[::1]', b'::g', b'\xff', b'127.0.0.1\0', b'x' * 10_000]


def each(*words, values):
    """Requests with each of the values in place of `None`."""
    return [[value if word is None else word for word in words] for value in values]


REFUSED = [
    *(request for command in ('MASTER', 'REPLICAS', 'SLAVES', 'SENTINELS', 'CKQUORUM', 'FAILOVER',
                              'REMOVE')
      for request in each('SENTINEL', command, None, values=NAMES)),
    *each('SENTINEL', 'SET', None, 'quorum', '3', values=NAMES),
    *(request for option in ('quorum', 'parallel-syncs', 'down-after-milliseconds',
                             'failover-timeout')
      for request in each('SENTINEL', 'SET', 'mymaster', option, None, values=NO_COUNTS)),
    *each('SENTINEL', 'SET', 'mymaster', 'master-reboot-down-after-period', None,
          values=[*NO_NUMBERS, b'-1']),
    *(request for option in ('auth-pass', 'auth-user', 'notification-script',
                             'client-reconfig-script')
      for request in each('SENTINEL', 'SET', 'mymaster', option, None,
                          values=[*CONTROL, b'x' * 20_000])),
    *each('SENTINEL', 'SET', 'mymaster', 'rename-command', None, 'x', values=[b'', b'a b', *CONTROL]),
    *each('SENTINEL', 'SET', 'mymaster', 'rename-command', 'CONFIG', None,
          values=[b'', b'a b', b'x' * 64, *CONTROL]),
    *each('SENTINEL', 'SET', 'mymaster', None, '1', values=[*NAMES, b'port', b'dir', b'monitor']),
    *each('SENTINEL', 'SET', 'mymaster', 'quorum', '3', 'parallel-syncs', None, values=NO_COUNTS),
    ['SENTINEL', 'SET', 'mymaster', 'quorum', '3', 'parallel-syncs'],
    *each('SENTINEL', 'MONITOR', None, '127.0.0.1', '9', '1', values=NO_GROUP_NAMES),
    *each('SENTINEL', 'MONITOR', 'new', None, '9', '1', values=NO_HOSTS),
    *each('SENTINEL', 'MONITOR', 'new', '127.0.0.1', None, '1',
          values=[*NO_NUMBERS, b'-1', b'65536']),
    *each('SENTINEL', 'MONITOR', 'new', '127.0.0.1', '9', None, values=NO_COUNTS),
    ['SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', '9', '1'],
    *each('SENTINEL', 'CONFIG', 'SET', None, 'x', values=[*NAMES, b'quorum', b'dir', b'requirepass']),
    *(request for parameter in ('resolve-hostnames', 'announce-hostnames', 'loglevel')
      for request in each('SENTINEL', 'CONFIG', 'SET', parameter, None,
                          values=[b'', b'maybe', b'\xff', b'yes ', *CONTROL])),
    *each('SENTINEL', 'CONFIG', 'SET', 'announce-port', None,
          values=[*NO_NUMBERS, b'-1', b'65536']),
    *(request for parameter in ('announce-ip', 'sentinel-user', 'sentinel-pass')
      for request in each('SENTINEL', 'CONFIG', 'SET', parameter, None,
                          values=[*CONTROL, b'x' * 20_000])),
    ['SENTINEL', 'CONFIG', 'SET', 'sentinel-user', 'u', 'sentinel-user', 'u'],
    ['SENTINEL', 'CONFIG', 'SET', 'sentinel-user', 'u', 'announce-port', 'x'],
    ['SENTINEL', 'CONFIG', 'SET', 'sentinel-user', 'u', 'announce-port'],
    *each('SENTINEL', None, 'mymaster', values=NAMES),
    *each(None, 'x', values=NAMES),
    *each('PUBLISH', None, 'x', values=[*NAMES, b'__sentinel__:hello\0', b'__sentinel__:HELLO']),
    *each('CLIENT', 'SETNAME', None, values=[*CONTROL, b'a b', b'\xff', b'x' * 256]),
    *each('CLIENT', 'SETINFO', 'LIB-NAME', None, values=[*CONTROL, b'a b', b'\xff', b'x' * 256]),
    *each('CLIENT', 'KILL', 'ID', None, values=NO_COUNTS),
    *each('CLIENT', 'LIST', 'ID', None, values=NO_NUMBERS),
    *each('CLIENT', 'PAUSE', None, values=[*NO_NUMBERS, b'-1']),
    *each('HELLO', None, values=[*NO_NUMBERS, b'-1', b'1', b'4']),
    *each('HELLO', '3', 'SETNAME', None, values=[*CONTROL, b'a b', b'\xff']),
    *each('HELLO', '3', 'AUTH', None, 'x', values=NAMES),
    *each('AUTH', None, 'x', values=NAMES),
    *each('SUBSCRIBE', None, values=[b'x' * 60_000]),
    *each('PSUBSCRIBE', None, values=[b'x' * 60_000]),
    *each('SHUTDOWN', None, values=[*NAMES, b'nosave\n', b'now\0']),
    *each('ACL', 'SETUSER', None, 'on', values=[b'a b', b'a\nb', b'a\0b']),
    *each('ACL', 'SETUSER', 'default', None, values=[b'x', b'\0', b'#1', b'\xff', b'+nosuch', b'+@x']),
    *each('ACL', 'LOG', None, values=NO_NUMBERS),
    *each('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', None, '1', ID, values=NO_NUMBERS),
    *each('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', None, ID, values=NO_NUMBERS),
]


def is_shown(request):
    return b' '.join(word if isinstance(word, bytes) else word.encode() for word in request)[:120]


def test_refused_requests(sentinel, unchanged):
    """Each is refused in one line, one after the other on one connection."""
    with sentinel.connect() as connection:
        for request in REFUSED:
            reply = connection.ask(*request)
            assert list(reply) == ['-'], (is_shown(request), reply)
            assert unchanged.events() == [], is_shown(request)
        assert connection.ask('PING') == {'+': 'PONG'}


def test_requests_that_match_nothing(sentinel, unchanged):
    """Names, patterns and channels of any bytes, where any are allowed."""
    with sentinel.connect() as connection:
        for name in [*NAMES[1:7], *CONTROL, bytes(range(256)), b'[', b'[^', b'[a-', b'\\', b'*' * 1000]:
            pattern = name.replace(b'*', b'?')
            if pattern not in (b'', b'?'):
                assert connection.ask('SENTINEL', 'RESET', b'\\' + pattern) == {':': '0'}
            assert 'mymaster' not in str(connection.ask('SENTINEL', 'CONFIG', 'GET', pattern))
            assert connection.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name) == {'*': None}
            for verb in ('SUBSCRIBE', 'UNSUBSCRIBE', 'PSUBSCRIBE', 'PUNSUBSCRIBE'):
                connection.send(verb, name)
                heard = connection.read()['*']
                assert heard[1]['$'].encode('utf-8', 'surrogateescape') == name
            assert connection.ask('PUBLISH', '__sentinel__:hello', name) == {':': '1'}
            assert connection.ask('COMMAND', 'DOCS', name) == {'*': []}
            assert connection.ask('INFO', name)['$'] is not None


def test_requests_of_random_bytes(sentinel, unchanged):
    """Whole requests drawn at random: the connection is answered, or told of a protocol error and
    closed; nothing else happens."""
    chance = random.Random(7)
    pieces = [b'*', b'$', b'\r\n', b'\0', b'-1', b'1', b'5', b'99999999999', b' ', b'"', b"'",
              b'\xff', b'SENTINEL', b'SET', b'mymaster', b'PING', b'HELLO', b'\n', b'x' * 50]
    for _ in range(200):
        data = b''.join(chance.choice(pieces) for _ in range(chance.randrange(1, 30)))
        with sentinel.connect() as connection:
            try:
                connection.write(data + b'\r\n\r\n' + encode('PING', 'end'))
                connection.be_patient_for(0.05)
                while connection.read() != {'$': 'end'}:
                    pass
            except (OSError, ValueError, ConnectionError):
                pass
    assert sentinel.answers()


# ---- hellos ----

def fields_of(sentinel):
    return ['127.0.0.1', '9', ID, '0', 'mymaster', *map(str, sentinel.server.address), '0']


def test_hellos_with_a_bad_field(sentinel):
    """By the channel of the server, and by PUBLISH; those that count are in the unit tests."""
    good = [field.encode() for field in fields_of(sentinel)]
    bad = {0: [*NO_HOSTS, *CONTROL], 1: [b'', b'x', b'0', b'-1', b'65536', b'9' * 40, b'\0', b'\xff'],
           2: [b'', b'short', b'e' * 41, b'e' * 39 + b'\xff', b'e' * 39 + b'\n', b'e' * 39 + b'\0',
               b'e' * 39 + b' ', b'x' * 60_000],
           3: [b'9' * 20, b'9223372036854775808', b'1' * 60_000], 4: NAMES,
           7: [b'9' * 20, b'9223372036854775807', b'1' * 60_000]}
    lines = [b','.join([*good[:at], value, *good[at + 1:]])
             for at, values in bad.items() for value in values]
    lines += [b'', b',', b',' * 7, b',' * 60_000, b','.join(good[:7]), b','.join([*good, b'1']),
              bytes(range(256)), b'x' * 60_000]
    sentinel.sentinel('FLUSHCONFIG')
    before = snapshot(sentinel)
    with sentinel.connect() as direct, sentinel.server.connect() as server, \
            Watch(sentinel) as watch:
        for line in lines:
            assert direct.ask('PUBLISH', '__sentinel__:hello', line) == {':': '1'}
            server.ask('PUBLISH', '__sentinel__:hello', line)
        server.ask('PUBLISH', '__sentinel__:hello', b'x' * MIB)
        # One that counts, behind all of them on the same link: they have been read when it has.
        server.ask('PUBLISH', '__sentinel__:hello', b','.join(good))
        wait_until(sentinel.peers, 5, 'the last hello is read')
        assert sentinel.sentinel('RESET', 'mymaster') == 1
        assert [channel for channel, _ in watch.events()] == ['+sentinel', '+reset-master']
    wait_until(lambda: sentinel.master()['runid'], 5, 'the master is known again')
    sentinel.sentinel('FLUSHCONFIG')
    after = snapshot(sentinel)
    for part, value in before.items():
        assert after[part] == value, part
    assert torn_lines(sentinel) == []


# ---- what is taken, and must not get out of its place ----

TRICKY = ['two words', ' lead', 'trail ', 'quote"', "apos'", '"quoted"', "'q'", '#hash', '\\', 'end\\',
          '\\n', '\\x0a', '$x %s %n', ',', ',,a b,', 'äöü', 'x' * 1000, '-', '*', '""', "''",
          'x" sentinel monitor evil 127.0.0.1 1 1', 'secret # comment', '{a: b}', ': ', '- a', '~']


def password_lines(sentinel):
    return [line for line in sentinel.file.read_text('utf-8').splitlines()
            if line.startswith(('sentinel sentinel-pass ', 'sentinel auth-pass '))]


def test_tricky_values_stay_in_their_place(lab):
    """They are stored, and read back after a restart, from the state and from the file alone."""
    server = lab.server('server').start()
    sentinel = lab.sentinel('sentinel', make='classic',
                            groups=[Group('mymaster', *server.address, down_after=30000)]).start()
    names = sentinel.names()
    for value in TRICKY:
        raw = value.encode()
        sentinel.sentinel('CONFIG', 'SET', 'sentinel-user', raw, 'sentinel-pass', raw)
        sentinel.sentinel('SET', 'mymaster', 'auth-user', raw, 'auth-pass', raw)
        with sentinel.connect() as connection:
            connection.call('ACL', 'SETUSER', 'tester', 'reset', 'on', '+@all', f'>{value}')
        lines = sentinel.file.read_text('utf-8').splitlines()
        assert [line for line in lines if line.startswith('sentinel monitor')] == [
            f'sentinel monitor mymaster {server.host} {server.port} 2'], value
        code, told = run('--check', sentinel.file)
        assert code == 0, (value, told)
    for value in TRICKY[::4]:
        raw = value.encode()
        sentinel.sentinel('CONFIG', 'SET', 'sentinel-user', raw, 'sentinel-pass', raw)
        assert sentinel.terminate() == 0
        for path in sentinel.file.parent.glob('*vedette*'):
            path.unlink()       # as if a stock sentinel had been there: the file is all there is
        sentinel.start()
        config = sentinel.sentinel('CONFIG', 'GET', 'sentinel-*')
        assert config == ['sentinel-user', value, 'sentinel-pass', value and '******']
        told = password_lines(sentinel)
        assert len(told) == 2 and sentinel.sentinel('FLUSHCONFIG') == 'OK'
        assert password_lines(sentinel) == told
        assert sentinel.names() == names
    assert torn_lines(sentinel) == []
    with pytest.raises(ReplyError):
        sentinel.master('evil')
    assert sentinel.terminate(signal.SIGTERM) == 0
