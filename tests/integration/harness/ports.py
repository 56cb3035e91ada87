"""Free loopback ports.

They lie below the ephemeral range: a port that a killed server left must not be taken by an
outgoing connection before the server is started again (and a connection to a dead ephemeral port
may even reach itself). A lock file for each port keeps test runs side by side apart.
"""

import fcntl
import os
import pathlib
import random
import socket
import tempfile

FIRST, LAST = 11000, 31999


class Ports:
    def __init__(self):
        self._folder = pathlib.Path(tempfile.gettempdir(), f'vedette-test-ports-{os.getuid()}')
        self._folder.mkdir(exist_ok=True)
        self._locks = []
        self._next = random.randint(FIRST, LAST)

    def take(self):
        """A port that nobody listens on; ours until close()."""
        for _ in range(LAST - FIRST + 1):
            port = self._next
            self._next = port + 1 if port < LAST else FIRST
            path = self._folder / str(port)
            lock = open(path, 'w', encoding='ascii')
            if self._locked(lock) and self._is_there(lock, path) and self._free(port):
                self._locks.append(lock)
                return port
            lock.close()
        raise RuntimeError('no free port')

    def close(self):
        for lock in self._locks:
            os.unlink(lock.name)
            lock.close()
        self._locks.clear()

    @staticmethod
    def _locked(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            return False

    @staticmethod
    def _is_there(lock, path):
        """False if who had the port gave it up, and its file, since we opened that: somebody else may
        hold the lock of another file of this name."""
        try:
            return os.fstat(lock.fileno()).st_ino == path.stat().st_ino
        except FileNotFoundError:
            return False

    @staticmethod
    def _free(port):
        for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError:
                    return False
        return True
