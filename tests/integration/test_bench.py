"""The benches run, in their smallest form, and what they read from events is right. No timings."""

import json
import pathlib
import runpy
import subprocess
import sys
import types

import pytest

from harness.hosts import Network

BENCH = pathlib.Path(__file__).parents[1] / 'bench'
sys.path.insert(0, str(BENCH))

from lib.elections import tally     # noqa: E402
from lib.report import Target, summary  # noqa: E402

pytestmark = pytest.mark.vedette


def run(bench, *options):
    """Runs it with vedettes alone; returns what its last line says."""
    done = subprocess.run([BENCH / bench, '--makes', 'vedette', *map(str, options)],
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures['bench'] == bench
    return figures


def faults():
    return ['killed', 'killed-tls', 'hung', *(['vanished'] if Network.available() else [])]


def test_failover_measures_every_fault():
    results = run('failover', '--runs', 1, '--down-after', 500, '--faults',
                  ','.join(faults()))['results']
    assert set(results) == {f'{fault}.vedette' for fault in faults()}
    for row in results.values():
        assert set(row) == {'write', 'client', 'agreed', 'followed', 'elections', 'target'}
        assert row['write']['missed'] == 0
        assert row['elections']['attempts'] >= 1


def test_failover_measures_with_sentinels_dead():
    figures = run('failover', '--runs', 1, '--down-after', 500, '--sentinels', 5, '--replicas', 1,
                  '--faults', 'killed-both', '--lowest-dead')
    assert figures['lowest_dead'] is True
    assert figures['results']['killed-both.vedette']['agreed']['missed'] == 0


def test_silence_counts_sdowns():
    results = run('silence', '--down-after', 500, '--stops', 2, '--long-stops', 1, '--stall', 0.6,
                  '--after', 0.2)['results']['500']
    assert results['master']['stops'] == results['replica']['stops'] == 2
    assert set(results['master']['false']) == {'vedette'}
    assert results['long']['missed'] == {'vedette': 0}
    assert set(results['stalled']['false']) == {'vedette'}


def test_mass_replaces_all_masters():
    result, = run('mass', '--groups', 3, '--down-after', 500, '--faults', 'hung')['results']
    assert result['replaced'] == 3
    assert result['attempts'] >= 3
    assert set(result['written']) == set(result['agreed']) == {'p50', 'p99', 'last'}


def test_query_asks_and_listens():
    figures = run('query', '--runs', 1, '--requests', 640, '--groups', 5, '--connections', '1,20',
                  '--subscribers', 20, '--failovers', 1)
    results = figures['results']
    assert set(results) == {'one 1x1', 'one 20x1', 'one 1x16', 'one 20x16', 'info', 'masters',
                            'fan-out.vedette', 'fan-out.bare'}
    for sender in ('vedette', 'bare'):
        assert results.pop(f'fan-out.{sender}')['spread_us']['min'] > 0
    for row in results.values():
        assert set(row['vedette']) == {'per_second', 'p50_us', 'p99_us', 'cpu_us', 'bytes'}
        assert row['vedette']['per_second']['median'] > 0
    # Each reply is as long as the protocol has it, thus all of them were read.
    assert results['one 1x1']['vedette']['bytes'] == results['one 20x16']['vedette']['bytes']
    assert results['masters']['vedette']['bytes']['median'] > 5 * 500


def test_scale_measures_every_phase():
    figures = run('scale', '--groups', 20, '--fail', 8, '--down-after', 1000, '--window', 1,
                  '--phases', 'learn,quiet,mass,switch,restart,cost', '--cost-groups', '10,20',
                  '--cost-runs', 1)
    rows = {row['phase']: row for row in figures['results']}
    assert list(rows) == ['learn', 'quiet', 'mass', 'switch', 'restart', 'cost']
    assert rows['learn']['linked_s'] >= 0 < rows['learn']['learned_s']
    assert rows['quiet']['descriptors'] > 20 * 3 * 2
    assert rows['quiet']['pings'] > 0 < rows['quiet']['queries']
    mass = rows['mass']
    assert mass['promoted'] == mass['agreed'] == mass['returned'] == 8
    assert 1000 <= mass['promoted_p50'] <= mass['promoted_last'] <= mass['agreed_last']
    assert mass['disagree'] == 0 < mass['epochs']
    switch = rows['switch']
    assert switch['promoted'] == switch['agreed'] == 20
    assert 0 < switch['promoted_p50'] <= switch['settled_last'] <= switch['done_ms']
    assert switch['disagree'] == switch['refused'] == 0
    assert switch['idle_p99'] > 0
    assert rows['restart']['served_ms'] > 0
    assert rows['cost']['rss_kb_10'] > rows['cost']['rss_kb_20'] > 0


def test_scale_judges_by_targets_where_they_apply():
    script = runpy.run_path(str(BENCH / 'scale'))
    options = types.SimpleNamespace(groups=500, fail=250, sentinels=3, replicas=2, fsync_delay=0)
    stock = {'cpu_percent': 10.0}

    def judged(figures, phase, down_after):
        return {(found['figure'], found['verdict']) for found in (
            aim.verdict(figures, stock, down_after) for aim in script['AIMS']
            if aim.phase == phase and aim.make == 'vedette' and aim.applies(options, down_after))}

    assert judged({'cpu_percent': 6.0}, 'quiet', 30000) == {('cpu_percent', 'missed by 1')}
    assert judged({'cpu_percent': 6.0}, 'quiet', 5000) == {('cpu_percent', 'met')}
    assert judged({'agreed_last': None, 'agreed_p99': 6000, 'epochs': 51, 'busy_p99': 5,
                   'false_sdowns': 0}, 'mass', 5000) == {
        ('agreed_last', 'missed: never'), ('agreed_p99', 'met'), ('epochs', 'missed by 1'),
        ('busy_p99', 'met'), ('false_sdowns', 'met')}
    options.groups = 20
    assert not judged({}, 'quiet', 30000)


@pytest.mark.parametrize('options', ([], ['--elections']))
def test_series_replaces_one_master_after_the_other(options):
    row = run('series', '--rounds', 2, '--replicas', 2, '--down-after', 500,
              *options)['results']['vedette']
    assert (row['rounds'], row['failed']) == (2, 0)
    assert row['elections']['attempts'] >= 2


def test_an_unknown_fault_is_wrong_usage():
    done = subprocess.run([BENCH / 'failover', '--faults', 'killed,bored'], capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert 'bored' in done.stderr


def event(sentinel, channel, message):
    return types.SimpleNamespace(sentinel=sentinel, channel=channel, message=message)


def stands(sentinel, group, epoch):
    return [event(sentinel, '+new-epoch', str(epoch)),
            event(sentinel, '+try-failover', f'master {group} 10.0.0.1 6379'),
            event(sentinel, '+vote-for-leader', f'{sentinel * 40} {epoch}')]


def wins(sentinel, group):
    return [event(sentinel, '+elected-leader', f'master {group} 10.0.0.1 6379')]


@pytest.mark.parametrize(('events', 'expected'), (
    ([*stands('a', 'one', 1), *wins('a', 'one')], (1, 0, 0, 1)),
    # A rival that lost to the winner of the same epoch has split nothing.
    ([*stands('a', 'one', 1), *stands('b', 'one', 1), *wins('b', 'one')], (2, 1, 0, 1)),
    # Nobody won the first epoch.
    ([*stands('a', 'one', 1), *stands('b', 'one', 1), *stands('a', 'one', 2), *wins('a', 'one')],
     (3, 2, 1, 2)),
    # Groups share epochs; each is won or not for itself.
    ([*stands('a', 'one', 1), *stands('a', 'two', 1), *wins('a', 'two')], (2, 1, 1, 1)),
))
def test_elections_are_counted(events, expected):
    assert tuple(tally(events).values()) == expected


@pytest.mark.parametrize(('values', 'verdict'), (
    ([1000, 1050, 1150], 'met'),
    ([990, 1010, 1020], 'too early by 10 ms'),
    ([1060, 1060, 1200], 'median missed by 10 ms, most missed by 50 ms'),
    ([1010, 1010], 'missed: not always reached'),
    ([], 'missed: not always reached'),
))
def test_a_target_is_met_or_missed(values, verdict):
    assert Target(1000, 1050, 1150).verdict(summary(values, 3)) == verdict


def test_path_finds_every_step():
    """Needs a vedette built with -Dtest_hooks=true, as scripts/test does."""
    figures = run('path', '--runs', 1)
    assert figures['runs'] == 1
    assert figures['results']['total']['median'] > 0
