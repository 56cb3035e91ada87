#!/usr/bin/python3 -B
"""Thousands of groups of pretended servers, in as many farm processes as their connections take.

As a program it writes the files for that, for profiles by hand: the command lines of the farms, a
vedette.yaml and a sentinel.conf that watch them.
"""

import argparse
import json
import os
import pathlib
import sys

if __name__ == '__main__':
    sys.path[:0] = [str(pathlib.Path(__file__).parents[n] / folder)
                    for n, folder in ((1, ''), (2, 'integration'))]

from harness.group import Group, endpoint, yaml_text    # noqa: E402
from harness.process import Process                     # noqa: E402
from harness.resp import call         # noqa: E402
from harness.sentinel import program                    # noqa: E402
from harness.wait import wait_until                     # noqa: E402

CONNECTIONS = 12000     # of one process; a sentinel that reconnects has more for a while
CONTROL = '127.0.0.1'
ROOT = pathlib.Path(__file__).parents[3]


def farm_program():
    """$FARM, or the one that was built with the vedette under test, or that of build/."""
    beside = program().parent / 'tests/bench/farm/farm'
    built = ROOT / 'build/tests/bench/farm/farm'
    return pathlib.Path(os.environ.get('FARM', beside if beside.exists() else built)).absolute()


class Field(Process):
    """One farm process: a run of the groups, first to last."""

    def __init__(self, name, folder, port, net, groups, replicas):
        """groups: a range of numbers."""
        super().__init__(name, folder)
        self.port = port
        self.net = net
        self.groups = groups
        self.size = 1 + replicas
        self.argv = [farm_program(), '--port', port, '--net', net, '--groups', len(groups),
                     '--replicas', replicas]

    def start(self):
        self.spawn(self.argv)
        wait_until(lambda: self.has_died() or self.order('PING') == 'PONG', 10,
                   f'{self.name} answers')
        assert not self.has_died(), self.log()
        return self

    def order(self, *words):
        return call(CONTROL, self.port, *words, timeout=60)

    def address(self, group, member):
        number = (group - self.groups.start) * self.size + member + 1
        return f'127.{self.net}.{number >> 8}.{number & 255}', self.port

    def member_at(self, address):
        """(group, member) of an address, or None."""
        host, port = address
        net, high, low = (int(byte) for byte in host.split('.')[1:])
        number = high * 256 + low - 1
        if (net, port) != (self.net, self.port) or not 0 <= number < len(self.groups) * self.size:
            return None
        return self.groups.start + number // self.size, number % self.size


class Farm:
    """All of them; groups have numbers from 0 on, and the names group0 ..."""

    def __init__(self, folder, take_port, groups, replicas=2, sentinels=3):
        """take_port: gives a port that is free. sentinels: how many are to watch."""
        per_group = sentinels * 2 * (1 + replicas)
        each = max(1, min(CONNECTIONS // per_group, 65534 // (1 + replicas)))
        self.count = groups
        self.replicas = replicas
        self.fields = [
            Field(f'farm{i}', folder / f'farm{i}', take_port(), i + 1,
                  range(first, min(first + each, groups)), replicas)
            for i, first in enumerate(range(0, groups, each))]
        self._each = each

    def start(self):
        for field in self.fields:
            field.start()
        return self

    def field(self, group):
        return self.fields[group // self._each]

    def address(self, group, member=0):
        return self.field(group).address(group, member)

    def watched(self, quorum=2, down_after=30000, failover_timeout=180000, **options):
        """All groups as a sentinel is told of them."""
        return [Group(f'group{i}', *self.address(i), quorum=quorum, down_after=down_after,
                      failover_timeout=failover_timeout, **options) for i in range(self.count)]

    def _order(self, words, which, first, count):
        done = 0
        for field in self.fields:
            low, high = max(first, field.groups.start), min(first + count, field.groups.stop)
            if low < high:
                done += field.order(*words, which, low - field.groups.start,
                                    high - 1 - field.groups.start)
        return done

    def hang(self, which='masters', first=0, count=1 << 30):
        """Of `count` groups; returns how many servers hang."""
        return self._order(['HANG'], which, first, count)

    def refuse(self, which='masters', first=0, count=1 << 30):
        return self._order(['REFUSE'], which, first, count)

    def slow(self, delay_ms, which='all', first=0, count=1 << 30):
        return self._order(['SLOW', delay_ms], which, first, count)

    def revive(self, which='all', first=0, count=1 << 30):
        return self._order(['REVIVE'], which, first, count)

    def stats(self):
        """The counters of all, added up; 'now_ms' is the monotonic clock."""
        total = {}
        for field in self.fields:
            stats = json.loads(field.order('STATS'))
            stats |= stats.pop('commands')
            total = {key: total.get(key, 0) + value for key, value in stats.items()}
        total['now_ms'] = stats['now_ms']
        return total

    def roles(self):
        """For each group, for each member: [role, since (monotonic ms), member followed or -1]."""
        return [group for field in self.fields for group in json.loads(field.order('GROUPS'))]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--groups', type=int, default=1000)
    parser.add_argument('--replicas', type=int, default=2)
    parser.add_argument('--sentinels', type=int, default=3, help='how many are to watch')
    parser.add_argument('--down-after', type=int, default=30000, metavar='MS')
    parser.add_argument('--port', type=int, default=21000, help='of the first farm')
    parser.add_argument('--listen', type=int, default=26400, help='of the first sentinel')
    options = parser.parse_args()
    folder = options.folder.absolute()
    ports = iter(range(options.port, 65536))
    farm = Farm(folder, lambda: next(ports), options.groups, options.replicas, options.sentinels)
    groups = farm.watched(options.sentinels // 2 + 1, options.down_after)
    for i in range(options.sentinels):
        port = options.listen + i
        (folder / f'vedette{i}.yaml').write_text(yaml_text({
            'listen': [endpoint('127.0.0.1', port)], 'state_dir': str(folder / f'state{i}'),
            'groups': {group.name: group.as_yaml() for group in groups}}), 'utf-8')
        stock = folder / f'stock{i}'
        stock.mkdir(exist_ok=True)
        (stock / 'sentinel.conf').write_text('\n'.join(
            [f'port {port}', 'bind 127.0.0.1', f'dir {stock}']
            + [line for group in groups for line in group.as_classic()]) + '\n', 'utf-8')
    for field in farm.fields:
        print(*field.argv)


if __name__ == '__main__':
    main()
