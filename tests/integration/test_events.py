"""The events of a failover are those of stock, in its order, but for the documented deviations."""

import re

import pytest

from harness.reply import Names, recorded_events
from harness.wait import wait_until

# These come when an INFO happens to come; a round of questions decides who is first.
OF_THE_MOMENT = {'-role-change', '+role-change', '-odown'}
# What an observer may find out or try by itself; and unlike stock, vedette asks for votes before a
# forced failover too.
OF_ITS_OWN = {'+sdown', '+odown', '+try-failover', '+vote-for-leader'}


@pytest.fixture(scope='module')
def make(request):
    return 'redis7' if request.config.getoption('--make') == 'stock' else 'redis8'


def normal(message):
    """The payload without who was first and without which configuration it was said under."""
    message = re.sub(r' #quorum \d/\d$', '', message)
    message = re.sub(r'<S\d>', '<S>', message)
    return re.sub(r' @ mymaster 127\.0\.0\.1 <\w+>$', ' @ mymaster', message)


def story(events, until='+switch-master'):
    """(channel, payload) of one sentinel up to that event, which it includes."""
    told = []
    for channel, message in events:
        if channel not in OF_THE_MOMENT:
            told.append((channel, normal(message)))
        if channel == until:
            break
    return told


def by_role(events):
    """[(sentinel, channel, message)] -> the stories of the leader and of the observers."""
    leader = next(sentinel for sentinel, channel, _ in events if channel == '+elected-leader')
    sentinels = sorted({sentinel for sentinel, _, _ in events}, key=str)
    stories = {s: [(c, m) for sentinel, c, m in events if sentinel == s] for s in sentinels}
    return stories.pop(leader), list(stories.values())


def published(deployment):
    names = Names.of(deployment)
    return [(event.sentinel.name, event.channel, names.given_to(event.message))
            for event in deployment.recorder.events]


def apart(told, channels):
    """The story without some channels, and what was said on these."""
    return ([entry for entry in told if entry[0] not in channels],
            [entry for entry in told if entry[0] in channels])


def payloads(events, wanted):
    return sorted(normal(message) for channel, message in events if channel == wanted)


@pytest.fixture(scope='module', params=['killed-master', 'forced-failover'])
def scenario(request, shared_lab):
    """A failover as it was recorded, complete at every sentinel."""
    deployment = shared_lab.deployment(priorities=[99, 98], down_after=1000, failover_timeout=20000)
    events = deployment.record()
    if request.param == 'killed-master':
        deployment.master.kill()
    else:
        deployment.sentinels[0].sentinel('FAILOVER', 'mymaster')
    deployment.wait_replaced(deployment.master)
    events.wait('+failover-end')
    for sentinel in deployment.sentinels:
        # The last two of a switch: both replicas of the new configuration.
        wait_until(lambda s=sentinel: [event.channel for event in events.of(s)
                                       if event.channel in ('+switch-master', '+slave')][-3:]
                   == ['+switch-master', '+slave', '+slave'], 10, 'the switch is complete')
    return request.param, deployment


def test_the_leader_tells_what_stock_tells(scenario, make, stock):
    name, deployment = scenario
    expected, _ = by_role(recorded_events(make, name))
    told, _ = by_role(published(deployment))
    if stock:
        assert story(told) == story(expected)
        return
    # Deviation: +switch-master comes when the promotion is confirmed, not at the end.
    channels = [channel for channel, _ in told]
    assert channels.index('+promoted-slave') < channels.index('+switch-master')
    assert channels.index('+switch-master') < channels.index('+slave-reconf-done')
    assert channels.count('+switch-master') == 1
    moved = ('+switch-master', '+slave')
    expected, switched = apart(story(expected, '+failover-end'), moved)
    told, _ = apart(story(told, '+failover-end'), moved)
    assert told == expected


def test_the_switch_is_told_as_stock_tells_it(scenario, make):
    name, deployment = scenario
    leader, observers = by_role(recorded_events(make, name))
    told_by_leader, told_by_observers = by_role(published(deployment))
    pairs = [(told_by_leader, leader)] + [(told, observers[0]) for told in told_by_observers]
    for told, expected in pairs:
        for channel in ('+switch-master', '+slave'):
            assert payloads(told, channel) == payloads(expected, channel)


def test_the_observers_tell_what_stock_tells(scenario, make):
    name, deployment = scenario
    _, expected = by_role(recorded_events(make, name))
    _, told = by_role(published(deployment))
    for events in told:
        own = apart(story(events), OF_ITS_OWN)[0]
        assert own in [apart(story(one), OF_ITS_OWN)[0] for one in expected]
        if name == 'killed-master':
            assert ('+sdown', 'master mymaster 127.0.0.1 <M>') in story(events)
