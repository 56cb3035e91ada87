"""What sentinels publish, at little cost: bytes with their time now, events of them later."""

import bisect
import re
import select
import threading
import time

from harness.recorder import Event

_MESSAGE = re.compile(rb'\*4\r\n\$8\r\npmessage\r\n\$1\r\n\*\r\n'
                      rb'\$\d+\r\n([^\r]*)\r\n\$\d+\r\n([^\r]*)\r\n')


class Track:
    """Of one sentinel."""

    def __init__(self, sentinel):
        self.sentinel = sentinel
        self.began = time.monotonic()
        self._bytes = bytearray()
        self._ends, self._times = [], []    # of what came at once
        self._events, self._parsed = [], 0
        self.connection = sentinel.connect(timeout=60)
        self.connection.send('PSUBSCRIBE', '*')
        self.take(self.connection.receive())

    def take(self, data):
        self._bytes += data
        self._ends.append(len(self._bytes))
        self._times.append(time.monotonic())

    def events(self):
        start = self._parsed
        for match in _MESSAGE.finditer(bytes(self._bytes[start:])):
            self._parsed = start + match.end()
            at = self._times[bisect.bisect_left(self._ends, self._parsed)]
            self._events.append(Event(at, self.sentinel, match.group(1).decode(),
                                      match.group(2).decode()))
        return self._events


class Tape:
    def __init__(self, sentinels):
        self._tracks = {}
        for sentinel in sentinels:
            track = Track(sentinel)
            self._tracks[track.connection.fileno()] = track
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        poll = select.poll()
        for number in self._tracks:
            poll.register(number, select.POLLIN)
        while not self._ended.is_set():
            for number, _ in poll.poll(100):
                data = self._tracks[number].connection.receive()
                if data:
                    self._tracks[number].take(data)
                else:
                    poll.unregister(number)

    def events(self):
        """So far, in the order in which they came."""
        return sorted((event for track in self._tracks.values() for event in track.events()),
                      key=lambda event: event.at)

    def text(self):
        """As a recorder of the tests writes it; when it is closed."""
        began = min(track.began for track in self._tracks.values())
        return ''.join(f'{event.at - began:.3f} {event.sentinel.name} {event.channel} '
                       f'{event.message}\n' for event in self.events())

    def close(self):
        self._ended.set()
        self._thread.join()
        for track in self._tracks.values():
            track.connection.close()
