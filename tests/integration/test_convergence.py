"""After faults the group becomes one master with followers again."""

import pytest

from harness.wait import wait_until

FAULTS = {'killed': (lambda s: s.kill(), lambda s: s.start()),
          'hung': (lambda s: s.hang(), lambda s: s.wake())}


@pytest.mark.parametrize('fault', FAULTS)
def test_the_old_master_returns_and_follows_the_new_one(lab, stock, fault):
    lose, bring_back = FAULTS[fault]
    deployment = lab.deployment(down_after=500)
    events = deployment.record()
    old = deployment.master
    lose(old)
    new = deployment.wait_replaced(old)
    new.call('SET', 'written', 'while away')
    subject = f'slave {old.host}:{old.port} '
    for sentinel in deployment.sentinels:
        events.wait('+sdown', sentinel, subject)
    bring_back(old)
    wait_until(lambda: old.follows(new), 25, 'the old master follows the new one')
    # Stock waits 8 s and for the next INFO; vedette until a majority has announced its choice.
    if not stock:
        leader = events.wait('+convert-to-slave', message=subject).sentinel
        seen_at = leader.logged_at(f' -sdown {subject}')[-1]
        assert leader.logged_at(f' +convert-to-slave {subject}')[0] - seen_at < 8
    assert old.call('GET', 'written') == 'while away'
    for sentinel in deployment.sentinels:
        events.wait('-sdown', sentinel, subject)
    events.wait('+convert-to-slave', message=subject)
    deployment.wait_in_order()
    assert new.is_master()


def test_strays_are_corrected(lab):
    deployment = lab.deployment(failover_timeout=1000)
    events = deployment.record()
    rogue, astray = deployment.replicas
    elsewhere = lab.server('elsewhere').start()
    rogue.call('REPLICAOF', 'NO', 'ONE')
    astray.call('REPLICAOF', *elsewhere.address)
    events.wait('+convert-to-slave', message=f'slave {rogue.host}:{rogue.port} ', timeout=30)
    events.wait('+fix-slave-config', message=f'slave {astray.host}:{astray.port} ', timeout=30)
    assert deployment.wait_converged() is deployment.master
    assert not events.find('+try-failover')
