"""Queries of all sentinels at a steady rate, and of an idle server beside them: what that takes is
the machine's own, and what a sentinel takes beyond it is the sentinel's."""

from .pulse import Pulse
from .switches import spread


class Queries:
    """From now on until figures()."""

    def __init__(self, fleet, options):
        """Of the vedettes alone in a mixed quorum."""
        asked = [s for s in fleet.sentinels if s.is_vedette] or fleet.sentinels
        self._pulses = [Pulse(sentinel.address, fleet.count, options.query_interval)
                        for sentinel in asked]
        self._idle = Pulse(fleet.idle.address, 0, options.query_interval)
        fleet.put_ahead([*self._pulses, self._idle])
        for pulse in (*self._pulses, self._idle):
            pulse.wait_begun()

    def pids(self):
        return [pulse.pid for pulse in (*self._pulses, self._idle)]

    def figures(self, busy_from=None):
        """'query': of all; 'busy': of those asked from then on; 'idle': of the idle server, too."""
        asked = [pair for pulse in self._pulses for pair in pulse.stop()]
        idle = self._idle.stop()
        parts = {'query': asked, 'busy': since(busy_from, asked), 'idle': since(busy_from, idle)}
        return {'queries': len(asked), **{
            key: value and round(value, 2) for name, pairs in parts.items()
            for key, value in spread(name, dict(enumerate(took for _, took in pairs))).items()}}


def since(moment, pairs):
    return [pair for pair in pairs if pair[0] >= (moment or 0)]
