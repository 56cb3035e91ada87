"""Hosts that can vanish: network namespaces on one bridge.

A host that vanishes takes its packets with it: nobody gets a reset, connections stay half open.
The namespaces have no names and hang on our file descriptors, so that nothing of them outlives
this process, however it ends. Making them needs root.
"""

import concurrent.futures
import ctypes
import dataclasses
import fcntl
import os
import socket
import struct
import subprocess

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_LINK_DOWN, _LINK_UP = 0, 1
_BRIDGE = 'bridge0'
_PREFIX = '10.251.0'

_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass
class Host:
    """Where processes run: an address, and the command that leads there."""
    address: str = '127.0.0.1'
    enter: tuple = ()


@dataclasses.dataclass
class NetworkHost(Host):
    link: str = ''      # its end at the bridge
    namespace: str = ''

    def vanish(self):
        """At once: a program started for it would take its time."""
        self._set_link(_LINK_DOWN)

    def appear(self):
        """After it has vanished."""
        self._set_link(_LINK_UP)

    def can_be_deaf(self):
        """Before become_deaf."""
        _run(*self.enter, 'nft', 'add table inet deaf; '
             'add set inet deaf to { type ipv4_addr; }; '
             'add chain inet deaf in { type filter hook input priority 0; }; '
             'add rule inet deaf in ip saddr @to drop')

    def become_deaf(self, *others):
        """What those hosts send does not arrive here any more."""
        self._hear('add', others)

    def hear_again(self, *others):
        self._hear('delete', others)

    def move_in(self):
        """From now on the calling thread lives here."""
        descriptor = os.open(self.namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(descriptor)
        finally:
            os.close(descriptor)

    def do(self, function):
        """Calls it in a thread that lives here; returns what it does."""
        def moved_in():
            self.move_in()
            return function()

        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            return thread.submit(moved_in).result()

    def _hear(self, change, others):
        _run(*self.enter, 'nft', change, 'element', 'inet', 'deaf', 'to',
             '{', ', '.join(other.address for other in others), '}')

    def _set_link(self, flags):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            fcntl.ioctl(door, _SIOCSIFFLAGS, struct.pack('16sH14x', self.link.encode(), flags))


@dataclasses.dataclass
class Container(Host):
    """Behind NAT: its own address is known to its host alone, whose `address` it announces. What
    it does outside comes from there, too."""
    inner: str = ''
    host: Host = None

    def publish(self, outer_port, inner_port):
        """The host passes what comes to that port on."""
        _run(*self.host.enter, 'nft', 'add', 'rule', 'ip', 'nat', 'before', 'ip', 'daddr',
             self.host.address, 'tcp', 'dport', str(outer_port), 'dnat', 'to',
             f'{self.inner}:{inner_port}')


class Network:
    """A network of our own, in which the calling thread lives until close()."""

    def __init__(self):
        self._descriptors = [_current()]
        self._unshare()
        _run('ip', 'link', 'set', 'lo', 'up')
        _run('ip', 'link', 'add', _BRIDGE, 'type', 'bridge')
        _run('ip', 'address', 'add', f'{_PREFIX}.254/24', 'dev', _BRIDGE)
        _run('ip', 'link', 'set', _BRIDGE, 'up')

    @staticmethod
    def available():
        return os.geteuid() == 0

    def host(self):
        """One more host, with an address that everyone here reaches."""
        namespace, number = self._namespace()
        host = NetworkHost(f'{_PREFIX}.{number}', ('nsenter', f'--net={namespace}'),
                           f'host{number}', namespace)
        _run('ip', 'link', 'add', host.link, 'type', 'veth', 'peer', 'name', 'eth0',
             'netns', namespace)
        _run('ip', 'link', 'set', host.link, 'master', _BRIDGE, 'up')
        _run(*host.enter, 'ip', 'link', 'set', 'lo', 'up')
        _run(*host.enter, 'ip', 'address', 'add', f'{host.address}/24', 'dev', 'eth0')
        _run(*host.enter, 'ip', 'link', 'set', 'eth0', 'up')
        return host

    def container(self, host):
        """One more place on that host, behind NAT."""
        namespace, number = self._namespace()
        inner, gate = f'172.30.{number}.2', f'172.30.{number}.1'
        here = ('nsenter', f'--net={namespace}')
        veth = f'inner{number}'
        _run(*host.enter, 'ip', 'link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0',
             'netns', namespace)
        _run(*host.enter, 'ip', 'address', 'add', f'{gate}/24', 'dev', veth)
        _run(*host.enter, 'ip', 'link', 'set', veth, 'up')
        _run(*here, 'ip', 'link', 'set', 'lo', 'up')
        _run(*here, 'ip', 'address', 'add', f'{inner}/24', 'dev', 'eth0')
        _run(*here, 'ip', 'link', 'set', 'eth0', 'up')
        _run(*here, 'ip', 'route', 'add', 'default', 'via', gate)
        _run(*host.enter, 'sysctl', '-q', 'net.ipv4.ip_forward=1')
        _run(*host.enter, 'nft', 'add table ip nat; '
             'add chain ip nat before { type nat hook prerouting priority -100; }; '
             'add chain ip nat after { type nat hook postrouting priority 100; }; '
             f'add rule ip nat after ip saddr {inner} masquerade')
        return Container(host.address, here, inner, host)

    def close(self):
        """Goes home; the kernel removes all when the last process in there has ended."""
        _enter(self._descriptors[0])
        for descriptor in self._descriptors:
            os.close(descriptor)

    def _namespace(self):
        """The path of a new one, and its number."""
        home = _current()
        namespace = f'/proc/{os.getpid()}/fd/{self._unshare()}'
        _enter(home)
        os.close(home)
        return namespace, len(self._descriptors) - 2

    def _unshare(self):
        """Enters a new namespace; its descriptor keeps it."""
        _checked(_libc.unshare(_CLONE_NEWNET))
        self._descriptors.append(_current())
        return self._descriptors[-1]


def _current():
    return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)


def _enter(descriptor):
    _checked(_libc.setns(descriptor, _CLONE_NEWNET))


def _checked(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: {done.stderr.strip()}')
