"""Host names for the servers and sentinels of a deployment.

Sentinels ask a name server of ours. The servers, which are told names by SLAVEOF, find them in a
hosts file that is put over the system's for each of them alone; that needs root.
"""

import os

from .name_server import NameServer


class Names:
    def __init__(self, lab):
        self.server = NameServer(lab.port())
        self._hosts = {}
        self._file = lab.folder / 'hosts'
        self._file.write_text('', 'ascii')
        self.enter = ('unshare', '--mount', 'sh', '-c',
                      'mount --bind "$0" /etc/hosts && exec "$@"', self._file)

    @staticmethod
    def available():
        return os.geteuid() == 0

    def set(self, name, ip):
        """For all, at once."""
        self.server.set(name, ip)
        self._hosts[name] = ip
        self._file.write_text(''.join(f'{ip} {name}\n' for name, ip in self._hosts.items()),
                              'ascii')

    def close(self):
        self.server.close()


def name_of(server):
    return f'{server.name}.test'


def named(lab, names, announce=True, replicas_announce=True, **options):
    """A deployment that is not started yet: its sentinels are given names, and resolve them."""
    deployment = lab.planned(**options)
    for server in deployment.servers:
        names.set(name_of(server), server.host)
        server.enter = names.enter
        server.aliases = (name_of(server),)
        if replicas_announce:
            server.add_config(f'replica-announce-ip {name_of(server)}')
    deployment.group.host = name_of(deployment.master)
    for sentinel in deployment.sentinels:
        give_names(sentinel, names, announce)
    return deployment


def give_names(sentinel, names, announce, own=True):
    """It resolves names by ours, and announces itself by its own."""
    names.set(name_of(sentinel), sentinel.host)
    host = name_of(sentinel) if own else sentinel.host
    word = 'yes' if announce else 'no'
    if sentinel.make == 'vedette':
        sentinel.settings.update({
            'announce': f'{host}:{sentinel.port}',
            'hostnames': {'resolve': 'yes', 'announce': word, 'servers': names.server.address}})
    else:
        sentinel.env['VEDETTE_TEST_DNS'] = names.server.address
        sentinel.enter = names.enter
        sentinel.lines += (f'sentinel announce-ip {host}', 'sentinel resolve-hostnames yes',
                           f'sentinel announce-hostnames {word}')
    sentinel.write_file()
