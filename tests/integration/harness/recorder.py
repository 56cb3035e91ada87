"""Everything that the sentinels publish, with the time of arrival."""

import dataclasses
import threading
import time

from .resp import ReplyError, plain
from .wait import wait_until


@dataclasses.dataclass
class Event:
    at: float           # time.monotonic()
    sentinel: object    # who published it
    channel: str
    message: str

    def __str__(self):
        return f'{self.at:.3f} {self.sentinel.name} {self.channel} {self.message}'


class Recorder:
    """One thread per sentinel on PSUBSCRIBE *; a lost connection is opened again."""

    def __init__(self, sentinels):
        self.events = []
        self.since = time.monotonic()
        self._callbacks = []
        self._ended = threading.Event()
        self._connections = {}
        self._threads = [threading.Thread(target=self._follow, args=(s,), daemon=True)
                         for s in sentinels]
        self._sentinels = list(sentinels)

    def start(self):
        for thread in self._threads:
            thread.start()
        for sentinel in self._sentinels:
            if sentinel.running:
                wait_until(lambda s=sentinel: s in self._connections, 5,
                           f'subscribed to {sentinel.name}')
        return self

    def close(self):
        self._ended.set()
        for connection in list(self._connections.values()):
            connection.shut_down()
        for thread in self._threads:
            thread.join(5)

    def on(self, channel, act):
        """Calls act(event) in the recorder's thread as soon as such an event arrives."""
        self._callbacks.append((channel, act))

    def clear(self):
        self.events.clear()
        self.since = time.monotonic()
        self._callbacks.clear()

    def text(self):
        """All of them, with the seconds since the recording began or was cleared."""
        return ''.join(f'{event.at - self.since:.3f} {event.sentinel.name} {event.channel} '
                       f'{event.message}\n' for event in list(self.events))

    def find(self, channel, sentinel=None, message=''):
        """The events of that channel, from that sentinel, whose payload contains the text."""
        return [event for event in list(self.events) if event.channel == channel
                and sentinel in (None, event.sentinel) and message in event.message]

    def wait(self, channel, sentinel=None, message='', timeout=10):
        """The first such event, waiting for it."""
        where = sentinel.name if sentinel else 'any sentinel'
        return wait_until(lambda: self.find(channel, sentinel, message), timeout,
                          f'{channel} {message} from {where}')[0]

    def of(self, sentinel):
        return [event for event in list(self.events) if event.sentinel is sentinel]

    def _follow(self, sentinel):
        while not self._ended.is_set():
            try:
                with sentinel.connect(timeout=60) as connection:
                    connection.call('PSUBSCRIBE', '*')
                    self._connections[sentinel] = connection
                    while not self._ended.is_set():
                        self._take(sentinel, plain(connection.read()))
            except (OSError, ReplyError, ValueError):
                self._connections.pop(sentinel, None)
                self._ended.wait(0.02)

    def _take(self, sentinel, message):
        if message[0] != 'pmessage':
            return
        event = Event(time.monotonic(), sentinel, message[2], message[3])
        self.events.append(event)
        for channel, act in list(self._callbacks):
            if channel == event.channel:
                act(event)
