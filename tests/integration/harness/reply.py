"""Recorded replies and events of stock, made comparable with those of a running deployment.

Addresses and ids get names, since they differ by nature; ages, counts and offsets become <n>.
"""

import difflib
import json
import pathlib
import re

DATA = pathlib.Path(__file__).parents[2] / 'data' / 'stock'

# Fields of an instance map whose value is a matter of the moment.
_OF_THE_MOMENT = {'last-ping-sent', 'last-ok-ping-reply', 'last-ping-reply', 'info-refresh',
                  'role-reported-time', 'last-hello-message', 'slave-repl-offset',
                  'link-pending-commands', 'version', 'id'}
_ID = re.compile(r'\b[0-9a-f]{40}\b')
_MAPS = re.compile(r'"(MASTERS|REPLICAS|SLAVES|SENTINELS)"', re.I)


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


def comparable(command, tree, names):
    """The reply without what differs by nature; instances in the order of their names."""
    tree = _named(tree, names)
    if _MAPS.search(json.dumps(command)) and isinstance(tree.get('*'), list):
        tree['*'].sort(key=json.dumps)
    return {':': '<n>'} if command == ['CLIENT', 'ID'] and ':' in tree else tree


def _named(tree, names):
    (kind, content), = tree.items()
    if isinstance(content, list):
        items = [_named(item, names) for item in content]
        for i in range(0, len(items) - 1, 2):
            if items[i].get('$') in _OF_THE_MOMENT:
                items[i + 1] = dict.fromkeys(items[i + 1], '<n>')
        return {kind: items}
    return {kind: names.given_to(content) if isinstance(content, str) else content}


def difference(expected, got):
    """What differs between two replies, in lines that start with - for expected and + for got."""
    lines = [_lines(tree) for tree in (expected, got)]
    return '\n'.join(difflib.unified_diff(*lines, lineterm='', n=2)).split('\n', 2)[-1]


def _lines(tree, indent=''):
    (kind, content), = tree.items()
    if not isinstance(content, list):
        return [f'{indent}{kind} {content}']
    return [f'{indent}{kind}{len(content)}',
            *(line for item in content for line in _lines(item, indent + '  '))]


def recorded_events(make, scenario):
    """[(sentinel number, channel, message)] of the recording, with named ports."""
    lines = (DATA / make / f'events.{scenario}.tsv').read_text('utf-8').splitlines()[1:]
    rows = [line.split('\t') for line in lines]
    switch = next(row[3].split() for row in rows if row[2] == '+switch-master')
    names = Names.recorded(int(switch[2]))
    return [(int(row[1]), row[2], names.given_to(row[3])) for row in rows]
