"""Stock and vedette are asked the same, on the same servers, and answer alike.

Every accepted difference is a row of a table below, with its reason; a row that accepts nothing fails.
"""

import contextlib
import dataclasses
import os
import random
import socket
import time

import pytest

from harness import newer_rows
from harness.reply import Names, recorded_commands
from harness.resp import encode
from harness.sentinel import COMPAT, stock_version
from harness.side_by_side import Row, Side, converse, differences, shown
from harness.wait import wait_until

SEED = int(os.environ.get('VEDETTE_SEED', random.SystemRandom().randrange(10 ** 6)))

OURS = 'Our own lines: what Vedette tells beyond stock.'
SINCE_7_2 = 'New or changed in 7.2, which we follow; Debian 12\'s stock is 7.0.'
SINCE_8 = 'Lines of Redis 8: true here, too, and the dashboards of both find theirs.'
BOUNDED = 'Whatever a client makes us keep is bounded.'
NO_HOST = 'What is neither an IP address nor a host name cannot be announced.'

# Debian 12's stock is 7.0, our default is the behaviour of 7.2.
LIVE_ROWS = [
    Row('INFO.*', r'\+ (vedette_.*|# Vedette|)', OURS),
    Row('INFO.*', r'\+ (listener0|eventloop_\w+|instantaneous_eventloop_\w+|acl_access_\w+|'
                  r'total_blocking_\w+):.*', SINCE_7_2),
    Row('INFO.*', r'\+ (pubsub_clients|watching_clients|total_watched_keys|expired_subkeys|'
                  r'evicted_scripts|client_\w+_limit_disconnections):.*', SINCE_8),
    Row('CLIENT (LIST|INFO).*', r'\+   lib-(name|ver)=', SINCE_7_2),
    Row('CLIENT SETINFO.*', r"- - ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.", SINCE_7_2),
    Row('CLIENT SETINFO LIB-(NAME|VER) [^ ]*', r'\+ \+ OK', SINCE_7_2),
    Row('CLIENT SETINFO.*', r"\+ - ERR (Unrecognized option '.*'|LIB-(NAME|VER) cannot contain "
        r'spaces, newlines or special characters.|wrong number of arguments for .*)', SINCE_7_2),
    Row('COMMAND( INFO.*)?', r'\+ client\|setinfo .*', SINCE_7_2),
    Row('COMMAND LIST.*', r'\+   \$ client\|setinfo', SINCE_7_2),
    Row('COMMAND DOCS', r'\+ client\|setinfo.*', SINCE_7_2),
    Row('COMMAND( INFO.*)?', r'[-+] (client\|setname|command\|getkeys(andflags)?|'
        r'sentinel\|config) .*', 'Tips and arities of 7.2.'),
    Row('COMMAND( INFO.*)?', r'[-+] acl\|(deluser|save|setuser) .*', 'Tips of 7.2.'),
    Row('ACL (LIST|GETUSER).*', r'\+ +\$ sanitize-payload|[-+] +\$ (user .* )?[-+]@all.*', SINCE_7_2),
    Row('ACL DRYRUN.*', r'- \$ This user has no permissions to .*|'
                        r'\+ \$ User .* has no permissions to .*', SINCE_7_2),
    Row('CLIENT PAUSE 9223372036854775807.*', r'- \+ OK|\+ - ERR timeout is out of range',
        'Stock 7.0 computes with an overflow, and pauses nothing.'),
    Row('(CLIENT SETNAME|HELLO 2 SETNAME) xxx.*', r'(- [+*]|-   ).*|\+ - ERR Client names have at most 255 bytes',
        BOUNDED),
    Row('SENTINEL CONFIG SET announce-ip .*', r'- \+ OK|\+ - ERR Invalid value .*', NO_HOST),
    Row('SENTINEL CONFIG GET .*', r'-   \$ \*|\+   \$ ', NO_HOST),
    Row('SENTINEL CONFIG GET .*', r'-   \$ secret|\+   \$ \*{6}', 'No password is shown.'),
    Row('CLIENT SETINFO LIB-(NAME|VER) xxx.*', r'\+ - ERR LIB-(NAME|VER) cannot contain .*', BOUNDED),
    Row('SENTINEL CONFIG.*', r'- - ERR (Only SENTINEL CONFIG GET <option> / SET <option> <value> are '
        r"supported.|Invalid argument 'loglevel' .*)|\+ - ERR (Only SENTINEL CONFIG GET <param> .*|wrong "
        r"number of arguments for 'sentinel\|config' command)|\+   \$ (loglevel|notice)", SINCE_7_2),
    Row('ACL GETUSER.*', r'\+     \$ sanitize-payload', SINCE_7_2),
    Row('ACL DRYRUN.*', r"- \$ This user has no permissions to (run the '.*' command|access the '.*' channel)|"
        r"\+ \$ User .* has no permissions to (run the '.*' command|access the '.*' channel)", SINCE_7_2),
    Row('.*', r"- - NOPERM this user has no permissions to .*|\+ - NOPERM (User carol has no permissions to "
        r"run the '.*' command|No permissions to access a channel)", SINCE_7_2),
    Row('ACL LOG.*', r'\+     (\$ |<)(entry-id|timestamp-created|timestamp-last-updated)>?', SINCE_7_2),
    Row('ACL CAT xxx.*', r"[-+] - ERR Unknown category 'x+'", 'Cut at 128 bytes since 7.2.'),
    Row('SENTINEL MONITOR .*', r'- - ERR .*|\+ - ERR (Invalid IP address or hostname specified|'
        r'Invalid quorum)', 'All arguments are looked at before the group is.'),
    Row('COMMAND DOCS.*', r'- .* history .*', 'When an argument came to stock says nothing of us.'),
]

OF_VEDETTE = Row('INFO.*', r'\+ (vedette_.*|# Vedette|)', OURS)

RECORDED_ROWS = {
    'redis7': [
        OF_VEDETTE,
        *(row for row in LIVE_ROWS if row.reason in (SINCE_7_2, SINCE_8)
          and not row.command.startswith(('COMMAND DOCS', 'COMMAND LIST', 'SENTINEL', 'ACL LOG', '.*'))),
        Row('SENTINEL CONFIG .*', r'[-+].*', SINCE_7_2),
        Row('COMMAND( INFO.*| LIST)?', r'[-+] +(\$ )?(client\|set(name|info)|'
            r'command\|getkeys(andflags)?|sentinel\|config|acl\|\w+)( .*)?',
            'Commands, tips and arities of 7.2.'),
        Row('COMMAND GETKEYS ping', r"- - ERR wrong number of .*|\+ - ERR The command has no key .*",
            SINCE_7_2),
    ],
    'redis8': [
        OF_VEDETTE,
        Row('CLIENT (LIST|INFO).*', '-   (watch|io-thread)=0', 'Fields of Redis 7.4 and 8.0.'),
    ],
    'valkey9': [
        OF_VEDETTE,
        Row('COMMAND( .*)?', r'[-+] client\|.*', 'Flags about scripts that keep a server busy; '
            'nothing is busy here.'),
    ],
}


EDGES = ['', 'x' * 300, '-1', '0', '007', '9223372036854775807', '9223372036854775808', '1.5', ' ',
         '*', b'\xff\xfe', b'a\nb', b'\r\n', b'a\0b']

# What both refuse, or both take.
HARMLESS = ['', '-1', '0', '1.5', '9223372036854775808', '*']

# Asked of sentinels that watch a healthy group; nothing here changes anything.
QUERIES = """
PING
PING x
PING x y
ECHO a
SENTINEL
SENTINEL NOSUCH
SENTINEL NOSUCH a b
SENTINEL MASTERS
SENTINEL MASTERS x
SENTINEL MASTER mymaster
SENTINEL MASTER nosuch
SENTINEL MASTER MYMASTER
SENTINEL MASTER
SENTINEL REPLICAS mymaster
SENTINEL REPLICAS nosuch
SENTINEL SLAVES mymaster
SENTINEL SLAVES
SENTINEL SENTINELS mymaster
SENTINEL SENTINELS nosuch
SENTINEL SENTINELS
SENTINEL GET-MASTER-ADDR-BY-NAME mymaster
SENTINEL get-master-addr-by-name nosuch
SENTINEL GET-MASTER-ADDR-BY-NAME
SENTINEL PRIMARIES
SENTINEL PRIMARY mymaster
SENTINEL GET-PRIMARY-ADDR-BY-NAME mymaster
SENTINEL IS-PRIMARY-DOWN-BY-ADDR 127.0.0.1 <M> 0 *
SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 <M> 0 *
SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *
SENTINEL IS-MASTER-DOWN-BY-ADDR nosuch.invalid 1 0 *
SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 x 0 *
SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 <M> x *
SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1
SENTINEL CKQUORUM mymaster
SENTINEL CKQUORUM nosuch
SENTINEL CKQUORUM
SENTINEL MYID
SENTINEL MYID x
SENTINEL FLUSHCONFIG x
SENTINEL FAILOVER nosuch
SENTINEL FAILOVER
SENTINEL INFO-CACHE nosuch
SENTINEL INFO-CACHE
SENTINEL PENDING-SCRIPTS
SENTINEL PENDING-SCRIPTS x
SENTINEL SIMULATE-FAILURE
SENTINEL SIMULATE-FAILURE HELP
SENTINEL SIMULATE-FAILURE nosuch
SENTINEL SIMULATE-FAILURE nosuch crash-after-election
SENTINEL DEBUG
SENTINEL DEBUG nosuch 1
SENTINEL DEBUG ping-period
SENTINEL CONFIG
SENTINEL CONFIG GET
SENTINEL CONFIG GET *
SENTINEL CONFIG GET ANNOUNCE-*
SENTINEL CONFIG GET nosuch
SENTINEL CONFIG NOSUCH x
SENTINEL CONFIG SET nosuch 1
SENTINEL CONFIG SET announce-port x
SENTINEL CONFIG SET announce-port
SENTINEL CONFIG SET resolve-hostnames maybe
SENTINEL HELP
SENTINEL HELP x
INFO
INFO sentinel
INFO SENTINEL
INFO server
INFO clients
INFO stats
INFO cpu
INFO nosuch
INFO nosuch sentinel cpu
INFO all
INFO everything
INFO default
INFO commandstats
INFO keyspace memory replication persistence cluster modules errorstats latencystats
ROLE
ROLE x
COMMAND
COMMAND COUNT
COMMAND COUNT x
COMMAND LIST
COMMAND LIST x
COMMAND LIST FILTERBY ACLCAT dangerous
COMMAND LIST FILTERBY ACLCAT nosuch
COMMAND LIST FILTERBY PATTERN client|s*
COMMAND LIST FILTERBY PATTERN *LIST
COMMAND LIST FILTERBY MODULE x
COMMAND LIST FILTERBY NOSUCH x
COMMAND LIST FILTERBY PATTERN
COMMAND INFO
COMMAND INFO sentinel
COMMAND INFO nosuch ping
COMMAND INFO client|list client|nosuch a|b|c CLIENT|LIST
COMMAND DOCS
COMMAND DOCS nosuch
COMMAND DOCS ping PING nosuch
COMMAND DOCS client|list
COMMAND GETKEYS
COMMAND GETKEYS ping x
COMMAND GETKEYS client list
COMMAND GETKEYS client nosuch
COMMAND GETKEYS nosuch x
COMMAND GETKEYSANDFLAGS ping x
COMMAND HELP
COMMAND HELP x
COMMAND NOSUCH
""".strip().splitlines()

# Asked of sentinels that watch nothing but what they are told here.
DEEDS = """
SENTINEL MONITOR one 127.0.0.1 1 2
SENTINEL MONITOR one 127.0.0.1 1 2
SENTINEL MONITOR two 127.0.0.1 x 2
SENTINEL MONITOR two 127.0.0.1 70000 2
SENTINEL MONITOR two 127.0.0.1 1 x
SENTINEL MONITOR two 127.0.0.1 1 0
SENTINEL MONITOR two nosuch.invalid 1 2
SENTINEL MONITOR two 127.0.0.1
SENTINEL SET one
SENTINEL SET one down-after-milliseconds 3600000
SENTINEL SET one failover-timeout 60000
SENTINEL SET one parallel-syncs 3
SENTINEL SET one quorum 4
SENTINEL SET one quorum 4 parallel-syncs x
SENTINEL SET one quorum 4 nosuch 1
SENTINEL SET one master-reboot-down-after-period 1000
SENTINEL SET one notification-script /nosuch
SENTINEL SET one client-reconfig-script /nosuch
SENTINEL SET one auth-user someone
SENTINEL SET one auth-pass secret
SENTINEL SET one rename-command CONFIG XCONFIG
SENTINEL SET one rename-command CONFIG
SENTINEL SET nosuch quorum 1
SENTINEL MASTER one
SENTINEL MASTERS
SENTINEL REPLICAS one
SENTINEL CKQUORUM one
SENTINEL FAILOVER one
SENTINEL INFO-CACHE one
SENTINEL RESET nosuch
SENTINEL RESET one
SENTINEL REMOVE nosuch
SENTINEL CONFIG SET announce-ip 10.0.0.1
SENTINEL CONFIG SET announce-port 1234
SENTINEL CONFIG SET resolve-hostnames yes
SENTINEL CONFIG SET resolve-hostnames no
SENTINEL CONFIG SET announce-hostnames no
SENTINEL CONFIG SET sentinel-user someone
SENTINEL CONFIG SET sentinel-pass secret
SENTINEL CONFIG GET *
SENTINEL DEBUG info-period 10000
SENTINEL DEBUG tilt-period 30000
SENTINEL DEBUG
SENTINEL FLUSHCONFIG
SENTINEL REMOVE one
ACL
ACL NOSUCH
ACL CAT
ACL CAT dangerous
ACL CAT nosuch
ACL CAT a b
ACL WHOAMI
ACL WHOAMI x
ACL USERS
ACL LIST
ACL GETUSER default
ACL GETUSER nosuch
ACL GETUSER
ACL SETUSER bob on >pw ~* &* +@all -sentinel|failover
ACL GETUSER bob
ACL LIST
ACL USERS
ACL DRYRUN bob PING
ACL DRYRUN bob sentinel failover one
ACL DRYRUN bob SENTINEL masters
ACL DRYRUN bob NOSUCH
ACL DRYRUN bob PING a b c
ACL DRYRUN nosuch PING
ACL DRYRUN bob
AUTH bob pw
AUTH bob wrong
HELLO 3 AUTH bob pw
HELLO 2 AUTH bob wrong
ACL LOG
ACL LOG 1
ACL LOG x
ACL LOG RESET
ACL LOG RESET x
ACL SETUSER bob nosuch
ACL DELUSER
ACL DELUSER bob nosuch
ACL DELUSER bob
ACL DELUSER default
ACL GENPASS 5000
ACL GENPASS 0
ACL GENPASS x
ACL SAVE
ACL LOAD
ACL HELP
CLIENT
CLIENT NOSUCH
CLIENT ID
CLIENT ID x
CLIENT GETNAME
CLIENT GETNAME x
CLIENT SETNAME me
CLIENT SETNAME
CLIENT SETINFO LIB-NAME x
CLIENT SETINFO LIB-VER 1
CLIENT SETINFO NOSUCH x
CLIENT NO-TOUCH on
CLIENT CAPA redirect
CLIENT INFO
CLIENT INFO x
CLIENT LIST
CLIENT LIST x
CLIENT LIST TYPE normal
CLIENT LIST TYPE
CLIENT LIST TYPE pubsub
CLIENT LIST TYPE master
CLIENT LIST TYPE replica
CLIENT LIST TYPE x
CLIENT LIST TYPE normal x
CLIENT LIST ID
CLIENT LIST ID 999999
CLIENT LIST ID 999999 x
CLIENT KILL
CLIENT KILL 127.0.0.1:1
CLIENT KILL ID
CLIENT KILL ID 999999
CLIENT KILL TYPE x
CLIENT KILL TYPE master
CLIENT KILL USER nosuch
CLIENT KILL ADDR 127.0.0.1:1
CLIENT KILL LADDR 127.0.0.1:1
CLIENT KILL ID 999999 SKIPME no
CLIENT KILL ID 999999 TYPE
CLIENT KILL MAXAGE 1
CLIENT KILL NOSUCH x
CLIENT NO-EVICT on
CLIENT NO-EVICT x
CLIENT REPLY on
CLIENT REPLY x
CLIENT PAUSE
CLIENT PAUSE 0
CLIENT PAUSE 0 WRITE
CLIENT PAUSE 0 ALL
CLIENT PAUSE 0 x
CLIENT PAUSE 0 ALL x
CLIENT UNPAUSE
CLIENT UNPAUSE x
CLIENT UNBLOCK 999999
CLIENT UNBLOCK 999999 TIMEOUT
CLIENT UNBLOCK 999999 ERROR
CLIENT UNBLOCK 999999 x
CLIENT UNBLOCK 999999 ERROR x
CLIENT GETREDIR
CLIENT TRACKINGINFO
CLIENT TRACKING
CLIENT TRACKING on
CLIENT TRACKING off
CLIENT TRACKING x
CLIENT TRACKING on REDIRECT 999999
CLIENT TRACKING on BCAST PREFIX a PREFIX b
CLIENT TRACKING on BCAST PREFIX a PREFIX ab
CLIENT TRACKING on PREFIX a
CLIENT TRACKING on OPTIN NOLOOP
CLIENT TRACKING on OPTIN OPTOUT
CLIENT TRACKING on OPTIN BCAST
CLIENT CACHING yes
CLIENT HELP
CLIENT HELP x
HELLO
HELLO 2
HELLO 3
HELLO 4
HELLO 2 AUTH default x
HELLO 2 AUTH nosuch x
HELLO 2 AUTH default
HELLO 2 SETNAME me
HELLO 2 SETNAME
HELLO 2 NOSUCH
AUTH x
AUTH default x
AUTH nosuch x
AUTH a b c
AUTH
PUBLISH __sentinel__:hello garbage
PUBLISH other x
PUBLISH other
SUBSCRIBE
SUBSCRIBE a
PSUBSCRIBE
PSUBSCRIBE a*
UNSUBSCRIBE
UNSUBSCRIBE a
PUNSUBSCRIBE
PUNSUBSCRIBE a
SHUTDOWN NOSUCH
SHUTDOWN SAVE NOSAVE
SHUTDOWN ABORT
SHUTDOWN ABORT NOW
SET a b
CONFIG GET *
MULTI
EVAL x 0
SELECT 0
QUIT
RESET
REPLICAOF NO ONE
DEBUG SLEEP 0
MONITOR
SLOWLOG GET
LATENCY LATEST
FAILOVER
CLUSTER INFO
SSUBSCRIBE a
PUBSUB CHANNELS
MEMORY USAGE a
TIME
WAIT 0 0
nosuchcommand a b c
""".strip().splitlines()

# Several requests on one connection.
CONVERSATIONS = [text.strip().splitlines() for text in """
CLIENT SETNAME me
CLIENT GETNAME
CLIENT INFO
CLIENT SETNAME other
HELLO 2 SETNAME third
CLIENT GETNAME

CLIENT TRACKING on OPTIN
CLIENT TRACKINGINFO
CLIENT CACHING no
CLIENT CACHING yes
CLIENT CACHING x
CLIENT TRACKINGINFO
PING
CLIENT TRACKINGINFO
CLIENT TRACKING on OPTOUT
CLIENT TRACKING on BCAST
CLIENT INFO
INFO clients
CLIENT TRACKING off
CLIENT TRACKINGINFO

CLIENT TRACKING on OPTOUT NOLOOP
CLIENT CACHING yes
CLIENT CACHING no
CLIENT TRACKINGINFO
CLIENT GETREDIR
NOSUCH
CLIENT TRACKINGINFO

CLIENT TRACKING on BCAST PREFIX b PREFIX a
CLIENT TRACKING on BCAST PREFIX abc
CLIENT TRACKING on BCAST PREFIX c
CLIENT TRACKING on PREFIX d
CLIENT TRACKINGINFO
CLIENT INFO
INFO stats
CLIENT TRACKING on BCAST
CLIENT TRACKINGINFO

CLIENT NO-EVICT on
CLIENT INFO
CLIENT NO-EVICT off
CLIENT INFO

CLIENT KILL TYPE normal SKIPME no
PING

ACL SETUSER carol on nopass -@all +ping +client|id +subscribe +unsubscribe +auth resetchannels &a*
AUTH carol x
PING
CLIENT ID
CLIENT LIST
INFO
NOSUCH
CLIENT NOSUCH
SUBSCRIBE b
SUBSCRIBE a1
UNSUBSCRIBE a1
AUTH default x
ACL LOG
ACL LOG RESET
ACL DELUSER carol

SUBSCRIBE a
PING
PING x
PING x y
CLIENT ID
NOSUCH
CLIENT NOSUCH
SUBSCRIBE a
PSUBSCRIBE a*
HELLO 3
PUNSUBSCRIBE a*
UNSUBSCRIBE b
UNSUBSCRIBE a
PING

HELLO 3
SENTINEL GET-MASTER-ADDR-BY-NAME nosuch
HELLO 2
SENTINEL GET-MASTER-ADDR-BY-NAME nosuch
HELLO 1
HELLO x
""".strip().split('\n\n')]


def words_of(line):
    return line.split(' ')


def with_edges(line, protocol):
    """The request, and in RESP2 others with an edge value in place of each of its arguments."""
    words = words_of(line)
    yield words
    if protocol == 3:       # refusals look alike
        return
    first = 2 if words[0] in ('SENTINEL', 'CLIENT', 'COMMAND', 'ACL') else 1
    changes = words[1:2] in (['MONITOR'], ['SET'], ['SETUSER'], ['DEBUG']) or words[1:3] == ['CONFIG', 'SET']
    for at in range(first, len(words)):
        # What only one of them takes would tell in all that follows: see test_bad_input.
        if changes and (at == 2 or words[0] == 'ACL'):
            continue
        for edge in EDGES:
            if not changes or edge in HARMLESS:
                yield [*words[:at], edge, *words[at + 1:]]


class Comparison:
    """What was compared, and what differs although no row accepts it."""

    def __init__(self, rows, further=()):
        """rows: of which each must accept something; further: of which none has to."""
        self.rows = [dataclasses.replace(row) for row in rows]
        self.further = further
        self.count = 0
        self.found = []

    def converse(self, sides, requests, protocol):
        theirs, ours = (converse(side, requests, protocol) for side in sides)
        for words, one, other in zip(requests, theirs, ours):
            self.compare(words, one, other, sides, protocol)

    def compare(self, words, theirs, ours, sides, protocol):
        self.count += 1
        command = shown(words)
        left = [line for line in differences(words, theirs, ours, sides)
                if not any([row.accepts(command, line) for row in [*self.rows, *self.further]])]
        if left:
            self.found.append('\n'.join([f'RESP{protocol} {command}', *left]))

    def check(self):
        print(f'{self.count} replies compared')
        assert not self.found, '\n'.join([f'{len(self.found)} replies differ', *self.found])
        unused = [row for row in self.rows if not row.used]
        assert not unused, unused


@pytest.fixture(scope='module')
def watching(shared_lab):
    """Two that watch one healthy group, and each other."""
    deployment = shared_lab.deployment(sentinels=['stock', 'vedette'], priorities=[99, 98],
                                       down_after=5000, failover_timeout=20000)
    stock, vedette = deployment.sentinels
    stock.may_complain = True
    servers = {f'<{name}>': s.port for name, s in zip(('M', 'R1', 'R2'), deployment.servers)}
    return [Side(one, {**servers, '<me>': one.port, '<peer>': other.port})
            for one, other in ((stock, vedette), (vedette, stock))]


@pytest.fixture(scope='module')
def alone(shared_lab):
    """Two that watch nothing."""
    sentinels = [shared_lab.sentinel(f'{make}-alone', make=make).start()
                 for make in ('stock', 'vedette')]
    sentinels[0].may_complain = True
    return [Side(s, {'<me>': s.port}) for s in sentinels]


def rows_of(make, version):
    """Debian 12 has Redis 7.0, older than what we follow, Debian 13 and scripts/newer newer ones."""
    if version < (7, 2):
        return LIVE_ROWS, ()
    return newer_rows.ROWS[make], LIVE_ROWS


@pytest.fixture(scope='module')
def comparison(watching, alone):
    print(f'VEDETTE_SEED={SEED}')
    done = Comparison(*rows_of(*stock_version()))
    for protocol in (2, 3):
        for line in QUERIES:
            done.converse(watching, list(with_edges(line, protocol)), protocol)
        for line in DEEDS:
            for words in with_edges(line, protocol):
                done.converse(alone, [words], protocol)
        for conversation in CONVERSATIONS:
            done.converse(alone, [words_of(line) for line in conversation], protocol)
    draw = random.Random(SEED)
    compare_kills(done, alone, draw)
    compare_globs(done, alone, draw)
    compare_access(done, alone, draw)
    return done


# ---- drawn from the seed ----

def drawn_filters(draw):
    """The words behind CLIENT KILL; <id0> to <id4> and <addr0> to <addr4> are connections."""
    values = {
        'ID': [*(f'<id{i}>' for i in range(5)), '999999', 'x', '0'],
        'TYPE': ['normal', 'PubSub', 'master', 'replica', 'slave', 'x'],
        'ADDR': [*(f'<addr{i}>' for i in range(5)), '127.0.0.1:1', ''],
        'LADDR': ['127.0.0.1:<me>', '127.0.0.1:1'],
        'USER': ['default', 'default', 'nosuch', 'Default'],
        'SKIPME': ['yes', 'NO', 'x'],
        'NOSUCH': ['x'],
    }
    words = []
    for _ in range(draw.randint(1, 4)):
        name = draw.choices(list(values), [6, 6, 6, 4, 4, 6, 1])[0]
        # Most are right: a wrong one hides the others.
        value = values[name][0] if draw.random() < 0.2 else draw.choice(values[name])
        words += [draw.choice([name, name.lower()]), value]
    return words[:-1] if draw.random() < 0.05 else words


def survivors(side, words):
    """The reply to CLIENT KILL among five connections, and which of them outlive it."""
    wait_until(lambda: side.sentinel.call('CLIENT', 'LIST').count('\n') == 1, 5, 'nobody is left')
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(side.sentinel.connect()) for _ in range(5)]
        names = {}
        for i, client in enumerate(clients):
            names[f'<id{i}>'] = client.call('CLIENT', 'ID')
            names[f'<addr{i}>'] = '%s:%d' % client.address
        clients[1].call('SUBSCRIBE', 'a')
        clients[2].call('HELLO', '3', 'SETNAME', 'two')
        clients[2].call('PSUBSCRIBE', 'a*')
        killer = Side(side.sentinel, {**side.names, **names})
        reply = clients[0].ask(*killer.sent(['CLIENT', 'KILL', *words]))
        return reply, [is_served(client) for client in clients]


def is_served(client):
    try:
        client.ask('PING')
        return True
    except OSError:
        return False


def takes_several_ids(words):
    """With Valkey 9 all of them count, elsewhere the last."""
    return sum(word.lower() == 'id' for word in words) > 1


def compare_kills(done, sides, draw):
    for _ in range(60):
        words = drawn_filters(draw)
        (theirs, left_by_them), (ours, left_by_us) = (survivors(side, words) for side in sides)
        done.compare(['CLIENT', 'KILL', *words], theirs, ours, sides, 2)
        if left_by_them != left_by_us and not (COMPAT == 'valkey' and takes_several_ids(words)):
            done.found.append(f'CLIENT KILL {shown(words)}: {left_by_them} {left_by_us}')


GROUPS = ['a', 'ab', 'abc', 'b-a', 'A', 'a.b', 'b_1', 'cab']


def drawn_glob(draw):
    return ''.join(draw.choices(['a', 'b', 'c', 'A', '-', '.', '*', '?', '[', ']', '^', '\\', '[a-b]',
                                 '[^a]', '[b-', '1'], k=draw.randint(0, 6)))


def compare_globs(done, sides, draw):
    """How many groups RESET counts, and which commands COMMAND LIST finds."""
    requests = [['SENTINEL', 'MONITOR', name, '127.0.0.1', '1', '2'] for name in GROUPS]
    for _ in range(100):
        requests.append(['SENTINEL', 'RESET', drawn_glob(draw)])
    for _ in range(60):
        name = list(draw.choice(['client|list', 'sentinel|masters', 'ping', 'publish', 'acl|whoami']))
        for _ in range(draw.randint(1, 3)):
            name[draw.randrange(len(name))] = draw.choice(['*', '?', '[a-p]', '[^s]', '\\|', 'X'])
        requests.append(['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', ''.join(name)])
    requests += [['SENTINEL', 'REMOVE', name] for name in GROUPS]
    done.converse(sides, requests, 2)


RULES = ['on', 'off', 'nopass', 'resetpass', '>pw', '<pw', '>other', 'ON', '~*', 'allkeys', 'resetkeys',
         '~a*', '%R~r*', '%W~w*', '%RW~x', '&*', 'allchannels', 'resetchannels', '&+switch*', '+@all',
         '-@all', 'allcommands', 'nocommands', '+ping', '-ping', '+client|id', '-client|id', '+client',
         '-client', '+@admin', '-@dangerous', '+@connection', '-@slow', '+sentinel',
         '-sentinel|masters', '+sentinel|master', '+nosuch', '+@nosuch', '+client|nosuch', '-@nosuch',
         'reset', '(+ping ~a)', '(-@all +info)', 'clearselectors', '(nosuch)', '(', '', 'x', '+', '-',
         '!x', '#x', '<', '%X~a', '+ping|x', '#' + 'ab' * 32, '!' + 'ab' * 32]
ASKED = [['PING'], ['CLIENT', 'ID'], ['CLIENT', 'LIST'], ['SENTINEL', 'MASTERS'],
         ['SENTINEL', 'MASTER', 'x'], ['SUBSCRIBE', '+switch-master'], ['PSUBSCRIBE', '*'],
         ['PUBLISH', '__sentinel__:hello', 'x'], ['INFO'], ['NOSUCH'], ['CLIENT', 'NOSUCH'], ['PING', 'a', 'b']]


def compare_access(done, sides, draw):
    requests = []
    for _ in range(60):
        rules = [draw.choice(RULES) for _ in range(draw.randint(0, 6))]
        requests += [['ACL', 'SETUSER', 'drawn', *rules], ['ACL', 'GETUSER', 'drawn'], ['ACL', 'LIST'],
                     *(['ACL', 'DRYRUN', 'drawn', *draw.choice(ASKED)] for _ in range(4))]
        if draw.random() < 0.4:
            requests.append(['ACL', 'DELUSER', 'drawn'])
    requests += [['ACL', 'DELUSER', 'drawn']]
    done.converse(sides, requests, 2)


def test_both_answer_alike(comparison):
    comparison.check()


# ---- what takes more than one reply to each request ----

SILENT = [text.split() for text in """
CLIENT REPLY OFF | PING 1 | NOSUCH | CLIENT REPLY SKIP | SUBSCRIBE a | UNSUBSCRIBE a | CLIENT REPLY ON
CLIENT REPLY SKIP | PING 2 | PING 3
CLIENT REPLY SKIP | CLIENT REPLY SKIP | PING 4 | PING 5
CLIENT REPLY SKIP | CLIENT REPLY ON | PING 6
CLIENT REPLY SKIP | CLIENT REPLY x | PING 7
CLIENT REPLY SKIP | SUBSCRIBE b | UNSUBSCRIBE b
""".strip().replace('\n', ' | ').split(' | ')]


def test_the_same_replies_are_left_out(alone):
    def told(side):
        with side.sentinel.connect() as connection:
            connection.write(b''.join(encode(*words) for words in [*SILENT, ['PING', 'end']]))
            replies = [connection.read()]
            while replies[-1] != {'$': 'end'}:
                replies.append(connection.read())
            return replies

    theirs, ours = (told(side) for side in alone)
    assert ours == theirs
    assert len(ours) < len(SILENT)


# Not compared: more than 1024 arguments (refused here), a type byte that does not print (escaped here),
# an inline request with a NUL (which stock never finds the end of).
RAW = [
    b'PING\r\n', b'ping\n', b'  PING   word  \r\n', b'PING "two words\\x21\\n"\r\n', b"PING 'it\\'s'\r\n",
    b'\r\nPING\r\n', b'*0\r\nPING\r\n', b'*-1\r\nPING\r\n', b'*1\r\n$0\r\n\r\nPING\r\n', b'""\r\n', b' \r\n',
    b'*x\r\n', b'*\r\n', b'*1 \r\n', b'*+1\r\n', b'*99999999999999999999\r\n',
    b'*1\r\n#4\r\n', b'*1\r\n$x\r\n', b'*1\r\n$-1\r\n', b'*1\r\n$9999999999\r\n',
    b'PING "open\r\n', b'PING "a"b\r\n', b"PING 'a\r\n",
    b'POST / HTTP/1.1\r\n', b'Host: x\r\n', b'host: x\r\n', b'GET / HTTP/1.1\r\n',
    b'*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n',
]


def told_raw(side, data):
    """All bytes that the sentinel says to these, until it or we end the connection."""
    with socket.create_connection(side.sentinel.address, timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b''.join(iter(lambda: connection.recv(4096), b''))
        except ConnectionError:
            return b'(reset)'


@pytest.mark.parametrize('data', RAW, ids=lambda data: repr(data[:24])[2:-1])
def test_both_read_the_same_bytes_alike(alone, data):
    theirs, ours = (told_raw(side, data) for side in alone)
    assert ours == theirs


@pytest.mark.parametrize('side', [0, 1], ids=['stock', 'vedette'])
def test_a_pause_of_writes_lets_publish_wait(alone, side):
    sentinel = alone[side].sentinel
    with sentinel.connect() as admin, sentinel.connect() as client:
        assert admin.call('CLIENT', 'PAUSE', 60000, 'WRITE') == 'OK'
        number = client.call('CLIENT', 'ID')
        client.send('PUBLISH', '__sentinel__:hello', 'x')
        wait_until(lambda: ' flags=b ' in admin.call('CLIENT', 'LIST', 'ID', number), 5, 'it waits')
        assert 'blocked_clients:1' in admin.call('INFO', 'clients')
        assert admin.call('CLIENT', 'UNPAUSE') == 'OK'
        assert client.read() == {':': '1'}


@pytest.mark.parametrize('side', [0, 1], ids=['stock', 'vedette'])
def test_a_pause_of_all_lets_everything_wait_but_refusals(alone, side):
    sentinel = alone[side].sentinel
    with sentinel.connect() as admin, sentinel.connect() as client:
        began = time.monotonic()
        assert admin.call('CLIENT', 'PAUSE', 300) == 'OK'
        admin.send('CLIENT', 'UNPAUSE')
        assert list(client.ask('NOSUCH')) == list(client.ask('ROLE', 'x')) == ['-']
        assert client.ask('PING') == {'+': 'PONG'}
        assert time.monotonic() - began >= 0.25
        assert admin.read() == {'+': 'OK'}


# ---- against what was recorded ----

@pytest.fixture(scope='module')
def recorded_deployment(shared_lab):
    """The deployment that was recorded, of vedettes that follow one make or the other."""
    deployment = shared_lab.planned(priorities=[99, 98], down_after=1000, failover_timeout=20000)
    deployment.sentinels[1].settings['compat'] = 'valkey'
    deployment.sentinels[1].write_file()
    return deployment.start()


def recorded_side(first_port):
    ports = {'<M>': 0, '<R1>': 1, '<R2>': 2, '<S1>': 50, '<S2>': 51, '<S3>': 52}
    return Side(None, {name: first_port + offset for name, offset in ports.items()})


def side_of(deployment, number):
    """S1 is the one that is asked, as in the recordings."""
    asked = deployment.sentinels[number]
    others = [s for s in deployment.sentinels if s is not asked]
    instances = [*deployment.servers, asked, *others]
    return Side(asked, dict(zip(('<M>', '<R1>', '<R2>', '<S1>', '<S2>', '<S3>'),
                                (i.port for i in instances))))


@pytest.mark.parametrize('make, number', [('redis7', 0), ('redis8', 0), ('valkey9', 1)])
def test_answers_are_those_recorded(recorded_deployment, make, number):
    done = Comparison(RECORDED_ROWS[make])
    ours = side_of(recorded_deployment, number)
    for protocol in (2, 3):
        entries, first_port = recorded_commands(make, f'resp{protocol}')
        theirs = recorded_side(first_port)
        for words, recorded in entries:
            sent = [theirs.told(word) for word in words]
            if words[:3] == ['CLIENT', 'LIST', 'ID']:
                sent[3:] = ['999999']       # who has a low number is a matter of chance
            reply, = converse(ours, [sent], protocol)
            done.compare(sent, recorded, reply, (theirs, ours), protocol)
    done.check()
