"""`seccomp`: what the kernel refuses the daemon, and scripts, which are not bound by it.

That it needs nothing of what is refused is shown by other tests, run again under the filter
(scripts/test, suite sandbox).
"""

import os
import pathlib
import signal

import pytest

from harness.group import Group
from harness.sentinel import program
from harness.wait import holds, wait_until

pytestmark = pytest.mark.vedette

REFUSED = ['socket', 'socketpair', 'mmap', 'kill', 'chdir']
DEADLY = ['execve', 'unshare', 'setuid', 'mount']
if b'__asan_init' not in program().read_bytes():    # whose check for leaks makes these calls itself
    REFUSED.append('fork')
    DEADLY.append('ptrace')

SEEN = 'echo "$*" $(id -u) $PPID $(grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status | cut -f2) >>'


@pytest.fixture
def make(lab):
    def make(settings=None, where=lab, env=None, script=None):
        extra = {'scripts': {'notification': str(script)}} if script else {}
        group = Group('mymaster', '127.0.0.1', 1, down_after=600000, extra=extra)
        return where.sentinel('sentinel', groups=[group], env=env,
                              settings={'seccomp': 'yes', **(settings or {})})
    return make


def write_script(folder, name='notify'):
    """One that writes down its arguments, user, parent, filter and whether it may have more rights."""
    seen = folder / 'seen'
    seen.mkdir(exist_ok=True)
    seen.chmod(0o777)
    path = folder / name
    path.write_text(f'#!/bin/sh\n{SEEN}{seen}/{name}\n')
    path.chmod(0o755)
    return path


def seen(script):
    file = script.parent / 'seen' / script.name
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def status(pid, name):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text('ascii').splitlines():
        if line.startswith(f'{name}:'):
            return line.split()[1]
    raise KeyError(name)


def spawner(sentinel):
    """The process that starts its scripts."""
    found = [int(path.name) for path in pathlib.Path('/proc').iterdir()
             if path.name.isdigit() and is_spawner(path, sentinel.pid)]
    assert len(found) == 1
    return found[0]


def is_spawner(path, parent):
    try:
        return ((path / 'comm').read_text() == 'vedette-spawner\n'
                and status(path.name, 'PPid') == str(parent))
    except OSError:
        return False


def cause_event(sentinel, value):
    assert sentinel.sentinel('SET', 'mymaster', 'failover-timeout', value) == 'OK'


# ---- the daemon ----

def test_every_thread_is_bound(make):
    sentinel = make().start()
    wait_until(lambda: len(os.listdir(f'/proc/{sentinel.pid}/task')) > 1, 5, 'its threads are there')
    for task in os.listdir(f'/proc/{sentinel.pid}/task'):
        assert status(f'{sentinel.pid}/task/{task}', 'Seccomp') == '2'
        assert status(f'{sentinel.pid}/task/{task}', 'NoNewPrivs') == '1'


def test_what_is_never_needed_is_refused(make):
    sentinel = make(env={'VEDETTE_TEST_FORBIDDEN': ','.join(REFUSED)}).start()
    for call in REFUSED:
        assert f'forbidden: {call}: ENOSYS\n' in sentinel.log()
    assert sentinel.terminate() == 0


@pytest.mark.parametrize('call', DEADLY)
def test_what_only_an_attacker_would_try_ends_it(make, call):
    sentinel = make(env={'VEDETTE_TEST_FORBIDDEN': call})
    sentinel.start(wait=False)
    assert sentinel.wait() == -signal.SIGSYS


def test_it_may_be_tried_out_first(make):
    sentinel = make({'seccomp': 'log'}, env={'VEDETTE_TEST_FORBIDDEN': 'kill,chdir,mmap'})
    sentinel.start()
    assert sentinel.log().count(': done\n') == 3
    assert 'System calls that are never needed are logged by the kernel' in sentinel.log()


# ---- scripts ----

def test_scripts_are_not_bound(make, lab):
    script = write_script(lab.folder)
    sentinel = make(script=script).start()
    line, = wait_until(lambda: seen(script), 10, 'the script ran')
    assert line[0] == '+monitor'
    assert line[-4:] == [str(os.getuid()), str(spawner(sentinel)), '0', '0']


def test_a_script_that_a_reload_names_is_run(make, lab):
    scripts = [write_script(lab.folder), write_script(lab.folder, 'other')]
    sentinel = make(script=scripts[0]).start()
    wait_until(lambda: seen(scripts[0]), 10, 'the first one ran')
    for i, (old, new) in enumerate([scripts, scripts[::-1]]):
        ran = len(seen(new))
        sentinel.write_file(sentinel.file.read_text().replace(str(old), str(new)))
        sentinel.reload()
        wait_until(lambda s=new: sentinel.master()['notification-script'] == str(s), 5,
                   'it is in force')
        cause_event(sentinel, 7000 + i)
        wait_until(lambda s=new, n=ran: len(seen(s)) > n, 10, 'the other one ran')


def test_a_script_that_the_file_does_not_name_is_not_run(make, lab):
    script = write_script(lab.folder)
    sentinel = make({'deny_scripts_reconfig': 'no'}).start()
    assert sentinel.sentinel('SET', 'mymaster', 'notification-script', script) == 'OK'
    wait_until(lambda: seen(script), 10, 'it ran while any might')
    sentinel.terminate()
    ran = len(seen(script))
    sentinel.write_file(sentinel.file.read_text().replace('reconfig: "no"', 'reconfig: "yes"'))
    sentinel.start()
    assert sentinel.master()['notification-script'] == str(script)
    cause_event(sentinel, 7000)
    wait_until(lambda: f'-script-error {script} 0 2' in sentinel.log(), 10, 'it is refused')
    assert 'the configuration does not name it' in sentinel.log()
    assert len(seen(script)) == ran


def test_who_starts_scripts_ends_with_the_daemon(make, lab):
    script = write_script(lab.folder)
    sentinel = make(script=script)
    for end in (sentinel.terminate, sentinel.kill):
        sentinel.start()
        child = spawner(sentinel)
        os.kill(child, signal.SIGTERM)      # as a supervisor does, to all at once
        holds(lambda c=child: status(c, 'State') != 'Z', 0.2, 'it follows the daemon alone')
        end()
        wait_until(lambda c=child: not pathlib.Path(f'/proc/{c}').exists(), 5, 'it is gone')


def test_without_who_starts_scripts_the_daemon_goes_on(make, lab):
    script = write_script(lab.folder)
    script.write_text('#!/bin/sh\nexec sleep 1000\n')
    sentinel = make(script=script).start()
    wait_until(lambda: 'sentinel_running_scripts:1' in sentinel.call('INFO', 'sentinel'), 10,
               'a script runs')
    os.kill(spawner(sentinel), signal.SIGKILL)
    wait_until(lambda: 'the process that starts scripts has ended' in sentinel.log(), 10,
               'it is told')
    cause_event(sentinel, 7000)
    wait_until(lambda: sentinel.log().count(f'-script-error {script} 0 2') == 2, 10,
               'the next one fails')
    assert 'Broken pipe' in sentinel.log()
    assert sentinel.terminate() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_both_at_once(make, open_lab):
    """The user, and the filter around what he does; scripts are his."""
    script = write_script(open_lab.folder)
    sentinel = make({'user': 'nobody'}, where=open_lab, script=script,
                    env={'ASAN_OPTIONS': 'detect_leaks=0'}).start()
    user = status(sentinel.pid, 'Uid')
    assert user not in ('0', None) and status(sentinel.pid, 'Seccomp') == '2'
    line, = wait_until(lambda: seen(script), 10, 'the script ran')
    assert line[-4:] == [user, str(spawner(sentinel)), '0', '0']
