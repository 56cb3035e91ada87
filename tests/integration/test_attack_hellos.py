"""Malformed and invented hellos: by PUBLISH to every sentinel and by the channel of the real
servers. What is malformed has no effect at all; what is invented has a bounded one."""

import random

import pytest

from harness.attack import Attack
from harness.bystander import SLIM_ENV, Bystander
from harness.resp import ReplyError, encode
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

CHANNEL = '__sentinel__:hello'
SLACK_KB = 24 * 1024
PEERS_MAX = 64
FOREIGN = 'e' * 40
LAST_EPOCH = 2**63 - 1


@pytest.fixture(scope='module')
def bystander(shared_lab):
    return Bystander(shared_lab.deployment(down_after=1000, env=SLIM_ENV))


def hello(master, ip='127.0.0.1', port=1, runid=FOREIGN, epoch=0, name='mymaster', master_ip=None,
          master_port=None, config_epoch=0):
    """A hello that is right but for what is given."""
    return ','.join(map(str, (ip, port, runid, epoch, name, master_ip or master[0],
                              master_port or master[1], config_epoch)))


def malformed(master):
    """Hellos that have to be ignored."""
    good = hello(master)
    fields = good.split(',')
    lines = ['', ',', ',' * 7, ',' * 8, ',' * 60_000, '\r\n', '\0', good + ',', ',' + good,
             good.replace(',', ';'), good.replace(',', '\0'), good + '\0,x', '\ufeff' + good]
    lines += [','.join(fields[:count]) for count in range(8)]
    lines += [','.join(fields[:i] + [''] + fields[i + 1:]) for i in (0, 1, 2, 4)]
    lines += [hello(master, ip=ip) for ip in ('300.0.0.1', '127.0.0', 'localhost', '-1', '::g',
                                              '127.0.0.1 ', '[::1]', '1' * 1000, '%s', '\xff')]
    lines += [hello(master, port=port) for port in (0, -1, 65536, 2**31, 2**64, 'x', '', '%n')]
    lines += [hello(master, runid=runid) for runid in (
        'e' * 39, 'e' * 41, '', 'e' * 60_000, 'e' * 39 + ' ', 'e' * 39 + '\n', 'e' * 39 + '\0',
        'e' * 20 + ',' + 'e' * 19)]
    lines += [hello(master, **{field: epoch}) for field in ('epoch', 'config_epoch')
              for epoch in (2**63, 2**64 - 1, '9' * 19)]
    lines += [hello(master, name=name, epoch=LAST_EPOCH, config_epoch=LAST_EPOCH)
              for name in ('nosuch', '', 'MYMASTER', 'mymaster ', 'x' * 60_000, '*', '\0mymaster')]
    lines += ['x' * 60_000, good * 500]
    return lines


def heard(sentinel):
    """What hellos may change: the peers, the configuration, the master."""
    peers = sorted((p['name'], p['port']) for p in sentinel.peers())
    return peers, sentinel.master()['config-epoch'], sentinel.master_address()


def publish(connection, line):
    data = line.encode('utf-8', 'surrogateescape')
    connection.send('PUBLISH', CHANNEL, data)
    return connection.read()


def test_malformed_hellos_change_nothing(bystander):
    bystander.restore()
    sentinels = bystander.deployment.sentinels
    before = {s: heard(s) for s in sentinels}
    started = len(bystander.events.find('+new-epoch'))
    master = bystander.deployment.named_master()
    for sentinel in sentinels:
        own = hello(master.address, port=2, runid=sentinel.id, epoch=LAST_EPOCH,
                    config_epoch=LAST_EPOCH)    # to nobody else: that would count
        with sentinel.connect() as direct, master.connect() as by_channel:
            for line in malformed(master.address):
                assert publish(direct, line) == {':': '1'}
                publish(by_channel, line)
            publish(direct, own)
    for server in bystander.deployment.servers:         # these are heard by all three
        server.call('PUBLISH', CHANNEL, b'x' * 1_000_000)
        server.call('PUBLISH', CHANNEL, bytes(range(256)) * 40)
        server.call('PUBLISH', CHANNEL, hello(master.address, name='n' * 1_000_000))
    # One that counts, behind all of them on every link: they have been read when it has.
    mark_all(bystander)
    for sentinel in sentinels:
        peers, *rest = heard(sentinel)
        assert [p for p in peers if p[0] != MARK] == before[sentinel][0]
        assert rest == list(before[sentinel][1:])
    assert len(bystander.events.find('+new-epoch')) == started
    bystander.restore()


MARK = 'd' * 40


def mark_all(bystander):
    """A peer that all sentinels hear of by the channel of the master."""
    master = bystander.deployment.named_master()
    master.call('PUBLISH', CHANNEL, hello(master.address, runid=MARK, port=9))
    for sentinel in bystander.deployment.sentinels:
        wait_until(lambda s=sentinel: MARK in [p['name'] for p in s.peers()], 5,
                   f'{sentinel.name} heard the last hello')


def flood_of_malformed(target):
    """Without end, to the sentinel itself and by the channel of every server that answers."""
    chance = random.Random(target.done)
    address = target.sentinel.master_address()
    lines = malformed(address)
    with target.sentinel.connect() as connection:
        for line in lines:
            publish(connection, line)
            target.done += 1
        for _ in range(200):
            line = bytearray(hello(address).encode())
            for _ in range(chance.randrange(1, 5)):
                line[chance.randrange(9)] = chance.choice(b',\0\xff \n')    # of the address
            connection.send('PUBLISH', CHANNEL, bytes(line))
            assert connection.read() == {':': '1'}


def test_a_failover_beside_malformed_hellos(bystander):
    bystander.restore()
    before = bystander.usage()

    def flood_the_channel(target):
        for server in bystander.deployment.servers:
            if server.running:
                with server.connect() as connection:
                    for line in malformed(server.address):
                        publish(connection, line)
                        target.done += 1

    with Attack(bystander.deployment.sentinels, again=[flood_of_malformed, flood_the_channel]):
        old = bystander.fail_over()
    bystander.answers_at_once()
    bystander.check(old)
    bystander.wait_slim(before, SLACK_KB)


def test_invented_peers_are_bounded(bystander):
    bystander.restore()
    before = bystander.usage()
    master = bystander.deployment.named_master()
    chance = random.Random(1)
    for sentinel in bystander.deployment.sentinels:
        with sentinel.connect(timeout=120) as connection:
            for start in range(0, 10_000, 1000):
                connection.write(b''.join(
                    encode('PUBLISH', CHANNEL, hello(
                        master.address, ip=f'127.1.{i // 250}.{i % 250 + 1}', port=9,
                        runid=f'{chance.getrandbits(160):040x}'))
                    for i in range(start, start + 1000)))
                for _ in range(1000):
                    assert connection.read() == {':': '1'}
    for sentinel in bystander.deployment.sentinels:
        assert len(sentinel.peers()) == PEERS_MAX
        assert int(sentinel.master()['num-other-sentinels']) == PEERS_MAX
        # They count as voters, down as they are: without a majority nothing is replaced.
        wait_until(lambda s=sentinel: lacks_quorum(s), 5, f'{sentinel.name} has no majority')
    bystander.answers_at_once()
    bystander.restore()
    bystander.wait_slim(before, SLACK_KB)
    old = bystander.fail_over()
    bystander.check(old)


def lacks_quorum(sentinel):
    try:
        sentinel.sentinel('CKQUORUM', 'mymaster')
        return False
    except ReplyError as error:
        return str(error).startswith('NOQUORUM')


def test_ids_and_addresses_that_are_taken(bystander):
    """Our id at a foreign address, a foreign id at our address, one address after another under one
    id and one id after another at one address: a peer may come and go for it, the real ones come
    back, and a failover succeeds."""
    bystander.restore()
    master = bystander.deployment.named_master()
    sentinels = bystander.deployment.sentinels
    for sentinel in sentinels:
        others = [s for s in sentinels if s is not sentinel]
        with sentinel.connect() as connection:
            for number in range(200):
                publish(connection, hello(master.address, runid=sentinel.id, port=number + 1))
                publish(connection, hello(master.address, port=number + 1))
                publish(connection, hello(master.address, port=9, runid=f'{number:040}'))
                publish(connection, hello(master.address, port=sentinel.port))
                publish(connection, hello(master.address, port=others[0].port,
                                          runid=f'{number:040}'))
                publish(connection, hello(master.address, port=number + 1, runid=others[1].id))
        assert len(sentinel.peers()) <= PEERS_MAX
    bystander.answers_at_once()
    bystander.restore()
    old = bystander.fail_over()
    bystander.check(old)


def test_a_configuration_whose_master_is_no_address_is_not_adopted(bystander):
    bystander.restore()
    master = bystander.deployment.named_master()
    for sentinel in bystander.deployment.sentinels:
        with sentinel.connect() as connection:
            for field, values in (('master_ip', ('', ' ', 'x', '300.1.1.1', '1' * 1000)),
                                  ('master_port', (-1, 65536, 2**63, 'x'))):
                for value in values:
                    line = hello(master.address, port=9, config_epoch=1000,
                                 **{field: value or ' '})
                    assert publish(connection, line) == {':': '1'}
        assert sentinel.master_address() == master.address
        assert int(sentinel.master()['config-epoch']) < 1000
    bystander.restore()
    old = bystander.fail_over()
    bystander.check(old)
