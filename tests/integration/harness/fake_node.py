"""A scripted server: master, replica or peer in a few words, which turns hostile on demand."""

import contextlib
import socket
import threading

from .resp import encode

RUN_ID = 'f' * 40


class Link:
    """One connection to the node; `line` is the request in hand, `node` whom it is asked of."""

    def __init__(self, node, sock):
        self.node = node
        self.is_pubsub = False
        self._socket = sock
        self._file = sock.makefile('rb')

    def requests(self):
        """The words of each request until the other side is gone."""
        while True:
            head = self._file.readline()
            if not head.startswith(b'*'):
                return
            words = []
            for _ in range(int(head[1:])):
                size = int(self._file.readline()[1:])
                words.append(self._file.read(size + 2)[:-2])
            yield words

    def send(self, data):
        self._socket.sendall(data)

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._socket.close()


class FakeNode:
    def __init__(self, port, info='role:master'):
        """info: what INFO says besides the run id."""
        self.address = ('127.0.0.1', port)
        self.info = info
        self.hostility = None       # callable(link, words): raw bytes instead of the reply; None
                                    # for the reply; it may send and close itself
        self.asked = []             # the words of each request that met the hostility
        self.accepted = 0           # connections
        self._links = []
        self._closed = threading.Event()
        self._listener = socket.create_server(self.address, backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def closed(self):
        return self._closed.is_set()

    def pause(self, seconds):
        self._closed.wait(seconds)

    def hang_up(self):
        """Ends all connections."""
        for link in list(self._links):
            link.close()

    def close(self):
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def _accept(self):
        while not self.closed:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            link = Link(self, sock)
            self._links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with contextlib.suppress(OSError, ValueError):
            for words in link.requests():
                self._answer(link, words)
        link.close()
        self._links.remove(link)

    def _answer(self, link, words):
        hostility = self.hostility
        data = None
        if hostility is not None:
            self.asked.append(words)
            data = hostility(link, words)
        link.send(self.reply(link, words) if data is None else data)

    def reply(self, link, words):
        """What a well-behaved node says."""
        command = words[0].upper()
        if command == b'PING':
            return b'+PONG\r\n'
        if command == b'INFO':
            return bulk(f'# Server\r\nrun_id:{RUN_ID}\r\n# Replication\r\n{self.info}\r\n')
        if command == b'SUBSCRIBE':
            link.is_pubsub = True
            return b'*3\r\n$9\r\nsubscribe\r\n' + bulk(words[1]) + b':1\r\n'
        if command == b'PUBLISH':
            self._pass_on(words)
            return b':1\r\n'
        if command == b'SENTINEL':
            return b'*3\r\n:0\r\n$1\r\n*\r\n:0\r\n'
        if command == b'EXEC':
            return b'*5\r\n' + b'+OK\r\n' * 5
        return b'+OK\r\n'

    def _pass_on(self, words):
        for link in [link for link in list(self._links) if link.is_pubsub]:
            with contextlib.suppress(OSError):
                link.send(encode('message', *words[1:]))


def bulk(text):
    data = text if isinstance(text, bytes) else text.encode('utf-8', 'surrogateescape')
    return b'$%d\r\n%s\r\n' % (len(data), data)
