"""What each kind of plan.KINDS does to a host, and how it is healed."""

import shutil
import signal

from harness.wait import wait_until

# Of a server that is to be slow to load: for each key.
LOAD_US = 20000
ANSWERS_TIMEOUT_S = 20


class Fault:
    """One strike, as it happens to one site: strike() once, heal() once.

    servers: the sites whose servers may lose writes by it, or lag behind.
    cut_off: the sites whose clients cannot reach the others meanwhile."""

    comes_back_empty = False

    def __init__(self, site, others):
        """others: the sites beside it."""
        self.site = site
        self.others = others
        self.servers = [site]
        self.cut_off = []

    def is_possible(self):
        return self.site.server.running

    def strike(self):
        raise NotImplementedError

    def heal(self):
        raise NotImplementedError


class Killed(Fault):
    def strike(self):
        self.site.server.kill()

    def heal(self):
        self.site.server.start(wait=False)


class Emptied(Killed):
    comes_back_empty = True

    def heal(self):
        server = self.site.server
        shutil.rmtree(server.folder / 'appendonlydir', ignore_errors=True)
        server.start(wait=False)


class Loading(Killed):
    """From the strike on; its log of changes has to be a snapshot, since only keys of such a one
    can be slow to load."""

    def is_possible(self):
        return super().is_possible() and not self.site.server_hangs

    def strike(self):
        server = self.site.server
        self.site.ask_server('BGREWRITEAOF')
        wait_until(self._is_snapshot, ANSWERS_TIMEOUT_S, 'its log of changes is a snapshot')
        server.kill()
        server.start(wait=False, options=['--key-load-delay', str(LOAD_US),
                                          '--loading-process-events-interval-bytes', '1024'])

    def heal(self):
        if self.site.server.running:
            self.site.ask_server('CONFIG', 'SET', 'key-load-delay', 0)

    def _is_snapshot(self):
        text = self.site.ask_server('INFO', 'persistence')
        return 'aof_rewrite_in_progress:0' in text and 'aof_rewrite_scheduled:0' in text


class Hung(Fault):
    def strike(self):
        self.site.server.hang()
        self.site.server_hangs = True

    def heal(self):
        self.site.server_hangs = False
        if self.site.server.running:    # nobody has killed it meanwhile
            self.site.server.wake()


class SentinelFault(Fault):
    def __init__(self, site, others):
        super().__init__(site, others)
        self.servers = []

    def is_possible(self):
        return self.site.sentinel.running


class SentinelKilled(SentinelFault):
    def strike(self):
        self.site.sentinel.kill()

    def heal(self):
        self.site.start_sentinel()


class SentinelHung(SentinelFault):
    def strike(self):
        self.site.sentinel.hang()

    def heal(self):
        if self.site.sentinel.running:
            self.site.sentinel.wake()


class HostKilled(Fault):
    def is_possible(self):
        return self.site.server.running and self.site.sentinel.running

    def strike(self):
        for process in (self.site.server, self.site.sentinel):
            process.send(signal.SIGKILL)
        for process in (self.site.server, self.site.sentinel):
            process.kill()

    def heal(self):
        self.site.server.start(wait=False)
        self.site.start_sentinel()


class LinkDown(Fault):
    def __init__(self, site, others):
        super().__init__(site, others)
        self.cut_off = [site]

    def is_possible(self):
        return not self.site.link_is_down

    def strike(self):
        self.site.link_is_down = True
        self.site.host.vanish()

    def heal(self):
        self.site.host.appear()
        self.site.link_is_down = False


class Deaf(Fault):
    """Packets are dropped where they arrive: `pairs` of (who does not hear, whom)."""

    def __init__(self, site, others):
        super().__init__(site, others)
        self.servers = [site, others[0]]

    def pairs(self):
        raise NotImplementedError

    def is_possible(self):
        return True

    def strike(self):
        for deaf, other in self.pairs():
            deaf.stop_hearing(other)

    def heal(self):
        for deaf, other in self.pairs():
            deaf.hear_again(other)


class OneWay(Deaf):
    def pairs(self):
        return [(self.site, self.others[0])]


class Cut(Deaf):
    def pairs(self):
        return [(self.site, self.others[0]), (self.others[0], self.site)]


class Split(Deaf):
    def __init__(self, site, others):
        super().__init__(site, others)
        minority = len(others) // 2
        self.cut_off = self.servers = [site, *others[:minority - 1]]

    def pairs(self):
        rest = [other for other in self.others if other not in self.servers]
        return [pair for one in self.servers for other in rest
                for pair in ((one, other), (other, one))]


class FullDisks(Fault):
    def __init__(self, site, others):
        super().__init__(site, others)
        self.servers = []
        self.full = []

    def is_possible(self):
        return True

    def targets(self):
        return [self.site, *self.others]

    def strike(self):
        self.full = [site for site in self.targets() if not site.disk_is_full]
        for site in self.full:
            site.fill_disk()

    def heal(self):
        for site in self.full:
            site.free_disk()


class FullDisk(FullDisks):
    def targets(self):
        return [self.site]


FAULTS = {
    'killed': Killed,
    'restarted': Killed,
    'emptied': Emptied,
    'blank': Emptied,
    'loading': Loading,
    'hung': Hung,
    'sentinel-killed': SentinelKilled,
    'sentinel-hung': SentinelHung,
    'host-killed': HostKilled,
    'link-down': LinkDown,
    'cut': Cut,
    'one-way': OneWay,
    'split': Split,
    'full-disk': FullDisk,
    'full-disks': FullDisks,
}
