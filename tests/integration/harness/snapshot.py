"""All that a sentinel holds on to, to compare before with after: what it answers about itself, its
state on disk, its configuration file, and what it has published meanwhile."""

import re
import shutil
import sqlite3
import tempfile

from .resp import fields

# Fields of an instance that are a matter of the moment.
OF_THE_MOMENT = {'last-ping-sent', 'last-ok-ping-reply', 'last-ping-reply', 'info-refresh',
                 'role-reported-time', 'last-hello-message', 'slave-repl-offset',
                 'link-pending-commands'}
LOG_LINE = re.compile(r'\d+:X \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] .*')


class Watch:
    """Hears every event of one sentinel from now on."""

    def __init__(self, sentinel):
        self._connection = sentinel.connect()
        self._connection.call('HELLO', 3)
        self._connection.ask('PSUBSCRIBE', '*')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def events(self):
        """(channel, message) of all that was published since the last look."""
        self._connection.send('PING')
        found = []
        while (reply := self._connection.read()) != {'+': 'PONG'}:
            if '>' in reply:
                found.append(tuple(part['$'] for part in reply['>'][2:]))
        return found


def answers(sentinel):
    """What it says of itself, without what is a matter of the moment."""
    with sentinel.connect() as connection:
        masters = [_settled(item) for item in connection.call('SENTINEL', 'MASTERS')]
        groups = {m['name']: [
            sorted((_settled(item) for item in connection.call('SENTINEL', what, m['name'])),
                   key=lambda item: item['name'])
            for what in ('REPLICAS', 'SENTINELS')] for m in masters}
        return {'masters': masters, 'groups': groups,
                'config': fields(connection.call('SENTINEL', 'CONFIG', 'GET', '*')),
                'users': connection.call('ACL', 'LIST'),
                'id': connection.call('SENTINEL', 'MYID'),
                'info': re.sub(r'(offset|refresh).*', '', connection.call('INFO', 'sentinel'))}


def _settled(item):
    return {name: value for name, value in fields(item).items() if name not in OF_THE_MOMENT}


def database(sentinel):
    """Every row of the state, read from a copy: the original is held."""
    places = [sentinel.state, sentinel.file.parent]
    found = [path for place in places if place.is_dir() for path in place.glob('*vedette.db')]
    with tempfile.TemporaryDirectory() as folder:
        for path in found[0].parent.glob(found[0].name + '*'):
            if not path.name.endswith('-shm'):
                shutil.copy(path, folder)
        with sqlite3.connect(f'{folder}/{found[0].name}') as store:
            store.text_factory = bytes
            dump = {table: sorted(store.execute(f'SELECT * FROM {table.decode()}'), key=repr)
                    for table, in store.execute('SELECT name FROM sqlite_master WHERE type="table"')}
        store.close()
    return dump


def snapshot(sentinel):
    return {**answers(sentinel), 'database': database(sentinel), 'file': sentinel.file.read_bytes()}


def torn_lines(sentinel):
    """Lines of the log that are none: what was logged contained a line break."""
    return [line for line in sentinel.output.read_bytes().decode('utf-8', 'replace').split('\n')
            if line and not LOG_LINE.fullmatch(line)]
