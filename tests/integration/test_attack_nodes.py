"""Hostile servers and peers: their groups suffer, the healthy group beside them does not notice."""

import itertools
import random

import pytest

from harness.bystander import SLIM_ENV, Bystander
from harness.fake_node import FakeNode, bulk
from harness.resp import ReplyError, encode
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

DOWN_AFTER = 1000
SLACK_KB = 24 * 1024
REPLICAS_MAX = 256
PEER_ID = 'c' * 40
LAST_EPOCH = 2**63 - 1
MIB = 1024 * 1024


@pytest.fixture(scope='module')
def bystander(shared_lab):
    return Bystander(shared_lab.deployment(down_after=DOWN_AFTER, env=SLIM_ENV))


class Groups:
    """Fake masters, each watched by all sentinels as a group of its own."""

    def __init__(self, lab, sentinels):
        self.nodes = {}
        self._lab = lab
        self._sentinels = sentinels
        self._others = []

    def watch(self, name, info='role:master', down_after=500):
        node = self.nodes[name] = FakeNode(self._lab.port(), info)
        for sentinel in self._sentinels:
            sentinel.sentinel('MONITOR', name, *node.address, 2)
            sentinel.sentinel('SET', name, 'down-after-milliseconds', down_after,
                              'failover-timeout', 3000)
        return node

    def node(self, info):
        """A server that no sentinel is told of."""
        self._others.append(FakeNode(self._lab.port(), info))
        return self._others[-1]

    def wait_healthy(self):
        for sentinel, name in itertools.product(self._sentinels, self.nodes):
            wait_until(lambda s=sentinel, n=name: s.master(n)['flags'] == 'master'
                       and s.master(n)['runid'], 10, f'{sentinel.name} sees {name} in health')

    def wait_attacked(self, times=6):
        """Each has been hostile to somebody at least so often."""
        for name, node in self.nodes.items():
            wait_until(lambda n=node: len(n.asked) >= times, 20, f'{name} was hostile')

    def close(self):
        for sentinel, name in itertools.product(self._sentinels, self.nodes):
            try:
                sentinel.sentinel('REMOVE', name)
            except ReplyError:
                pass
        for node in [*self.nodes.values(), *self._others]:
            node.close()


@pytest.fixture
def groups(shared_lab, bystander):
    bystander.restore()
    groups = Groups(shared_lab, bystander.deployment.sentinels)
    yield groups
    groups.close()


# ---- what hostile servers do: raw bytes for each request, or None for a good reply ----

def says(data):
    return lambda link, words: data


def to(command, data):
    """Hostile to this command alone."""
    return lambda link, words: data if words[0].upper() == command else None


def babbles(link, words):
    return random.Random(len(link.node.asked)).randbytes(2000)


def hangs_up(link, words):
    link.close()


def hangs_up_within(link, words):
    data = link.node.reply(link, words)
    link.send(data[:len(data) // 2])
    link.close()


def sends_half_a_gigabyte(link, words):
    """Announced; sent until nobody wants it any more, 64 MiB at most."""
    link.send(b'$536870912\r\n')
    for _ in range(64):
        link.send(b'x' * MIB)
    return b''


def dawdles(link, words):
    for byte in link.node.reply(link, words):
        link.send(bytes([byte]))
        link.node.pause(0.02)
    return b''


def never_answers(link, words):
    return b''


def floods(data):
    def flood(link, words):
        while not link.node.closed:
            link.send(data)
    return flood


def replies_to_subscribers(link, words):
    """What belongs on the command link arrives on that of pub/sub."""
    reply = link.node.reply(link, words)
    return reply + b'+PONG\r\n:1\r\n$2\r\nab\r\n' if link.is_pubsub else reply


MESSAGE = encode('message', '__sentinel__:hello', 'x' * 50)

FAMILIES = {
    'garbage': {
        'babble': babbles, 'count': says(b'*1000000000\r\n'), 'negative': says(b'*-2\r\n$-5\r\n'),
        'overflow': says(b':99999999999999999999999\r\n'), 'type': says(b'!what\r\n'),
        'letters': says(b'*x\r\n$y\r\n:z\r\n'), 'empty': says(b'\r\n\r\n'), 'nul': says(b'\0' * 99),
        'nested': says(b'*1\r\n' * 10_000), 'wide': says(b'*65536\r\n' + b'*2\r\n' * 30_000),
        'bad hello': to(b'SUBSCRIBE', b'*3\r\n$7\r\nmessage\r\n:1\r\n*-1\r\n'),
    },
    'sizes': {
        'bulk': sends_half_a_gigabyte, 'line': says(b'+' + b'x' * 3 * MIB),
        'number': says(b':' + b'1' * MIB), 'status': says(b'+' + b'x' * 60_000 + b'\r\n'),
        'array': says(b'*65000\r\n' + b'$100\r\n' + (b'y' * 100 + b'\r\n$100\r\n') * 40_000),
        'info': to(b'INFO', bulk('x' * 4 * MIB)),
    },
    'third version': {
        kind: says(data) for kind, data in {
            'map': b'%1\r\n+a\r\n+b\r\n', 'set': b'~1\r\n+a\r\n', 'null': b'_\r\n',
            'double': b',1.5\r\n', 'truth': b'#t\r\n', 'big': b'(12345678901234567890\r\n',
            'push': b'>2\r\n+a\r\n+b\r\n', 'text': b'=6\r\ntxt:ab\r\n'}.items()
    },
    'manners': {
        'hangs up': hangs_up, 'within': hangs_up_within, 'dawdles': dawdles,
        'never': never_answers, 'wrong link': replies_to_subscribers,
        'message': to(b'PING', MESSAGE), 'two': to(b'PING', b'+PONG\r\n+PONG\r\n'),
        'subscribed': to(b'SUBSCRIBE', MESSAGE * 1000),
    },
    'floods': {
        'pongs': floods(b'+PONG\r\n' * 10_000), 'messages': floods(MESSAGE * 1000),
        'hellos': to(b'SUBSCRIBE', None), 'nils': floods(b'$-1\r\n' * 10_000),
    },
    'errors': {
        name: says(b'-' + data + b'\r\n') for name, data in {
            'loading': b'LOADING Redis is loading', 'busy': b'BUSY a script', 'noauth': b'NOAUTH',
            'masterdown': b'MASTERDOWN gone', 'err': b'ERR no', 'empty': b'', 'pong': b'PONG',
            'bytes': b'NOPERM \xff\0\x1b[2J'}.items()
    },
}


def flood_of_hellos(link, words):
    """Hellos without end to those who subscribed, and good replies."""
    if words[0].upper() != b'SUBSCRIBE':
        return None
    link.send(link.node.reply(link, words))
    hello = encode('message', '__sentinel__:hello', f'127.0.0.1,0,{PEER_ID},1,floods hellos,,0,0')
    return floods(hello * 1000)(link, words)


FAMILIES['floods']['hellos'] = flood_of_hellos


@pytest.mark.parametrize('family', FAMILIES)
def test_a_failover_beside_hostile_masters(bystander, groups, family):
    before = bystander.usage()
    for name in FAMILIES[family]:
        groups.watch(name.replace(' ', '-'))
    groups.wait_healthy()
    for name, hostility in FAMILIES[family].items():
        node = groups.nodes[name.replace(' ', '-')]
        node.hostility = hostility
        node.hang_up()          # what is said at first, AUTH and SUBSCRIBE, meets it too
    groups.wait_attacked()
    old = bystander.fail_over()
    groups.close()
    bystander.answers_at_once()
    bystander.check(old)
    bystander.wait_slim(before, SLACK_KB)


# ---- INFO ----

def replica_line(number, address):
    return f'slave{number}:ip={address[0]},port={address[1]},state=online,offset=1,lag=0'


def test_an_info_of_a_megabyte_is_read(bystander, groups):
    replicas = [groups.node('role:slave') for _ in range(2)]
    padding = '\r\n'.join(f'padding{i}:' + 'x' * 1000 for i in range(1000))
    groups.watch('large', '\r\n'.join(
        ['role:master', padding, *(replica_line(i, r.address) for i, r in enumerate(replicas)),
         padding]))
    for sentinel in bystander.deployment.sentinels:
        wait_until(lambda s=sentinel: {int(r['port']) for r in s.replicas('large')}
                   == {r.address[1] for r in replicas}, 10, f'{sentinel.name} found both replicas')
        assert sentinel.master('large')['flags'] == 'master'


def test_thousands_of_replicas_are_bounded(bystander, groups):
    """The addresses are nobody's: they are down, in the way of nothing."""
    before = bystander.usage()
    node = groups.watch('crowd', '\r\n'.join(
        ['role:master', *(replica_line(i, (f'127.2.{i // 250}.{i % 250 + 1}', 9))
                          for i in range(5000))]))
    for sentinel in bystander.deployment.sentinels:
        wait_until(lambda s=sentinel: len(s.replicas('crowd')) == REPLICAS_MAX, 10,
                   f'{sentinel.name} took as many as it may')
    node.info = node.info.replace('127.2.', '127.3.')       # all others next time
    old = bystander.fail_over()
    for sentinel in bystander.deployment.sentinels:
        assert len(sentinel.replicas('crowd')) == REPLICAS_MAX
    groups.close()
    bystander.check(old)
    bystander.wait_slim(before, SLACK_KB)


NUMBERS = ('', '-1', '99999999999999999999999999', '-99999999999999999999', '0x10', '1e999', 'NaN',
           '\0', '\udcff', '%n', ' 1', '1' * 10_000)
NUMBERED = ('slave0:ip=127.0.0.1,port={}', 'slave{}:ip=127.0.0.1,port=1', 'slave0:127.0.0.1,{},x',
            'slave0:ip={},port=9', 'master_port:{}', 'master_link_down_since_seconds:{}',
            'slave_priority:{}', 'slave_repl_offset:{}', 'replica_announced:{}', 'run_id:{}',
            'master_host:{}', 'role:{}', 'master_link_status:{}', 'slave{}', 'slave0:{}', '{}')


def test_numbers_that_are_none(bystander, groups):
    """Every field of INFO with every value, from a master and from one that says it is a replica:
    a sentence of garbage in each answer."""
    node = groups.watch('numbers')
    groups.wait_healthy()
    lines = [line.format(number) for line, number in itertools.product(NUMBERED, NUMBERS)]
    for role in ('role:master', 'role:slave'):
        node.info = '\r\n'.join([role, *lines, role, *lines])
        node.hostility = lambda link, words: None           # counts what is asked
        node.asked.clear()
        node.hang_up()                                      # INFO is asked of who comes back
        wait_until(lambda: sum(words[0] == b'INFO' for words in node.asked) >= 3, 10,
                   'all have read it')
        for sentinel in bystander.deployment.sentinels:
            wait_until(lambda s=sentinel: s.master('numbers')['role-reported'] == role[5:], 10,
                       f'{sentinel.name} has read {role}')
            sentinel.replicas('numbers')
    bystander.answers_at_once()


# ---- replicas, and what is ordered of them ----

ORDERS = {'error': b'-ERR no\r\n', 'null': b'*-1\r\n', 'none': b'*0\r\n', 'number': b':1\r\n',
          'nested': b'*1\r\n*1\r\n*0\r\n', 'errors': b'*5\r\n' + b'-ERR \xff\r\n' * 5,
          'many': b'*60000\r\n' + b':1\r\n' * 60_000, 'closes': None}


def test_replicas_that_answer_orders_with_garbage(bystander, groups):
    """Each group has one replica, which is to be promoted and says something else."""
    for name, answer in ORDERS.items():
        replica = groups.node('role:slave\r\nmaster_link_status:up\r\nslave_priority:1')
        master = groups.watch(name, 'role:master\r\n' + replica_line(0, replica.address),
                              down_after=60_000)
        replica.info += f'\r\nmaster_host:127.0.0.1\r\nmaster_port:{master.address[1]}'

        def garbage(link, words, answer=answer):
            if words[0].upper() != b'EXEC':
                return None
            link.node.exec_count = getattr(link.node, 'exec_count', 0) + 1
            if answer is None:
                link.close()
            return answer
        replica.hostility = garbage
        groups.nodes[name].replica = replica
    groups.wait_healthy()
    leader = bystander.deployment.sentinels[0]
    for name, node in groups.nodes.items():
        wait_until(lambda n=name: leader.replicas(n)[0]['role-reported'] == 'slave'
                   and leader.replicas(n)[0]['master-link-status'] == 'ok', 10, f'{name} is known')
        assert leader.sentinel('FAILOVER', name) == 'OK'
    old = bystander.fail_over()
    for name, node in groups.nodes.items():
        wait_until(lambda n=node: getattr(n.replica, 'exec_count', 0), 10, f'{name} got its order')
        assert leader.master_address(name) == node.address      # it never said that it obeyed
    groups.close()
    bystander.check(old)


# ---- peers ----

def answers(*variants):
    """One after the other, to the questions of sentinels."""
    def answer(link, words):
        if words[0].upper() != b'SENTINEL':
            return None
        return variants[len(link.node.asked) % len(variants)]
    return answer


PEERS = {
    'malformed': answers(
        b'*0\r\n', b'*-1\r\n', b'*1\r\n:1\r\n', b'*2\r\n:1\r\n$1\r\nx\r\n', b':1\r\n', b'+OK\r\n',
        b'*4\r\n:1\r\n$1\r\nx\r\n:1\r\n:1\r\n', b'*3\r\n$1\r\n1\r\n$1\r\nx\r\n:1\r\n',
        b'*3\r\n:1\r\n:1\r\n:1\r\n', b'*3\r\n:1\r\n$1\r\nx\r\n$1\r\n1\r\n', b'$-1\r\n',
        b'*3\r\n:99\r\n$-1\r\n:1\r\n', b'*3\r\n*0\r\n*0\r\n*0\r\n', b'-ERR \xff\r\n',
        b'*3\r\n:-1\r\n$3\r\n\xff\0\n\r\n:-1\r\n', b'*3\r\n:1\r\n$0\r\n\r\n:1\r\n',
        b'*3\r\n:1\r\n$60000\r\n' + b'x' * 60_000 + b'\r\n:1\r\n'),
    'far epoch': answers(b'*3\r\n:1\r\n$40\r\n' + PEER_ID.encode() + b'\r\n:%d\r\n' % LAST_EPOCH),
    'hangs up': hangs_up,
    'never': never_answers,
    'floods': floods(b'*3\r\n:1\r\n$1\r\n*\r\n:0\r\n' * 1000),
}


@pytest.mark.parametrize('name', PEERS)
def test_a_failover_with_a_hostile_peer(bystander, groups, name):
    """It is one of four voters; the three real ones are a majority without it."""
    peer = groups.node('role:sentinel')
    master = bystander.deployment.named_master()
    hello = (f'127.0.0.1,{peer.address[1]},{PEER_ID},0,{bystander.name},'
             f'{master.host},{master.port},0')
    for sentinel in bystander.deployment.sentinels:
        assert sentinel.call('PUBLISH', '__sentinel__:hello', hello) == 1
        wait_until(lambda s=sentinel: [p['flags'] for p in s.peers() if p['name'] == PEER_ID]
                   == ['sentinel'], 5, f'{sentinel.name} has met the peer')
    peer.hostility = PEERS[name]
    peer.hang_up()
    old = bystander.fail_over()
    assert peer.asked
    bystander.check(old, also_down=(f'sentinel {PEER_ID} ',))
    bystander.answers_at_once()
    bystander.restore()
