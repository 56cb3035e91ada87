"""What a sentinel has learned outlives its process."""

from harness.resp import plain
from harness.wait import wait_until


def learned(deployment, sentinel):
    """What must be the same after a restart, without asking anybody."""
    address = sentinel.master_address()
    return {'id': sentinel.id, 'address': address,
            'replicas': {item['name'] for item in sentinel.replicas()},
            'peers': {(p['runid'], p['ip'], p['port']) for p in sentinel.peers()},
            'config epoch': sentinel.master()['config-epoch'],
            'vote epoch': sentinel.vote(address, 0, 'nobody')[2],
            'quorum': sentinel.master()['quorum']}


def current_epoch(server, sentinel):
    """The epoch of the process, as its hellos say it."""
    identity = sentinel.id
    with server.connect() as connection:
        connection.call('SUBSCRIBE', '__sentinel__:hello')
        while True:
            hello = plain(connection.read())[2].split(',')
            if hello[2] == identity:
                return int(hello[3])


def failed_over(lab):
    deployment = lab.deployment(down_after=400)
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    deployment.wait_converged()
    deployment.master.start()
    deployment.wait_in_order(30)
    return deployment


def test_one_sentinel_restarts_and_knows_everything(lab):
    deployment = failed_over(lab)
    sentinel = deployment.sentinels[1]
    before, epoch = learned(deployment, sentinel), current_epoch(deployment.replicas[0], sentinel)
    assert int(before['config epoch']) == before['vote epoch'] == epoch >= 1
    events = deployment.record()
    sentinel.restart()
    assert learned(deployment, sentinel) == before
    deployment.wait_in_order()
    assert current_epoch(deployment.replicas[0], sentinel) == epoch
    assert not events.find('+switch-master')
    # To the others it was never somebody else.
    for other in deployment.sentinels:
        assert not events.find('+sentinel', other if other is not sentinel else None,
                               f'sentinel {before["id"]} ')


def test_all_sentinels_restart_and_still_protect_the_group(lab):
    deployment = failed_over(lab)
    before = [learned(deployment, sentinel) for sentinel in deployment.sentinels]
    for sentinel in deployment.sentinels:
        sentinel.kill()
    for sentinel in deployment.sentinels:
        sentinel.start()
    assert [learned(deployment, sentinel) for sentinel in deployment.sentinels] == before
    deployment.wait_in_order()
    master = deployment.named_master()
    master.kill()
    deployment.wait_replaced(master)
    wait_until(lambda: len(deployment.epochs()) == 1, 5, 'one epoch everywhere')


def test_a_restart_while_the_master_is_down_still_replaces_it(lab):
    deployment = lab.deployment(down_after=500)
    for sentinel in deployment.sentinels:
        sentinel.kill()
    deployment.master.kill()
    for sentinel in deployment.sentinels:
        sentinel.start()
    deployment.wait_replaced(deployment.master)
    wait_until(lambda: len(deployment.epochs()) == 1, 5, 'one epoch everywhere')
