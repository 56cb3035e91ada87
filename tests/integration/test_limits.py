"""What each limit does to those who pass it, and to nobody else."""

import contextlib
import re
import socket
import threading

import pytest

from harness.group import Group
from harness.resp import ReplyError, encode
from harness.wait import wait_until

pytestmark = pytest.mark.vedette


@pytest.fixture
def limited(lab):
    """A started vedette with these limits, watching nothing that is there."""
    def start(**limits):
        return lab.sentinel('sentinel', groups=[Group('mymaster', '127.0.0.1', 1)],
                            settings={'limits': limits}).start()
    return start


def wait_hits(sentinel, name, count):
    """What the shell counts is told once a second."""
    wait_until(lambda: sentinel.limit(name)['hits'] >= count, 5, f'hits of {name}')


def test_clients(limited):
    sentinel = limited(clients=5)
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(sentinel.connect())
        wait_until(lambda: 'clients:max=5,used=1,' in first.call('INFO', 'vedette'), 5,
                   'we are alone')
        clients = [first, *(stack.enter_context(sentinel.connect()) for _ in range(4))]
        assert all(client.call('PING') == 'PONG' for client in clients)
        for _ in range(2):
            with sentinel.connect() as refused:
                with pytest.raises(ReplyError, match='^ERR max number of clients reached$'):
                    refused.call('PING')
                assert refused.closed_by_peer()
        assert all(client.call('PING') == 'PONG' for client in clients)
        clients[0].close()
        wait_until(lambda: sentinel.call('PING') == 'PONG', 5, 'a place is free')
        info = clients[1].call('INFO')
        assert 'maxclients:5\r\n' in info
        wait_hits(sentinel, 'clients', 2)
        rejected = re.search(r'rejected_connections:(\d+)', clients[1].call('INFO', 'stats'))
        assert int(rejected[1]) >= 2


def test_query_buffer(limited):
    sentinel = limited(query_buffer='16KiB')
    head = b'*2\r\n$4\r\nPING\r\n$20000\r\n'
    with sentinel.connect() as client:
        client.write(head.ljust(16 * 1024, b'x'))
        wait_until(lambda: sentinel.limit('query_buffer')['used'] == 16 * 1024, 5, 'all is there')
        client.write(b'x')
        with pytest.raises(ReplyError, match='Protocol error: too big request'):
            client.call()
        assert client.closed_by_peer()
    assert sentinel.limit('query_buffer') == {'max': 16 * 1024, 'used': 0, 'hits': 1}
    with sentinel.connect() as client:       # many that are short enough together are no matter
        client.write(encode('PING', 'x' * 10000) * 50)
        for _ in range(50):
            assert len(client.read()['$']) == 10000


def test_output_buffer(limited):
    sentinel = limited(output_buffer='64KiB')
    with sentinel.connect() as deaf, sentinel.connect() as reader:
        for i in range(200):                  # so often is each event told
            deaf.call('PSUBSCRIBE', f'+se{"[t]" * (i % 5 == 0)}{"t" * (i % 5 > 0)}' + '*' * (i // 5))
        reader.call('SUBSCRIBE', '+set')
        heard = 0
        while sentinel.limit('output_buffer')['hits'] == 0:
            assert heard < 5000
            sentinel.sentinel('SET', 'mymaster', 'quorum', 2 + heard % 7)
            assert reader.read()['*'][1] == {'$': '+set'}
            heard += 1
        with pytest.raises(ConnectionError):
            while deaf.read():                # what was on its way, then the end
                pass


def test_client_memory(limited):
    sentinel = limited(client_memory='1MiB')
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(sentinel.connect()) for _ in range(30)]
        for i, client in enumerate(clients):  # the first one holds most, from the beginning
            client.write(b'*2\r\n$4\r\nPING\r\n$60000\r\n' + b'x' * (50000 - i * 100))
            wait_until(lambda i=i: i > 0 or sentinel.limit('client_memory')['used'] >= 50000, 5,
                       'it has all of the first one')
        wait_until(lambda: sentinel.limit('client_memory')['hits'] >= 1, 5, 'somebody has to go')
        assert clients[0].closed_by_peer()
        limit = sentinel.limit('client_memory')
        assert limit['used'] <= limit['max'] == 1024 * 1024
        assert limit['hits'] < 15
        last = clients[-1]
        last.write(b'x' * (60000 - 50000 + 29 * 100) + b'\r\n')
        assert len(last.read()['$']) == 60000


def test_subscriptions(limited):
    sentinel = limited(subscriptions=3)
    with sentinel.connect() as client:
        client.call('HELLO', 3)
        assert client.ask('SUBSCRIBE', 'a') == {'>': [{'$': 'subscribe'}, {'$': 'a'}, {':': '1'}]}
        with pytest.raises(ReplyError, match='^ERR max number of subscriptions reached$'):
            client.call('PSUBSCRIBE', 'b', 'c', 'd')
        assert client.ask('PSUBSCRIBE', 'b') == {'>': [{'$': 'psubscribe'}, {'$': 'b'}, {':': '2'}]}
        assert client.ask('SUBSCRIBE', 'c') == {'>': [{'$': 'subscribe'}, {'$': 'c'}, {':': '3'}]}
        with pytest.raises(ReplyError):
            client.call('SUBSCRIBE', 'd')
        assert sentinel.limit('subscriptions') == {'max': 3, 'used': 3, 'hits': 2}


def test_replicas(lab):
    deployment = lab.planned(replicas=3, sentinels=1, settings={'limits': {'replicas': 1}},
                             quorum=1)
    deployment.start(wait=False)
    sentinel, = deployment.sentinels
    wait_until(lambda: sentinel.limit('replicas')['hits'] >= 2, 15, 'two are ignored')
    assert len(sentinel.replicas()) == 1
    assert sentinel.limit('replicas')['used'] == 1
    assert len(re.findall(r'replica \S+ ignored: 1 are known already', sentinel.log())) == 1


def test_peers(limited):
    sentinel = limited(peers=1)
    for number in range(3):
        hello = f'127.0.0.1,{number + 2},{number:040d},0,mymaster,127.0.0.1,1,0'
        assert sentinel.call('PUBLISH', '__sentinel__:hello', hello) == 1
    assert [peer['runid'] for peer in sentinel.peers()] == ['0' * 40]
    assert sentinel.limit('peers') == {'max': 1, 'used': 1, 'hits': 2}
    assert len(re.findall(r'peer \d+ ignored: 1 are known already', sentinel.log())) == 1


def test_limits_change_at_a_reload(limited):
    sentinel = limited(clients=3, peers=1)
    with sentinel.connect() as first, sentinel.connect() as second:
        assert first.call('PING') == second.call('PING') == 'PONG'
        sentinel.settings['limits'] = {'clients': 1, 'peers': 2, 'parked_time': '3s'}
        sentinel.write_file()
        sentinel.reload()
        wait_until(lambda: 'parked_time:max=3000' in first.call('INFO', 'vedette'), 5, 'a reload')
        assert second.call('PING') == 'PONG'             # who is there stays
        with sentinel.connect() as refused:
            with pytest.raises(ReplyError):
                refused.call('PING')
        assert 'vedette_limit_clients:max=1,used=2' in first.call('INFO', 'vedette')
        assert 'vedette_limit_peers:max=2,' in first.call('INFO', 'vedette')


@pytest.mark.parametrize('lines, expected', [((), 10000), (('maxclients 77',), 77)])
def test_maxclients_of_a_classic_file(lab, lines, expected):
    sentinel = lab.sentinel('sentinel', make='classic', lines=lines,
                            groups=[Group('mymaster', '127.0.0.1', 1)]).start()
    assert sentinel.limit('clients')['max'] == expected


# ---- pipelines ----

PIPELINES = {'ping': (encode('PING'), b'+PONG\r\n', 1000000),
             'address': (encode('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'),
                         encode('127.0.0.1', '1'), 300000),
             'long': (encode('COMMAND', 'DOCS'), None, 1000)}


class Pipeline:
    """Sends a request many times while its replies are read, or not."""

    def __init__(self, sentinel, request, count):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.socket.settimeout(60)
        self.socket.connect(sentinel.address)
        self.sent = 0
        self._thread = threading.Thread(target=self._send, args=(request, count), daemon=True)
        self._thread.start()

    def _send(self, request, count):
        many = request * min(count, 1000)
        for _ in range(count // min(count, 1000)):
            self.socket.sendall(many)
            self.sent += len(many)

    def expect(self, reply, count):
        """Exactly these replies come, one after the other."""
        whole, left = reply * 1000, len(reply) * count
        at = 0
        while left > 0:
            data = self.socket.recv(min(256 * 1024, left))
            assert data, 'closed'
            while data:
                part = whole[at:at + len(data)]
                assert data[:len(part)] == part
                data, at = data[len(part):], (at + len(part)) % len(whole)
                left -= len(part)
        self._thread.join(60)
        assert not self._thread.is_alive()

    def close(self):
        self.socket.close()
        self._thread.join(60)


def one_reply(sentinel, request):
    """The reply to a request as it comes, RESP and all."""
    with socket.create_connection(sentinel.address, timeout=60) as connection:
        connection.sendall(request + b'PING the-end\r\n')
        end, data = b'$7\r\nthe-end\r\n', b''
        while not data.endswith(end):
            data += connection.recv(65536)
        return data[:-len(end)]


@pytest.mark.parametrize('name', PIPELINES)
def test_a_long_pipeline_is_served_without_loss_and_others_with_it(limited, name):
    sentinel = limited()
    request, reply, count = PIPELINES[name]
    reply = reply or one_reply(sentinel, request)
    pipeline = Pipeline(sentinel, request, count)
    done = threading.Event()

    def ask():
        with sentinel.connect() as other:
            while not done.is_set():
                assert other.call('PING') == 'PONG'
    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    try:
        pipeline.expect(reply, count)
    finally:
        done.set()
        asker.join(60)
        pipeline.close()
    assert sentinel.limit('output_buffer')['hits'] == 0
    wait_until(lambda: sentinel.limit('client_memory')['used'] == 0, 5, 'nothing is held for them')


def test_who_does_not_read_is_not_read_from(limited):
    sentinel = limited(output_buffer='64KiB')
    request = PIPELINES['long'][0]
    reply = one_reply(sentinel, request)
    pipeline = Pipeline(sentinel, request, 2000)
    # It stands still before all is answered, and nobody is closed for that.
    wait_until(lambda: sentinel.limit('output_buffer')['used'] > 16 * 1024, 10, 'it is choked')
    seen = int(re.search(r'total_net_output_bytes:(\d+)', sentinel.call('INFO', 'stats'))[1])
    assert seen < 2000 * len(reply) / 2
    assert sentinel.call('PING') == 'PONG'
    pipeline.expect(reply, 2000)
    pipeline.close()
    assert sentinel.limit('output_buffer')['hits'] == 0


# ---- descriptors ----

def flood(sentinel, count):
    """Connections that do nothing; those that were let in."""
    held = []
    for _ in range(count):
        connection = sentinel.connect()
        try:
            connection.call('PING')
            held.append(connection)
        except (ReplyError, OSError):
            connection.close()
    return held


def test_links_come_before_clients(lab):
    spare = lab.server('spare').start()
    deployment = lab.planned(down_after=1000)
    for sentinel in deployment.sentinels:
        sentinel.descriptors = 400
    deployment.start()
    busy = deployment.sentinels[0]
    with contextlib.ExitStack() as stack:
        for sentinel in deployment.sentinels:  # the test has its one connection
            sentinel.call = stack.enter_context(sentinel.connect()).call
        held = {s: [stack.enter_context(c) for c in flood(s, 500)] for s in deployment.sentinels}
        assert all(200 < len(connections) < 400 for connections in held.values())
        for sentinel in deployment.sentinels:
            wait_until(lambda s=sentinel: deployment.known_by(s), 10, 'all links stand')
        # Far more links than there is air for: those who hold descriptors idly give them up.
        names = [f'more{i}' for i in range(45)]
        for name in names:
            busy.sentinel('MONITOR', name, *spare.address, 2)
        for name in names:
            wait_until(lambda n=name: busy.master(n)['flags'] == 'master'
                       and busy.master(n)['runid'] == spare.run_id, 10, f'{name} is connected')
        evicted = wait_until(lambda: int(re.search(
            r'vedette_clients_evicted:(\d+)', busy.call('INFO', 'vedette'))[1]), 5, 'evictions')
        assert evicted >= 10
        assert held[busy][0].closed_by_peer()            # the one idle longest
        wait_until(lambda: 'descriptors are scarce' in busy.log(), 5, 'a line in the log')
        assert deployment.known_by(busy)
        old = deployment.master
        old.kill()
        deployment.wait_replaced(old)
        assert all(busy.master(n)['flags'] == 'master' for n in names)
