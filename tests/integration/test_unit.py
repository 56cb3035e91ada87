"""The unit for systemd: what its own tools say of it, and that the daemon needs no more.

There need not be a systemd that runs: the tools look at files, and the rules that matter to the
daemon are made by hand.
"""

import configparser
import os
import pathlib
import pwd
import re
import shutil
import subprocess

import pytest

from harness.group import Group
from harness.sentinel import program
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

ROOT = pathlib.Path(__file__).parents[2]
UNIT = ROOT / 'packaging' / 'systemd' / 'vedette.service'
EXPOSURE = 15   # tenths, of 100: systemd calls it OK
TOOL = shutil.which('systemd-analyze')
needs_tool = pytest.mark.skipif(TOOL is None, reason='systemd-analyze is not installed')
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can take rights away')


def analyze(*arguments):
    done = subprocess.run([TOOL, '--no-pager', *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def values(key):
    """All values of a key of [Service], in order."""
    return re.findall(rf'^{key}=(.*)$', UNIT.read_text('utf-8'), re.M)


def test_its_lines_are_well_formed():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNIT)
    assert parser.sections() == ['Unit', 'Service', 'Install']
    for key in ('CapabilityBoundingSet', 'AmbientCapabilities'):
        assert values(key) == ['']
    assert parser['Service']['NoNewPrivileges'] == 'yes'


@needs_tool
def test_systemd_understands_it(tmp_path):
    """Each key and value; the program and the user need not be there."""
    unit = tmp_path / 'vedette.service'
    unit.write_text(UNIT.read_text('utf-8').replace('/usr/local/bin/vedette', str(program())))
    code, said = analyze('verify', '--man=no', '--recursive-errors=no', unit)
    assert (code, said) == (0, ''), said


@needs_tool
def test_little_is_exposed():
    code, said = analyze('security', '--offline=true', f'--threshold={EXPOSURE}', UNIT)
    assert code == 0, said


def calls_of(name):
    """The system calls of a set, without those that it takes from others."""
    code, said = analyze('syscall-filter', name)
    assert code == 0, said
    words = [line.strip() for line in said.splitlines()[1:]]
    calls = {word for word in words if word and word[0] not in '@#'}
    return calls.union(*(calls_of(word) for word in words if word.startswith('@')))


@needs_tool
def test_it_allows_all_that_our_own_filter_does():
    allowed = set()
    for value in values('SystemCallFilter'):
        calls = set().union(*(calls_of(word) if word.startswith('@') else {word}
                              for word in value.lstrip('~').split()))
        allowed = allowed - calls if value.startswith('~') else allowed | calls
    text = (ROOT / 'sentinel' / 'shell' / 'sandbox.c').read_text('utf-8')
    table, = re.findall(r'allowed\[\] = \{(.*?)#ifdef IS_SANITIZED', text, re.S)
    needed = set(re.findall(r'CALL(?:_IF)?\((\w+)', table))
    assert {'read', 'openat', 'fsync', 'clone', 'mmap'} <= needed
    assert needed - allowed == {'fchown'}   # of who rewrites a sentinel.conf


NOBODY = pwd.getpwnam('nobody')
# All can be read, and written is the one folder; a user without rights who cannot get any.
CONFINED = '''
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount -o remount,bind,ro /
exec setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs --bounding-set=-all \\
    --inh-caps=-all prlimit --core=0 "$@"
'''


@needs_root
def test_it_runs_with_as_little(open_lab):
    server = open_lab.server('server').start()
    folder = open_lab.folder / 'var'
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    sentinel = open_lab.sentinel(
        'sentinel', groups=[Group('mymaster', *server.address, quorum=1, down_after=30000)],
        settings={'seccomp': 'yes'},
        enter=['unshare', '--mount', 'sh', '-c', CONFINED, str(folder)])
    sentinel.write_file(sentinel.file_text().replace(str(sentinel.state), str(folder / 'state')))
    sentinel.start()
    wait_until(lambda: sentinel.master()['flags'] == 'master', 10, 'it watches')
    assert sentinel.sentinel('SET', 'mymaster', 'quorum', 2) == 'OK'
    identity = sentinel.id
    sentinel.reload()
    assert sentinel.terminate() == 0
    assert sentinel.start().id == identity
    assert sentinel.master()['quorum'] == '2'
