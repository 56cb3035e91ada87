"""SENTINEL CONFIG: settings of a running sentinel."""

import pytest

from harness.resp import ReplyError
from harness.wait import wait_until


def config(sentinel, *patterns):
    flat = sentinel.sentinel('CONFIG', 'GET', *patterns)
    return dict(zip(flat[::2], flat[1::2]))


@pytest.mark.vedette  # stock would announce the empty address until a restart
def test_a_changed_address_is_told_to_the_peers_at_once_and_after_a_restart(lab):
    deployment = lab.deployment(replicas=1)
    changed, *others = deployment.sentinels
    name, (host, port) = changed.id, changed.address

    def known_at():
        return {(p['ip'], int(p['port'])) for s in others for p in s.peers() if p['runid'] == name}

    assert known_at() == {(host, port)}
    changed.sentinel('CONFIG', 'SET', 'announce-ip', '127.0.0.9', 'announce-port', '1')
    wait_until(lambda: known_at() == {('127.0.0.9', 1)}, 5, 'the new address is known')
    changed.restart()
    assert config(changed, 'announce-*p*') == {'announce-ip': '127.0.0.9', 'announce-port': '1'}
    changed.sentinel('CONFIG', 'SET', 'announce-ip', '', 'announce-port', '0')
    wait_until(lambda: known_at() == {(host, port)}, 5, 'the old address is known again')


@pytest.mark.vedette
def test_the_level_of_the_log_follows_at_once_and_gives_way_to_a_changed_file(lab):
    deployment = lab.deployment(replicas=0, sentinels=1, quorum=1)
    sentinel, = deployment.sentinels
    sentinel.sentinel('CONFIG', 'SET', 'loglevel', 'nothing')
    sentinel.sentinel('SET', 'mymaster', 'quorum', '2')
    sentinel.sentinel('CONFIG', 'SET', 'loglevel', 'notice')
    sentinel.sentinel('SET', 'mymaster', 'quorum', '3')
    wait_until(lambda: 'quorum 3' in sentinel.log(), 5, 'the second change is logged')
    assert 'quorum 2' not in sentinel.log().split('+monitor')[-1].split('\n', 1)[1]

    sentinel.sentinel('CONFIG', 'SET', 'loglevel', 'warning')
    sentinel.settings['log'] = {'level': 'verbose'}
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: '-override #process log.level warning verbose' in sentinel.log(), 5,
               'the file wins')
    assert config(sentinel, 'loglevel') == {'loglevel': 'verbose'}


@pytest.mark.vedette  # Redis 7.0 takes one pair at a time
def test_peers_are_logged_in_at_as_soon_as_the_password_is_right(lab):
    """The peer is a stock sentinel that wants a password."""
    deployment = lab.planned(replicas=0, sentinels=[lab.make, 'stock'], quorum=1, down_after=1000)
    sentinel, stock = deployment.sentinels
    stock.lines = ('user default off', 'user guest on >geheim allchannels +@all')
    stock.write_file()
    stock.may_complain = True  # of its default user
    deployment.start_servers()
    stock.start(wait=False)
    sentinel.start()

    def quorum():
        try:
            return sentinel.sentinel('CKQUORUM', 'mymaster')
        except ReplyError as error:
            return str(error)

    wait_until(lambda: quorum().startswith('NOQUORUM 1 usable'), 20, 'the peer refuses us')
    sentinel.sentinel('CONFIG', 'SET', 'sentinel-user', 'guest', 'sentinel-pass', 'geheim')
    wait_until(lambda: quorum().startswith('OK 2 usable'), 5, 'the peer answers')
    assert config(sentinel, 'sentinel-*') == {'sentinel-user': 'guest', 'sentinel-pass': '******'}
    sentinel.restart()
    wait_until(lambda: quorum().startswith('OK 2 usable'), 10, 'the peer answers after a restart')
    assert 'geheim' not in sentinel.log()
