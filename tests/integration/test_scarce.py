"""Where descriptors, memory or the processor do not suffice: it is said, with numbers, and what is
watched already goes on."""

import contextlib
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from harness.disk import FaultyDisk
from harness.group import Group
from harness.wait import wait_until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'bench'))

from lib.farm import Farm, farm_program     # noqa: E402

pytestmark = pytest.mark.vedette

GROUPS = 40
WATCHED = 16     # 160 descriptors, less 32 of its own, 20 for clients, 8 for peers; 6 for a group


def fact(sentinel, name):
    """A number in INFO: `line`, or `line.part`."""
    line, _, part = name.partition('.')
    value = re.search(f'^{line}:(.*?)\r?$', sentinel.call('INFO'), re.MULTILINE)[1]
    return int(dict(pair.split('=') for pair in value.split(','))[part] if part else value)


@pytest.fixture
def farm(lab):
    if not farm_program().exists():
        pytest.skip('the farm is not built')
    farm = Farm(lab.folder, lab.port, groups=GROUPS)
    for field in farm.fields:
        lab.keep(field)
    farm.start()
    return farm


# ---- descriptors ----

def is_linked(sentinel, group):
    return (sentinel.master(group)['flags'] == 'master'
            and [r['flags'] for r in sentinel.replicas(group)] == ['slave', 'slave']
            and len(sentinel.peers(group)) == 2)


def test_groups_beyond_the_descriptors_wait(lab, farm):
    groups = farm.watched(down_after=1000)
    names = [g.name for g in groups]
    sentinels = [lab.sentinel(f's{i}', groups=groups, descriptors=160) for i in range(3)]
    for sentinel in sentinels:
        sentinel.start()
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: all(is_linked(s, n) for n in names[:WATCHED]), 30,
                   'those that fit are watched')
        wait_until(lambda s=sentinel: fact(s, 'vedette_descriptors.max') == 160, 5, 'INFO knows')
        assert fact(sentinel, 'vedette_groups_waiting') == GROUPS - WATCHED
        needed = fact(sentinel, 'vedette_descriptors.needed')
        assert needed == 160 - 108 + 8 + GROUPS * 6
        assert (f'{GROUPS - WATCHED} of {GROUPS} groups are not watched for want of descriptors, '
                f'{names[WATCHED]} among them: the limit of open files is 160, needed are {needed}'
                in sentinel.log())
        assert fact(sentinel, 'vedette_descriptors.starved') == 0
        assert all(sentinel.master_address(n) == farm.address(i) for i, n in enumerate(names))

    # Of each kind some die: who is watched is replaced, of the others nobody knows.
    farm.hang('masters', 0, 4)
    farm.hang('masters', WATCHED, 4)
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: all(s.master_address(names[i]) != farm.address(i)
                                          for i in range(4)), 30, 'they are replaced')
    for sentinel in sentinels:
        assert 'not watched' in sentinel.log()
        assert not any(re.search(rf'[+]sdown \w+ {n}\b|@ {n}\b', sentinel.log())
                       for n in names[WATCHED:])
        assert fact(sentinel, 'vedette_groups_waiting') == GROUPS - WATCHED
        assert fact(sentinel, 'vedette_descriptors.starved') == 0

    # Groups that go make room for others.
    farm.revive('masters', WATCHED, 4)
    more = names[WATCHED:WATCHED + WATCHED]
    for sentinel in sentinels:
        for name in names[:WATCHED]:
            sentinel.sentinel('REMOVE', name)
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: all(is_linked(s, n) for n in more), 30, 'others are watched')
        assert fact(sentinel, 'vedette_groups_waiting') == GROUPS - 2 * WATCHED
        assert '+sdown' not in sentinel.log().split(f'-monitor master {names[WATCHED - 1]}')[1]
    farm.hang('masters', WATCHED, 4)
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: all(s.master_address(n) != farm.address(WATCHED + i)
                                          for i, n in enumerate(more[:4])), 30, 'they are replaced')
    for sentinel in sentinels:
        for name in names[2 * WATCHED:]:
            sentinel.sentinel('REMOVE', name)
        wait_until(lambda s=sentinel: fact(s, 'vedette_groups_waiting') == 0, 10, 'nobody waits')


# ---- memory ----

def test_without_memory_it_ends_and_nothing_is_forgotten(lab):
    sentinel = lab.sentinel('sentinel', groups=[Group('mymaster', '127.0.0.1', 1)])
    sentinel.start()
    sentinel.sentinel('SET', 'mymaster', 'quorum', 7)
    identity = sentinel.id
    if int(pathlib.Path(f'/proc/{sentinel.pid}/statm').read_text().split()[0]) > 1 << 28:
        pytest.skip('a sanitizer has taken all addresses')
    size = int(pathlib.Path(f'/proc/{sentinel.pid}/statm').read_text().split()[0]) * 4096
    subprocess.run(['prlimit', f'--pid={sentinel.pid}', f'--as={size + (8 << 20)}'], check=True)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            client = stack.enter_context(sentinel.connect())
            try:
                client.write(b'*16\r\n' + (b'$60000\r\n' + b'x' * 60000 + b'\r\n') * 15)
            except OSError:
                break
        wait_until(sentinel.has_died, 10, 'it ends')
    assert sentinel.wait() == -signal.SIGABRT
    assert re.search(r'out of memory: \d+ bytes more were refused', sentinel.log())
    sentinel.start()
    assert sentinel.id == identity
    assert sentinel.master()['quorum'] == '7'


# ---- a slow disk ----

def test_a_slow_disk_slows_a_mass_failover_by_batches(lab, farm):
    """Not by groups: each needs two commits at least, of a vote and of its new master."""
    groups = farm.watched(down_after=1000)
    names = [g.name for g in groups]
    sentinels = [lab.sentinel(f's{i}', groups=groups) for i in range(3)]
    disks = [FaultyDisk(sentinel) for sentinel in sentinels]
    for sentinel in sentinels:
        sentinel.start()
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: all(is_linked(s, n) for n in names), 30, 'all are watched')
    counts = [sentinel.folder / 'fsyncs' for sentinel in sentinels]
    for disk, count in zip(disks, counts):
        disk.set('fsync-delay 100', f'fsync-count {count}')
    sentinels[0].sentinel('SET', names[0], 'down-after-milliseconds', 1001)
    if not counts[0].exists():
        pytest.skip('built without -Dtest_hooks=true')
    farm.hang('masters', 0, GROUPS)
    for sentinel in sentinels:
        wait_until(lambda s=sentinel: all(s.master_address(n) != farm.address(i)
                                          for i, n in enumerate(names)), 60, 'all are replaced')
    for count in counts:
        assert 0 < count.stat().st_size < GROUPS
