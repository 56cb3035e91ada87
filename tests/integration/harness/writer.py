"""A client that writes all the time through redis-py's Sentinel, and knows what it lost."""

import threading
import time

import redis
import redis.sentinel

PAUSE_S = 0.01
PATIENCE_S = 20


class Writer:
    """Each write is acknowledged by a replica, so that none may get lost by a failover."""

    def __init__(self, sentinels, name='mymaster'):
        sentinel = redis.sentinel.Sentinel([s.address for s in sentinels],
                                           socket_timeout=PATIENCE_S)
        self._client = sentinel.master_for(name, socket_timeout=PATIENCE_S)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self.written = 0
        self.failures = []          # why writes failed
        self.longest_gap = 0.0      # seconds between two that did not

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(2 * PATIENCE_S)

    def clear(self):
        self.failures.clear()
        self.longest_gap = 0.0

    def lost(self):
        """The number of acknowledged writes that are not there."""
        there = {int(value) for value in self._client.lrange('written', 0, -1)}
        return len(set(range(1, self.written + 1)) - there)

    def _write(self):
        last = time.monotonic()
        while not self._ended.wait(PAUSE_S):
            try:
                pipe = self._client.pipeline(transaction=False)
                pipe.rpush('written', self.written + 1)
                pipe.wait(1, int(PATIENCE_S * 1000 / 2))
                if pipe.execute()[1] < 1:
                    self.failures.append('no replica has acknowledged')
                    continue
            except redis.RedisError as error:
                self.failures.append(repr(error))
                continue
            self.written += 1
            now = time.monotonic()
            self.longest_gap = max(self.longest_gap, now - last)
            last = now
