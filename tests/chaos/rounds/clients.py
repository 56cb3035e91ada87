"""Clients that write numbers through whichever master their sentinel names, and keep what was
acknowledged, when and by whom."""

import threading
import time
import typing

from harness.resp import Connection, ReplyError

PAUSE_S = 0.02
PATIENCE_S = 0.5


class Term(typing.NamedTuple):
    """One time of a server as a master, as Redis itself tells it apart."""
    address: tuple
    replid: str


class Ack(typing.NamedTuple):
    number: int
    at: float       # monotonic
    term: Term


def info_fields(text):
    return dict(line.split(':', 1) for line in text.splitlines() if ':' in line)


class Client:
    """Lives on a host, asks its sentinel there, and others only while that one does not answer. It
    stays with the master that it was told until that one fails it, as client libraries do."""

    def __init__(self, name, host, sentinels, group):
        """sentinels: the addresses, its own first. It writes from now on."""
        self.name = name            # of its list, too
        self.host = host
        self.acks = []
        self.error = None           # ours, not one of those it is there to meet
        self._sentinels = sentinels
        self._group = group
        self._term = None
        self._master = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def end(self):
        self._over.set()
        self._thread.join()
        if self.error:
            raise self.error

    def _live(self):
        try:
            self.host.move_in()
            number = 0
            while not self._over.wait(PAUSE_S):
                number += 1
                self._try(number)
        except Exception as error:      # pylint: disable=broad-except
            self.error = error
        finally:
            self._leave()

    def _try(self, number):
        """What fails may have been written or not: that number is not used again."""
        try:
            master = self._master or self._find()
            if master:
                master.call('RPUSH', self.name, number)
                self.acks.append(Ack(number, time.monotonic(), self._term))
        except (OSError, ReplyError):
            self._leave()

    def _find(self):
        address = self._ask()
        if address:
            self._master = Connection(*address, timeout=PATIENCE_S)
            info = info_fields(self._master.call('INFO', 'replication'))
            self._term = Term(address, info['master_replid'])
            if info['role'] != 'master':
                self._leave()
        return self._master

    def _ask(self):
        for sentinel in self._sentinels:
            try:
                with Connection(*sentinel, timeout=PATIENCE_S) as connection:
                    answer = connection.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', self._group)
            except OSError:
                continue
            return answer and (answer[0], int(answer[1]))
        return None

    def _leave(self):
        if self._master:
            self._master.close()
        self._master = None
