"""Hostile clients of all three sentinels, beside a failover that must not notice them."""

import itertools
import random
import threading

import pytest

from harness.attack import Attack
from harness.bystander import SLIM_ENV, Bystander
from harness.resp import ReplyError, encode

pytestmark = pytest.mark.vedette

DOWN_AFTER = 1000
# What a sentinel may keep of an attack: what the allocator holds back of much memory that was freed
# in small pieces.
SLACK_KB = 56 * 1024
MANY = 10_000
MILLION = 1_000_000
OUTPUT_MAX = 32 * 1024 * 1024
LAST_EPOCH = 2**63 - 1
WHERE = encode('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')
LARGE = encode('COMMAND', 'DOCS')


@pytest.fixture(scope='module')
def bystander(shared_lab):
    return Bystander(shared_lab.deployment(down_after=DOWN_AFTER, env=SLIM_ENV))


# ---- bytes that are no requests ----

def random_bytes(target):
    """Bursts on many connections, and drips."""
    chance = random.Random(target.done)
    socks = [target.connect() for _ in range(20)]
    for sock in socks:
        data = chance.randbytes(chance.choice([1, 100, 20_000, 200_000]))
        try:
            if len(data) < 1000:
                for byte in data:
                    sock.send(bytes([byte]))
            else:
                sock.sendall(data)
        except OSError:
            pass
        target.close(sock, reset=chance.random() < 0.5)
        target.done += 1


CUT = encode('SENTINEL', 'SET', 'mymaster', 'quorum', '2')
# {what is sent: the start of the answer, whether the connection is closed}
MALFORMED = {
    b'*-1\r\n': (b'', False), b'*0\r\n': (b'', False), b'\r': (b'', False), b'\n': (b'', False),
    b'*-9223372036854775808\r\n': (b'', False), b'*1\r\n$3\r\nab': (b'', False),
    b'*9223372036854775808\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'*1000000000\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'*2147483648\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'*\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'* 1\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'*1x\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'*\x00\r\n': (b'-ERR Protocol error: invalid multibulk length', True),
    b'*1\r\n$536870912\r\n': (b'-ERR Protocol error: invalid bulk length', True),
    b'*1\r\n$-1\r\n': (b'-ERR Protocol error: invalid bulk length', True),
    b'*1\r\n$\r\n': (b'-ERR Protocol error: invalid bulk length', True),
    b'*1\r\n$99999999999999999999\r\n': (b'-ERR Protocol error: invalid bulk length', True),
    b'*1\r\n*1\r\n$4\r\nPING\r\n': (b"-ERR Protocol error: expected '$', got '*'", True),
    b'*2\r\n$4\r\nPING\r\n:1\r\n': (b"-ERR Protocol error: expected '$', got ':'", True),
    b'*1\r\n' * 1000: (b"-ERR Protocol error: expected '$', got '*'", True),
    b'*1\r\n\xff': (b'-ERR Protocol error: expected', True),
    b'*' + b'1' * 70_000: (b'-ERR Protocol error: too big mbulk count string', True),
    b'*1\r\n$' + b'1' * 70_000: (b'-ERR Protocol error: too big bulk count string', True),
    b'"unbalanced\r\n': (b'-ERR Protocol error: unbalanced quotes', True),
    b'$4\r\nPING\r\n': (b"-ERR unknown command '$4'", False),
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n': (b'', True),  # TLS to a plain port
    b'POST / HTTP/1.1\r\nHost: a\r\n\r\nPING\r\n': (b'', True),
    b'GET / HTTP/1.1\r\nHost: a\r\n\r\nSHUTDOWN\r\n': (b'', True),
}
# Of these the answer may be lost with what was sent and not read: reset, not closed.
TOO_LONG = [b'a' * 1_000_000, b'*' + b'1' * 1_000_000,
            b'*1000000\r\n' + b'$1\r\na\r\n' * 1_000_000,
            encode('PING', 'x' * 1_000_000),
            b'*1024\r\n' + b'$65536\r\n' + b'y' * 2_000_000,
            b'*17\r\n' + b'$65000\r\n%s\r\n' % (b'z' * 65_000) * 17]


def malformed_requests(target):
    for data, (start, closes) in MALFORMED.items():
        answer = target.throw(data, start, closes)
        assert start or not answer, (data[:40], answer)


def overlong_requests(target):
    for data in TOO_LONG:
        assert target.throw(data)[:5] in (b'', b'-ERR ')


def cut_requests(target):
    """A valid request up to each of its bytes; then the client is gone."""
    for size in range(1, len(CUT)):
        sock = target.connect()
        sock.sendall(CUT[:size])
        target.close(sock, reset=size % 2 == 0)
        target.done += 1


# ---- requests that nobody should send ----

NAMES = ['x' * 60_000, 'a\0b', 'a\r\nb', '\n', '', ' ', '\x1b[2J', '\udcff\udcfe', '%s%n%d',
         '*a' * 20_000 + '*b', '[' * 20_000, '[^-' * 10_000, '\\' * 20_001, '*' * 50_000 + 'b']
SENTINEL_WITH_NAME = [('CKQUORUM',), ('FAILOVER',), ('GET-MASTER-ADDR-BY-NAME',), ('MASTER',),
                      ('REMOVE',), ('REPLICAS',), ('RESET',), ('SENTINELS',), ('SLAVES',)]


def strange_arguments(target):
    """None of these names anything or may be used; the globs match nothing in a costly way."""
    requests = [('SENTINEL', word, name) for (word,), name in
                itertools.product(SENTINEL_WITH_NAME, NAMES)
                if not (word == 'RESET' and name in ('', ' '))]
    for name in NAMES:
        requests += [
            ('SENTINEL', 'MONITOR', name, '127.0.0.1', 1, 0), ('SENTINEL', name),
            ('SENTINEL', 'MONITOR', 'other', name, 1, 1),
            ('SENTINEL', 'MONITOR', 'other', '127.0.0.1', name, 1),
            ('SENTINEL', 'SET', name, 'quorum', 2), ('SENTINEL', 'SET', 'mymaster', name, 2),
            ('SENTINEL', 'SET', 'mymaster', 'quorum', name),
            ('SENTINEL', 'SET', 'mymaster', 'rename-command', name),
            ('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', name, 1, 1, '*'),
            ('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', name, 1, '*'),
            ('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 1, name, name),
            ('PUBLISH', name, name), ('PUBLISH', '__sentinel__:hello', name),
            ('AUTH', name), ('AUTH', name, name), ('HELLO', name), ('HELLO', 3, 'AUTH', name),
            ('HELLO', 3, 'AUTH', name, name), ('HELLO', 3, 'SETNAME', name),
            ('HELLO', 3, 'SETNAME'), ('HELLO', -1), ('HELLO', 2**63), ('HELLO', 2),
            ('CLIENT', 'SETNAME', name), ('CLIENT', 'SETINFO', 'LIB-NAME', name),
            ('CLIENT', 'LIST', 'ID', name), ('CLIENT', 'LIST', 'TYPE', name), ('CLIENT', name),
            ('COMMAND', 'DOCS', name), ('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', name),
            ('COMMAND', 'INFO', name, f'{name[:30_000]}|{name[:30_000]}'), ('INFO', name),
            ('SHUTDOWN', name), ('ROLE', name), (name,), (name, name)]
    with target.sentinel.connect() as connection:
        for request in requests:
            if request[0].upper() == 'SHUTDOWN' or not request[0].strip():
                continue
            reply = connection.ask(*[_bytes(word) for word in request])
            target.done += 1
            if 'FAILOVER' in request or 'MONITOR' in request or 'SET' in request:
                assert '-' in reply, (request[:3], reply)


def _bytes(word):
    return str(word).encode('utf-8', 'surrogateescape')


def arguments_without_end(target):
    """As many as one request may have, of what is looked up one by one."""
    few = ['a'] * 1000
    with target.sentinel.connect() as connection:
        connection.call('CLIENT', 'ID')
        for request in (['CLIENT', 'LIST', 'ID', *['1'] * 1000], ['COMMAND', 'DOCS', *few],
                        ['COMMAND', 'INFO', *['sentinel|masters'] * 1000], ['INFO', *few],
                        ['SENTINEL', 'SET', 'mymaster', *['quorum', '0'] * 500],
                        ['PING', *few], ['HELLO', '3', *['SETNAME', 'a'] * 500]):
            connection.ask(*request)
            target.done += 1


def questions_and_foreign_votes(target):
    """Votes are asked for masters that nobody watches: a real one would be given, as it should."""
    chance = random.Random(target.done)
    address = target.sentinel.master_address()
    with target.sentinel.connect() as connection:
        for _ in range(500):
            epoch = chance.choice([0, 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, -1,
                                   chance.getrandbits(62)])
            connection.send('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', *address, epoch, '*')
            connection.send('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1',
                            chance.randrange(1, 11_000), epoch,
                            ''.join(chance.choices('0123456789abcdef', k=40)))
        for _ in range(1000):
            connection.read()
            target.done += 1


# ---- too much of what is allowed ----

def come_and_go(target):
    """10,000 connections, at most 500 at a time; half of them leave half a request, half of them
    a reset."""
    for _ in range(MANY // 500):
        socks = [target.connect() for _ in range(500)]
        for number, sock in enumerate(socks):
            if number & 1:
                sock.send(CUT[:number % len(CUT)] or b'*')
            target.close(sock, reset=bool(number & 2))
        target.done += len(socks)


def byte_by_byte(target):
    """300 clients, each of whom sends a byte now and then."""
    socks = [target.connect() for _ in range(300)]
    for byte in itertools.cycle(encode('PING', 'x' * 1000)):
        if target.over:
            break
        for sock in socks:
            sock.send(bytes([byte]))
        target.done += 1
        target.pause(0.05)
    for sock in socks:
        target.close(sock)


def pipeline_of_a_million(target):
    """Half of it PING, half of it the question of every client; all replies are counted."""
    sock = target.connect(timeout=120)
    batch = (encode('PING') + WHERE) * 500
    writer = threading.Thread(target=lambda: [sock.sendall(batch) for _ in range(MILLION // 1000)])
    writer.start()
    lines_of_two = 1 + 5
    lines = 0
    while lines < MILLION // 2 * lines_of_two:
        piece = sock.recv(1 << 20)
        assert piece, f'closed after {lines} lines'
        lines += piece.count(b'\n')
        target.done = lines * 2 // lines_of_two
    writer.join()
    target.close(sock)


def unread_replies(target):
    """Replies that nobody reads: the sentinel reads no more either, long before its output bound."""
    for request in (WHERE, LARGE) * 2:
        sock = target.connect(timeout=1, receive_buffer=4096)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 20 * OUTPUT_MAX:
                sock.sendall(request * 500)
                sent += len(request) * 500
                target.done += 500
        target.close(sock)


def stalled_subscribers(target):
    """Subscribers to everything who read nothing, while there is much to tell."""
    if not target.done:
        for _ in range(50):
            sock = target.connect(receive_buffer=4096)
            sock.sendall(encode('PSUBSCRIBE', *(f'*{i}*' for i in range(500)), '*')
                         + encode('SUBSCRIBE', '+set', '+sdown', '+switch-master'))
        for sock in [target.connect() for _ in range(20)]:
            sock.sendall(encode('PSUBSCRIBE', *('*a' * 500 + str(i) for i in range(1000))))
    with target.sentinel.connect() as connection:
        for number in range(200):
            connection.send('SENTINEL', 'SET', 'mymaster', 'parallel-syncs', number % 4 + 1)
        for _ in range(200):
            assert connection.read() == {'+': 'OK'}
            target.done += 1


def colliding_names(count):
    """Names of 16 bytes with one hash under a multiplicative hash without a key, as maps had it
    once: the second word is chosen so that both together come out the same."""
    mask, factor = 2**64 - 1, 0x9e3779b97f4a7c15
    inverse = pow(factor, -1, 2**64)
    wanted = 0x123456789abcdef1 * inverse & mask
    for number in range(count):
        mixed = ((16 * factor ^ number) & mask) * factor & mask
        second = mixed ^ mixed >> 32 ^ wanted
        yield number.to_bytes(8, 'little') + second.to_bytes(8, 'little')


COLLIDING = [encode('SUBSCRIBE', *itertools.islice(names, 1000))
             for names in [colliding_names(30_000)] for _ in range(30)]


def subscribers_to_colliding_names(target):
    for request in COLLIDING:
        target.connect().sendall(request)
        target.done += 1


def restless_subscribers(target):
    """1,000 subscriptions, and all the ways to look for one that is not there."""
    with target.sentinel.connect() as connection:
        connection.write(encode('SUBSCRIBE', *range(1000)))
        for _ in range(10):
            connection.write(encode('UNSUBSCRIBE', *['x'] * 1000)
                             + encode('SUBSCRIBE', *range(1000)))
        for _ in range(11_000):
            connection.read()
        target.done += 1


DEEDS = {
    'no requests': {'again': [random_bytes, cut_requests],
                    'once': [malformed_requests, overlong_requests]},
    'strange requests': {'again': [arguments_without_end, questions_and_foreign_votes],
                         'once': [strange_arguments]},
    'come and go': {'once': [come_and_go]},
    'byte by byte': {'again': [byte_by_byte]},
    'pipelines': {'once': [pipeline_of_a_million]},
    'unread replies': {'once': [unread_replies]},
    'subscribers': {'again': [stalled_subscribers, restless_subscribers]},
    'collisions': {'once': [subscribers_to_colliding_names]},
}


@pytest.mark.parametrize('name', DEEDS)
def test_a_failover_beside_hostile_clients(bystander, name):
    bystander.restore()
    before = bystander.usage()
    with Attack(bystander.deployment.sentinels, **DEEDS[name]):
        old = bystander.fail_over()
    bystander.answers_at_once()
    bystander.check(old)
    bystander.wait_slim(before, SLACK_KB)


def test_epochs_cannot_be_used_up(lab):
    """A request for a vote raises the current epoch: that is the protocol. But not by more than a
    million, and nobody gets near the last one."""
    deployment = lab.deployment(down_after=500, failover_timeout=500)
    events = deployment.record()
    first, *others = deployment.sentinels
    address = deployment.master.address
    far = 1_000_000
    for epoch in (LAST_EPOCH + 1, 2**64):
        with pytest.raises(ReplyError):
            first.vote(address, epoch, 'a' * 40)
    for epoch in (LAST_EPOCH, 2**62, 2**62 - 1, far + 1, -1):
        assert first.vote(address, epoch, 'a' * 40) == (0, '*', 0)
    assert first.vote(address, far, 'a' * 40) == (0, 'a' * 40, far)
    for other in others:
        events.wait('+new-epoch', other, str(far))      # by hello
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old, 15)
    assert all(far < epoch < far + 100 for epoch in deployment.epochs())
    assert 'is not believed' in first.log()
