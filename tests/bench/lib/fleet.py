"""A farm and the sentinels that watch all of it."""

import hashlib
import re
import time

from harness.disk import FaultyDisk
from harness.resp import Connection, encode

from . import usage
from .farm import Farm
from .tape import Tape

KINDS = {'stock': ['stock'], 'vedette': ['vedette'], 'classic': ['classic'],
         'mixed': ['stock', 'vedette', 'vedette']}
READY_S = 300
POLL_S = 0.05
_FOUND = re.compile(rb' \+(slave|sentinel) \S+ (\S+) \S+ \S+ @ (\S+) ')


class Never(Exception):
    """Something did not happen in time; the text says what."""


def wait(condition, seconds, what, poll_s=POLL_S):
    """The monotonic time when it came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Never(f'{what}: never within {seconds:.0f} s')
        time.sleep(poll_s)
    return time.monotonic()


class Log:
    """What a sentinel has found, as its log tells: nobody has to ask it."""

    def __init__(self, sentinel):
        self._path = sentinel.output
        self._done = 0
        self._found = set()

    def found(self):
        """How many replicas and peers, of all groups."""
        if self._path.exists():
            with open(self._path, 'rb') as file:
                file.seek(self._done)
                data = file.read()
            data = data[:data.rfind(b'\n') + 1]
            self._done += len(data)
            self._found.update(match.groups() for match in _FOUND.finditer(data))
        return len(self._found)


class Fleet:
    """Not started yet."""

    def __init__(self, lab, kind, options, groups=None, sentinels=None, down_after=30000,
                 knowing=False):
        """kind: of KINDS. knowing: stock sentinels are told of everybody from the start, since they
        take long to learn; vedettes take seconds."""
        self.count = groups or options.groups
        number = sentinels or options.sentinels
        makes = (KINDS[kind] * number if len(KINDS[kind]) == 1 else KINDS[kind])[:number]
        self.farm = Farm(lab.folder, lab.port, self.count, options.replicas, len(makes))
        for field in self.farm.fields:
            lab.keep(field)
        watched = self.farm.watched(len(makes) // 2 + 1, down_after, options.failover_timeout)
        self.sentinels = [lab.sentinel(f'sentinel{i}', make=make, groups=watched)
                          for i, make in enumerate(makes)]
        self.lead = self.sentinels[-1]      # a vedette, if there is one
        self.idle = lab.server('idle')
        self._down_after = down_after
        self._recorders = lab.recorders
        self._ahead = options.ahead
        self.disks = []
        for sentinel in self.sentinels:
            sentinel.may_complain = True    # stock ones do, when thousands are down
            if not sentinel.is_vedette:
                self._write_stock(sentinel, knowing)
        self._links = len(makes) * self.count * (1 + options.replicas) * 2
        self._knowing = knowing

    def _write_stock(self, sentinel, knowing):
        lines = sentinel.file_text().replace('loglevel debug\n', '').splitlines()
        if knowing:
            lines.append(f'sentinel myid {stock_id(sentinel)}')
            others = [s for s in self.sentinels if s is not sentinel and not s.is_vedette]
            for i in range(self.count):
                name = f'group{i}'
                lines += [f'sentinel config-epoch {name} 0', f'sentinel leader-epoch {name} 0']
                for member in range(1, 1 + self.farm.replicas):
                    host, port = self.farm.address(i, member)
                    lines.append(f'sentinel known-replica {name} {host} {port}')
                lines += [f'sentinel known-sentinel {name} {s.host} {s.port} {stock_id(s)}'
                          for s in others]
        sentinel.write_file('\n'.join(lines) + '\n')

    def have_disks(self):
        """Of which fsync can be delayed, of vedettes; before they are started."""
        self.disks = [FaultyDisk(sentinel) for sentinel in self.sentinels if sentinel.is_vedette]

    def delay_fsync(self, delay_ms):
        for disk in self.disks:
            disk.set(f'fsync-delay {delay_ms}')
        began = time.monotonic()
        self.lead.sentinel('SET', 'group0', 'down-after-milliseconds', self._down_after + 1)
        if (time.monotonic() - began) * 1000 < delay_ms:
            raise Never('fsync is not delayed: this vedette was built without -Dtest_hooks=true')

    def start(self):
        """Returns when, in monotonic seconds."""
        self.farm.start()
        self.idle.start()
        self.put_ahead([*self.farm.fields, self.idle])
        began = time.monotonic()
        for sentinel in self.sentinels:
            self.start_one(sentinel)
        return began

    def start_one(self, sentinel):
        sentinel.start(wait=False)
        self.put_ahead([sentinel])

    def _to_find(self, sentinel):
        """How many replicas and peers its file does not name."""
        named = self._knowing and not sentinel.is_vedette
        peers = [s for s in self.sentinels if s is not sentinel and (s.is_vedette or not named)]
        return self.count * (len(peers) + (0 if named else self.farm.replicas))

    def wait_learned(self, seconds):
        """When all were first known to all."""
        logs = {Log(sentinel): self._to_find(sentinel) for sentinel in self.sentinels}
        return wait(lambda: all(log.found() >= count for log, count in logs.items()), seconds,
                    'everybody is known to everybody')

    def links(self):
        return self.farm.stats()['connections'] - len(self.farm.fields)

    def wait_linked(self, seconds):
        return wait(lambda: self.links() >= self._links, seconds, 'all links are up')

    def ready(self):
        """Started, with all known, connected and asked for their INFO."""
        self.start()
        self.wait_learned(READY_S)
        self.wait_linked(READY_S)
        wait(lambda: self.farm.stats()['INFO'] >= self._links // 2, 60, 'all were asked for INFO')
        return self

    def pids(self):
        """Of all but the queries."""
        return [process.pid for process in (*self.sentinels, *self.farm.fields, self.idle)]

    def tape(self):
        """All that they publish from now on."""
        tape = Tape(self.sentinels)
        self._recorders.append(tape)
        return tape

    def put_ahead(self, processes):
        for process in processes if self._ahead else ():
            usage.put_ahead(process.pid)

    def named(self, sentinel):
        """The addresses of the masters of all groups, as it tells clients, in one pipeline."""
        with Connection(*sentinel.address, timeout=60) as connection:
            connection.write(b''.join(encode('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', f'group{i}')
                                      for i in range(self.count)))
            answers = [connection.read()['*'] for _ in range(self.count)]
        return [(host['$'], int(port['$'])) for host, port in answers]

    def disagreements(self):
        """How many groups have a master that not all sentinels name."""
        masters = [{self.farm.address(i, member) for member, role in enumerate(group)
                    if role[0] == 'master'} for i, group in enumerate(self.farm.roles())]
        names = [self.named(sentinel) for sentinel in self.sentinels]
        return sum(len(set(named)) > 1 or named[0] not in master
                   for master, named in zip(masters, zip(*names)))


def stock_id(sentinel):
    return hashlib.sha1(sentinel.name.encode()).hexdigest()
