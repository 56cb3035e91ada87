"""A sentinel process of one of three makes.

vedette: the program under test on a YAML file; classic: the same on a sentinel.conf; stock: the
redis-sentinel of the distribution.
"""

import datetime
import functools
import os
import pathlib
import re
import signal
import subprocess

from . import stock_log
from .group import endpoint, yaml_text
from .process import Process
from .resp import PATIENCE_S, Connection, ReplyError, fields
from .wait import wait_until

MAKES = ('vedette', 'classic', 'stock')
START_TIMEOUT_S = 10
# scripts/newer names others, and the make that vedettes are to be compatible with.
STOCK = os.environ.get('STOCK_SENTINEL', 'redis-sentinel')
COMPAT = os.environ.get('STOCK_COMPAT')
# What every vedette on a YAML file says of system calls: scripts/test runs some tests again with `yes`.
SECCOMP = os.environ.get('VEDETTE_SECCOMP')
SANITIZER_ENV = {'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0',
                 'UBSAN_OPTIONS': 'print_stacktrace=1'}
_SANITIZER_REPORT = re.compile(
    r'^.*((?:ERROR|WARNING): (?:Address|Leak|Thread|Memory)Sanitizer|: runtime error:).*$', re.M)


def program():
    """The vedette under test: $VEDETTE, or the one of the build folder."""
    built = pathlib.Path(__file__).parents[3] / 'build' / 'vedette'
    return pathlib.Path(os.environ.get('VEDETTE', built)).absolute()


@functools.cache
def stock_version():
    """What the stock sentinels of this run are: ('redis', (7, 0, 15))."""
    said = subprocess.run([STOCK, '--version'], check=True, capture_output=True, text=True).stdout
    make, version = re.match(r'(Redis|Valkey) server v=([\d.]+)', said).groups()
    return make.lower(), tuple(int(part) for part in version.strip('.').split('.'))


# All vedettes of a run are recorded, and replayed when they have ended.
RECORD_ALL = 'VEDETTE_RECORD_ALL' in os.environ


def replay(recording):
    """Replays a file: (exit status, story, what was said of it)."""
    done = subprocess.run([program(), '--replay', recording], timeout=120, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env={**os.environ, **SANITIZER_ENV})
    return done.returncode, done.stdout, done.stderr.decode('utf-8', 'replace')


class Sentinel(Process):
    def __init__(self, name, folder, port, make='vedette', groups=(), host='127.0.0.1',
                 settings=None, lines=(), enter=(), descriptors=None, env=None, recorded=False):
        """settings: further top-level YAML keys; lines: further lines of a sentinel.conf;
        descriptors: how many it may have; env: added to the environment; recorded: all that
        happens to it is, and has to replay."""
        assert make in MAKES
        super().__init__(name, folder, enter)
        self.make = make
        self.host = host
        self.port = port
        self.groups = {group.name: group for group in groups}
        self.settings = dict(settings or {})
        self.lines = tuple(lines)
        self.descriptors = descriptors
        self.env = dict(env or {})
        self.recorded = recorded or RECORD_ALL
        self.recording = folder / 'recording'
        self.record_size = '1GiB'
        self.tls = None     # what the tests themselves connect with
        self._logs = {}
        self.password = None
        self.may_complain = False   # in its log, of what the test itself does to it
        self.state = folder / 'state'
        self.file = folder / ('vedette.yaml' if make == 'vedette' else 'sentinel.conf')
        self.write_file()

    @property
    def is_vedette(self):
        return self.make != 'stock'

    @property
    def address(self):
        return (self.host, self.port)

    def write_file(self, text=None):
        """(Re)writes the configuration file, from the groups as they are now or from a text. One that
        runs and saves its own has none on its way then, which would go over it."""
        if self.running and self.make == 'classic':
            self.sentinel('FLUSHCONFIG')
        self.file.write_text(text if text is not None else self.file_text(), 'utf-8')

    def file_text(self):
        if self.make == 'vedette':
            return yaml_text({'listen': [endpoint(self.host, self.port)],
                              'state_dir': str(self.state),
                              **({'compat': COMPAT} if COMPAT else {}),
                              **({'seccomp': SECCOMP} if SECCOMP else {}), **self.settings,
                              'groups': {g.name: g.as_yaml() for g in self.groups.values()}})
        lines = [f'port {self.port}', f'bind {self.host}', f'dir {self.folder}', *self.lines]
        if not self.is_vedette:
            lines.append('loglevel debug')  # stock_log reads it
        lines += [line for group in self.groups.values() for line in group.as_classic()]
        return '\n'.join(lines) + '\n'

    def start(self, wait=True):
        if self.is_vedette:
            limit = [] if self.descriptors is None else ['prlimit', f'--nofile={self.descriptors}']
            record = ['--record', self.recording, '--record-size', self.record_size]
            record = record if self.recorded else []
            self.spawn([*limit, program(), *record, self.file], {**SANITIZER_ENV, **self.env})
        else:
            self.spawn([STOCK, self.file])
        if wait:
            wait_until(lambda: self.has_died() or self.answers(), START_TIMEOUT_S,
                       f'{self.name} answers PING')
            assert not self.has_died(), f'{self.name} ended at its start'
        return self

    def restart(self):
        """SIGKILL, and a new process on the same file and state."""
        self.kill()
        return self.start()

    def become(self, make):
        """Stopped, it is of the other make from its next start on, on the same sentinel.conf; each
        make has a log of its own."""
        assert not self.running and self.make != 'vedette'
        self._logs[self.make] = self.output
        self.make = make
        self.output = self._logs.get(make, self.folder / f'{make}.log')

    def sync_state(self):
        """After its crash: its file gets what its database knows."""
        subprocess.run([program(), '--sync-state', self.file], check=True, timeout=60)

    def reload(self):
        self.send(signal.SIGHUP)

    def speak_tls(self, identity, links=True, **more):
        """And nothing else, at its port, and to all others if `links`; more: options of `tls`."""
        self.tls = identity.context()
        keys = identity.of_yaml(endpoint(self.host, self.port), links)
        keys['tls'].update(more)
        self.settings.update(keys)
        self.lines += identity.of_a_file(self.port, links)
        self.write_file()

    def log_in_with(self, password):
        """That of its default user, which the tests themselves give from now on."""
        self.password = password

    def connect(self, timeout=PATIENCE_S):
        connection = Connection(self.host, self.port, timeout, self.tls)
        if self.password is not None:
            connection.call('AUTH', self.password)
        return connection

    def call(self, *args):
        with self.connect() as connection:
            return connection.call(*args)

    def sentinel(self, *args):
        return self.call('SENTINEL', *args)

    def answers(self):
        return self.call('PING') == 'PONG'

    @property
    def id(self):
        return self.sentinel('MYID')

    def names(self):
        """The names of all groups that it watches."""
        return sorted(fields(item)['name'] for item in self.sentinel('MASTERS'))

    def master(self, group='mymaster'):
        return fields(self.sentinel('MASTER', group))

    def replicas(self, group='mymaster'):
        return [fields(item) for item in self.sentinel('REPLICAS', group)]

    def peers(self, group='mymaster'):
        return [fields(item) for item in self.sentinel('SENTINELS', group)]

    def master_address(self, group='mymaster'):
        """The address that clients are told; None for an unknown group."""
        answer = self.sentinel('GET-MASTER-ADDR-BY-NAME', group)
        return answer and (answer[0], int(answer[1]))

    def vote(self, address, epoch, candidate='*'):
        """IS-MASTER-DOWN-BY-ADDR: (master is down, leader, leader epoch)."""
        return tuple(self.sentinel('IS-MASTER-DOWN-BY-ADDR', *address, epoch, candidate))

    def watches(self, group):
        try:
            self.master(group)
            return True
        except ReplyError:
            return False

    def limit(self, name):
        """What INFO says of a limit: {'max': ..., 'used': ..., 'hits': ...}."""
        text, = re.findall(rf'^vedette_limit_{name}:(\S+)', self.call('INFO', 'vedette'), re.M)
        return {key: int(value) for key, value in (part.split('=') for part in text.split(','))}

    def recordings(self):
        """Of its last runs, the newest first."""
        files = [self.recording, *(self.recording.with_suffix(f'.{i}') for i in (1, 2))]
        return [file for file in files if file.exists()]

    def misplayed(self):
        """What is wrong with the replays of its runs, or None."""
        for file in self.recordings() if self.recorded else []:
            status, _, said = replay(file)
            if status != 0:
                return f'{self.name}: {said}'
        return None

    def _stock_log(self):
        """What it has logged as stock, now or before."""
        output = self.output if not self.is_vedette else self._logs.get('stock')
        return output.read_text('utf-8', 'replace') if output and output.exists() else ''

    def logged_at(self, text):
        """When it logged each line that contains the text, by its own clock, in seconds: what is
        recorded of its events may come late."""
        return [datetime.datetime.strptime(' '.join(line.split()[1:5]),
                                           '%d %b %Y %H:%M:%S.%f').timestamp()
                for line in self.log().splitlines() if text in line]

    def complaint(self):
        """Why this process fails the test, or None."""
        strays = stock_log.complaints(self._stock_log())
        if strays and not self.may_complain:
            return f'{self.name} complains: {strays}'
        if not self.is_vedette:
            return None
        report = _SANITIZER_REPORT.search(self.log())
        if report:
            return f'{self.name}: {report.group(0)}'
        if self.has_died():
            return f'{self.name} ended by itself with exit code {self._child.returncode}'
        return None
