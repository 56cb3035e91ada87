"""Fixtures: lab and open_lab (one test), shared_lab (one module); and the logs of all processes on failure."""

import faulthandler
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

from harness.lab import Lab
from harness.ports import Ports
from harness.sentinel import MAKES, program

_labs = []
# No setup, test or teardown takes as long on any machine.
HANGS_S = int(os.environ.get('HANGS_S', 300))


def pytest_addoption(parser):
    parser.addoption('--make', choices=MAKES, default='vedette',
                     help='which sentinels run where a test asks for no certain make; with stock, '
                          'tests of what only vedette does are skipped (to try the harness)')


def pytest_configure(config):
    config.addinivalue_line('markers', 'vedette: what stock does not have, or does otherwise')
    if config.getoption('--make') != 'stock' and not program().exists():
        raise pytest.UsageError(f'no vedette at {program()}: build it, or set VEDETTE')


def pytest_collection_modifyitems(config, items):
    if config.getoption('--make') == 'stock':
        for item in items:
            if item.get_closest_marker('vedette'):
                item.add_marker(pytest.mark.skip(reason='only of vedette'))


class Hangs(Exception):
    """Not an OSError, which a wait would take for an answer."""


def _limited(item, phase):
    """A phase of a test that hangs fails: with its name, and with what all threads are at."""
    def on_alarm(*_):
        faulthandler.dump_traceback(file=sys.__stderr__)
        raise Hangs(f'{phase} of {item.nodeid} took more than {HANGS_S} s')

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(HANGS_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item):
    yield from _limited(item, 'setup')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    yield from _limited(item, 'call')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    yield from _limited(item, 'teardown')


_under_way = []


def pytest_runtest_logstart(nodeid):
    _under_way[:] = [nodeid]


def pytest_keyboard_interrupt():
    print('\ninterrupted:', *_under_way, file=sys.__stderr__)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for lab in _labs:
            report.sections.append((f'processes in {lab.folder}', lab.tails()))


@pytest.fixture(scope='session')
def ports():
    ports = Ports()
    yield ports
    ports.close()


def _lab(folder, ports, config):
    lab = Lab(folder, ports, config.getoption('--make'))
    _labs.append(lab)
    try:
        yield lab
        lab.close()
    finally:
        _labs.remove(lab)


@pytest.fixture
def lab(tmp_path, ports, request):
    yield from _lab(tmp_path, ports, request.config)


@pytest.fixture
def open_lab(ports, request, monkeypatch):
    """One whose folder other users may pass through, with a program that they may run: the folders above
    the one that was built, such as /root, may keep them out."""
    with tempfile.TemporaryDirectory(prefix='vedette-') as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setenv('VEDETTE', shutil.copy(program(), folder))
        yield from _lab(pathlib.Path(folder), ports, request.config)


@pytest.fixture(scope='module')
def shared_lab(tmp_path_factory, ports, request):
    yield from _lab(tmp_path_factory.mktemp('shared'), ports, request.config)


@pytest.fixture
def stock(request):
    """True if the sentinels are stock's: some waits are longer then."""
    return request.config.getoption('--make') == 'stock'
