"""A plain RESP2 and RESP3 client.

A reply is a tree, {type byte: content}, as in tests/data/stock; plain() makes values of it.
"""

import socket

_AGGREGATES = b'*~>%'
PATIENCE_S = 30     # with a process that has no processor, or whose disk is slow


class ReplyError(Exception):
    """An error reply; the text without the leading minus."""


class Connection:
    def __init__(self, host, port, timeout=PATIENCE_S, tls=None, name=None):
        """tls: an ssl.SSLContext; name: what the other end is asked for by."""
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=name)
        self._file = self._socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        """Ours: host, port."""
        return self._socket.getsockname()[:2]

    def close(self):
        self._file.close()
        self._socket.close()

    @property
    def local_address(self):
        """Our end of it, as CLIENT LIST prints it."""
        host, port = self._socket.getsockname()[:2]
        return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'

    def fileno(self):
        return self._socket.fileno()

    def receive(self):
        """What has come, as it is; nothing: the end of the stream. Not to be mixed with read()."""
        return self._socket.recv(1 << 16)

    def shut_down(self):
        """Ends the stream under a thread that reads from it."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def write(self, data):
        """Raw bytes, as they are."""
        self._socket.sendall(data)

    def send(self, *args):
        self.write(encode(*args))

    def read(self):
        """One reply as a tree; ConnectionError at the end of the stream."""
        line = self._line()
        kind, text = chr(line[0]), line[1:].decode('utf-8', 'surrogateescape')
        if line[:1] in b'$=':
            return {kind: None if text == '-1' else self._bulk(int(text))}
        if line[:1] in _AGGREGATES:
            if text == '-1':
                return {kind: None}
            count = int(text) * (2 if kind == '%' else 1)
            return {kind: [self.read() for _ in range(count)]}
        return {kind: None if kind == '_' else text}

    def ask(self, *args):
        """One command; its reply as a tree."""
        self.send(*args)
        return self.read()

    def call(self, *args):
        """One command; its reply as a plain value. An error reply raises ReplyError."""
        return plain(self.ask(*args))

    def be_patient_for(self, seconds):
        """How long a read or a write may block."""
        self._socket.settimeout(seconds)

    def closed_by_peer(self):
        """True when the other side closes without another byte."""
        try:
            return self._file.read(1) == b''
        except ConnectionResetError:
            return True

    def _line(self):
        line = self._file.readline()
        if not line.endswith(b'\r\n'):
            raise ConnectionError(f'connection closed after {line!r}')
        return line[:-2]

    def _bulk(self, length):
        data = self._file.read(length + 2)
        if len(data) != length + 2:
            raise ConnectionError('connection closed within a bulk')
        return data[:-2].decode('utf-8', 'surrogateescape')


def encode(*args):
    parts = [arg if isinstance(arg, bytes) else str(arg).encode() for arg in args]
    return b'*%d\r\n' % len(parts) + b''.join(b'$%d\r\n%s\r\n' % (len(p), p) for p in parts)


def plain(tree):
    (kind, content), = tree.items()
    if kind == '-':
        raise ReplyError(content)
    if content is None:
        return None
    if kind == '%':
        values = [plain(item) for item in content]
        return dict(zip(values[::2], values[1::2]))
    if isinstance(content, list):
        return [plain(item) for item in content]
    if kind == ':':
        return int(content)
    if kind == '=':
        return content[4:]
    return content


def fields(reply):
    """An instance map, flat in RESP2, as a dict."""
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))


def call(host, port, *args, timeout=PATIENCE_S):
    """One command on a connection of its own."""
    with Connection(host, port, timeout) as connection:
        return connection.call(*args)
