"""Figures as people and programs read them: tables, targets, one line of JSON."""

import dataclasses
import json
import statistics


def summary(values, runs=None):
    """Median and extremes; missed: how many of the runs have no value."""
    if not values:
        return None
    return {'median': round(statistics.median(values), 1), 'min': round(min(values), 1),
            'max': round(max(values), 1), 'missed': (runs or len(values)) - len(values)}


def quantiles(values):
    """p50, p99 and the last of many; None if there is none."""
    ordered = sorted(values)
    return ordered and {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
                        for name, share in (('p50', 0.5), ('p99', 0.99), ('last', 1))} or None


def figure(summed):
    """A summary in one cell."""
    if not summed:
        return 'never'
    missed = f', {summed["missed"]} missed' if summed['missed'] else ''
    return f'{summed["median"]:.0f} ({summed["min"]:.0f}..{summed["max"]:.0f}{missed})'


def ratios(one, other, keys):
    """What the medians of one are in those of the other."""
    return {key: one[key] and other[key] and round(one[key]['median'] / other[key]['median'], 2)
            for key in keys}


@dataclasses.dataclass
class Target:
    """In ms: never below `low`, in the median and at most what they say."""
    low: float
    median: float
    most: float

    def __str__(self):
        return f'median in [{self.low:.0f}, {self.median:.0f}] ms, at most {self.most:.0f}'

    def verdict(self, summed):
        """'met', or what was missed by how much."""
        if not summed or summed['missed']:
            return 'missed: not always reached'
        excesses = {'too early by': self.low - summed['min'],
                    'median missed by': summed['median'] - self.median,
                    'most missed by': summed['max'] - self.most}
        return ', '.join(f'{what} {by:.0f} ms' for what, by in excesses.items() if by > 0) or 'met'


def table(heads, rows):
    """Prints it, the first column to the left, the others to the right."""
    columns = list(zip(heads, *rows))
    widths = [max(len(str(cell)) for cell in column) for column in columns]
    for row in (heads, *rows):
        first, *others = (str(cell).rjust(width) for cell, width in zip(row, widths))
        print('  '.join([first.strip().ljust(widths[0]), *others]))


def finish(bench, **fields):
    """The last line, for programs."""
    print('\n' + json.dumps({'bench': bench, **fields}))
