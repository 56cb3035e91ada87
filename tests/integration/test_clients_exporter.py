"""Debian's prometheus-redis-exporter scrapes a vedette as it scrapes a stock sentinel."""

import re
import urllib.request

import pytest

from harness.process import Process
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

# What it makes of a sentinel; of INFO it makes more where a line of a data server is there.
SENTINEL_METRICS = {
    'redis_sentinel_masters', 'redis_sentinel_master_status', 'redis_sentinel_master_slaves',
    'redis_sentinel_master_ok_slaves', 'redis_sentinel_master_sentinels',
    'redis_sentinel_master_ok_sentinels', 'redis_sentinel_tilt',
    'redis_sentinel_running_scripts', 'redis_sentinel_scripts_queue_length',
    'redis_sentinel_simulate_failure_flags'}

PROCESS_METRICS = {
    'redis_instance_info', 'redis_uptime_in_seconds', 'redis_start_time_seconds',
    'redis_connected_clients', 'redis_commands_processed_total', 'redis_connections_received_total',
    'redis_cpu_sys_seconds_total', 'redis_cpu_user_seconds_total', 'redis_pubsub_channels'}


class Exporter(Process):
    def __init__(self, lab, sentinel, *options):
        super().__init__('exporter', lab.folder / f'exporter-of-{sentinel.name}')
        self._sentinel = sentinel
        self._options = options
        self._address = f'127.0.0.1:{lab.port()}'

    def __enter__(self):
        self.spawn(['prometheus-redis-exporter', '-web.listen-address', self._address,
                    '-redis.addr', 'redis://{}:{}'.format(*self._sentinel.address),
                    *self._options])
        wait_until(self.scrape, 10, 'the exporter answers')
        return self

    def __exit__(self, *_):
        self.kill()

    def scrape(self):
        """{metric with its labels: value}, of those that begin with redis_."""
        with urllib.request.urlopen(f'http://{self._address}/metrics', timeout=30) as page:
            text = page.read().decode()
        return {name: float(value)
                for name, value in re.findall(r'^(redis_\S+(?:\{.*\})?) (\S+)$', text, re.M)}

    def errors(self):
        """What it complained of; of a sentinel it complains that LATENCY is unknown."""
        return set(re.findall(r'level=(?:error|warning) msg="(.*)"', self.log()))


def names(metrics):
    return {name.split('{')[0] for name in metrics}


def of_sentinel(metrics):
    return {name: value for name, value in metrics.items() if name.startswith('redis_sentinel')}


@pytest.fixture
def deployment(lab):
    return lab.deployment(sentinels=['vedette', 'stock'])


def test_a_scrape_has_what_that_of_a_stock_sentinel_has(lab, deployment):
    vedette, stock = deployment.sentinels
    with Exporter(lab, vedette) as ours, Exporter(lab, stock) as theirs:
        metrics, control = ours.scrape(), theirs.scrape()
        assert ours.errors() == theirs.errors()
    assert metrics['redis_up'] == 1
    assert metrics['redis_exporter_last_scrape_error{err=""}'] == 0
    assert SENTINEL_METRICS | PROCESS_METRICS <= names(metrics) & names(control)
    assert of_sentinel(metrics) == of_sentinel(control)


def test_a_master_that_is_gone_shows(lab, deployment):
    vedette = deployment.sentinels[0]
    with Exporter(lab, vedette) as exporter:
        for replica in deployment.replicas:
            replica.kill()
        deployment.master.kill()
        wait_until(lambda: 'down' in vedette.master()['flags'], 10, 'the master is down')
        metrics = exporter.scrape()
    status, = (name for name in metrics if name.startswith('redis_sentinel_master_status{'))
    assert 'master_status="odown"' in status or 'master_status="sdown"' in status


def test_it_logs_in(lab):
    sentinel = lab.sentinel('sentinel', make='vedette', settings={'clients': {'password': 'open'}})
    sentinel.log_in_with('open')
    sentinel.start()
    with Exporter(lab, sentinel, '-redis.password', 'open') as exporter:
        metrics = exporter.scrape()
    assert metrics['redis_up'] == 1 and metrics['redis_sentinel_masters'] == 0
    with Exporter(lab, sentinel) as exporter:
        assert exporter.scrape()['redis_up'] == 0
