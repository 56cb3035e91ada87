"""Hosts on one bridge, each with a server, a sentinel with a small file system for its state, and a
client."""

import collections
import dataclasses
import time

from harness.deployment import Deployment
from harness.disk import Volume
from harness.lab import Lab
from harness.resp import encode
from harness.sentinel import Sentinel
from harness.server import Server
from harness.signing import Secret, doubts, signed_peers
from harness.wait import wait_until, within

from .clients import Client

GROUP = 'mymaster'
VOLUME_SIZE = '2m'
# Stock asks once a second and takes a master for down that has not answered within this time.
REBOOT_DOWN_AFTER_MS = 2500
SAME_DATA_TIMEOUT_S = 30
ANSWERS_TIMEOUT_S = 20
TILT_TIMEOUT_S = 60
SERVER_CONFIG = ('appendonly yes', 'appendfsync everysec', 'repl-ping-replica-period 1',
                 'repl-timeout 10', 'rdbcompression no')
# What a server that is slow to load has to read: it looks up after each kilobyte.
BALLAST = [encode('SET', f'ballast:{i}', 'x' * 1024) for i in range(500)]


@dataclasses.dataclass(eq=False)
class Site:
    """What runs on one host."""
    host: object
    server: Server
    sentinel: Sentinel
    volume: Volume
    disk_is_full: bool = False
    disk_was_full: bool = False     # in this round
    link_is_down: bool = False
    server_hangs: bool = False
    deaf_to: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    @property
    def address(self):
        return self.server.address

    def ask_server(self, *args):
        """From its own host, which may be out of reach; waits until it answers."""
        return self.host.do(lambda: wait_until(
            lambda: self.server.call(*args), ANSWERS_TIMEOUT_S, f'{self.server.name} answers'))

    def start_sentinel(self):
        if not self.sentinel.running:
            self.sentinel.start(wait=False)

    def fill_disk(self):
        self.volume.fill()
        self.disk_is_full = self.disk_was_full = True

    def free_disk(self):
        self.volume.free()
        self.disk_is_full = False

    def stop_hearing(self, other):
        self.deaf_to[other] += 1
        self.host.become_deaf(other.host)

    def hear_again(self, other):
        self.deaf_to[other] -= 1
        if self.deaf_to[other] == 0:
            self.host.hear_again(other.host)


class World:
    def __init__(self, network, folder, ports, make, options):
        self.make = make
        self._options = options
        self._lab = Lab(folder, ports, make, stock_down_after=0)
        self._settings = None       # of vedettes
        if self.is_vedette and options.policy:
            self._settings = Secret(folder).settings(options.policy)
        self._hosts = [network.host() for _ in range(options.hosts)]
        for host in self._hosts:
            host.can_be_deaf()
        self.deployment = None
        self.sites = []
        self.settle()

    @property
    def is_vedette(self):
        return self.make != 'stock'

    def settle(self):
        """A new deployment on the same hosts, in good order."""
        self._leave()
        options = self._options
        count = options.hosts
        self.deployment = deployment = Deployment(
            self._lab, replicas=count - 1, sentinels=count, name=GROUP, hosts=self._hosts,
            server_config=SERVER_CONFIG, quorum=count // 2 + 1, down_after=options.down_after,
            failover_timeout=options.failover_timeout, parallel_syncs=count,
            settings=self._settings,
            extra={'reboot_down_after': f'{REBOOT_DOWN_AFTER_MS}ms'},
            lines=(f'master-reboot-down-after-period {GROUP} {REBOOT_DOWN_AFTER_MS}',))
        self.sites = []
        for host, server, sentinel in zip(self._hosts, deployment.servers, deployment.sentinels):
            volume = Volume(sentinel, VOLUME_SIZE)
            if not self.is_vedette:     # its file is its state
                sentinel.file = sentinel.state / sentinel.file.name
                sentinel.write_file()
                sentinel.may_complain = True
            self.sites.append(Site(host, server, sentinel, volume))
        deployment.start()
        # Else a replica that is killed comes back as an empty master.
        for server in deployment.servers:
            server.call('CONFIG', 'REWRITE')

    def begin_round(self, number):
        """Clients that write; what the last round left is gone. Returns them."""
        wait_until(lambda: not any(map(self._in_tilt, self.sites)), TILT_TIMEOUT_S,
                   'nobody is in tilt')
        master = self.master()
        master.call('FLUSHALL', 'SYNC')
        with master.connect() as connection:
            connection.write(b''.join(BALLAST))
            for _ in BALLAST:
                connection.read()
        self.same_data()
        return [Client(f'round:{number}:{site.host.link}', site.host, self._sentinels(site), GROUP)
                for site in self.sites]

    def _sentinels(self, first):
        """Their addresses, that one's first."""
        return [site.sentinel.address
                for site in sorted(self.sites, key=lambda site: site is not first)]

    def master(self):
        """The one that all sentinels name; an assertion if they do not."""
        return wait_until(self.deployment.converged, SAME_DATA_TIMEOUT_S, 'one master')

    def same_data(self):
        """Waits until all servers hold the same; what a client has given up may still arrive."""
        wait_until(self._is_same_data, SAME_DATA_TIMEOUT_S, 'all servers hold the same data')

    def _is_same_data(self):
        return len({site.server.call('DEBUG', 'DIGEST') for site in self.sites}) == 1

    def site_of(self, address):
        return next(site for site in self.sites if site.address == address)

    def in_order(self):
        self._revive()
        return self.deployment.in_order() and all(map(self._can_write, self.sites))

    def _can_write(self, site):
        return not self.is_vedette or 'vedette_store:ok' in site.sentinel.call('INFO', 'server')

    @staticmethod
    def _in_tilt(site):
        """After a stop of two seconds a sentinel judges nobody for thirty."""
        return 'sentinel_tilt:0' not in site.sentinel.call('INFO', 'sentinel')

    def doubted(self):
        """What the vedettes, who share a secret, do not believe of each other, a line each."""
        if not self._settings:
            return
        for site in self.sites:
            peers = signed_peers(site.sentinel, GROUP)
            if len(peers) != len(self.sites) - 1 or set(peers.values()) != {'yes'}:
                yield f'{site.sentinel.name} has peers that do not sign: {peers}'
            counts = doubts(site.sentinel)
            for what in ('signatures', 'votes', 'claims'):
                if counts[f'refused_{what}']:
                    yield f'{site.sentinel.name} has refused {what} of its peers'

    def wait_in_order(self, timeout_s):
        """Returns the seconds it took."""
        begun = time.monotonic()
        within(self.in_order, timeout_s, 'all is in order')
        return time.monotonic() - begun

    def _revive(self):
        """A sentinel that cannot start on a full disk is started again, as a supervisor would."""
        for site in self.sites:
            if site.disk_was_full and not site.disk_is_full:
                site.start_sentinel()

    def _leave(self):
        if self.deployment:
            self.deployment.end()
        for site in self.sites:
            site.volume.close()

    def tails(self):
        return self._lab.tails()

    def close(self):
        self._lab.close()
        for site in self.sites:
            site.volume.close()
