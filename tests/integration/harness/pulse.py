"""How late this machine lets us be: a thread that wants to run every few milliseconds."""

import threading
import time

_BEAT_S = 0.01


class Pulse:
    """with Pulse() as pulse: what is measured beside it was held up by other work for as long."""

    def __init__(self):
        self.longest_ms = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _beat(self):
        last = time.monotonic()
        while not self._ended.wait(_BEAT_S):
            now = time.monotonic()
            self.longest_ms = max(self.longest_ms, (now - last - _BEAT_S) * 1000)
            last = now
