"""The figures of a run, by fault and make."""

import statistics

from lib.report import finish, table

COLUMNS = ('rounds', 'replaced', 'written', 'lost', 'unexplained', 'without master', 'two masters',
           'in order after')
MEANING = """\
Of all rounds of a fault: how many there were and in how many the master was replaced, the writes
that were acknowledged and those of them lost, in all and for no reason that asynchronous
replication gives; then per round the seconds in which nobody who is not cut off could write, those
in which two masters accepted writes, and those from the last healing until one master was agreed
on, all followed it and were in good health (the mean, and the longest; PROBLEMS when never)."""


def figures(results):
    """Of some rounds, by column."""
    agreed = [r.agreed_s for r in results if r.agreed_s is not None]
    return {
        'rounds': len(results),
        'replaced': sum(r.replaced for r in results),
        'written': sum(r.acked for r in results),
        'lost': sum(r.lost for r in results),
        'unexplained': sum(r.unexplained for r in results),
        'without master': round(statistics.fmean(r.without_s for r in results), 2),
        'two masters': round(statistics.fmean(r.doubled_s for r in results), 2),
        'in order after': round(statistics.fmean(agreed), 2) if agreed else None,
        'longest': round(max(agreed), 1) if agreed else None,
        'problems': sum(bool(r.problems) for r in results),
    }


def _cells(row):
    cells = {column: row[column] for column in COLUMNS}
    for column in ('without master', 'two masters'):
        cells[column] = f'{row[column]:.2f}'
    cells['in order after'] = 'never' if row['in order after'] is None else (
        f'{row["in order after"]:.1f} ({row["longest"]:.1f})')
    return list(cells.values())


def _ratio(one, other):
    return f'{one / other:.2f}' if one is not None and other else ''


def _ratios(one, other):
    return ['', '', '', _ratio(one['lost'], other['lost']), '',
            *(_ratio(one[column], other[column]) for column in COLUMNS[5:])]


def report(results, options):
    """results: those of each make, in the order of the plan. Makes are compared in the rounds that
    both have played."""
    common = min(len(played) for played in results.values())
    played = {make: rounds[:common] for make, rounds in results.items()}
    labels = sorted({r.label for rounds in played.values() for r in rounds})
    rows, by_fault = [], {}
    for label in [*labels, 'all']:
        compared = {make: figures([r for r in rounds if label in (r.label, 'all')])
                    for make, rounds in played.items()}
        for make, row in compared.items():
            rows.append([label, make, *_cells(row)])
        if len(compared) == 2:
            rows.append(['', 'ratio', *_ratios(*compared.values())])
        by_fault[label] = compared
    print(f'\n{options.hosts} hosts, down-after {options.down_after} ms, failover-timeout '
          f'{options.failover_timeout} ms, seed {options.seed}: {common} rounds. {MEANING}\n')
    table(['fault', 'make', *COLUMNS], rows)
    finish('chaos', seed=options.seed, hosts=options.hosts, down_after_ms=options.down_after,
           failover_timeout_ms=options.failover_timeout, rounds=common,
           played={make: len(rounds) for make, rounds in results.items()}, results=by_fault)
