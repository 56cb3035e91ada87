"""What happens in which round, drawn from the seed alone: both makes get the same.

Whom it hits is told by role, since who is the master differs from make to make. All rounds of a
kind come before any comes again; each is drawn for itself, so that a round means the same whatever
was left out before it.
"""

import dataclasses
import random
import typing

CALM_S = (1.5, 2.5)             # before the first strike
APART_S = (0.0, 3.0)            # between the strikes of a round
AWAY_S = (2.0, 6.0)


class Kind(typing.NamedTuple):
    roles: tuple                # of the host that it hits
    hold_s: tuple               # for how long
    about: str


BOTH = ('master', 'replica')
KINDS = {
    'killed': Kind(BOTH, AWAY_S, 'SIGKILL of the server; it comes back with its data'),
    'restarted': Kind(('master',), (0.0, 0.6), 'the same, but it is back before it is missed'),
    'emptied': Kind(BOTH, (0.0, 0.1), 'the same, but without its data'),
    'loading': Kind(('master',), (4.0, 8.0), 'the same, but it loads its data for that long'),
    'hung': Kind(BOTH, (0.3, 6.0), 'SIGSTOP of the server, then SIGCONT'),
    'blank': Kind(BOTH, AWAY_S, 'SIGKILL of the server; it comes back without its data'),
    'sentinel-killed': Kind(BOTH, (0.5, 5.0), 'SIGKILL of the sentinel of that host'),
    'sentinel-hung': Kind(BOTH, (0.5, 5.0), 'SIGSTOP of the sentinel of that host'),
    'host-killed': Kind(BOTH, AWAY_S, 'SIGKILL of server and sentinel'),
    'link-down': Kind(BOTH, (0.5, 8.0), 'the host is off the network, without its own knowledge'),
    'cut': Kind(BOTH, (1.0, 8.0), 'it and one other host do not hear each other'),
    'one-way': Kind(BOTH, (1.0, 8.0), 'it does not hear one other host'),
    'split': Kind(BOTH, (1.0, 8.0), 'a minority of the hosts, it among them, is on its own'),
    'full-disk': Kind(BOTH, (2.0, 8.0), 'the file system of the state of its sentinel is full'),
    'full-disks': Kind(('master',), (2.0, 8.0), 'those of all sentinels are'),
}

# Kind and role; the second strike comes while the first holds.
PAIRS = (
    (('cut', 'replica'), ('killed', 'master')),
    (('one-way', 'master'), ('hung', 'master')),
    (('full-disk', 'replica'), ('killed', 'master')),
    (('full-disks', 'master'), ('killed', 'master')),
    (('sentinel-killed', 'replica'), ('killed', 'master')),
    (('sentinel-hung', 'replica'), ('hung', 'master')),
    (('link-down', 'replica'), ('host-killed', 'master')),
    (('host-killed', 'master'), ('host-killed', 'master')),     # and then its successor
    (('blank', 'master'), ('killed', 'master')),
)
RANDOM_PAIRS = 3                # of each turn


@dataclasses.dataclass(frozen=True)
class Strike:
    kind: str
    role: str       # of the host that it hits: master, or replica
    pick: int       # which replica; which others
    at_s: float     # after the begin of the round
    hold_s: float

    @property
    def label(self):
        return f'{self.kind} {self.role}' if len(KINDS[self.kind].roles) > 1 else self.kind


@dataclasses.dataclass(frozen=True)
class Round:
    number: int
    label: str          # its row in the table
    strikes: tuple

    def __str__(self):
        return ', '.join(f'{s.label} at {s.at_s:.1f} for {s.hold_s:.1f} s' for s in self.strikes)


def rounds(seed, kinds=tuple(KINDS)):
    """Without end."""
    number = 0
    while True:
        turn = [[(kind, role)] for kind in kinds for role in KINDS[kind].roles]
        turn += [pair for pair in PAIRS if all(kind in kinds for kind, _ in pair)]
        turn += [None] * (RANDOM_PAIRS if len(kinds) > 1 else 0)
        random.Random(f'{seed} turn {number}').shuffle(turn)
        for what in turn:
            number += 1
            yield _drawn(random.Random(f'{seed} round {number}'), number, what, kinds)


def _drawn(chance, number, what, kinds):
    is_random = what is None
    if is_random:
        what = [(kind, chance.choice(KINDS[kind].roles)) for kind in chance.choices(kinds, k=2)]
    strikes, at_s = [], chance.uniform(*CALM_S)
    for kind, role in what:
        hold_s = chance.uniform(*KINDS[kind].hold_s)
        strikes.append(Strike(kind, role, chance.randrange(1000), at_s, hold_s))
        at_s += min(chance.uniform(*APART_S), hold_s)
    label = 'any two' if is_random else ' + '.join(strike.label for strike in strikes)
    return Round(number, label, tuple(strikes))
