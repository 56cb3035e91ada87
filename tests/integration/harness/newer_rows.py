"""What may differ between a vedette and newer stock sentinels, those of Debian 13 and of scripts/newer, by
their make, beyond the differences to those of Debian 12 (test_side_by_side)."""

from .side_by_side import Row

UP_TO_NUL = 'These read a name as far as its first NUL.'
SINCE_7_4 = 'New in Redis 7.4 and 8.0; we follow 7.2.'
OF_7_0 = 'The arguments are told as 7.0 tells them; 7.2 has other names for some, and display_text.'
FILTERS = 'CLIENT has more filters, and other refusals, since Valkey 8.1; ours is that of 7.2.'

_NAMES = [
    Row('(CLIENT SETNAME|HELLO 2 SETNAME|CLIENT SETINFO LIB-(NAME|VER)) \'a\\\\x00b\'',
        r'- [+*].*|-   .*|\+ - ERR .* cannot contain .*', UP_TO_NUL),
    Row('CLIENT SETINFO LIB-(NAME|VER) xxx.*', r'- \+ OK', 'They keep a name of any length.'),
    Row('COMMAND DOCS', r'[-+] client\|pause since .*', 'Corrected there.'),
    Row('COMMAND DOCS.*', r'[-+] [^ ]+ arguments .*', OF_7_0),
    Row('SENTINEL CONFIG GET .*', '-   \\$ debug', 'Stock has a loglevel of its own here (stock_log).'),
]
ROWS = {
    'redis': [
        *_NAMES,
        Row('CLIENT (LIST|INFO).*', '-   (watch|io-thread)=0', SINCE_7_4),
        Row('CLIENT KILL MAXAGE.*', r'\+ - ERR syntax error|- (: 0|- ERR maxage .*)', SINCE_7_4),
    ],
    'valkey': [
        *_NAMES,
        Row('CLIENT (LIST|KILL|PAUSE|UNBLOCK) .*', '.*', FILTERS),
        Row('COMMAND( .*)?', r'[-+] client\|.*',
            'Flags about scripts that keep a server busy; nothing is busy here.'),
    ],
}
