"""RESP as it comes: pipelined, in pieces, inline, broken; subscriptions in RESP2 and RESP3."""

import pytest

from harness.group import Group
from harness.resp import encode


@pytest.fixture(scope='module')
def sentinel(shared_lab):
    return shared_lab.sentinel('sentinel', groups=[Group('mymaster', '127.0.0.1', 1)]).start()


@pytest.fixture
def connection(sentinel):
    with sentinel.connect() as connection:
        yield connection


def test_pipelined_replies_come_in_order(connection):
    count = 2000
    connection.write(b''.join(encode('PING', i) + encode('NOSUCH', i) for i in range(count)))
    for i in range(count):
        assert connection.read() == {'$': str(i)}
        assert connection.read() == {
            '-': f"ERR unknown command 'NOSUCH', with args beginning with: '{i}' "}


def test_changes_and_queries_of_one_pipeline_are_served_in_order(connection):
    for quorum in range(2, 32):
        connection.send('SENTINEL', 'SET', 'mymaster', 'quorum', quorum)
        connection.send('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 1, quorum, 'a' * 40)
        connection.send('SENTINEL', 'CKQUORUM', 'nosuch')
    for quorum in range(2, 32):
        assert connection.read() == {'+': 'OK'}
        assert connection.read()['*'][1:] == [{'$': 'a' * 40}, {':': str(quorum)}]
        assert connection.read() == {'-': 'ERR No such master with that name'}


def test_a_command_in_single_bytes(connection):
    for byte in encode('PING', 'in pieces'):
        connection.write(bytes([byte]))
    assert connection.read() == {'$': 'in pieces'}


@pytest.mark.parametrize('line, reply', [
    (b'PING\r\n', {'+': 'PONG'}), (b'ping\n', {'+': 'PONG'}),
    (b'  PING   word  \r\n', {'$': 'word'}),
    (b'PING "two words\\x21\\n"\r\n', {'$': 'two words!\n'}),
    (b"PING 'it\\'s'\r\n", {'$': "it's"}), (b'\r\nPING\r\n', {'+': 'PONG'}),
    (b'*0\r\nPING\r\n', {'+': 'PONG'}), (b'PING\r\n*1\r\n$4\r\nPING\r\n', {'+': 'PONG'})])
def test_inline_commands(connection, line, reply):
    connection.write(line)
    assert connection.read() == reply


@pytest.mark.parametrize('data, reason', [
    (b'*x\r\n', 'invalid multibulk length'), (b'*99999999999\r\n', 'invalid multibulk length'),
    (b'*1\r\n#4\r\n', "expected '$', got '#'"), (b'*1\r\n$x\r\n', 'invalid bulk length'),
    (b'*1\r\n$-1\r\n', 'invalid bulk length'), (b'*1\r\n$9999999999\r\n', 'invalid bulk length'),
    (b'PING "open\r\n', 'unbalanced quotes in request'),
    (b'x' * 70000, 'too big inline request')])
def test_broken_requests_are_refused_and_closed(connection, data, reason):
    connection.write(encode('PING') + data)
    assert connection.read() == {'+': 'PONG'}
    assert connection.read() == {'-': f'ERR Protocol error: {reason}'}
    assert connection.closed_by_peer()


@pytest.mark.parametrize('data', [b'POST / HTTP/1.1\r\n', b'Host: localhost\r\n'])
def test_http_is_closed_without_a_word(connection, data):
    connection.write(data)
    assert connection.closed_by_peer()


def test_line_breaks_never_leak_into_error_replies(connection):
    connection.send('NOSUCH\r\n+OK', 'a\r\nb')
    error = connection.read()
    assert error['-'].startswith("ERR unknown command 'NOSUCH  +OK'")
    assert connection.ask('PING') == {'+': 'PONG'}


def test_binary_arguments_come_back_as_they_were(connection):
    connection.send('PING', bytes(range(256)))
    assert connection.read()['$'].encode('utf-8', 'surrogateescape') == bytes(range(256))


def test_resp3_is_spoken_from_the_reply_to_hello_on(connection):
    assert connection.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'nosuch') == {'*': None}
    assert list(connection.ask('HELLO', 3)) == ['%']
    assert connection.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'nosuch') == {'_': None}
    assert list(connection.ask('SENTINEL', 'MASTER', 'mymaster')) == ['%']
    assert list(connection.ask('INFO', 'sentinel')) == ['$']
    assert list(connection.ask('HELLO', 2)) == ['*']
    assert list(connection.ask('SENTINEL', 'MASTER', 'mymaster')) == ['*']


def test_subscriptions_in_resp2(sentinel, connection):
    connection.send('SUBSCRIBE', '+set', '+monitor')
    connection.send('PSUBSCRIBE', '+s?t')
    assert [connection.read() for _ in range(3)] == [
        {'*': [{'$': 'subscribe'}, {'$': '+set'}, {':': '1'}]},
        {'*': [{'$': 'subscribe'}, {'$': '+monitor'}, {':': '2'}]},
        {'*': [{'$': 'psubscribe'}, {'$': '+s?t'}, {':': '3'}]}]
    assert connection.ask('PING') == {'*': [{'$': 'pong'}, {'$': ''}]}
    assert connection.ask('PING', 'x') == {'*': [{'$': 'pong'}, {'$': 'x'}]}
    assert connection.ask('SENTINEL', 'MYID') == {
        '-': "ERR Can't execute 'sentinel|myid': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
             'QUIT / RESET are allowed in this context'}
    sentinel.sentinel('SET', 'mymaster', 'parallel-syncs', 2)
    payload = {'$': 'master mymaster 127.0.0.1 1 parallel-syncs 2'}
    assert [connection.read() for _ in range(2)] == [
        {'*': [{'$': 'message'}, {'$': '+set'}, payload]},
        {'*': [{'$': 'pmessage'}, {'$': '+s?t'}, {'$': '+set'}, payload]}]
    connection.send('UNSUBSCRIBE')
    left = [connection.read() for _ in range(2)]
    assert {item['*'][1]['$'] for item in left} == {'+set', '+monitor'}
    assert [item['*'][2] for item in left] == [{':': '2'}, {':': '1'}]
    assert connection.ask('PUNSUBSCRIBE', '+s?t') == {
        '*': [{'$': 'punsubscribe'}, {'$': '+s?t'}, {':': '0'}]}
    assert connection.ask('PING') == {'+': 'PONG'}


def test_subscriptions_in_resp3_leave_the_connection_usable(sentinel, connection):
    connection.call('HELLO', 3)
    assert connection.ask('SUBSCRIBE', '+set') == {
        '>': [{'$': 'subscribe'}, {'$': '+set'}, {':': '1'}]}
    assert connection.ask('PING') == {'+': 'PONG'}
    sentinel.sentinel('SET', 'mymaster', 'parallel-syncs', 3)
    assert connection.read() == {'>': [{'$': 'message'}, {'$': '+set'}, {
        '$': 'master mymaster 127.0.0.1 1 parallel-syncs 3'}]}
    assert list(connection.ask('SENTINEL', 'MYID')) == ['$']


def test_a_hello_is_not_published_to_subscribers(sentinel, connection):
    connection.call('SUBSCRIBE', '__sentinel__:hello')
    assert sentinel.call('PUBLISH', '__sentinel__:hello', 'anything') == 1
    assert connection.ask('PING') == {'*': [{'$': 'pong'}, {'$': ''}]}


def test_a_client_that_never_reads_does_no_harm(sentinel, connection):
    """Requests without end and nobody who takes the replies: others are served all the same."""
    connection.be_patient_for(0.2)
    request = encode('SENTINEL', 'MASTERS') * 500
    try:
        for _ in range(200):
            connection.write(request)
    except (TimeoutError, ConnectionError):
        pass        # either way is fine: back pressure or the end of the connection
    for _ in range(20):
        assert sentinel.answers()


def test_many_connections_at_once(sentinel):
    connections = [sentinel.connect() for _ in range(300)]
    for connection in connections:
        connection.send('PING')
    assert all(connection.read() == {'+': 'PONG'} for connection in connections)
    for connection in connections:
        connection.close()
