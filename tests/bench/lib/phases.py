"""The phases of the bench `scale`: each has a farm and sentinels of its own, and returns figures.
None: it did not happen in the time that was given."""

import contextlib
import statistics
import time

from harness.wait import wait_until

from .fleet import Fleet, Never
from .queries import Queries
from .switches import Switches, spread
from .usage import Beside, Usage, Window

SETTLE_S = 3
RESTARTS = 3


def since(began, moment):
    return moment and round(moment - began, 2)


def attempted(act):
    """What it returns, or None if it said Never."""
    try:
        return act()
    except Never as never:
        print(never, flush=True)
        return None


def learn(lab, kind, options, down_after):
    """From cold: until all know all replicas and peers, and until all links are up."""
    fleet = Fleet(lab, kind, options, down_after=down_after)
    began = fleet.start()
    window = Window([sentinel.pid for sentinel in fleet.sentinels])
    beside = Beside(fleet.pids())
    learned = attempted(lambda: fleet.wait_learned(options.learn_within))
    cpu, others = window.cpu_s(), beside.percent()
    linked = attempted(lambda: fleet.wait_linked(10))
    return {'learned_s': since(began, learned), 'linked_s': since(began, linked),
            'cpu_s': round(max(cpu), 2), 'rss_mb': round(window.rss_mb(), 1),
            'beside_percent': others}


def quiet(lab, kind, options, down_after):
    """Nothing happens: what it costs; then the same with queries."""
    fleet = Fleet(lab, kind, options, down_after=down_after, knowing=True).ready()
    time.sleep(SETTLE_S)
    before = fleet.farm.stats()
    window = Window([sentinel.pid for sentinel in fleet.sentinels])
    farm = Window([field.pid for field in fleet.farm.fields])
    beside = Beside(fleet.pids())
    time.sleep(options.window)
    seconds, number = window.seconds(), len(fleet.sentinels)
    after = fleet.farm.stats()
    rate = {name: round((after[key] - before[key]) / seconds / number, 1) for name, key in (
        ('pings', 'PING'), ('infos', 'INFO'), ('publishes', 'PUBLISH'), ('packets', 'reads'))}
    figures = {'cpu_percent': round(window.cpu_percent(), 2), 'rss_mb': round(window.rss_mb(), 1),
               'descriptors': window.descriptors(), 'beside_percent': beside.percent(),
               'farm_percent': round(sum(farm.cpu_s()) / seconds * 100, 2), **rate}
    queries = Queries(fleet, options)
    time.sleep(max(1, options.window / 3))
    return {**figures, **queries.figures()}


def mass(lab, kind, options, down_after):
    """Masters hang at once; when they are replaced, they come back."""
    fleet = Fleet(lab, kind, options, down_after=down_after, knowing=True)
    if options.fsync_delay:
        fleet.have_disks()
    fleet.ready()
    time.sleep(SETTLE_S)
    if fleet.disks:
        fleet.delay_fsync(options.fsync_delay)
    switches = Switches(fleet, options.fail)
    queries = Queries(fleet, options)
    time.sleep(1)
    window = Window([sentinel.pid for sentinel in fleet.sentinels])
    beside = Beside([*fleet.pids(), *queries.pids()])
    switches.begin()
    fleet.farm.hang('masters', 0, options.fail)
    switches.follow(lambda s: len(s.promoted) == s.count and len(s.agreed(s.tape.events()))
                    == s.count, options.give_up)
    figures = {**switches.figures(), 'cpu_s': round(max(window.cpu_s()), 2),
               'beside_percent': beside.percent(),
               'false_sdowns': switches.false_sdowns(),
               **queries.figures(switches.began + down_after / 1000)}
    figures['disagree'] = attempted_names(fleet)
    if options.revive:
        figures |= revive(fleet, switches, options)
    return figures


def attempted_names(fleet):
    try:
        return fleet.disagreements()
    except OSError as error:
        print(f'a sentinel does not answer: {error}', flush=True)
        return None


def revive(fleet, switches, options):
    """Old masters that were replaced are to follow the new ones."""
    replaced = set(switches.promoted)
    back = time.monotonic()
    fleet.farm.revive('all')
    switches.follow(lambda s: replaced <= set(s.settled), options.give_up)
    late_ms = (back - switches.began) * 1000
    times = {i: max(0, switches.settled[i] - late_ms) for i in replaced & set(switches.settled)}
    return {'returned': len(times), **spread('returned', times, len(replaced))}


def switch(lab, kind, options, down_after):
    """SENTINEL FAILOVER of every group, all at once."""
    fleet = Fleet(lab, kind, options, down_after=down_after, knowing=True).ready()
    time.sleep(SETTLE_S)
    switches = Switches(fleet, fleet.count)
    queries = Queries(fleet, options)
    time.sleep(1)
    beside = Beside([*fleet.pids(), *queries.pids()])
    leads = fleet.sentinels if options.by_all else [fleet.lead]
    with contextlib.ExitStack() as ends:
        connections = [ends.enter_context(lead.connect(timeout=options.give_up)) for lead in leads]
        orders = [connections[i % len(leads)] for i in range(fleet.count)]
        switches.begin()
        for i, connection in enumerate(orders):
            connection.send('SENTINEL', 'FAILOVER', f'group{i}')
        switches.follow(lambda s: len(s.settled) == s.count and len(s.agreed(s.tape.events()))
                        == s.count, options.give_up)
        refused = sum('-' in connection.read() for connection in orders)
    figures = {**switches.figures(), 'refused': refused,
               **spread('settled', switches.settled, fleet.count),
               'beside_percent': beside.percent(), **queries.figures(switches.began)}
    figures['done_ms'] = figures['settled_last'] and figures['agreed_last'] and max(
        figures['settled_last'], figures['agreed_last'])
    figures['disagree'] = attempted_names(fleet)
    return figures


def restart(lab, kind, options, down_after):
    """One sentinel that knows all stops and starts again."""
    fleet = Fleet(lab, kind, options, down_after=down_after, knowing=True).ready()
    time.sleep(SETTLE_S)
    served, linked, learned = [], [], fleet.links()
    for _ in range(RESTARTS):
        fleet.lead.terminate(timeout=60)
        wait_until(lambda: fleet.links() < learned * 3 / 4, 30, 'its links are gone')
        began = time.monotonic()
        fleet.start_one(fleet.lead)
        wait_until(lambda: fleet.lead.master_address(f'group{fleet.count - 1}'), 60,
                   'it serves queries', poll_s=0.002)
        served.append((time.monotonic() - began) * 1000)
        moment = attempted(lambda: fleet.wait_linked(60))
        linked += [since(began, moment)] if moment else []
    return {'served_ms': round(statistics.median(served), 1), 'served_most_ms': round(
        max(served), 1), 'linked_s': statistics.median(linked) if linked else None}


def cost(lab_of, kind, options, down_after):
    """One sentinel with few and with many groups: what each of them costs."""
    figures = {}
    for size in options.cost_groups:
        cpu, rss = [], []
        for run in range(options.cost_runs):
            with lab_of(f'{size}-{run}') as lab:
                fleet = Fleet(lab, kind, options, size, 1, down_after, knowing=True).ready()
                time.sleep(SETTLE_S)
                window = Window([fleet.lead.pid])
                time.sleep(options.window / 3)
                cpu.append(window.cpu_s()[0] / window.seconds() / size * 1e6)
                rss.append(Usage(fleet.lead.pid).rss_mb() / size * 1024)
        for name, values in (('cpu_us', cpu), ('rss_kb', rss)):
            figures |= {f'{name}_{size}': round(statistics.median(values), 1),
                        f'{name}_{size}_low': round(min(values), 1),
                        f'{name}_{size}_high': round(max(values), 1)}
    few, many = options.cost_groups
    for name in ('cpu_us', 'rss_kb'):
        figures[f'{name}_growth'] = round(figures[f'{name}_{many}'] / figures[f'{name}_{few}'], 2)
    return figures


PHASES = {'learn': learn, 'quiet': quiet, 'mass': mass, 'switch': switch, 'restart': restart,
          'cost': cost}
