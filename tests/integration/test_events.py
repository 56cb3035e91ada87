"""The events of a failover are those of stock, in its order per subscriber, but for a table of deviations.

The same failover is compared with recordings of each make and, live, with stock on servers of its own.
"""

import dataclasses
import re

import pytest

from harness.reply import Names, recorded_events
from harness.wait import wait_until


@dataclasses.dataclass
class Row:
    """Events that may differ: in whose story, which, and how. 'any': whether and when they come is not
    compared; 'order': only when."""
    who: str
    channels: str
    differs: str
    reason: str
    make: str = '.*'
    scenario: str = '.*'

    def concerns(self, who, channel, make, scenario):
        return all(re.fullmatch(pattern, text) for pattern, text in (
            (self.who, who), (self.channels, channel), (self.make, make), (self.scenario, scenario)))


ROWS = [
    Row('leader|observer', r'[-+]role-change|-odown', 'any',
        'They come when an INFO happens to come; a round of questions decides who is first.'),
    Row('leader', r'\+switch-master|\+slave', 'order',
        'Deviation: the leader publishes the switch when the promotion is confirmed, not at the end.'),
    Row('observer', r'\+slave', 'order', 'The replicas of the new configuration come in no certain order.'),
    Row('observer', r'\+sdown|\+odown|\+try-failover|\+vote-for-leader', 'any',
        'What an observer finds out or tries by itself. Deviation: votes are asked for before a forced '
        'failover, too.'),
    Row('leader', '-sdown', 'any', 'Valkey marks the master down during a manual failover; it is not.',
        make='valkey9', scenario='forced-failover'),
]


def normal(message):
    """The payload without who was first and without which configuration it was said under."""
    message = re.sub(r' #quorum \d/\d$', '', message)
    message = re.sub(r'<S\d>', '<S>', message)
    return re.sub(r' @ mymaster 127\.0\.0\.1 <\w+>$', ' @ mymaster', message)


def by_role(events):
    """[(sentinel, channel, message)] -> the stories of the leader and of the observers, each up to the
    end of the switch."""
    leader = next(sentinel for sentinel, channel, _ in events if channel == '+elected-leader')
    stories = {s: [(c, normal(m)) for sentinel, c, m in events if sentinel == s]
               for s in sorted({sentinel for sentinel, _, _ in events}, key=str)}
    told = up_to('+failover-end', stories.pop(leader))
    return told, [up_to('+switch-master', story) for story in stories.values()]


def up_to(last, story):
    """The story until that event, and the replicas of the new configuration wherever they come."""
    end = [channel for channel, _ in story].index(last) + 1
    switch = [entry for entry in story[end:] if entry[0] in ('+switch-master', '+slave')]
    return story[:end] + switch[:3 if last == '+failover-end' else 2]


def compared(who, story, make, scenario):
    """What has to be equal: the events in their order, and those that have none."""
    found = {entry: {row.differs for row in ROWS if row.concerns(who, entry[0], make, scenario)}
             for entry in story}
    return ([entry for entry in story if not found[entry]],
            sorted(entry for entry in story if found[entry] == {'order'}))


def published(deployment):
    names = Names.of(deployment)
    return by_role([(event.sentinel.name, event.channel, names.given_to(event.message))
                    for event in deployment.recorder.events])


def fail_over(deployment, scenario):
    """As it was recorded; returns when it is complete at every sentinel."""
    events = deployment.record()
    if scenario == 'killed-master':
        deployment.master.kill()
    else:
        deployment.sentinels[0].sentinel('FAILOVER', 'mymaster')
    deployment.wait_replaced(deployment.master, 20)
    events.wait('+failover-end', timeout=20)
    for sentinel in deployment.sentinels:
        # The last two of a switch: both replicas of the new configuration.
        wait_until(lambda s=sentinel: [event.channel for event in events.of(s)
                                       if event.channel in ('+switch-master', '+slave')][-3:]
                   == ['+switch-master', '+slave', '+slave'], 10, 'the switch is complete')
    return published(deployment)


@pytest.fixture(scope='module')
def stories(shared_lab):
    """Make of the sentinels, scenario -> the stories of that failover."""
    known = {}

    def told(make, scenario):
        if (make, scenario) not in known:
            deployment = shared_lab.deployment(priorities=[99, 98], down_after=1000,
                                               failover_timeout=20000, sentinels=[make] * 3)
            known[make, scenario] = fail_over(deployment, scenario)
        return known[make, scenario]

    return told


@pytest.mark.parametrize('scenario', ['killed-master', 'forced-failover'])
@pytest.mark.parametrize('make', ['redis7', 'redis8', 'valkey9', 'live'])
def test_each_subscriber_hears_what_stock_tells(stories, request, make, scenario):
    leader, observers = stories(request.config.getoption('--make'), scenario)
    stock_leader, stock_observers = (
        stories('stock', scenario) if make == 'live' else by_role(recorded_events(make, scenario)))
    assert compared('leader', leader, make, scenario) == compared(
        'leader', stock_leader, make, scenario)
    accepted = [compared('observer', story, make, scenario) for story in stock_observers]
    assert len(observers) == 2
    for story in observers:
        assert compared('observer', story, make, scenario) in accepted


def test_the_switch_comes_once_the_promotion_is_confirmed(stories, stock):
    for scenario in ('killed-master', 'forced-failover'):
        channels = [channel for channel, _ in stories('stock' if stock else 'vedette', scenario)[0]]
        assert channels.count('+switch-master') == 1
        assert channels.index('+promoted-slave') < channels.index('+switch-master')
        assert stock or channels.index('+switch-master') < channels.index('+slave-reconf-done')


def test_a_killed_master_is_down_at_every_observer(stories, request):
    _, observers = stories(request.config.getoption('--make'), 'killed-master')
    for story in observers:
        assert ('+sdown', 'master mymaster 127.0.0.1 <M>') in story


def test_every_deviation_occurs(stories, request):
    """A row that no story needs is to be removed."""
    make = request.config.getoption('--make')
    told = [(who, entry[0], source, scenario)
            for scenario in ('killed-master', 'forced-failover')
            for source in ('redis8', 'valkey9', make)
            for leader, observers in [stories(make, scenario) if source == make
                                      else by_role(recorded_events(source, scenario))]
            for who, story in [('leader', leader), *(('observer', one) for one in observers)]
            for entry in story]
    assert not [row for row in ROWS if not any(row.concerns(*event) for event in told)]
