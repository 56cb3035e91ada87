"""When a failover gets how far, found by asking from outside again and again."""

import itertools
import time

from harness.resp import Connection, encode, plain

MOMENTS = {'write': 'write accepted', 'client': 'write of a client',
           'agreed': 'sentinels agree', 'followed': 'replicas follow'}
POLL_S = 0.002
GIVE_UP_S = 60


class Watch:
    """One persistent connection; None while there is no answer."""

    def __init__(self, process):
        self.address = process.address
        self._tls = process.tls
        self._connection = None

    def ask(self, *args):
        answers = self.ask_all(encode(*args), 1)
        return answers and answers[0]

    def ask_all(self, requests, count):
        """So many encoded requests in one write; their replies as trees."""
        if self._connection:
            answers = self._ask(requests, count)
            # A server that is promoted cuts its connections: that is not yet an answer.
            if answers:
                return answers
        try:
            self._connection = Connection(*self.address, timeout=1.0, tls=self._tls)
        except OSError:
            return None
        return self._ask(requests, count)

    def _ask(self, requests, count):
        try:
            self._connection.write(requests)
            return [self._connection.read() for _ in range(count)]
        except OSError:
            self.close()
            return None

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None


def address_in(answer):
    """(host, port) of a reply to GET-MASTER-ADDR-BY-NAME."""
    host, port = plain(answer) if answer and answer.get('*') else (None, 0)
    return host, int(port)


def is_ok(answer):
    return answer == {'+': 'OK'}


class Race:
    """The moments of one failover, in ms after the fault."""

    def __init__(self, deployment, old, sentinels, moments=tuple(MOMENTS)):
        """sentinels: those that outlive the fault. moments: those that are waited for; without
        'write' a write is tried only where the sentinels say."""
        self._name = deployment.name
        self._servers = {s.address: Watch(s) for s in deployment.servers
                         if s is not old and s.running}
        self._sentinels = [Watch(s) for s in sentinels]
        self._turn = itertools.cycle(self._sentinels)
        self.new = None
        self._wanted = moments
        self.moments = {}

    def run(self, fault):
        for watch in (*self._servers.values(), *self._sentinels):
            assert watch.ask('PING'), f'{watch.address} answers before the fault'
        started = time.monotonic()
        fault()
        while len(self.moments) < len(self._wanted) and time.monotonic() - started < GIVE_UP_S:
            for name in self._wanted:
                if name not in self.moments and getattr(self, f'_{name}')():
                    self.moments[name] = (time.monotonic() - started) * 1000
            time.sleep(POLL_S)
        for watch in (*self._servers.values(), *self._sentinels):
            watch.close()
        return self.moments

    def _write(self):
        for address, watch in self._servers.items():
            if is_ok(watch.ask('SET', 'bench', 'x')):
                self.new = address
                return True
        return False

    def _client(self):
        """A client asks the sentinels in turn, as libraries do, and writes where they say."""
        named = self._named_by(next(self._turn))
        if named not in self._servers or not is_ok(self._servers[named].ask('SET', 'bench', 'y')):
            return False
        self.new = self.new or named
        return True

    def _agreed(self):
        return self.new and all(self._named_by(watch) == self.new for watch in self._sentinels)

    def _named_by(self, watch):
        return address_in(watch.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', self._name))

    def _followed(self):
        if not self.new:
            return False
        host, port = self.new
        wanted = {'role:slave', f'master_host:{host}', f'master_port:{port}',
                  'master_link_status:up'}
        return all(wanted <= set(plain(watch.ask('INFO', 'replication') or {'$': ''}).splitlines())
                   for address, watch in self._servers.items() if address != self.new)
