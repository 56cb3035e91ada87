"""Split votes: two vedettes and two scripted peers that vote for themselves under the first epoch.
Of four voters three are needed, thus the vedettes alone cannot win it."""

import threading

import pytest

from harness.fake_node import FakeNode, bulk
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

CHANNEL = '__sentinel__:hello'
PEER_IDS = ('e' * 40, 'f' * 40)
# A failover-timeout that is longer than anything takes; an attempt ends by its limit after 10 s then.
LONG_MS, LIMIT_S = 60000, 10
DEAD = 'abandoned: no candidate can win this epoch any more'
LATE = 'abandoned: not enough votes in time'


class Voter(FakeNode):
    """A peer that finds every master down. Under the first epoch that it is asked for, its vote is
    its own, under a later one it is that of the first who asks."""

    def __init__(self, port, runid):
        super().__init__(port, 'role:sentinel')
        self.runid = runid
        self.is_silent = False      # about the first epoch
        self.votes = {}             # by epoch
        self._voting = threading.Lock()
        self._muted = set()         # links: what comes after an answer that is owed waits, too
        self.hostility = self._vote

    @property
    def first_epoch(self):
        return min(self.votes)

    def _vote(self, link, words):
        if link in self._muted:
            return b''
        if [word.upper() for word in words[:2]] != [b'SENTINEL', b'IS-MASTER-DOWN-BY-ADDR']:
            return None
        epoch, candidate = int(words[4]), words[5].decode()
        if candidate == '*':
            return says_down('*', 0)
        with self._voting:
            self.votes.setdefault(epoch, candidate if self.votes else self.runid)
            is_first = epoch == self.first_epoch
        if is_first and self.is_silent:
            self._muted.add(link)
            return b''
        return says_down(self.votes[epoch], epoch)


def says_down(leader, epoch):
    return b'*3\r\n:1\r\n' + bulk(leader) + b':%d\r\n' % epoch


@pytest.fixture
def voters(lab):
    voters = [Voter(lab.port(), runid) for runid in PEER_IDS]
    yield voters
    for voter in voters:
        voter.close()


def introduce(deployment, voters):
    """Makes the voters known to all sentinels, and waits until they are connected."""
    for sentinel in deployment.sentinels:
        for voter in voters:
            sentinel.call('PUBLISH', CHANNEL, ','.join(map(str, (
                *voter.address, voter.runid, 0, deployment.name, *deployment.master.address, 0))))
        wait_until(lambda s=sentinel: [p['flags'] for p in s.peers()] == ['sentinel'] * 3, 10,
                   f'{sentinel.name} sees three peers in health')


def attempts(events):
    """The begin of the first attempt, its end, and the begin of the next one."""
    abort = events.wait('-failover-abort-not-elected')
    again = wait_until(lambda: [e for e in events.find('+try-failover') if e.at > abort.at], 15,
                       'a second attempt')
    return events.find('+try-failover')[0], abort, again[0]


def wins_once(deployment, events, voters, old):
    deployment.wait_replaced(old)
    leader, = events.find('+elected-leader')
    first, = {voter.first_epoch for voter in voters}
    deployment.wait_converged()
    assert min(deployment.epochs()) > first
    assert events.find('+elected-leader') == [leader]


def test_a_split_vote_is_repeated_at_once(lab, voters):
    deployment = lab.deployment(sentinels=2, failover_timeout=LONG_MS)
    introduce(deployment, voters)
    events = deployment.record()
    old = deployment.master
    old.kill()
    begin, abort, again = attempts(events)
    assert abort.at - begin.at < LIMIT_S    # not by its limit
    assert again.at - abort.at < LIMIT_S    # nor after stock's wait
    assert DEAD in abort.sentinel.log()
    wins_once(deployment, events, voters, old)
    for voter in voters:
        assert voter.votes[voter.first_epoch] == voter.runid


def test_a_vote_that_is_not_known_forbids_to_repeat_it_soon(lab, voters):
    """Two votes for the candidate and one that its voter has not told: somebody may have won the
    epoch, or may yet. No other is made until the attempt's time limit and stock's wait are over."""
    deployment = lab.deployment(sentinels=2, failover_timeout=2000)
    introduce(deployment, voters)
    # One alone stands: two candidates would share the two votes that decide here.
    deployment.sentinels[1].sentinel('SET', 'mymaster', 'down-after-milliseconds', LONG_MS)
    voters[1].is_silent = True
    events = deployment.record()
    old = deployment.master
    old.kill()
    begin, abort, again = attempts(events)
    only = deployment.sentinels[0]
    assert {begin.sentinel, abort.sentinel, again.sentinel} == {only}
    begun_at, again_at = only.logged_at(' +try-failover ')
    aborted_at, = only.logged_at(' -failover-abort-not-elected ')
    assert aborted_at - begun_at > 1.9       # min(10 s, failover-timeout)
    assert again_at - begun_at > 3.9         # 2 x failover-timeout
    epochs = [int(event.message) for event in events.find('+new-epoch', only)]
    assert epochs[0] == voters[1].first_epoch
    assert all(at >= again_at for at in only.logged_at(' +new-epoch ')[1:])
    assert LATE in abort.sentinel.log() and DEAD not in abort.sentinel.log()
    wins_once(deployment, events, voters, old)
