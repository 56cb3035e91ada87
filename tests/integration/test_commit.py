"""SIGKILL right before and right after each commit: what was told survives, nothing is told twice
differently. Needs a vedette built with -Dtest_hooks=true, as scripts/test does."""

import itertools
import signal

import pytest

from harness.group import Group
from harness.sentinel import SANITIZER_ENV, program
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

COMMITS = range(1, 9)
MOMENTS = ('before', 'after')


class Ledger:
    """What the sentinel has told, and what it was asked last without an answer."""

    def __init__(self, address):
        self.address = address
        self.epoch = 0
        self.votes = {}         # epoch: candidate, as answered
        self.timeout = 60000    # as confirmed by +OK
        self.timeout_asked = 60000
        self.groups = set()     # as confirmed by +OK
        self.in_doubt = None    # a group whose MONITOR or REMOVE was not answered
        self.numbers = itertools.count(1)

    def work(self, sentinel):
        """Asks for votes and changes in turn, until the sentinel dies."""
        with sentinel.connect() as connection:
            while True:
                self.epoch += 1
                candidate = f'{next(self.numbers):040x}'
                _, leader, epoch = connection.call(
                    'SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', *self.address, self.epoch, candidate)
                assert (leader, epoch) == (candidate, self.epoch)
                self.votes[epoch] = leader
                self.timeout_asked += 1
                connection.call('SENTINEL', 'SET', 'mymaster', 'failover-timeout',
                                self.timeout_asked)
                self.timeout = self.timeout_asked
                self.in_doubt = f'group{next(self.numbers)}'
                connection.call('SENTINEL', 'MONITOR', self.in_doubt, '127.0.0.1',
                                1000 + next(self.numbers), 2)
                self.groups.add(self.in_doubt)
                self.in_doubt = min(self.groups)
                connection.call('SENTINEL', 'REMOVE', self.in_doubt)
                self.groups.discard(self.in_doubt)
                self.in_doubt = None

    def check(self, sentinel):
        """After a restart: all that was told holds, and what is in doubt is one or the other."""
        if self.votes:
            last = max(self.votes)
            _, leader, epoch = sentinel.vote(self.address, last, 'f' * 40)
            assert epoch >= last, 'an epoch fell'
            if epoch == last:
                assert leader == self.votes[last], f'a second vote in epoch {last}'
        assert int(sentinel.master()['failover-timeout']) in (self.timeout, self.timeout_asked)
        self.timeout = self.timeout_asked = int(sentinel.master()['failover-timeout'])
        known = set(sentinel.names()) - {'mymaster'}
        assert self.groups - {self.in_doubt} <= known <= self.groups | {self.in_doubt}
        self.groups, self.in_doubt = known, None


def start_to_crash(sentinel, moment, commit):
    sentinel.spawn([program(), sentinel.file],
                   {**SANITIZER_ENV, 'VEDETTE_TEST_CRASH': f'{moment}-commit:{commit}'})
    wait_until(lambda: sentinel.has_died() or sentinel.answers(), 10, 'it starts or dies')


def wait_killed(sentinel):
    assert sentinel.wait() == -signal.SIGKILL


def new_sentinel(lab):
    group = Group('mymaster', '127.0.0.1', 1, down_after=30000, failover_timeout=60000)
    return lab.sentinel('sentinel', groups=[group])


@pytest.fixture
def hooks(lab):
    """Skips where the hooks are not built in: then the crash asked for does not come."""
    probe = new_sentinel(lab)
    start_to_crash(probe, 'before', 0)
    if not probe.has_died():
        pytest.skip('built without -Dtest_hooks=true')
    wait_killed(probe)


def test_nothing_told_is_lost_around_any_commit(lab, hooks):
    sentinel = new_sentinel(lab).start()
    own_id = sentinel.id
    ledger = Ledger(sentinel.master_address())
    for commit, moment in itertools.product(COMMITS, MOMENTS):
        sentinel.terminate()
        start_to_crash(sentinel, moment, commit)
        if not sentinel.has_died():
            with pytest.raises(OSError):    # the connection ends with it
                ledger.work(sentinel)
        wait_killed(sentinel)
        sentinel.start()
        assert sentinel.id == own_id
        ledger.check(sentinel)
    assert len(ledger.votes) > len(COMMITS)


@pytest.mark.parametrize('moment', MOMENTS)
@pytest.mark.parametrize('commit', [0, 1, 2])
def test_a_first_start_that_is_killed_can_be_repeated(lab, hooks, moment, commit):
    sentinel = new_sentinel(lab)
    start_to_crash(sentinel, moment, commit)
    if not sentinel.has_died():     # that commit has not come yet: make one
        with pytest.raises(OSError):
            Ledger(sentinel.master_address()).work(sentinel)
    wait_killed(sentinel)
    sentinel.start()
    assert len(sentinel.id) == 40
    assert sentinel.names() == ['mymaster'] or commit == 2
