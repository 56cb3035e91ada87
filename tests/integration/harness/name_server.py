"""A name server that answers from a table, and can be slow, silent or wrong on demand.

UDP, A and AAAA. Every question is answered after `delay` seconds, by a thread of its own; another
delay counts for those that wait, too.
"""

import ipaddress
import socket
import struct
import threading
import time

_NXDOMAIN = 3
_A, _AAAA = 1, 28
_TTL_S = 1


class NameServer:
    def __init__(self, port, host='127.0.0.1'):
        self.host = host
        self.address = f'{host}:{port}'
        self.delay = 0.0
        self.asked = []         # the names, in the order of the questions
        self._table = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def set(self, name, *ips):
        """No IPs: there is no such name."""
        self._table[name.lower()] = [ipaddress.ip_address(ip) for ip in ips]

    def forget_all(self):
        self._table.clear()

    def close(self):
        self._closing = True
        self._socket.close()

    def _serve(self):
        while not self._closing:
            try:
                question, sender = self._socket.recvfrom(512)
            except OSError:
                return
            threading.Thread(target=self._answer, args=(question, sender), daemon=True).start()

    def _answer(self, question, sender):
        name, kind, end = _read(question)
        self.asked.append(name)
        asked = time.monotonic()
        while time.monotonic() < asked + self.delay and not self._closing:
            time.sleep(0.02)
        try:
            self._socket.sendto(self._reply(question, name, kind, end), sender)
        except OSError:
            pass                # closed meanwhile

    def _reply(self, question, name, kind, end):
        known = self._table.get(name)
        ips = [ip for ip in known or [] if kind == (_A if ip.version == 4 else _AAAA)]
        code = 0 if known else _NXDOMAIN
        head = question[:2] + struct.pack('>HHHHH', 0x8580 | code, 1, len(ips), 0, 0)
        answers = b''.join(struct.pack('>HHHIH', 0xC00C, kind, 1, _TTL_S, len(ip.packed))
                           + ip.packed for ip in ips)
        return head + question[12:end] + answers


def _read(question):
    """(name, type, where the question ends)"""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode('ascii', 'replace').lower())
        at += 1 + question[at]
    kind, = struct.unpack('>H', question[at + 1:at + 3])
    return '.'.join(labels), kind, at + 5
