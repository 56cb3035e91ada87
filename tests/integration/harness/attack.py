"""Hostile clients: deeds done to several sentinels at once, in a thread for each."""

import socket
import struct
import threading
import time

from .resp import PATIENCE_S
from .wait import wait_until

START_TIMEOUT_S = 20
END_TIMEOUT_S = 180
_AT_ONCE = struct.pack('ii', 1, 0)      # SO_LINGER: closing sends a reset


class Target:
    """One sentinel as the deed sees it. The deed counts what it has done, so that a test can tell
    an attack from one that never took place."""

    def __init__(self, sentinel, over):
        self.sentinel = sentinel
        self.done = 0
        self._over = over
        self._kept = []

    @property
    def over(self):
        return self._over.is_set()

    def pause(self, seconds):
        """The rhythm of an attack; ends early with it."""
        self._over.wait(seconds)

    def connect(self, timeout=PATIENCE_S, receive_buffer=None):
        """A raw socket, closed when the attack is over if not before."""
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        sock.connect(self.sentinel.address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._kept.append(sock)
        return sock

    def close(self, sock, reset=False):
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        sock.close()
        self._kept.remove(sock)

    def throw(self, data, start=b'', closes=True):
        """Sends it on a connection of its own: the answer has to start like that, and then the
        sentinel has to close the connection, or to be silent for a moment."""
        sock = self.connect()
        answer, closed = b'', False
        try:
            sock.sendall(data)
            while not closed and (closes or len(answer) < len(start)):
                piece = sock.recv(65536)
                answer += piece
                closed = not piece
            if not closes:
                sock.settimeout(0.02)
                closed = not sock.recv(65536)
        except TimeoutError:
            pass
        except OSError:                 # it did not read all of it before it closed
            closed = True
        self.close(sock)
        assert answer.startswith(start), (data[:40], answer[:100])
        assert closed == closes, (data[:40], answer[:100])
        self.done += 1
        return answer

    def leave(self):
        for sock in self._kept:
            sock.close()
        self._kept.clear()


class Attack:
    """with Attack(sentinels, ...): its deeds are under way against all of them. `again` is done
    until the attack is over, and OSErrors are part of it; `once` is done once, to its end."""

    def __init__(self, sentinels, again=(), once=()):
        self._over = threading.Event()
        self._errors = []
        self.targets = []
        self._endless = [self._thread(self._repeat, deed, s) for deed in again for s in sentinels]
        self._finite = [self._thread(self._call, deed, s) for deed in once for s in sentinels]

    def _thread(self, run, deed, sentinel):
        target = Target(sentinel, self._over)
        self.targets.append(target)
        return threading.Thread(target=self._guard, args=(run, deed, target), daemon=True)

    def __enter__(self):
        for thread in self._endless + self._finite:
            thread.start()
        try:
            wait_until(lambda: self._errors or all(t.done for t in self.targets), START_TIMEOUT_S,
                       'the attack is under way')
        except AssertionError:
            self._over.set()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._join(self._finite)
        self._over.set()
        self._join(self._endless + self._finite)
        if kind is None:
            if self._errors:
                raise self._errors[0]
            assert not any(thread.is_alive() for thread in self._endless + self._finite), \
                'the attack never ended'

    @staticmethod
    def _join(threads):
        end = time.monotonic() + END_TIMEOUT_S
        for thread in threads:
            thread.join(max(0.1, end - time.monotonic()))

    def _guard(self, run, deed, target):
        try:
            run(deed, target)
        except BaseException as error:  # pylint: disable=broad-except
            self._errors.append(error)
        finally:
            target.leave()

    @staticmethod
    def _call(deed, target):
        deed(target)

    @staticmethod
    def _repeat(deed, target):
        while not target.over:
            try:
                deed(target)
            except OSError:
                target.pause(0.05)
