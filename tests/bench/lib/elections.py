"""What the elections of a failover took, read from the events that the sentinels publish."""

FIELDS = ('attempts', 'lost', 'unwon', 'epochs')
MEANING = """\
attempts: how often a sentinel stood for election; lost: how often it was not elected; unwon: the
epochs of a group in which somebody stood and nobody was elected, as after a split vote; epochs:
how many were used."""


def tally(events):
    """The fields, of one failover or of many at once."""
    attempts, standing, won, epochs = [], {}, [], set()
    for event in events:
        words = event.message.split()
        if event.channel == '+new-epoch':
            epochs.add(words[0])
        elif event.channel == '+try-failover':
            standing[event.sentinel] = words[1]
        elif event.channel == '+vote-for-leader' and event.sentinel in standing:
            # Who stands votes for itself first, which tells the epoch.
            attempts.append((event.sentinel, standing.pop(event.sentinel), words[1]))
        elif event.channel == '+elected-leader':
            own = [attempt for attempt in attempts if attempt[:2] == (event.sentinel, words[1])]
            won += own[-1:]
    return {'attempts': len(attempts), 'lost': len(attempts) - len(won),
            'unwon': len({attempt[1:] for attempt in attempts} - {attempt[1:] for attempt in won}),
            'epochs': len(epochs)}


def total(tallies):
    """Of several failovers; most_epochs: of the one that used the most."""
    return {**{field: sum(one[field] for one in tallies) for field in FIELDS},
            'most_epochs': max((one['epochs'] for one in tallies), default=0)}


def text(tallied):
    """In one cell of a table."""
    return '/'.join(str(tallied[field]) for field in FIELDS)
