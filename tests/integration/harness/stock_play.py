"""Scenarios played by stock sentinels, and by the simulator's model of them, and what they told.

The scenarios and what the deeds in them mean are in tests/sim/stock_scenarios.c and stock_stage.h.
"""

import dataclasses
import datetime
import os
import pathlib
import re
import subprocess
import time

from .process import sleep_until
from .pulse import Pulse
from .sentinel import program
from .wait import wait_until

AWAIT_S = 60
_LOGGED = re.compile(r'^\d+:X (\d\d \w{3} \d{4} [\d:.]+) ([.*#-]) ([+-][a-z-]+) (.*)$')
# Of level debug; the model does not tell of its connections.
_UNTOLD = re.compile(r'-(cmd|pubsub)-link-reconnection$')
_ABOUT = re.compile(r'(master|slave|sentinel) (\S+) (\S+) (\d+)(?: @ \S+ \S+ \d+)?(?: (.*))?$')


def model():
    """The program stock-model: $STOCK_MODEL, or the one beside the vedette under test."""
    beside = program().parent / 'tests' / 'sim' / 'stock-model'
    return pathlib.Path(os.environ.get('STOCK_MODEL', beside))


@dataclasses.dataclass
class Scenario:
    name: str
    sentinels: int
    quorum: int
    down_after: int
    failover_timeout: int
    priorities: tuple
    deeds: tuple        # each a tuple of words


@dataclasses.dataclass
class Told:
    at_ms: int          # since the play began
    who: str            # k1, k2, ...
    event: str
    payload: str


def scenarios():
    text = subprocess.run([model(), '--list'], capture_output=True, check=True, text=True).stdout
    return [_scenario(part.splitlines()) for part in text.strip().split('\n\n')]


def _scenario(lines):
    head = dict(line.split(' ', 1) for line in lines[:6])
    return Scenario(head['scenario'], int(head['sentinels']), int(head['quorum']),
                    int(head['down-after']), int(head['failover-timeout']),
                    tuple(map(int, head['priorities'].split())),
                    tuple(tuple(line.split()) for line in lines[6:]))


class Play:
    """What was told in one play of a scenario, and who everybody is."""

    def __init__(self, scenario, told, servers, ids):
        """servers: {(host, port): 's1'...}; ids: {id: 'k1'...}."""
        self.scenario = scenario
        self.told = told
        self.late_ms = 0        # by how much the machine held it up, at most
        self._servers = servers
        self._ids = ids
        self._named = {name for deed in scenario.deeds if deed[0] != 'await' for name in deed[2:]}
        self._leaders = {t.who for t in told if t.event == '+elected-leader'}
        self._promoted = {self._server(*_ABOUT.match(t.payload).group(3, 4))
                          for t in told if t.event == '+selected-slave'}

    def _server(self, host, port):
        return self._servers[host, int(port)]

    def server_role(self, name):
        if name == 's1' or name in self._named:
            return name
        return 'selected' if name in self._promoted else 'other'

    def sentinel_role(self, name):
        """Which of several equal ones it is is left to chance, and so is who leads."""
        role = name if name in self._named else 'one'
        return f'{role}, leading' if name in self._leaders else role

    def _read(self, told):
        """(stream, line): what it is about, and its text with roles in the place of names."""
        match = _ABOUT.match(told.payload)
        if not match:
            return 'group', f'{told.event} {self._words(told)}'
        kind, name, host, port, more = match.groups()
        if kind == 'sentinel':
            name = self.sentinel_role(self._ids[name])
            stream = 'group' if told.event == '+config-update-from' else f'sentinel {name}'
            return stream, f'{told.event} sentinel {name}'
        if kind == 'master':
            return 'group', f'{told.event} master'
        role = self.server_role(self._server(host, port))
        in_failover = re.match(r'[+-](failover|selected|promoted|slave-reconf)', told.event)
        return ('group' if in_failover else f'slave {role}',
                f'{told.event} slave {role}{" " + more if more else ""}')

    def _words(self, told):
        words = told.payload.split()
        if told.event == '+switch-master':
            return ' '.join(self.server_role(self._server(*words[i:i + 2])) for i in (1, 3))
        if told.event == '+vote-for-leader':
            return f'{"itself" if self._ids[words[0]] == told.who else "another"} {words[1]}'
        return told.payload

    def streams(self):
        """{(role of the sentinel, what about): what it told, in order}; equal roles side by side."""
        streams = {}
        for told in self.told:
            about, line = self._read(told)
            streams.setdefault((told.who, about), []).append(line)
        result = {}
        for (who, about), lines in streams.items():
            result.setdefault((self.sentinel_role(who), about), []).append(tuple(lines))
        return result

    def first_ms(self, event, who=None):
        """When it was told first; None if never."""
        return min((t.at_ms for t in self.told if t.event == event and who in (None, t.who)),
                   default=None)

    def text(self):
        return ''.join(f'{t.at_ms:6} {t.who} {t.event} {t.payload}\n' for t in self.told)


def model_plays(scenario, seeds):
    """One play for each of so many seeds."""
    out = subprocess.run([model(), scenario.name, '1', str(seeds)], capture_output=True, check=True,
                         text=True).stdout
    servers = {(f'10.0.0.{i}', 6379): f's{i}' for i in range(1, 4)}
    ids = {'abcdef'[i] * 40: f'k{i + 1}' for i in range(scenario.sentinels)}
    plays = []
    for part in out.split('seed ')[1:]:
        told = [Told(int(line[0]), *line[1:]) for line in
                (line.split(' ', 3) for line in part.splitlines()[1:]) if line[1] != 'stage']
        plays.append(Play(scenario, told, servers, ids))
    return plays


# ---- real ones ----

def _now_ms():
    """The time of day, cut as in a log."""
    return int(time.time() * 1000)


class RealPlay:
    def __init__(self, lab, scenario):
        self.scenario = scenario
        self.deployment = lab.planned(
            replicas=2, sentinels=['stock'] * scenario.sentinels, quorum=scenario.quorum,
            down_after=scenario.down_after, failover_timeout=scenario.failover_timeout,
            priorities=scenario.priorities[1:],
            server_config=[f'replica-priority {scenario.priorities[0]}'])
        self._by_name = {f's{i + 1}': s for i, s in enumerate(self.deployment.servers)}
        self._sentinels = {f'k{i + 1}': s for i, s in enumerate(self.deployment.sentinels)}
        self._by_name |= self._sentinels
        self.begun_ms = self._mark_ms = None

    def play(self):
        try:
            with Pulse() as pulse:
                play = self._play()
            play.late_ms = pulse.longest_ms
            return play
        finally:
            self.deployment.end()

    def _play(self):
        deployment = self.deployment
        deployment.start_servers()
        for replica in deployment.replicas:
            replica.call('CONFIG', 'REWRITE')   # so that it comes back as one
        for sentinel in deployment.sentinels:
            sentinel.start(wait=False)
        deployment.settle()
        ids = {s.id: name for name, s in self._sentinels.items()}
        servers = {s.address: name for name, s in self._by_name.items() if name[0] == 's'}
        self.begun_ms = self._mark_ms = _now_ms()
        for deed in self.scenario.deeds:
            if deed[0] == 'await':
                self._await(*deed[1:])
            else:
                sleep_until(time.monotonic() + int(deed[0]) / 1000)
                self._mark_ms = _now_ms()
                if len(deed) > 2:
                    self._carry_out(*deed[1:])
        end_ms = _now_ms() - self.begun_ms
        told = sorted((t for name in self._sentinels for t in self._told(name)
                       if 0 <= t.at_ms <= end_ms), key=lambda t: t.at_ms)
        return Play(self.scenario, told, servers, ids)

    def _carry_out(self, deed, name, *whom):
        process = self._by_name[name]
        if deed == 'follow':
            process.call('REPLICAOF', *self._by_name[whom[0]].address)
        elif deed == 'failover':
            process.sentinel('FAILOVER', 'mymaster')
        elif deed == 'start':
            process.start(wait=False)
        else:
            getattr(process, deed)()

    def _await(self, who, event):
        def awaited():
            names = [n for n, s in self._sentinels.items() if s.running and who in (n, 'all', 'any')]
            have = [any(t.event == event and t.at_ms >= self._mark_ms - self.begun_ms
                        for t in self._told(n)) for n in names]
            return any(have) if who == 'any' else all(have)
        wait_until(awaited, AWAIT_S, f'{self.scenario.name}: {event} from {who}')

    def _told(self, name):
        """All events in its log, with the times at which it logged them."""
        for line in self._sentinels[name].log().splitlines():
            match = _LOGGED.match(line)
            if match and not _UNTOLD.match(match[3]):
                at = datetime.datetime.strptime(match[1], '%d %b %Y %H:%M:%S.%f').timestamp()
                yield Told(round(at * 1000) - self.begun_ms, name, match[3], match[4])
