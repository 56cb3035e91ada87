"""Crashes that are asked for, at the two worst moments of a failover."""

import pytest

from harness.resp import ReplyError
from harness.wait import wait_until


def fails_over(sentinel):
    """SENTINEL FAILOVER, as soon as a replica may be chosen."""
    try:
        return sentinel.sentinel('FAILOVER', 'mymaster') == 'OK'
    except ReplyError as error:
        assert 'NOGOODSLAVE' in str(error)
        return False


@pytest.mark.parametrize('moment', ['crash-after-election', 'crash-after-promotion'])
def test_the_process_ends_there_and_the_others_go_on(lab, moment):
    deployment = lab.deployment(replicas=1, failover_timeout=3000)
    old, crashing = deployment.master, deployment.sentinels[0]
    crashing.may_complain = True
    assert crashing.sentinel('SIMULATE-FAILURE', 'help') == [
        'crash-after-election', 'crash-after-promotion']
    assert crashing.sentinel('SIMULATE-FAILURE', moment) == 'OK'
    wait_until(lambda: fails_over(crashing), 15, 'a failover begins')
    assert crashing.wait(20) == 99
    assert 'Sentinel CRASH because of SENTINEL simulate-failure' in crashing.log()
    crashing.start()
    if moment == 'crash-after-promotion':
        deployment.wait_replaced(old, 20)
    deployment.wait_converged(30)
