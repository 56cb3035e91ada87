"""Changes at runtime, and how they merge with a changed YAML at a reload or a restart."""

import dataclasses

import pytest

from harness.group import Group
from harness.recorder import Recorder
from harness.resp import ReplyError, encode
from harness.wait import wait_until


def nowhere(name, port=1):
    """A group whose master never answers and whose quorum is out of reach."""
    return Group(name, '127.0.0.1', port, quorum=2, down_after=30000, failover_timeout=60000)


@pytest.fixture
def sentinel(lab):
    return lab.sentinel('sentinel', groups=[nowhere('mymaster')]).start()


@pytest.fixture(params=['reload', 'restart'])
def apply(request):
    """Makes the sentinel read its file again; returns once it has."""
    def reload(sentinel):
        # Another group of the file changes with it: a sign that the reload has happened.
        sign = sentinel.groups.setdefault('sign', nowhere('sign', 9))
        sign.failover_timeout += 1
        sentinel.write_file()
        sentinel.reload()
        wait_until(lambda: value(sentinel, 'failover-timeout', 'sign') == sign.failover_timeout,
                   5, 'the new file is in force')

    def restart(sentinel):
        sentinel.write_file()
        assert sentinel.terminate() == 0
        sentinel.start()

    return reload if request.param == 'reload' else restart


def value(sentinel, field, group='mymaster'):
    return int(sentinel.master(group)[field])


def set_option(sentinel, *pairs):
    assert sentinel.sentinel('SET', 'mymaster', *pairs) == 'OK'


def test_set_takes_effect_at_once_and_is_announced(sentinel):
    recorder = Recorder([sentinel]).start()
    set_option(sentinel, 'quorum', 3, 'down-after-milliseconds', 1234, 'failover-timeout', 5678,
               'parallel-syncs', 2)
    assert [value(sentinel, field) for field in
            ('quorum', 'down-after-milliseconds', 'failover-timeout', 'parallel-syncs')] == [
                3, 1234, 5678, 2]
    set_option(sentinel, 'auth-pass', 'geheim')
    recorder.wait('+set', message='auth-pass')
    assert [event.message for event in recorder.find('+set')] == [
        f'master mymaster 127.0.0.1 1 {change}' for change in
        ('quorum 3', 'down-after-milliseconds 1234', 'failover-timeout 5678', 'parallel-syncs 2',
         'auth-pass ******')]
    assert 'geheim' not in sentinel.log()
    recorder.close()


@pytest.mark.vedette
def test_set_is_all_or_nothing(sentinel):
    recorder = Recorder([sentinel]).start()
    with pytest.raises(ReplyError, match="^ERR Invalid argument 'x' for SENTINEL SET 'quorum'$"):
        sentinel.sentinel('SET', 'mymaster', 'parallel-syncs', 7, 'quorum', 'x')
    assert value(sentinel, 'parallel-syncs') == 1
    set_option(sentinel, 'quorum', 3)
    recorder.wait('+set', message='quorum 3')
    assert len(recorder.find('+set')) == 1
    recorder.close()


def test_runtime_changes_survive_a_restart(sentinel):
    set_option(sentinel, 'quorum', 3, 'parallel-syncs', 2)
    sentinel.sentinel('MONITOR', 'added', '127.0.0.1', 2, 4)
    sentinel.sentinel('SET', 'added', 'failover-timeout', 7777)
    sentinel.restart()
    assert sentinel.names() == ['added', 'mymaster']
    assert (value(sentinel, 'quorum'), value(sentinel, 'parallel-syncs')) == (3, 2)
    assert value(sentinel, 'quorum', 'added') == 4
    assert value(sentinel, 'failover-timeout', 'added') == 7777
    sentinel.sentinel('REMOVE', 'added')
    sentinel.sentinel('REMOVE', 'mymaster')
    sentinel.restart()
    assert sentinel.names() == []


def test_monitor_and_remove_are_announced(sentinel):
    recorder = Recorder([sentinel]).start()
    sentinel.sentinel('MONITOR', 'added', '127.0.0.1', 2, 4)
    recorder.wait('+monitor', message='master added 127.0.0.1 2 quorum 4')
    sentinel.sentinel('REMOVE', 'added')
    recorder.wait('-monitor', message='master added 127.0.0.1 2')
    recorder.close()


def test_reset_forgets_and_finds_again(lab):
    deployment = lab.deployment()
    events = deployment.record()
    sentinel = deployment.sentinels[0]
    with sentinel.connect() as connection:
        # In one write: else it may have found some of them again in between.
        connection.write(b''.join(encode('SENTINEL', *args) for args in (
            ('RESET', 'my*'), ('REPLICAS', 'mymaster'), ('SENTINELS', 'mymaster'))))
        assert [connection.read() for _ in range(3)] == [{':': '1'}, {'*': []}, {'*': []}]
    events.wait('+reset-master', sentinel, 'master mymaster ')
    deployment.settle()


def test_a_monitored_group_is_really_watched(lab):
    deployment = lab.deployment(down_after=400)
    second = lab.planned(name='second', replicas=1, sentinels=0)
    second.start_servers()
    second.sentinels = deployment.sentinels
    for sentinel in deployment.sentinels:
        sentinel.sentinel('MONITOR', 'second', *second.master.address, 2)
        sentinel.sentinel('SET', 'second', 'down-after-milliseconds', 400)
    second.settle()
    second.master.kill()
    second.wait_replaced(second.master)
    second.wait_converged()
    assert deployment.named_master() is deployment.master


@pytest.mark.vedette
def test_an_override_holds_while_the_yaml_stays_the_same(sentinel, apply):
    set_option(sentinel, 'quorum', 5)
    apply(sentinel)
    assert value(sentinel, 'quorum') == 5
    apply(sentinel)
    assert value(sentinel, 'quorum') == 5


@pytest.mark.vedette
def test_a_changed_yaml_value_wins_over_the_override(sentinel, apply):
    set_option(sentinel, 'quorum', 5, 'parallel-syncs', 4)
    sentinel.groups['mymaster'].quorum = 3
    apply(sentinel)
    assert value(sentinel, 'quorum') == 3
    assert value(sentinel, 'parallel-syncs') == 4       # what the file did not touch holds
    # The dropped override does not come back with the old value.
    sentinel.groups['mymaster'].quorum = 2
    apply(sentinel)
    assert value(sentinel, 'quorum') == 2


@pytest.mark.vedette
def test_a_dropped_override_is_announced(sentinel):
    set_option(sentinel, 'quorum', 5)
    recorder = Recorder([sentinel]).start()
    sentinel.groups['mymaster'].quorum = 3
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: any('mymaster' in event.message and 'quorum' in event.message
                           for event in recorder.events), 5, 'an event that names the option')
    recorder.close()


@pytest.mark.vedette
def test_a_changed_yaml_value_without_override_takes_effect(sentinel, apply):
    group = sentinel.groups['mymaster']
    group.quorum, group.down_after, group.parallel_syncs = 7, 12345, 3
    apply(sentinel)
    assert [value(sentinel, field) for field in
            ('quorum', 'down-after-milliseconds', 'parallel-syncs')] == [7, 12345, 3]


@pytest.mark.vedette
def test_a_removed_group_stays_removed_until_its_section_changes(sentinel, apply):
    sentinel.sentinel('REMOVE', 'mymaster')
    apply(sentinel)
    assert not sentinel.watches('mymaster')
    sentinel.groups['mymaster'].quorum = 3
    apply(sentinel)
    assert value(sentinel, 'quorum') == 3


@pytest.mark.vedette
def test_monitor_lifts_a_removal(sentinel, apply):
    sentinel.sentinel('REMOVE', 'mymaster')
    sentinel.sentinel('MONITOR', 'mymaster', '127.0.0.1', 5, 3)
    apply(sentinel)
    assert sentinel.master_address() == ('127.0.0.1', 5)
    assert value(sentinel, 'quorum') == 3


@pytest.mark.vedette
def test_groups_come_and_go_with_the_yaml_and_stay_with_monitor(sentinel, apply):
    sentinel.sentinel('MONITOR', 'runtime', '127.0.0.1', 2, 2)
    sentinel.groups['second'] = nowhere('second', 3)
    apply(sentinel)
    assert set(sentinel.names()) - {'sign'} == {'mymaster', 'runtime', 'second'}
    del sentinel.groups['second']
    apply(sentinel)
    assert set(sentinel.names()) - {'sign'} == {'mymaster', 'runtime'}


@pytest.mark.vedette
def test_a_changed_master_of_a_known_group_is_refused(sentinel):
    good = sentinel.file_text()
    moved = dataclasses.replace(sentinel.groups['mymaster'], port=7)
    sentinel.groups['mymaster'] = moved
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: 'FAILOVER' in sentinel.log(), 5, 'a finding that names FAILOVER')
    assert sentinel.master_address() == ('127.0.0.1', 1)
    assert sentinel.terminate() == 0
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    for word in (f'{sentinel.file}:', 'FAILOVER', 'REMOVE', 'MONITOR'):
        assert word in sentinel.log()
    sentinel.write_file(good)
    sentinel.start()
    assert sentinel.master_address() == ('127.0.0.1', 1)


@pytest.mark.vedette
def test_a_failover_does_not_make_the_yaml_wrong(lab):
    deployment = lab.deployment(down_after=400)
    deployment.master.kill()
    new = deployment.wait_replaced(deployment.master)
    for sentinel in deployment.sentinels:
        assert sentinel.terminate() == 0
        sentinel.start()        # its YAML still names the seed
        assert sentinel.master_address() == new.address


@pytest.mark.vedette
def test_a_bad_new_file_changes_nothing(sentinel):
    good = sentinel.file_text()
    sentinel.write_file(good.replace('quorum: 2', 'quorum: 9') + 'nonsense: 1\n')
    sentinel.reload()
    wait_until(lambda: 'nonsense' in sentinel.log(), 5, 'the finding is logged')
    line = good.count('\n') + 1
    assert f'{sentinel.file}:{line}:1: ' in sentinel.log()
    assert value(sentinel, 'quorum') == 2
    sentinel.file.unlink()
    sentinel.reload()
    wait_until(lambda: sentinel.answers() and value(sentinel, 'quorum') == 2, 5, 'it goes on')
