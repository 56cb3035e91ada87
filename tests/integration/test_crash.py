"""SIGKILL at the worst instants: of the leader in each state, of a voter around each commit."""

import itertools
import random
import threading

import pytest

from harness.group import Group
from harness.resp import ReplyError
from harness.wait import wait_until

STATES = ['+odown', '+try-failover', '+vote-for-leader', '+elected-leader',
          '+failover-state-select-slave', '+selected-slave',
          '+failover-state-send-slaveof-noone', '+failover-state-wait-promotion',
          '+promoted-slave', '+failover-state-reconf-slaves', '+slave-reconf-sent',
          '+slave-reconf-done', '+failover-end', '+switch-master']
ROUNDS = 25
SEED = 20240607


@pytest.fixture(scope='module')
def survivors():
    return []


@pytest.fixture
def survivor(shared_lab, survivors):
    """A deployment that recovers from each case, as is part of the test; else a new one."""
    if not survivors or not survivors[-1].in_order():
        survivors.append(shared_lab.deployment(down_after=300, failover_timeout=1500))
    return survivors[-1]


@pytest.mark.parametrize('state', STATES)
def test_the_leader_is_killed_at(survivor, state):
    old = survivor.named_master()
    events = survivor.recorder or survivor.record()
    events.clear()
    leaders, killed = [], []

    def kill_leader(event):
        # An observer publishes some of these channels too; the leader is who tried.
        if not killed and (event.sentinel in leaders or state in ('+odown', '+vote-for-leader')):
            killed.append(event.sentinel)
            event.sentinel.kill()

    events.on('+try-failover', lambda event: leaders.append(event.sentinel))
    events.on(state, kill_leader)
    old.kill()
    wait_until(lambda: killed, 20, f'a leader reached {state}')

    survivor.wait_replaced(old, 20)
    # One master only, whatever the killed leader left behind.
    wait_until(lambda: [s.is_master() for s in survivor.servers if s.running].count(True) == 1,
               15, 'one server is master')
    killed[0].start()
    old.start()
    survivor.wait_in_order(40)
    assert len(survivor.epochs()) == 1
    assert_no_second_vote(events)


def assert_no_second_vote(events):
    votes = {}
    for event in events.find('+vote-for-leader'):
        leader, epoch = event.message.split()
        votes.setdefault(epoch, {}).setdefault(leader, set()).add(event.sentinel.name)
    for epoch, voters in votes.items():
        voted = list(itertools.chain.from_iterable(voters.values()))
        assert len(voted) == len(set(voted)), f'two votes of one sentinel in epoch {epoch}'


class Promises:
    """What the sentinel has confirmed to clients, and what it may have done unconfirmed."""

    def __init__(self):
        self.epoch = 0                  # of the last request for a vote
        self.votes = {}                 # epoch: leader, as answered
        self.asked = {}                 # epoch: candidate, as requested
        self.timeout_confirmed = 5000
        self.timeout_asked = 5000
        self.groups_confirmed = set()
        self.groups_unsure = set()

    def vote(self, sentinel, address):
        """Requests votes in ever higher epochs, until the sentinel is killed."""
        with sentinel.connect() as connection:
            while True:
                self.epoch += random.choice((1, 1, 1, 7))
                candidate = f'{random.getrandbits(160):040x}'
                self.asked[self.epoch] = candidate
                _, leader, epoch = connection.call('SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', *address,
                                                   self.epoch, candidate)
                assert (leader, epoch) == (candidate, self.epoch)
                self.votes[epoch] = leader

    def set(self, sentinel, group):
        with sentinel.connect() as connection:
            while True:
                self.timeout_asked += 1
                connection.call('SENTINEL', 'SET', group, 'failover-timeout', self.timeout_asked)
                self.timeout_confirmed = self.timeout_asked

    def monitor(self, sentinel):
        """Adds and removes one group at a time."""
        with sentinel.connect() as connection:
            for number in itertools.count(self.timeout_asked * 1000):
                name = f'group{number}'
                self.groups_unsure.add(name)
                connection.call('SENTINEL', 'MONITOR', name, '127.0.0.1', 3 + number % 10000, 2)
                self.groups_confirmed.add(name)
                self.groups_unsure.discard(name)
                if len(self.groups_confirmed) > 5:
                    gone = min(self.groups_confirmed)
                    self.groups_confirmed.discard(gone)
                    self.groups_unsure.add(gone)
                    connection.call('SENTINEL', 'REMOVE', gone)
                    self.groups_unsure.discard(gone)

    def check(self, sentinel, address, group):
        _, leader, epoch = sentinel.vote(address, 0, 'c' * 40)
        last = max(self.votes, default=0)
        assert epoch >= last, f'vote of epoch {last} forgotten: {leader} {epoch}'
        assert leader in ('*', self.asked.get(epoch)), 'a vote for nobody who asked'
        if last:
            # A second candidate in an epoch that was answered gets the first one's name or none.
            _, again, same = sentinel.vote(address, last, 'd' * 40)
            assert (again, same) == (leader, epoch)
        timeout = int(sentinel.master(group)['failover-timeout'])
        assert self.timeout_confirmed <= timeout <= self.timeout_asked
        names = set(sentinel.names())
        assert self.groups_confirmed <= names
        assert names <= self.groups_confirmed | self.groups_unsure | {'voted', 'set'}
        # What was in flight is known from now on.
        self.epoch, self.timeout_confirmed = max(self.epoch, epoch), timeout
        self.groups_confirmed = names - {'voted', 'set'}
        self.groups_unsure.clear()


def until_killed(act, sentinel, *args, failures):
    try:
        act(sentinel, *args)
    except (OSError, ReplyError) as error:
        if isinstance(error, ReplyError) or not sentinel.ended_by_us:
            failures.append(error)
    except AssertionError as error:
        failures.append(error)


def test_nothing_confirmed_is_lost_by_sigkill(lab):
    # Nobody listens there, and the quorum is out of reach: all epochs are ours.
    voted, changed = Group('voted', '127.0.0.1', 1), Group('set', '127.0.0.1', 2)
    sentinel = lab.sentinel('voter', groups=[voted, changed]).start()
    identity, address = sentinel.id, (voted.host, voted.port)
    promises, failures, chance = Promises(), [], random.Random(SEED)
    for _ in range(ROUNDS):
        threads = [threading.Thread(target=until_killed, args=args, kwargs={'failures': failures})
                   for args in ((promises.vote, sentinel, address),
                                (promises.set, sentinel, 'set'), (promises.monitor, sentinel))]
        enough = len(promises.votes) + chance.randint(1, 40)
        for thread in threads:
            thread.start()
        wait_until(lambda: failures or len(promises.votes) >= enough, 10, 'votes of this round')
        sentinel.kill()
        for thread in threads:
            thread.join(60)
        assert not failures
        sentinel.start()
        assert sentinel.id == identity
        promises.check(sentinel, address, 'set')
    assert len(promises.votes) > ROUNDS
