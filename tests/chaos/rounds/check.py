"""What a vedette must not do whatever happens to it."""

import re

_LINE = re.compile(r'^\d+:X \d\d \w{3} \d{4} [\d:.]+ ([.*#-]) (.*)$')
_EVENT = re.compile(r'[+-][a-z-]+( |$)')
_EXPECTED = re.compile('|'.join((
    r'this process did not run for \d+ ms',
    r'\S+ refused the change of its role: |\S+ answered \S+ with: |'
    r'replica \S+ refused the promotion',
    r'stopping: SIGTERM',
)))
_OF_FULL_DISKS = re.compile(r'the state is on disk again|WARNING: Sentinel was not able to save|'
                            r'.*No space left on device|.*database or disk is full')


class LogReader:
    """Reads on where it was."""

    def __init__(self, sentinel):
        self._sentinel = sentinel
        self._read = 0

    def news(self):
        text = self._sentinel.log()
        new, self._read = text[self._read:], len(text)
        return new


def surprises(log, disk_was_full):
    """The lines of level warning that no fault explains."""
    lines = []
    for line in log.splitlines():
        match = _LINE.match(line)
        if not match:
            lines.append(line)
            continue
        level, text = match.groups()
        if (level == '#' and not _EVENT.match(text) and not _EXPECTED.match(text)
                and not (disk_was_full and _OF_FULL_DISKS.match(text))):
            lines.append(line)
    return lines
