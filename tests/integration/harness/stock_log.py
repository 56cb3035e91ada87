"""What a stock sentinel may log. Whatever else it complains of, we have given it a reason to."""

import re

_LINE = re.compile(r'^\d+:X \d\d \w{3} \d{4} [\d:.]+ ([.*#-]) (.*)$')
_COMPLAINT = re.compile(r'error|warning|fail|unable|invalid|bad |wrong|unexpected|can\'t|could not|'
                        r'denied|duplicate|protocol', re.I)
# Events that tell of a peer that changes its identity or its place.
_UNWANTED = re.compile(r'[+-](dup-sentinel|sentinel-invalid-addr|sentinel-address-)')
_EXPECTED = re.compile('|'.join((
    r'[+-][a-z-]+( |$)',                            # an event
    r'Client closed connection id=|Accepted |Next failover delay: ',
    r'Executing user requested FAILOVER',
    r'[0-9a-f]{40} voted for [0-9a-f]{40} \d+$',
    r'Sentinel ID is ',
    r'Sentinel new configuration saved on disk',
    # of TLS, when the other end is killed
    r'Reading from client: error:(00000000:|\w+:SSL routines::unexpected eof)',
    # of the machine and of the way it was started
    r'oO0OoO0OoO0Oo|(Redis|Valkey) version=|Configuration loaded|monotonic clock:|Running mode=',
    r'Warning: no config file|WARNING:? Memory overcommit|WARNING: The TCP backlog',
    r'Failed to write PID file|User requested shutdown|Received SIGTERM|'
    r'(Sentinel|Redis|Valkey) is now ready to exit|WARNING Your system|Removing the pid file',
)))


def complaints(log):
    """The lines, in a log of a stock sentinel, of what should not have happened to it."""
    return [line for line in log.splitlines() if _is_complaint(line)]


def _is_complaint(line):
    match = _LINE.match(line)
    if not match:
        return 'BUG REPORT' in line
    level, text = match.groups()
    if _UNWANTED.match(text):
        return True
    return (level == '#' or _COMPLAINT.search(text)) and not _EXPECTED.match(text)
