"""Replies and events recorded from stock; in events addresses and ids get names, since they differ by nature."""

import json
import pathlib
import re

DATA = pathlib.Path(__file__).parents[2] / 'data' / 'stock'

_ID = re.compile(r'\b[0-9a-f]{40}\b')


class Names:
    """Ports of one deployment -> what they are: M, R1, R2, S1 ..."""

    def __init__(self, servers, sentinels):
        self._names = {str(port): f'<R{i}>' if i else '<M>' for i, port in enumerate(servers)}
        self._names.update({str(port): f'<S{i + 1}>' for i, port in enumerate(sentinels)})

    @classmethod
    def of(cls, deployment):
        return cls([s.port for s in deployment.servers], [s.port for s in deployment.sentinels])

    @classmethod
    def recorded(cls, first_port):
        """The recordings use consecutive ports for servers, and from 50 on for sentinels."""
        return cls(range(first_port, first_port + 3), range(first_port + 50, first_port + 53))

    def given_to(self, text):
        """The text with named ports and <id> for ids."""
        text = _ID.sub('<id>', text)
        return re.sub(r'\d{4,5}', lambda found: self._names.get(found[0], found[0]), text)

    def ports(self):
        """Name -> port."""
        return {name: port for port, name in self._names.items()}


def recorded_commands(make, protocol):
    """[(command, reply)] of the recording, with the first port of its deployment."""
    lines = (DATA / make / f'commands.{protocol}.jsonl').read_text('utf-8').splitlines()
    entries = [(entry['command'], entry['reply']) for entry in map(json.loads, lines)]
    address = next(reply for command, reply in entries
                   if command[:2] == ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME'])
    return entries, int(address['*'][1]['$'])


def recorded_events(make, scenario):
    """[(sentinel number, channel, message)] of the recording, with named ports."""
    lines = (DATA / make / f'events.{scenario}.tsv').read_text('utf-8').splitlines()[1:]
    rows = [line.split('\t') for line in lines]
    switch = next(row[3].split() for row in rows if row[2] == '+switch-master')
    names = Names.recorded(int(switch[2]))
    return [(int(row[1]), row[2], names.given_to(row[3])) for row in rows]
