"""One master, its replicas and the sentinels that watch them."""

from .group import Group
from .hosts import Host
from .wait import wait_until

SETTLE_TIMEOUT_S = 20


class Deployment:
    def __init__(self, lab, replicas=2, sentinels=3, name='mymaster', host='127.0.0.1',
                 hosts=(), priorities=(), server_config=(), settings=None, env=None, **group):
        """sentinels: a count, or one make for each; env: of the sentinels; group: fields of Group.
        hosts: the first has the master and a sentinel, and so on in turn; none: all at `host`."""
        self._lab = lab
        self.name = name
        self.hosts = hosts or [Host(host)]
        self.servers = [lab.server(f'server{i}', **self._place(i), config=[*server_config, *(
            [f'replica-priority {priorities[i - 1]}'] if priorities and i else [])])
            for i in range(replicas + 1)]
        self.master, *self.replicas = self.servers
        makes = [lab.make] * sentinels if isinstance(sentinels, int) else sentinels
        self.group = Group(name, *self.master.address, **group)
        if 'stock' in makes:
            self.group.down_after = max(self.group.down_after, lab.stock_down_after)
        self.sentinels = [lab.sentinel(f'sentinel{i}', make=make, groups=[self.group],
                                       settings=settings, env=env, **self._place(i))
                          for i, make in enumerate(makes)]
        self.recorder = None

    def _place(self, i):
        host = self.hosts[i % len(self.hosts)]
        return {'host': host.address, 'enter': host.enter}

    def speak_tls(self, identity):
        """All of them, and nothing else."""
        for process in (*self.servers, *self.sentinels):
            process.speak_tls(identity)

    def start(self, wait=True):
        self.start_servers()
        for sentinel in self.sentinels:
            sentinel.start(wait=False)
        if wait:
            self.settle()
        return self

    def start_servers(self):
        for server in self.servers:
            server.start(wait=False)
        for server in self.servers:
            wait_until(server.answers, 10, f'{server.name} answers PING')
        for replica in self.replicas:
            replica.call('REPLICAOF', *self.master.address)
        for replica in self.replicas:
            wait_until(lambda r=replica: r.follows(self.master), 10, f'{replica.name} is in sync')

    def end(self):
        """Before the lab does: for one of several deployments of a module."""
        if self.recorder:
            self.recorder.close()
        for process in (*self.sentinels, *self.servers):
            if process.running:
                process.terminate()

    def settle(self, timeout=SETTLE_TIMEOUT_S):
        """Waits until every sentinel knows every replica and every other sentinel, all healthy."""
        for sentinel in self.live_sentinels():
            wait_until(lambda s=sentinel: s.has_died() or self.known_by(s), timeout,
                       f'{sentinel.name} knows the whole deployment')
            assert not sentinel.has_died(), f'{sentinel.name} ended'

    def known_by(self, sentinel):
        others = len(self.sentinels) - 1
        return (sentinel.master(self.name)['flags'] == 'master'
                and self._all_are('slave', sentinel.replicas(self.name), len(self.replicas))
                and self._all_are('sentinel', self._peers_of(sentinel), others))

    def _peers_of(self, sentinel):
        """A stock sentinel forgets only in its next election that a peer found the master down."""
        peers = sentinel.peers(self.name)
        if not sentinel.is_vedette:
            for peer in peers:
                peer['flags'] = peer['flags'].replace(',master_down', '')
        return peers

    @staticmethod
    def _all_are(flags, instances, count):
        return (len(instances) == count
                and all(item['flags'] == flags and item['runid'] for item in instances))

    def record(self):
        """Starts recording what the sentinels publish."""
        self.recorder = self._lab.record(self.sentinels)
        return self.recorder

    def live_sentinels(self):
        return [s for s in self.sentinels if s.running]

    def server_at(self, address):
        return next(s for s in self.servers if s.is_at(address))

    def named_master(self):
        """The one server that all living sentinels name; None while they disagree."""
        named = {s.master_address(self.name) for s in self.live_sentinels()}
        return self.server_at(named.pop()) if len(named) == 1 else None

    def replaced(self, old):
        """The new master, once all living sentinels name it and it is one."""
        new = self.named_master()
        return new if new and new is not old and new.is_master() else None

    def wait_replaced(self, old, timeout=10):
        return wait_until(lambda: self.replaced(old), timeout,
                          f'all sentinels name another master than {old.name}')

    def converged(self):
        """The one master that all sentinels name and all other living servers follow."""
        master = self.named_master()
        return master if master and master.is_master() and all(
            s.follows(master) for s in self.servers if s.running and s is not master) else None

    def wait_converged(self, timeout=15):
        return wait_until(self.converged, timeout,
                          'one master that all sentinels name and all other servers follow')

    def wait_in_order(self, timeout=15):
        """As at the start: converged, and each sentinel sees all in good health and at rest."""
        wait_until(self.in_order, timeout, 'one master, all servers and sentinels healthy')

    def in_order(self):
        return (all(process.running for process in (*self.servers, *self.sentinels))
                and self.converged() and all(self.known_by(s) for s in self.sentinels))

    def epochs(self):
        """The config epochs of the living sentinels."""
        return {int(s.master(self.name)['config-epoch']) for s in self.live_sentinels()}
