"""A former master that comes back in the middle of the next failure knows less than a replica."""

from harness.wait import wait_until


def test_a_returned_master_is_not_taken_for_a_promoted_replica(lab):
    deployment = lab.deployment(down_after=500, failover_timeout=3000)
    first = deployment.master
    first.kill()
    second = deployment.wait_replaced(first)
    deployment.wait_converged()
    third, = (s for s in deployment.replicas if s is not second)
    for sentinel in deployment.sentinels:  # the leader, too, has brought its failover to an end
        wait_until(lambda s=sentinel: s.master()['flags'] == 'master' and s.master()['port'] == str(second.port),
                   20, 'the failover is over')
    assert second.call('SET', 'written', 'later') == 'OK'
    assert second.call('WAIT', 1, 5000) == 1

    # Nobody can be elected until two sentinels are there, and by then the first master is back.
    staying, *others = deployment.sentinels
    for sentinel in others:
        sentinel.kill()
    second.kill()
    wait_until(lambda: 's_down' in staying.master()['flags'], 10, 'it misses the second master')
    first.start()
    wait_until(lambda: [r for r in staying.replicas()
                        if r['port'] == str(first.port) and r['role-reported'] == 'master'], 20,
               'it sees the first one back')
    others[0].start()
    new = deployment.wait_replaced(second, 40)
    assert new is third
    assert new.call('GET', 'written') == 'later'
