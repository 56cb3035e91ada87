"""What the elections of a failover took, read from the events that the sentinels publish."""

import collections

FIELDS = ('attempts', 'lost', 'split', 'epochs')


def tally(events):
    """attempts: how often a sentinel stood; lost: how often without being elected; split: epochs
    of one group in which votes went to several candidates; epochs: how many were used."""
    channels = collections.Counter()
    votes, epochs = collections.defaultdict(set), set()
    for event in events:
        channels[event.channel] += 1
        if event.channel == '+new-epoch':
            epochs.add(event.message)
        elif event.channel == '+vote-for-leader':
            candidate, epoch = event.message.split()
            votes[epoch].add(candidate)
    attempts = channels['+try-failover']
    return {'attempts': attempts, 'lost': attempts - channels['+elected-leader'],
            'split': sum(len(candidates) > 1 for candidates in votes.values()),
            'epochs': len(epochs)}


def total(tallies):
    """Of several failovers; most_epochs: of the one that used the most."""
    return {**{field: sum(one[field] for one in tallies) for field in FIELDS},
            'most_epochs': max((one['epochs'] for one in tallies), default=0)}


def text(tallied):
    """In one cell of a table."""
    return '/'.join(str(tallied[field]) for field in FIELDS)
