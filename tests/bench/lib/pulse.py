#!/usr/bin/python3 -B
"""How long queries take: one connection asks for a master's address at a steady rate, whether
answers come or not. As a program, in a process of its own, until its standard input ends."""

import collections
import json
import random
import select
import socket
import subprocess
import sys
import time


class Pulse:
    """Asks one sentinel, from its making until stop()."""

    def __init__(self, address, groups, interval_ms):
        """groups: how many it watches; 0: it is a server, and asked for an echo."""
        self._child = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', '/usr/bin/python3', '-B', __file__, *map(str, (
                *address, groups, interval_ms))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def wait_begun(self):
        assert self._child.stdout.readline() == 'begun\n'

    @property
    def pid(self):
        return self._child.pid

    def stop(self):
        """[(asked at (monotonic s), ms until the answer)]; unanswered ones count until now."""
        out, _ = self._child.communicate()
        return [tuple(pair) for pair in json.loads(out)]


def question(groups):
    if groups == 0:
        return b'*2\r\n$4\r\nECHO\r\n$1\r\n*\r\n'
    name = f'group{random.randrange(groups)}'.encode()
    return b'*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$%d\r\n%s\r\n' % (
        len(name), name)


def ask(host, port, groups, interval_s):
    sock = socket.create_connection((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print('begun', flush=True)
    asked, took, due = collections.deque(), [], time.monotonic()
    while True:
        ready, _, _ = select.select([sock, sys.stdin], [], [], max(0, due - time.monotonic()))
        if sys.stdin in ready:
            break
        if sock in ready:
            # An answer is one array, or an echo of its mark: this is how many began.
            for _ in range(sock.recv(65536).count(b'*')):
                at = asked.popleft()
                took.append((at, (time.monotonic() - at) * 1000))
        if time.monotonic() >= due:
            asked.append(due)
            sock.sendall(question(groups))
            due += interval_s
    took += [(at, (time.monotonic() - at) * 1000) for at in asked]
    print(json.dumps(took))


if __name__ == '__main__':
    ask(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) / 1000)
