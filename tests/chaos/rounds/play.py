"""One round: clients write, faults come and go, all is in order again, and the books are made."""

import collections
import dataclasses
import heapq
import itertools
import time

from harness.process import sleep_until
from harness.wait import wait_until

from . import ledger
from .check import LogReader, surprises
from .faults import FAULTS

# For a round that is late, before it is given up.
PATIENCE_S = 240
WRITES_TIMEOUT_S = 20


@dataclasses.dataclass
class Result:
    number: int
    label: str
    acked: int = 0
    lost: int = 0
    unexplained: int = 0
    without_s: float = 0.0      # nobody could write
    doubled_s: float = 0.0      # two masters accepted writes
    agreed_s: float = None      # from the last healing; None: never
    replaced: bool = False      # the master is another one than before
    skipped: list = dataclasses.field(default_factory=list)     # strikes that hit nobody
    lost_why: dict = dataclasses.field(default_factory=dict)
    problems: list = dataclasses.field(default_factory=list)
    logs: str = ''

    def __str__(self):
        agreed = 'never in order again' if self.agreed_s is None else (
            f'in order after {self.agreed_s:.1f} s')
        why = ''.join(f', {count} {why}' for why, count in self.lost_why.items())
        return (f'{self.acked} written, {self.lost} lost{why}; without master '
                f'{self.without_s:.1f} s, two {self.doubled_s:.1f} s; {agreed}'
                f'{", replaced" if self.replaced else ""}'
                f'{", no " + ", ".join(self.skipped) if self.skipped else ""}')


class Play:
    def __init__(self, world, options):
        self._world = world
        self._options = options
        self._logs = {}

    def round(self, plan):
        world = self._world
        result = Result(plan.number, plan.label)
        for site in world.sites:
            site.disk_was_full = False
        try:
            self._play(plan, result)
        except AssertionError as error:     # something did not come in time
            result.agreed_s = None
            result.problems.append(str(error))
        if world.is_vedette:
            self._look_at_vedettes(result)
        return result

    def _play(self, plan, result):
        world = self._world
        old = world.master()
        clients = world.begin_round(plan.number)
        begun = time.monotonic()
        timeline = _Timeline(world, plan, clients, old, result)
        try:
            timeline.run()
            result.agreed_s = world.wait_in_order(PATIENCE_S)
            self._wait_writes(clients)
        finally:
            ended = time.monotonic()
            for client in clients:
                client.end()
            acks = [ack for client in clients for ack in client.acks]
            result.acked = len(acks)
            result.doubled_s = ledger.doubled(acks)
            result.without_s = ledger.without_master(clients, timeline.facts, begun, ended)
        self._account(result, timeline.facts, clients, acks, old)

    def _wait_writes(self, clients):
        """Until each of them writes to the master that was agreed on."""
        since = time.monotonic()
        for client in clients:
            wait_until(lambda c=client: c.acks and c.acks[-1].at > since, WRITES_TIMEOUT_S,
                       f'the client on {client.host.link} writes again')

    def _account(self, result, facts, clients, acks, old):
        world = self._world
        master = world.master()
        world.same_data()
        result.replaced = master is not old
        ledger.note_silence(facts, acks, self._options.down_after / 1000 * 0.8)
        judge = ledger.Judge(facts, master.info()['master_replid'], acks,
                             [site.address for site in world.sites])
        reasons = collections.Counter()
        for client in clients:
            there = set(map(int, master.call('LRANGE', client.name, 0, -1)))
            reasons.update(judge.explains(ack) or 'UNEXPLAINED'
                           for ack in client.acks if ack.number not in there)
        result.lost = reasons.total()
        result.unexplained = reasons['UNEXPLAINED']
        result.lost_why = dict(reasons)
        if result.unexplained:
            result.problems.append(f'{result.unexplained} acknowledged writes lost for no reason')
        if result.replaced and not facts.struck:
            result.problems.append(f'{old.name} was replaced for no reason')

    def _look_at_vedettes(self, result):
        for site in self._world.sites:
            sentinel = site.sentinel
            complaint = sentinel.complaint()
            if complaint and not (site.disk_was_full and sentinel.has_died()):
                result.problems.append(complaint)
            news = self._logs.setdefault(sentinel, LogReader(sentinel)).news()
            result.problems += [f'{sentinel.name} logged: {line}'
                                for line in surprises(news, site.disk_was_full)]
        if result.agreed_s is None:
            return
        if result.agreed_s > self._options.bound:
            result.problems.append(f'in order only after {result.agreed_s:.1f} s, '
                                   f'the bound is {self._options.bound:.0f} s')
        if len(self._world.deployment.epochs()) != 1:
            result.problems.append(f'config epochs differ: {self._world.deployment.epochs()}')
        result.problems += self._world.doubted()


class _Timeline:
    """Carries out the strikes of a round and heals them, each at its time."""

    def __init__(self, world, plan, clients, master, result):
        self._world = world
        self._plan = plan
        self._clients = clients
        self._first = master
        self._result = result
        self.facts = ledger.Facts()

    def run(self):
        """Until the moment when all is healed."""
        begun = time.monotonic()
        order = itertools.count()       # two deeds of one moment
        deeds = [(strike.at_s, next(order), self._strike, strike) for strike in self._plan.strikes]
        heapq.heapify(deeds)
        try:
            while deeds:
                at_s, _, deed, what = heapq.heappop(deeds)
                sleep_until(begun + at_s)
                fault = deed(what)
                if fault:
                    heapq.heappush(deeds, (at_s + what.hold_s, next(order), self._heal, fault))
        finally:
            for *_, deed, what in deeds:    # it failed: the next round needs sound hosts
                if deed == self._heal:
                    deed(what)

    def _strike(self, strike):
        """The fault that is to be healed later, or None."""
        site, others = self._aim(strike)
        fault = FAULTS[strike.kind](site, others)
        if not fault.is_possible():
            self._result.skipped.append(strike.label)
            return None
        at = time.monotonic()
        for one in fault.servers:
            self.facts.strike(one.address, at)
        fault.strike()
        fault.struck_at = at
        return fault

    def _heal(self, fault):
        begun = time.monotonic()
        fault.heal()
        self.facts.cut_off += [(site.host, fault.struck_at, time.monotonic())
                                for site in fault.cut_off]
        if fault.comes_back_empty:
            self.facts.emptied.append((fault.site.address, begun))

    def _aim(self, strike):
        """Who is hit, and the others in the order in which they would be hit along."""
        master = self._world.site_of(self._master_address())
        rest = [site for site in self._world.sites if site is not master]
        turn = strike.pick % len(rest)
        rest = rest[turn:] + rest[:turn]
        if strike.role == 'master':
            return master, rest
        # Of two hosts that do not hear each other, either may be the master's.
        site, *rest = rest
        rest.insert(strike.pick // 7 % 2 * len(rest), master)
        return site, rest

    def _master_address(self):
        """That of the server that clients write to."""
        last = [client.acks[-1] for client in self._clients if client.acks]
        return max(last, key=lambda ack: ack.at).term.address if last else self._first.address
