"""What a round cost its clients, from what was acknowledged to them and what is there in the end.

An acknowledged write that is lost is explained when Redis must lose it: replication is
asynchronous. It was acknowledged by a server that a fault struck, no earlier than SLACK_S before
that, when its replicas need not have had it; if no server was spared, no earlier than before the
first strike, since the one that took over may have been behind for its own reason. Or the server
came back without its data before another had taken over, and clients went on with it. A server
that its clients saw silent for long was struck by the machine that we all run on.
Any other loss is somebody's mistake.
"""

import dataclasses
import itertools
import operator

SLACK_S = 1.0
IDLE_S = 0.3        # between writes of all clients: longer ones are an outage


@dataclasses.dataclass
class Facts:
    """What was done to the servers, by address; times are monotonic."""
    struck: dict = dataclasses.field(default_factory=dict)      # since when
    emptied: list = dataclasses.field(default_factory=list)     # (address, when it came back)
    cut_off: list = dataclasses.field(default_factory=list)     # (host, from, until)

    def strike(self, address, at):
        self.struck.setdefault(address, at)


def outage(times, begun, ended):
    """The seconds of all pauses that are longer than IDLE_S."""
    moments = [begun, *sorted(times), ended]
    return sum(b - a for a, b in itertools.pairwise(moments) if b - a > IDLE_S)


def _spans(times):
    """[first, last] of each series without a longer pause."""
    spans = []
    for at in sorted(times):
        if spans and at - spans[-1][1] <= IDLE_S:
            spans[-1][1] = at
        else:
            spans.append([at, at])
    return spans


def doubled(acks):
    """The seconds in which more than one server acknowledged writes."""
    by_server = {}
    for ack in acks:
        by_server.setdefault(ack.term.address, []).append(ack.at)
    edges = sorted((at, step) for times in by_server.values() for begun, ended in _spans(times)
                   for at, step in ((begun, 1), (ended, -1)))
    seconds, writable = 0.0, 0
    for (at, step), (until, _) in itertools.pairwise(edges):
        writable += step
        if writable > 1:
            seconds += until - at
    return seconds


def without_master(clients, facts, begun, ended):
    """The seconds without an acknowledged write for anybody who is not cut off."""
    def counts(client, ack):
        return not any(host is client.host and since <= ack.at <= until
                       for host, since, until in facts.cut_off)

    return outage([ack.at for client in clients for ack in client.acks if counts(client, ack)],
                  begun, ended)


def note_silence(facts, acks, limit_s):
    """Servers that stopped acknowledging for that long count as struck."""
    for address in {ack.term.address for ack in acks}:
        times = sorted(ack.at for ack in acks if ack.term.address == address)
        later = [ack.at for ack in acks if ack.at > times[-1]]
        for a, b in itertools.pairwise([*times, *([min(later)] if later else [])]):
            if b - a >= limit_s:
                facts.strike(address, a)


class Judge:
    def __init__(self, facts, final, acks, servers):
        """final: the replication id of the master in the end; acks: of all clients; servers: the
        addresses of all."""
        self._struck = facts.struck
        self._final = final
        all_struck = set(servers) <= set(facts.struck)
        self._first = min(facts.struck.values()) if all_struck else None
        self._forgot = [at for address, at in facts.emptied if all_struck
                        or set(_around(acks, at)) <= {address}]

    def explains(self, ack):
        """Why this lost write had to be, or None."""
        if any(ack.at <= at for at in self._forgot):
            return 'emptied'
        struck = self._struck.get(ack.term.address)
        if struck is None or ack.term.replid == self._final:
            return None
        since = struck if self._first is None else self._first
        return 'unreplicated' if ack.at >= since - SLACK_S else None


def _around(acks, at):
    """Who acknowledged the last write before, and the first one after."""
    earlier = [ack for ack in acks if ack.at <= at]
    later = [ack for ack in acks if ack.at > at]
    when = operator.attrgetter('at')
    return [ack.term.address for ack in (max(earlier, key=when, default=None),
                                         min(later, key=when, default=None)) if ack]
