"""What a process uses, as the kernel tells."""

import os
import pathlib
import re
import time

AHEAD = -15     # as of nice


class Usage:
    def __init__(self, pid):
        self._folder = pathlib.Path('/proc', str(pid))

    def cpu_s(self):
        """Of all threads that it has now, to the nanosecond."""
        return sum(int((task / 'schedstat').read_text('ascii').split()[0])
                   for task in (self._folder / 'task').iterdir()) / 1e9

    def rss_mb(self):
        status = (self._folder / 'status').read_text('ascii')
        return int(re.search(r'^VmRSS:\s+(\d+)', status, re.M).group(1)) / 1024

    def descriptors(self):
        return len(os.listdir(self._folder / 'fd'))


class Window:
    """What several processes use from now on."""

    def __init__(self, pids):
        self._usages = [Usage(pid) for pid in pids]
        self._began = time.monotonic()
        self._cpu = self._cpu_s()

    def _cpu_s(self):
        return [usage.cpu_s() for usage in self._usages]

    def seconds(self):
        return time.monotonic() - self._began

    def cpu_s(self):
        """Of each."""
        return [now - then for now, then in zip(self._cpu_s(), self._cpu)]

    def cpu_percent(self):
        """The mean, of one processor."""
        return 100 * sum(self.cpu_s()) / len(self._usages) / self.seconds()

    def rss_mb(self):
        return max(usage.rss_mb() for usage in self._usages)

    def descriptors(self):
        return max(usage.descriptors() for usage in self._usages)


def put_ahead(pid):
    """Of whatever else the machine does; needs root. Where each session has its share, the share of
    this process's session is what counts."""
    os.setpriority(os.PRIO_PROCESS, pid, AHEAD)
    share = pathlib.Path('/proc', str(pid), 'autogroup')
    if share.exists():
        share.write_text(str(AHEAD), 'ascii')


def machine_cpu_s():
    """What all processes of the machine have used."""
    user, nice, system, _, _, irq, softirq, *_ = pathlib.Path('/proc/stat').read_text(
        'ascii').split()[1:9]
    return sum(map(int, (user, nice, system, irq, softirq))) / os.sysconf('SC_CLK_TCK')


class Beside:
    """What ran beside the measurement from now on: all processes but these and our own."""

    def __init__(self, pids):
        self._ours = Window([*pids, os.getpid()])
        self._began = machine_cpu_s()

    def percent(self):
        """Of one processor."""
        others = machine_cpu_s() - self._began - sum(self._ours.cpu_s())
        return round(max(0, 100 * others / self._ours.seconds()), 1)
