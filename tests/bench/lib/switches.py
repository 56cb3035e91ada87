"""Many failovers at once: who was promoted when, and when each sentinel said so."""

import time

from .elections import tally
from .report import quantiles

POLL_S = 0.25


class Switches:
    """Of the groups 0 to count - 1, from now on. Times are ms after begin()."""

    def __init__(self, fleet, count):
        self.fleet = fleet
        self.count = count
        self.tape = fleet.tape()
        self.began = None
        self.promoted = {}      # by group: ms
        self._masters = {i: 0 for i in range(count)}
        self.twice = set()      # groups with another promotion after the first
        self.settled = {}       # all others follow the new master, by group: ms

    def begin(self):
        self.began = time.monotonic()

    def look(self):
        """The farm itself knows when it was told what."""
        for i, group in enumerate(self.fleet.farm.roles()[:self.count]):
            masters = [(m, since) for m, (role, since, _) in enumerate(group)
                       if role == 'master' and since > self.began * 1000]
            if not masters:
                continue
            member, since = max(masters, key=lambda master: master[1])
            self.promoted.setdefault(i, since - self.began * 1000)
            if self._masters[i] not in (0, member):
                self.twice.add(i)
            self._masters[i] = member
            if all(follows == member for m, (_, _, follows) in enumerate(group) if m != member):
                self.settled.setdefault(i, max(role[1] for role in group) - self.began * 1000)

    def agreed(self, events):
        """By group: when the last sentinel named another master, ms."""
        first = {}
        for event in events:
            words = event.message.split()
            if event.channel == '+switch-master':
                name = words[0]
            elif event.channel == '+promoted-slave':    # from then on a stock leader names it
                name = words[5]
            else:
                continue
            first.setdefault((name, event.sentinel), (event.at - self.began) * 1000)
        times = {}
        for i in range(self.count):
            ats = [first.get((f'group{i}', sentinel)) for sentinel in self.fleet.sentinels]
            if None not in ats:
                times[i] = max(ats)
        return times

    def follow(self, done, seconds):
        """Until done(self), looking now and then."""
        end = time.monotonic() + seconds
        while True:
            self.look()
            if done(self) or time.monotonic() > end:
                return
            time.sleep(POLL_S)

    def figures(self):
        events = [event for event in self.tape.events() if event.at >= self.began]
        agreed = self.agreed(events)
        return {'promoted': len(self.promoted), 'agreed': len(agreed),
                **spread('promoted', self.promoted, self.count),
                **spread('agreed', agreed, self.count), **tally(events),
                'twice': len(self.twice)}

    def false_sdowns(self):
        """Of servers and sentinels that nothing was done to: all but the first masters."""
        hung = {self.fleet.farm.address(i) for i in range(self.count)}
        return sum(event.channel == '+sdown' and address_of(event) not in hung
                   for event in self.tape.events())


def address_of(event):
    words = event.message.split()
    return words[2], int(words[3])


def spread(name, times, count=None):
    """Quantiles of the times of so many; those beyond who never had one are None."""
    never = float('inf')
    found = quantiles([*times.values(), *[never] * ((count or len(times)) - len(times))])
    found = found or dict.fromkeys(('p50', 'p99', 'last'))
    return {f'{name}_{share}': None if value == never else value
            for share, value in found.items()}
