"""Sentinels that share a secret: its file, signed hellos, and proofs, as a test makes them."""

import hashlib
import hmac

from .resp import ReplyError
from .wait import wait_until

KEY = 'the secret of all peers'
CHANNEL = '__sentinel__:hello'


class Secret:
    """A file of keys that several sentinels read."""

    def __init__(self, folder, *keys):
        self.path = folder / 'peers.secret'
        self.write(*(keys or [KEY]))

    def write(self, *keys):
        self.path.touch(0o600)
        self.path.write_text(''.join(f'{key}\n' for key in keys), 'utf-8')

    def settings(self, policy='permissive'):
        return {'peers': {'secret_file': str(self.path), 'policy': policy}}


def reload_all(sentinels, policy=None):
    """SIGHUP to each, and waits until the file is in force: another failover-timeout tells it."""
    for sentinel in sentinels:
        if policy:
            sentinel.settings['peers'] = {**sentinel.settings['peers'], 'policy': policy}
        group, = sentinel.groups.values()
        timeout = int(sentinel.master(group.name)['failover-timeout']) + 1
        group.failover_timeout = timeout
        sentinel.write_file()
        sentinel.reload()
        wait_until(lambda s=sentinel, t=timeout:
                   s.master(group.name)['failover-timeout'] == str(t), 10,
                   f'{sentinel.name} has read its file anew')


def signed_peers(sentinel, group='mymaster'):
    """What it shows of its peers: {id: 'yes' or 'no'}; empty without a secret."""
    return {peer['runid']: peer['signed'] for peer in sentinel.peers(group) if 'signed' in peer}


def doubts(sentinel):
    """What INFO counts of that was not believed."""
    lines = sentinel.call('INFO', 'stats').split('\r\n')
    pairs = dict(line.split(':', 1) for line in lines if ':' in line)
    return {name.removeprefix('vedette_'): int(value) for name, value in pairs.items()
            if name.startswith(('vedette_refused_', 'vedette_old_signed', 'vedette_peers_unsigned'))}


def seal(key, label, text):
    return hmac.new(key.encode(), f'vedette {label} 1\n{text}'.encode(), hashlib.sha256).hexdigest()


def signed(line, counter, key=KEY):
    """A hello of eight fields with the three that sign it."""
    text = f'{line},vedette1,{counter},'
    return text + seal(key, 'hello', text)


def prove(connection, own_id, key=KEY, group=''):
    """Proves on a connection that we are `own_id`; True if it was believed."""
    number = '0123456789abcdef' * 2
    command = ('SENTINEL', 'VEDETTE-PROVE', own_id, group, number)
    their_id, theirs, sealed = (part.decode() if isinstance(part, bytes) else part
                                for part in connection.call(*command))
    assert sealed == seal(KEY, 'answer', f'{their_id},{own_id},{number},{theirs}')
    try:
        return connection.call(*command,
                               seal(key, 'ask', f'{own_id},{their_id},{number},{theirs}')) == 'OK'
    except ReplyError:
        return False
