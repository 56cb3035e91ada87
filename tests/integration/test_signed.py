"""Peers that prove who they are: alone, with stock beside them, and while secret and policy change."""

import pytest

from harness.resp import plain
from harness.signing import CHANNEL, KEY, Secret, doubts, prove, reload_all, signed, signed_peers
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

NEW = 'another secret, of next year'
FOREIGN = 'e' * 40


def wait_signed(sentinels, count):
    """Each of them shows so many peers as signing."""
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: list(signed_peers(s).values()).count('yes') == count, 10,
                   f'{sentinel.name} shows {count} peers that sign')


def fail_over(deployment, timeout=15):
    old = deployment.named_master()
    old.kill()
    new = deployment.wait_replaced(old, timeout)
    old.start()
    deployment.wait_in_order(30)
    return new


@pytest.mark.parametrize('policy', ['permissive', 'strict'])
def test_three_that_sign(lab, policy):
    deployment = lab.deployment(settings=Secret(lab.folder).settings(policy))
    wait_signed(deployment.sentinels, 2)
    fail_over(deployment)
    for sentinel in deployment.sentinels:
        counts = doubts(sentinel)
        assert counts.pop('old_signed_hellos') >= 0     # the same hello comes in several ways
        assert set(counts.values()) == {0}, counts
        assert 'does not sign' not in sentinel.log()
        for key in ('secret of all', KEY):
            assert key not in sentinel.log()


def test_hellos_on_the_channel(lab):
    """permissive: both lines. strict: none that stock would read. Numbers never come again."""
    secret = Secret(lab.folder)
    deployment = lab.deployment(settings=secret.settings(), sentinels=1, quorum=1)
    sentinel, = deployment.sentinels
    last = 0
    for policy in ('permissive', 'strict'):
        with deployment.master.connect() as connection:
            reload_all([sentinel], policy)
            connection.call('SUBSCRIBE', CHANNEL)
            lines = [plain(connection.read())[2] for _ in range(6)]
        counts = [line.count(',') + 1 for line in lines]
        if policy == 'strict':
            assert set(counts[2:]) == {11}
        else:
            assert set(counts) == {8, 11}
        for line in lines:
            if ',vedette1,' not in line:
                continue
            text, number, _ = line.rsplit(',', 2)
            assert line == signed(text.removesuffix(',vedette1'), number)
            assert int(number) > last
            last = int(number)
        sentinel.restart()


def test_stock_in_the_quorum(lab):
    """It is not confused, complains of nothing (the harness looks at its log), and votes."""
    deployment = lab.deployment(sentinels=['vedette', 'vedette', 'stock'], down_after=1000,
                                settings=Secret(lab.folder).settings())
    *ours, stock = deployment.sentinels
    wait_signed(ours, 1)
    fail_over(deployment, 30)
    ours[1].kill()      # now a majority needs stock
    old = deployment.named_master()
    old.kill()
    deployment.wait_replaced(old, 40)
    ours[1].start()
    wait_signed(ours, 1)
    for sentinel in ours:
        assert signed_peers(sentinel)[stock.id] == 'no'
        assert sentinel.log().count(f'sentinel {stock.id} does not sign its hellos') >= 1
        assert doubts(sentinel)['peers_unsigned'] == 1
    assert len(stock.peers()) == 2


def test_the_secret_changes_while_all_runs(lab):
    """The new one is believed everywhere, then signs, then the old one goes: nobody is down for a
    moment, and nobody is lost."""
    secret = Secret(lab.folder)
    deployment = lab.deployment(settings=secret.settings('strict'))
    sentinels = deployment.sentinels
    wait_signed(sentinels, 2)
    events = deployment.record()
    for keys in ((KEY, NEW), (NEW, KEY), (NEW,)):
        secret.write(*keys)
        reload_all(sentinels)
    line = f'127.0.0.1,9,{FOREIGN},0,mymaster,{",".join(map(str, deployment.master.address))},0'
    sentinels[0].call('PUBLISH', CHANNEL, signed(line, 1, KEY))
    assert FOREIGN not in signed_peers(sentinels[0])
    assert not events.find('+sdown') and not events.find('+sentinel')
    fail_over(deployment)
    wait_signed(sentinels, 2)


def test_the_policy_changes_while_all_runs(lab):
    deployment = lab.deployment(settings=Secret(lab.folder).settings())
    wait_signed(deployment.sentinels, 2)
    events = deployment.record()
    for policy in ('strict', 'permissive', 'strict'):
        reload_all(deployment.sentinels, policy)
        assert all(len(s.peers()) == 2 for s in deployment.sentinels)
    assert not events.find('+sdown') and not events.find('+sentinel')
    fail_over(deployment)


def test_a_secret_comes_to_those_that_run(lab):
    """One after another: until the last has it, all go on together."""
    deployment = lab.deployment()
    secret = Secret(lab.folder)
    events = deployment.record()
    for sentinel in deployment.sentinels:
        sentinel.settings = secret.settings()
        reload_all([sentinel])
    wait_signed(deployment.sentinels, 2)
    reload_all(deployment.sentinels, 'strict')
    assert not events.find('+sdown')
    fail_over(deployment)


def test_votes_need_a_proof(lab):
    deployment = lab.deployment(settings=Secret(lab.folder).settings('strict'))
    first = deployment.sentinels[0]
    address = deployment.master.address
    assert first.vote(address, 50, FOREIGN) == (0, '*', 0)
    with first.connect() as connection:
        assert not prove(connection, FOREIGN, NEW)
        assert prove(connection, FOREIGN)
        answer = connection.call('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', *address, 50, FOREIGN)
        assert answer[2] == 50
    assert first.vote(address, 51, FOREIGN) == (0, '*', 0)
    assert doubts(first)['refused_votes'] == 2


def test_strict_without_a_secret_is_refused(lab):
    sentinel = lab.sentinel('s', settings={'peers': {'policy': 'strict'}})
    sentinel.start(wait=False)
    assert sentinel.wait() != 0
    assert 'peers.policy: strict needs peers.secret_file' in sentinel.log()
