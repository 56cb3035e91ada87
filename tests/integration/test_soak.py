"""The soak of scripts/soak, for a moment: memory and descriptors stay flat, and it would tell."""

import os
import pathlib
import subprocess

import pytest

from harness.sentinel import program

pytestmark = pytest.mark.vedette

SOAK = pathlib.Path(__file__).parents[1] / 'soak' / 'soak'


def soak(*options):
    return subprocess.run([SOAK, *map(str, options)], capture_output=True, text=True, check=False,
                          timeout=600, env={**os.environ, 'VEDETTE': str(program())})


def test_a_short_soak_is_flat():
    """The sanitizers keep some of what is freed: they get more slack than the real program."""
    done = soak('--seconds', 12, '--failovers', 4, '--slack-kb', 16 * 1024)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ['flat']), (
        done.stdout + done.stderr[-6000:])
    for kind in ('killed', 'hung', 'forced', 'restarted', 'reloads', 'changes', 'subscribers'):
        assert f' {kind}' in done.stdout


def test_a_soak_tells_what_grew():
    done = soak('--seconds', 3, '--slack-kb', -1_000_000)
    assert done.returncode == 1, done.stdout + done.stderr[-6000:]
    assert 'memory, kB of sentinel0 grew by ' in done.stdout.splitlines()[-1]
