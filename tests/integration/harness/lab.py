"""The workshop of one test or one module: makes everything, and ends everything."""

import itertools

from .deployment import Deployment
from .process import ask_to_stop
from .recorder import Recorder
from .sentinel import Sentinel
from .server import Server


# Stock opens a lost link again after up to a second: with less than that as down-after, it finds
# the new master down right after its promotion has cut all links.
STOCK_DOWN_AFTER_MS = 1000


class Lab:
    def __init__(self, folder, ports, make='vedette', stock_down_after=STOCK_DOWN_AFTER_MS):
        """make: that of sentinels for which a test asks no other.
        stock_down_after: no group that a stock sentinel watches gets less."""
        self.folder = folder
        self.make = make
        self.stock_down_after = stock_down_after
        self._ports = ports
        self._processes = []
        self.recorders = []

    def port(self):
        return self._ports.take()

    def server(self, name, **options):
        name = self._unused(name)
        return self.keep(Server(name, self.folder / name, self.port(), **options))

    def sentinel(self, name, make=None, **options):
        name = self._unused(name)
        return self.keep(Sentinel(name, self.folder / name, self.port(), make or self.make,
                                   **options))

    def deployment(self, **options):
        """A started and settled deployment."""
        return self.planned(**options).start()

    def planned(self, **options):
        """A deployment that the test starts itself."""
        return Deployment(self, **options)

    def record(self, sentinels):
        """Starts recording what they publish."""
        self.recorders.append(Recorder(sentinels))
        return self.recorders[-1].start()

    def tails(self):
        return '\n'.join(process.tail() for process in self._processes)

    def close(self):
        """Ends all; complains about vedettes that died, left a report or stopped badly."""
        for recorder in self.recorders:
            recorder.close()
        complaints = self._stop_sentinels()
        for process in self._processes:
            if process.running:
                process.kill()
        assert not complaints, '\n'.join(complaints)

    def _stop_sentinels(self):
        sentinels = [p for p in self._processes if isinstance(p, Sentinel)]
        complaints = {s: s.complaint() for s in sentinels}
        for sentinel, code in ask_to_stop([s for s in sentinels if s.running]).items():
            complaints[sentinel] = complaints[sentinel] or sentinel.complaint()
            if sentinel.is_vedette and code != 0:
                complaints[sentinel] = complaints[sentinel] or (
                    f'{sentinel.name} stopped with {code} instead of 0')
        for sentinel in sentinels:
            complaints[sentinel] = complaints[sentinel] or sentinel.misplayed()
        return [complaint for complaint in complaints.values() if complaint]

    def _unused(self, name):
        """The name, numbered if it is taken: it is also that of a folder."""
        taken = {process.name for process in self._processes}
        names = itertools.chain([name], (f'{name}-{i}' for i in itertools.count(2)))
        return next(name for name in names if name not in taken)

    def keep(self, process):
        """Kills it at the end, after the sentinels have stopped."""
        self._processes.append(process)
        return process
