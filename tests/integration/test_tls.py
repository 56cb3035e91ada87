"""TLS both ways: a deployment that speaks nothing else, who is turned away and why, certificates that
change, and handshakes that never end."""

import socket
import ssl
import time

import pytest

from harness.certificates import Authority
from harness.client import Client
from harness.group import Group, endpoint
from harness.resp import Connection
from harness.wait import holds, wait_until

pytestmark = pytest.mark.vedette

QUORUMS = {'vedettes': ['vedette'] * 3, 'classic': ['classic'] * 3,
           'mixed': ['vedette', 'classic', 'stock'], 'with-2-stock': ['stock', 'stock', 'vedette']}
HALF_OPEN = 1000


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp('authority'))


@pytest.fixture(scope='module')
def stranger(tmp_path_factory):
    """An authority that nobody here trusts."""
    return Authority(tmp_path_factory.mktemp('stranger'), 'stranger')


@pytest.fixture(scope='module')
def identity(authority):
    return authority.issue('everyone')


def all_tls(lab, identity, **options):
    deployment = lab.planned(**options)
    deployment.speak_tls(identity)
    return deployment


# ---- all of it by TLS ----

@pytest.mark.parametrize('makes', QUORUMS.values(), ids=QUORUMS.keys())
def test_a_master_is_replaced_over_tls(lab, identity, makes):
    deployment = all_tls(lab, identity, sentinels=makes, down_after=1000).start()
    events = deployment.record()
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old, 30)
    old.start()
    deployment.wait_in_order(40)
    assert {e.message.split()[0] for e in events.find('+switch-master')} == {'mymaster'}
    for sentinel in deployment.sentinels:
        ports = {int(peer['port']) for peer in sentinel.peers()}
        assert ports == {s.port for s in deployment.sentinels if s is not sentinel}


def test_one_port_for_tls_beside_a_plain_one(lab, identity):
    deployment = all_tls(lab, identity)
    plain_ports = {}
    for sentinel in deployment.sentinels:
        plain_ports[sentinel] = lab.port()
        sentinel.settings['listen'] = [endpoint(sentinel.host, plain_ports[sentinel])]
        sentinel.write_file()
    deployment.start()
    for sentinel, port in plain_ports.items():
        with Connection(sentinel.host, port) as connection:
            assert connection.call('SENTINEL', 'MASTER', 'mymaster')
            info = connection.call('INFO', 'server')
        assert f'tcp_port:{port}\r\n' in info
        assert f'listener1:name=tls,bind={sentinel.host},port={sentinel.port}\r\n' in info
        # Links are TLS: so is the port that others are told.
        assert sentinel.port in {int(peer['port']) for other in deployment.sentinels
                                 if other is not sentinel for peer in other.peers()}


@pytest.mark.parametrize('library', ['redis-cli', 'redis-py', 'ioredis', 'node-redis'])
def test_clients_find_and_follow_the_master(lab, identity, library):
    deployment = all_tls(lab, identity, down_after=500, failover_timeout=2000).start()
    with Client(library, deployment.sentinels, tls=identity) as client:
        assert client.ask('master') == '{}:{}'.format(*deployment.master.address)
        client.ask('listen')
        client.ask('incr', 'count')
        old = deployment.master
        old.kill()
        new = deployment.wait_replaced(old, 20)
        count = wait_until(lambda: client.ask('incr', 'count'), 15, 'a write succeeds again')
        assert new.call('GET', 'count') == str(count)
        wait_until(lambda: client.heard, 5, 'the client hears of the switch')


# ---- who connects ----

def lone(lab, identity, **more):
    """A sentinel that watches nothing."""
    sentinel = lab.sentinel('lone')
    sentinel.speak_tls(identity, links=False, **more)
    return sentinel.start()


def says(sentinel, text):
    wait_until(lambda: text in sentinel.log(), 10, f'{sentinel.name} says: {text}')


def is_turned_away(sentinel, context):
    try:
        with Connection(*sentinel.address, tls=context) as connection:
            connection.call('PING')
    except (ssl.SSLError, OSError):
        return True
    return False


REFUSED = 'client 127.0.0.1: TLS: its certificate is refused: '


def test_who_shows_no_certificate_is_turned_away(lab, identity):
    sentinel = lone(lab, identity)
    assert is_turned_away(sentinel, identity.context(shown=False))
    says(sentinel, 'client 127.0.0.1: TLS: it shows no certificate, which tls.auth_clients asks for')


def test_who_shows_a_bad_certificate_is_turned_away(lab, identity, authority, stranger):
    sentinel = lone(lab, identity)
    for bad, why in ((stranger.issue('client'),
                      'self-signed certificate in certificate chain, of /CN=stranger'),
                     (authority.issue('late', days=(-3, -1)), 'certificate has expired, of /CN=late'),
                     (authority.issue('early', days=(1, 2)),
                      'certificate is not yet valid, of /CN=early')):
        context = bad.context()
        context.verify_mode = ssl.CERT_NONE
        assert is_turned_away(sentinel, context)
        says(sentinel, REFUSED + why)
    assert sentinel.answers()


@pytest.mark.parametrize('asked', ['no', 'optional'])
def test_certificates_need_not_be_shown(lab, identity, stranger, asked):
    sentinel = lone(lab, identity, auth_clients=asked)
    with Connection(*sentinel.address, tls=identity.context(shown=False)) as connection:
        assert connection.call('PING') == 'PONG'
    bad = stranger.issue('client').context()
    bad.verify_mode = ssl.CERT_NONE
    assert is_turned_away(sentinel, bad) == (asked == 'optional')


def test_who_is_refused_by_the_other_end_is_told_so(lab, identity, stranger):
    """A client that does not trust us."""
    sentinel = lone(lab, identity, auth_clients='no')
    assert is_turned_away(sentinel, stranger.issue('client').context())
    says(sentinel, 'client 127.0.0.1: TLS: it refuses us: unknown CA')


def test_plain_bytes_to_the_port_of_tls(lab, identity):
    sentinel = lone(lab, identity)
    with Connection(*sentinel.address) as connection:
        connection.write(b'PING\r\n')
        assert connection.closed_by_peer()
    says(sentinel, 'client 127.0.0.1: TLS: it does not speak TLS: what it sends is plain')
    assert sentinel.answers()


def test_tls_to_the_plain_port(lab, identity):
    sentinel = lab.sentinel('lone').start()
    assert is_turned_away(sentinel, identity.context())
    says(sentinel, 'client 127.0.0.1: closed: it speaks TLS to a port that does not')
    assert sentinel.answers()


def test_what_strangers_cause_does_not_fill_the_log(lab, identity):
    sentinel = lone(lab, identity)
    for _ in range(100):
        assert is_turned_away(sentinel, identity.context(shown=False))
    assert sentinel.log().count('it shows no certificate') == 1


def test_a_client_takes_up_its_session(lab, identity):
    sentinel = lone(lab, identity)
    context = identity.context()

    def visit(session):
        with socket.create_connection(sentinel.address) as plain:
            with context.wrap_socket(plain, session=session) as tls:
                tls.sendall(b'PING\r\n')
                assert tls.recv(100) == b'+PONG\r\n'
                return tls.session, tls.session_reused

    session, reused = visit(None)
    assert not reused
    assert visit(session)[1]


def test_requests_and_replies_of_any_size(lab, identity):
    sentinel = lone(lab, identity)
    for size in (1, 16383, 16384, 16385, 60000):
        text = 'x' * size
        assert sentinel.call('PING', text) == text
    with sentinel.connect() as connection:
        for i in range(1000):
            connection.send('PING', f'{i:1000}')
        for i in range(1000):
            assert connection.read() == {'$': f'{i:1000}'}


# ---- whom we connect to ----

def watcher(lab, identity, server, host=None, **more):
    """A sentinel of one server, to which it speaks TLS."""
    group = Group('mymaster', host or server.host, server.port, quorum=1)
    sentinel = lab.sentinel('watcher', groups=[group])
    sentinel.settings['hostnames'] = {'resolve': 'yes'}
    sentinel.speak_tls(identity, **more)
    return sentinel.start()


def is_well(sentinel):
    return sentinel.master()['flags'] == 'master' and sentinel.master()['runid']


@pytest.mark.parametrize('of, why', [
    ('stranger', 'self-signed certificate in certificate chain, of /CN=stranger'),
    ('expired', 'certificate has expired, of /CN=server'),
])
def test_a_server_with_a_bad_certificate_is_not_spoken_to(lab, identity, authority, stranger, of, why):
    bad = (stranger.issue('server') if of == 'stranger'
           else authority.issue('server', days=(-3, -1)))
    server = lab.server('server')
    server.speak_tls(bad, 'tls-auth-clients no')
    server.tls.verify_mode = ssl.CERT_NONE
    server.start()
    sentinel = watcher(lab, identity, server)
    says(sentinel, f'{server.host}:{server.port}: TLS: its certificate is refused: {why}')
    wait_until(lambda: 's_down' in sentinel.master()['flags'], 10, 'it is held down')


def test_a_server_has_to_have_the_name_that_it_is_known_by(lab, identity, authority):
    server = lab.server('server')
    server.speak_tls(authority.issue('other', hosts=['other.test']))
    server.start()
    sentinel = watcher(lab, identity, server, 'localhost')
    says(sentinel, f'127.0.0.1:{server.port} (localhost): TLS: its certificate is refused: '
         'hostname mismatch, of /CN=other')
    sentinel.settings['tls']['verify_names'] = 'no'
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: is_well(sentinel), 10, 'any good certificate will do')


@pytest.mark.parametrize('host, names, ips, verify', [
    ('localhost', ['localhost'], (), 'known'), ('127.0.0.1', ['other.test'], (), 'known'),
    ('127.0.0.1', [], ('127.0.0.1',), 'always')])
def test_names_that_fit(lab, identity, authority, host, names, ips, verify):
    server = lab.server('server')
    server.speak_tls(authority.issue('fits', hosts=names, ips=ips))
    server.start()
    sentinel = watcher(lab, identity, server, host, verify_names=verify)
    wait_until(lambda: is_well(sentinel), 10, 'the server is spoken to')


def test_an_address_that_does_not_fit(lab, identity, authority):
    server = lab.server('server')
    server.speak_tls(authority.issue('other', ips=['10.0.0.1']))
    server.start()
    sentinel = watcher(lab, identity, server, verify_names='always')
    says(sentinel, 'TLS: its certificate is refused: IP address mismatch, of /CN=other')


def test_a_server_that_speaks_no_tls(lab, identity):
    server = lab.server('server').start()
    sentinel = watcher(lab, identity, server)
    says(sentinel, f'{server.host}:{server.port}: TLS: ')
    wait_until(lambda: 's_down' in sentinel.master()['flags'], 10, 'it is held down')


def test_a_server_that_wants_a_certificate_of_ours(lab, identity, authority):
    server = lab.server('server')
    server.speak_tls(authority.issue('server'))
    server.start()
    group = Group('mymaster', *server.address, quorum=1)
    sentinel = lab.sentinel('watcher', groups=[group])
    sentinel.settings['tls'] = {'links': 'yes', 'ca_file': str(identity.ca)}
    sentinel.write_file()
    sentinel.start()
    says(sentinel, f'{server.host}:{server.port}: TLS: it refuses us: ')
    sentinel.settings['tls'].update(client_cert=str(identity.cert), client_key=str(identity.key))
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: is_well(sentinel), 10, 'the server is spoken to')


# ---- files ----

def served(sentinel, identity):
    """The number of the certificate that it shows."""
    with socket.create_connection(sentinel.address) as plain:
        with identity.context().wrap_socket(plain) as tls:
            return tls.getpeercert()['serialNumber']


def test_certificates_are_read_again_on_a_signal(lab, tmp_path):
    authority = Authority(tmp_path / 'own')
    identity = authority.issue('changing')
    sentinel = lone(lab, identity)
    before = served(sentinel, identity)
    with sentinel.connect() as connection:
        authority.issue('changing')
        sentinel.reload()
        wait_until(lambda: served(sentinel, identity) != before, 10, 'the new one is shown')
        assert connection.call('PING') == 'PONG'


def test_certificates_are_read_again_when_they_change(lab, tmp_path):
    authority = Authority(tmp_path / 'own')
    identity = authority.issue('changing')
    server = lab.server('server')
    server.speak_tls(identity)
    server.start()
    sentinel = watcher(lab, identity, server)
    wait_until(lambda: is_well(sentinel), 10, 'the server is spoken to')
    before = served(sentinel, identity)
    with sentinel.connect() as connection:
        authority.issue('changing')
        wait_until(lambda: served(sentinel, identity) != before, 30, 'the new one is shown')
        assert connection.call('PING') == 'PONG'
    says(sentinel, 'TLS: its files have changed and were read again')
    assert 'sdown' not in sentinel.log()


def test_bad_files_change_nothing_and_are_told_once(lab, tmp_path):
    authority = Authority(tmp_path / 'own')
    identity = authority.issue('changing')
    sentinel = lone(lab, identity)
    context = identity.context()
    before = sentinel.id
    good = identity.cert.read_text('ascii')
    identity.cert.write_text('no certificate\n', 'ascii')
    sentinel.reload()
    says(sentinel, f'TLS: the certificate {identity.cert}: ')
    refusal = 'TLS: its files have changed and cannot be used, those of before hold: ' \
        f'the certificate {identity.cert}: '
    wait_until(lambda: refusal in sentinel.log(), 30, 'it looks by itself, too')
    with Connection(*sentinel.address, tls=context) as connection:
        assert connection.call('SENTINEL', 'MYID') == before
    holds(lambda: sentinel.log().count(refusal) == 1, 12, 'told once')
    identity.cert.write_text(good, 'ascii')
    says(sentinel, 'TLS: its files have changed and were read again')


def test_a_key_with_a_password(lab, authority):
    identity = authority.issue('hidden', password='open sesame')
    file = authority.folder / 'password'
    file.write_text('open sesame\n', 'utf-8')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(identity.ca)
    sentinel = lab.sentinel('lone')
    sentinel.tls = context
    sentinel.settings.update(identity.of_yaml(endpoint(*sentinel.address), links=False))
    sentinel.settings['tls'].update(auth_clients='no', key_password_file=str(file))
    sentinel.write_file()
    assert sentinel.start().answers()
    assert 'sesame' not in sentinel.log()

    other = lab.sentinel('other')
    other.settings.update(identity.of_yaml(endpoint(*other.address), links=False))
    other.settings['tls'].update(auth_clients='no', key_password='wrong')
    other.write_file()
    other.start(wait=False)
    assert other.wait() != 0
    assert f'TLS: the key {identity.key}: ' in other.log()


# ---- handshakes that never end ----

class HalfOpen:
    """Connections that begin a handshake, and begin anew when they are closed."""

    def __init__(self, sentinel, count):
        self._address = sentinel.address
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        hello = context.wrap_bio(incoming, outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            hello.do_handshake()
        self._hello = outgoing.read()
        self._sockets = [self._begin(i) for i in range(count)]

    def _begin(self, i):
        """Half of them say nothing at all, the others all but the last byte of their first word."""
        begun = socket.create_connection(self._address)
        if i % 2:
            begun.sendall(self._hello[:-1])
        return begun

    def close(self):
        for begun in self._sockets:
            begun.close()


def test_a_thousand_half_open_handshakes_delay_no_failover(lab, identity, record_property):
    deployment = all_tls(lab, identity, down_after=1000).start()
    events = deployment.record()
    took = {}
    for case in ('alone', 'beside'):
        crowds = [HalfOpen(s, HALF_OPEN) for s in deployment.sentinels] if case == 'beside' else []
        events.clear()
        old = deployment.named_master()
        lost_at = time.monotonic()
        old.kill()
        deployment.wait_replaced(old, 15)
        took[case] = time.monotonic() - lost_at
        assert len(events.find('+elected-leader')) == 1
        assert not events.find('+tilt')
        for crowd in crowds:
            crowd.close()
        old.start()
        deployment.wait_in_order(40)
    record_property('seconds', took)
    print('seconds to the new master:', took)
    for sentinel in deployment.sentinels:
        assert sentinel.limit('handshakes')['hits'] >= HALF_OPEN - sentinel.limit('handshakes')['max']


def test_who_takes_too_long_is_closed(lab, identity):
    sentinel = lone(lab, identity, handshake_timeout='300ms')
    with socket.create_connection(sentinel.address) as silent:
        silent.settimeout(60)
        assert silent.recv(1) == b''
    says(sentinel, 'client 127.0.0.1: TLS: no handshake within 300 ms')
