"""The same requests to two sentinels, and what differs between the answers.

A reply is printed as lines, without what differs by nature (addresses, ids, times, the words of help
texts) and with what has no order sorted. A difference is one line that only one of the two has: '- '
and the line for stock, '+ ' and the line for vedette. A Row of a table accepts such lines.
"""

import dataclasses
import difflib
import json
import re

from .resp import ReplyError, encode
from .wait import wait_until

# Values that are a matter of the moment or of the process, by the name before them.
_OF_THE_MOMENT = {
    'last-ping-sent', 'last-ok-ping-reply', 'last-ping-reply', 'info-refresh', 'role-reported-time',
    'last-hello-message', 'slave-repl-offset', 'link-pending-commands', 'version', 'id',
    'age-seconds', 'entry-id', 'timestamp-created', 'timestamp-last-updated', 'client-info',
    's-down-time', 'o-down-time', 'down-after-milliseconds-left'}
# Commands that tell of the clients there are.
_OF_CLIENTS = ('CLIENT', 'INFO', 'PUBSUB')
# Help: our own words.
_OF_OUR_OWN = {'summary', 'complexity'}
# Of CLIENT LIST and INFO: what one may compare.
_CLIENT_FIELDS = {'name', 'flags', 'db', 'sub', 'psub', 'ssub', 'multi', 'watch', 'events', 'cmd',
                  'user', 'resp', 'capa', 'lib-name', 'lib-ver', 'io-thread'}
_INFO_VALUES = re.compile(
    r'redis_mode|server_mode|server_name|arch_bits|tcp_port|process_supervised|multiplexing_api|'
    r'blocked_clients|tracking_\w+|pubsub\w*|sentinel_\w+|master\d+|io_threads_active|'
    r'cluster_connections|maxclients|redis_git_\w+')
_ID = re.compile(r'\b[0-9a-f]{40}\b')


@dataclasses.dataclass
class Row:
    """An accepted difference: in replies to commands that match, lines that match (both in full)."""
    command: str
    line: str
    reason: str
    used: bool = dataclasses.field(default=False, init=False)

    def accepts(self, command, line):
        found = re.fullmatch(self.command, command, re.S | re.I) and re.fullmatch(self.line, line, re.S)
        self.used |= bool(found)
        return found


class Side:
    """One of the two, and what its words are called in both."""

    def __init__(self, sentinel, names):
        self.sentinel = sentinel
        self.names = {name: str(value) for name, value in names.items()}
        self._told = {value: name for name, value in self.names.items()}
        self.left = None    # our end of the last conversation, which it may not know yet to be over

    def sent(self, words):
        """The request with values for names: '<me>'."""
        return [re.sub(r'<\w+>', lambda found: self.names.get(found[0], found[0]), word)
                if isinstance(word, str) else word for word in words]

    def told(self, text):
        """The text with names for values."""
        text = re.sub(r'sentinel-[0-9a-f]{8}-cmd', 'sentinel-<id>-cmd', _ID.sub('<id>', text))
        return re.sub(r'\d{4,}', lambda found: self._told.get(found[0], found[0]), text)


def shown(words):
    """A request as rows match it and failures show it."""
    return ' '.join(repr(w)[1:] if isinstance(w, bytes) else w if w and ' ' not in w else f'"{w}"'
                    for w in (short(word) for word in words))


def short(word):
    return word if len(word) < 80 else word[:8] + (b'...' if isinstance(word, bytes) else '...')


def _is_gone(connection, address):
    try:
        return f'addr={address} ' not in str(connection.call('CLIENT', 'LIST'))
    except ReplyError:      # who may not ask is not told of others either
        return True


def converse(side, requests, protocol):
    """The replies to requests on one connection; '(closed)' once it was, '(nothing)' for none."""
    replies = []
    with side.sentinel.connect() as connection:
        if protocol == 3:
            connection.call('HELLO', 3)
        if side.left and any(str(word).upper() in _OF_CLIENTS for words in requests for word in words[:1]):
            wait_until(lambda: _is_gone(connection, side.left), 10, 'the last conversation is over')
        side.left = connection.local_address
        try:
            for words in requests:
                connection.write(encode(*side.sent(words)))
                replies.append(connection.read())
        except ConnectionError:
            pass
    return replies + [{'(closed)': None}] * (len(requests) - len(replies))


def lines(words, tree, side):
    """The reply to a request, printed."""
    command = [word.lower() if isinstance(word, str) else '' for word in words[:2]] + ['']
    return list(_PRINTERS.get(command[0], {}).get(command[1], _print)(tree, side, ''))


def differences(words, theirs, ours, sides):
    """Lines of the one that the other does not have, in order."""
    printed = [lines(words, tree, side) for tree, side in zip((theirs, ours), sides)]
    return [line for line in difflib.ndiff(*printed) if line[0] in '-+']


# ---- printing ----

def _print(tree, side, indent):
    (kind, content), = tree.items()
    if not isinstance(content, list):
        yield f'{indent}{kind} {side.told(content) if content is not None else "null"}'
        return
    yield f'{indent}{kind}'
    before = None
    for item in content:
        if before in _OF_THE_MOMENT | _OF_OUR_OWN and len(item) == 1 and not isinstance(
                [*item.values()][0], list):
            yield f'{indent}  <{before}>'
        else:
            yield from _print(item, side, indent + '  ')
        before = item.get('$')


def _sorted_by(tree, key):
    (kind, content), = tree.items()
    return {kind: sorted(content, key=key)} if isinstance(content, list) else tree


def _print_sorted(tree, side, indent):
    yield from _print(_sorted_by(tree, json.dumps), side, indent)


def _print_instances(tree, side, indent):
    """Instances by name; RESP2 and RESP3 alike."""
    yield from _print(_sorted_by(tree, lambda item: side.told(json.dumps(item))), side, indent)


def _print_commands(tree, side, indent):
    """Rows of COMMAND and COMMAND INFO, each with its subcommands, by name."""
    (kind, content), = tree.items()
    if not isinstance(content, list):
        yield from _print(tree, side, indent)
        return
    rows = [item for item in content if isinstance(item.get('*'), list)]
    for _ in range(len(content) - len(rows)):
        yield f'{indent}(no such command)'
    for row in sorted(rows, key=lambda row: row['*'][0]['$']):
        *head, subcommands = row['*']
        name = head[0]['$']
        facts = ' '.join(' '.join(_print(part, side, '')) for part in head[1:])
        yield f'{indent}{name} {re.sub(" +", " ", facts)} {next(iter(subcommands))}'
        yield from _print_commands(subcommands, side, indent)


def _print_docs(tree, side, indent):
    """One line for each fact, behind the names of what it belongs to."""
    (_, content), = tree.items()
    if not isinstance(content, list):
        yield from _print(tree, side, indent)
        return
    pairs = list(zip(content[::2], content[1::2]))
    for name, fact in sorted(pairs, key=lambda pair: json.dumps(pair[0]) * (not indent)):
        (kind, value), = fact.items()
        path = f'{indent}{name["$"]}'
        if name['$'] in _OF_OUR_OWN:
            yield f'{path} <text>'
        elif name['$'] == 'subcommands' or not indent:
            yield f'{path}'
            yield from _print_docs(fact, side, path + ' ' if name['$'] != 'subcommands' else '')
        else:
            yield from (f'{path} {line}' for line in _print(fact, side, ''))


def _print_help(tree, side, indent):
    """The words are ours: only the head, and what it begins with."""
    (kind, content), = tree.items()
    if not isinstance(content, list):
        yield from _print(tree, side, indent)
        return
    yield kind
    yield from _print(content[0], side, '  ')
    yield from ('  ' + next(iter(item)) for item in content[-1:])


def _print_info(tree, side, indent):
    (kind, text), = tree.items()
    if kind == '-':
        yield from _print(tree, side, indent)
        return
    yield kind
    for line in text.split('\r\n'):
        name, colon, value = line.partition(':')
        keep = not colon or _INFO_VALUES.fullmatch(name)
        number = re.fullmatch(r'-?\d+(\.\d+)?', value)
        yield side.told(line) if keep else f'{name}:{"<n>" if number else "<text>"}'


def _print_users(tree, side, indent):
    """Users without their rules about commands: 7.0 simplifies them, 7.2 keeps them as given. What
    they allow is compared by DRYRUN."""
    def cut(item):
        (kind, content), = item.items()
        if isinstance(content, list):
            items = [cut(part) for part in content]
            for i in range(len(items) - 1):
                if items[i] == {'$': 'commands'}:
                    items[i + 1] = {'$': '<rules>'}
            return {kind: items}
        if kind == '$' and content and content.startswith('user '):
            content = re.sub(r'\([^)]*\)', '(<rules>)', content)
            content = ' '.join(word for word in content.split(' ')
                               if word[:1] not in '+-' and word != 'sanitize-payload')
        return {kind: content}
    yield from _print(cut(tree), side, indent)


def _print_number(tree, side, indent):
    (kind, _), = tree.items()
    yield from [': <n>'] if kind == ':' else _print(tree, side, indent)


def _print_clients(tree, side, indent):
    (kind, text), = tree.items()
    if kind == '-' or text is None:
        yield from _print(tree, side, indent)
        return
    yield f'{kind} {text[:4] if kind == "=" else ""}'
    for line in text.removeprefix('txt:' if kind == '=' else '').splitlines():
        for field in line.split(' '):
            name, _, value = field.partition('=')
            if name == 'cmd' and not value.startswith('client'):
                value = '<peer>'    # what a peer happens to have asked last
            yield f'  {name}={side.told(value) if name in _CLIENT_FIELDS else ""}'


_PRINTERS = {
    'sentinel': {'masters': _print_instances, 'primaries': _print_instances,
                 'replicas': _print_instances, 'slaves': _print_instances,
                 'sentinels': _print_instances, 'help': _print_help},
    'client': {'id': _print_number, 'list': _print_clients, 'info': _print_clients, 'help': _print_help},
    'command': {'': _print_commands, 'info': _print_commands, 'list': _print_sorted,
                'docs': _print_docs, 'help': _print_help},
    'acl': {'cat': _print_sorted, 'list': _print_users, 'users': _print_sorted,
            'getuser': _print_users, 'help': _print_help},
}


class _Info(dict):
    def get(self, *_):
        return _print_info


_PRINTERS['info'] = _Info()
