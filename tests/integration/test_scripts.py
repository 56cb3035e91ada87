"""Notification and client reconfiguration scripts, as real processes.

A script writes what it was given into the folder that its sentinel works in.
"""

import collections
import re

import pytest

from harness.resp import ReplyError, encode, fields
from harness.wait import holds, wait_until

SILENT_MS = 10 * 60 * 1000  # a group whose master never answers, and is not held down either
SIGNALS_OF_LIBC = 0x180000000   # 32 and 33, which nobody else may name
SEEN = 'printf "%s\\n" "$*" >>seen.log\n'


@pytest.fixture(params=['vedette', 'classic'])
def make(request):
    return request.param


def write_script(folder, name, text):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\n{text}')
    path.chmod(0o755)
    return path


def seen(sentinel, name='seen.log'):
    file = sentinel.folder / name
    return file.read_text().splitlines() if file.exists() else []


def scripts_of(lab, notify=None, reconfig=None):
    """What configures a group's scripts, for both forms of the file."""
    return {'extra': {'scripts': {k: str(v) for k, v in
                                  (('notification', notify), ('reconfig', reconfig)) if v}},
            'lines': tuple(f'{k} mymaster {v}' for k, v in (
                ('notification-script', notify), ('client-reconfig-script', reconfig)) if v)}


def lonely(lab, make, notify=None, **options):
    """A sentinel whose group has no living master: only what a test does happens."""
    group = lab.planned(replicas=0, sentinels=0, down_after=SILENT_MS,
                        **scripts_of(lab, notify)).group
    yaml = {'deny_scripts_reconfig': 'no'}
    return lab.sentinel('lonely', make=make, groups=[group], settings=yaml,
                        lines=['sentinel deny-scripts-reconfig no'], **options).start()


def pending(sentinel):
    return [fields(item) for item in sentinel.sentinel('PENDING-SCRIPTS')]


def cause_events(sentinel, count):
    """So many warnings, and no other ones: +set."""
    with sentinel.connect() as connection:
        connection.write(b''.join(
            encode('SENTINEL', 'SET', 'mymaster', 'failover-timeout', 60000 + i)
            for i in range(count)))
        assert [connection.read() for _ in range(count)] == [{'+': 'OK'}] * count


def info(sentinel, name):
    return int(re.search(rf'^{name}:(\d+)', sentinel.call('INFO', 'sentinel'), re.M)[1])


def test_a_failover_runs_the_scripts_of_every_sentinel(lab, make):
    notify = write_script(lab.folder, 'notify', SEEN)
    reconfig = write_script(lab.folder, 'reconfig', SEEN.replace('seen', 'moved'))
    deployment = lab.deployment(sentinels=[make] * 3, **scripts_of(lab, notify, reconfig))
    recorder = deployment.record()
    before = {s: len(seen(s)) for s in deployment.sentinels}
    old = deployment.master
    old.kill()
    new = deployment.wait_replaced(old)
    deployment.wait_converged()
    recorder.wait('+failover-end')
    moves = {s: wait_until(lambda s=s: seen(s, 'moved.log'), 10, 'the reconfiguration script ran')
             for s in deployment.sentinels}
    where = f'{old.host} {old.port} {new.host} {new.port}'
    assert sorted(line for lines in moves.values() for line in lines) == [
        f'mymaster leader start {where}', *[f'mymaster observer start {where}'] * 2]
    for sentinel in deployment.sentinels:
        check_notified(recorder, sentinel, before[sentinel])
        assert len(seen(sentinel, 'moved.log')) == 1


WARNINGS = {'+sdown', '-sdown', '+odown', '-odown', '+new-epoch', '+vote-for-leader',
            '+try-failover', '+elected-leader', '+failover-state-select-slave', '+selected-slave',
            '+promoted-slave', '+failover-state-reconf-slaves', '+failover-end', '+switch-master',
            '+config-update-from', '-failover-abort-not-elected'}


def check_notified(recorder, sentinel, skip):
    """Exactly the warnings that were published were notified."""
    def published():
        return collections.Counter(f'{event.channel} {event.message}'
                                   for event in recorder.of(sentinel) if event.channel in WARNINGS)
    wait_until(lambda: published() == collections.Counter(seen(sentinel)[skip:]), 20,
               f'{sentinel.name} notified what it published')


def test_a_script_has_nothing_of_ours(lab, make):
    """As the test suite of the originals does: no descriptor leaks. And no signal is blocked or
    ignored, whatever our parent did; the environment and the folder are ours."""
    look = write_script(lab.folder, 'look', '''
        files=$(ls -1 /proc/self/fd)
        signals=$(grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2)
        echo $files $signals "$GREETING" >>seen.log
        ''')
    sentinel = lonely(lab, make, look, env={'GREETING': 'hello there'},
                      enter=['/usr/bin/python3', '-c', '''
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGALRM])
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.dup2(0, 77)
os.set_inheritable(77, True)
os.execvp(sys.argv[1], sys.argv[1:])
'''])
    with sentinel.connect(), sentinel.connect():
        cause_events(sentinel, 40)
        wait_until(lambda: len(seen(sentinel)) >= 41, 20, 'all have looked')
    told, = set(seen(sentinel))
    files, blocked, ignored, greeting = re.fullmatch(
        '([0-9 ]+) ([0-9a-f]{16}) ([0-9a-f]{16}) (.*)', told).groups()
    assert (files, greeting) == ('0 1 2 3', 'hello there')
    assert int(blocked, 16) == 0
    assert int(ignored, 16) & ~SIGNALS_OF_LIBC == 0
    wait_until(lambda: not pending(sentinel), 5, 'all are done: none was lost')


def test_sixteen_run_and_256_are_kept(lab, make):
    wait = write_script(lab.folder, 'wait', '''
        until [ -e go ]; do sleep 0.05; done
        printf "%s\\n" "$*" >>seen.log
        ''')
    sentinel = lonely(lab, make, wait)
    assert sentinel.sentinel('DEBUG', 'script-max-runtime', SILENT_MS) == 'OK'
    wait_until(lambda: info(sentinel, 'sentinel_running_scripts') == 1, 5, '+monitor')
    cause_events(sentinel, 15)
    wait_until(lambda: all(int(job['pid']) > 0 for job in pending(sentinel)), 10, 'all run')
    cause_events(sentinel, 300)
    assert info(sentinel, 'sentinel_running_scripts') == 16
    assert info(sentinel, 'sentinel_scripts_queue_length') == 256
    jobs = pending(sentinel)
    assert [job['flags'] for job in jobs] == ['running'] * 16 + ['scheduled'] * 240
    assert jobs[0]['argv'] == [str(wait), '+monitor',
                               f'master mymaster {sentinel.groups["mymaster"].host} '
                               f'{sentinel.groups["mymaster"].port} quorum 2']
    assert list(jobs[0]) == ['argv', 'flags', 'pid', 'run-time', 'retry-num']
    assert list(jobs[16]) == ['argv', 'flags', 'pid', 'run-delay', 'retry-num']
    # Of those that wait the oldest 60 had to make room.
    assert jobs[16]['argv'][2].endswith(' 60060') and jobs[255]['argv'][2].endswith(' 60299')
    assert (jobs[16]['pid'], jobs[16]['run-delay'], jobs[16]['retry-num']) == ('0', '0', '0')
    (sentinel.folder / 'go').touch()
    wait_until(lambda: len(seen(sentinel)) == 256, 30, 'all have run')
    wait_until(lambda: not pending(sentinel), 5, 'none is left')


def test_what_fails_for_now_is_tried_again(lab, make):
    again = write_script(lab.folder, 'again', '''
        echo x >>seen.log
        [ $(wc -l <seen.log) -ge 4 ] || exit 1
        ''')
    sentinel = lonely(lab, make)
    assert sentinel.sentinel('DEBUG', 'script-retry-delay', 40) == 'OK'
    recorder = lab.record([sentinel])
    assert sentinel.sentinel('SET', 'mymaster', 'notification-script', again) == 'OK'
    wait_until(lambda: len(seen(sentinel)) == 4, 10, 'run four times')
    wait_until(lambda: not pending(sentinel), 5, 'done')
    assert not recorder.find('-script-error')


def test_after_ten_runs_it_is_given_up(lab, make):
    never = write_script(lab.folder, 'never', 'echo x >>seen.log; exit 1\n')
    sentinel = lonely(lab, make)
    assert sentinel.sentinel('DEBUG', 'script-retry-delay', 1) == 'OK'
    recorder = lab.record([sentinel])
    assert sentinel.sentinel('SET', 'mymaster', 'notification-script', never) == 'OK'
    recorder.wait('-script-error', message=f'{never} 0 1', timeout=20)
    assert len(seen(sentinel)) == 10
    assert not pending(sentinel)


@pytest.mark.parametrize('text, what', [('exit 2\n', '0 2'), ('exit 77\n', '0 77')])
def test_two_and_more_is_final(lab, make, text, what):
    script = write_script(lab.folder, 'bad', f'echo x >>seen.log; {text}')
    sentinel = lonely(lab, make)
    recorder = lab.record([sentinel])
    assert sentinel.sentinel('SET', 'mymaster', 'notification-script', script) == 'OK'
    recorder.wait('-script-error', message=f'{script} {what}')
    assert seen(sentinel) == ['x'] and not pending(sentinel)


def test_what_vanished_ends_with_2(lab, make):
    script = write_script(lab.folder, 'gone', 'exit 0\n')
    sentinel = lonely(lab, make, script)
    script.unlink()
    recorder = lab.record([sentinel])
    cause_events(sentinel, 1)
    recorder.wait('-script-error', message=f'{script} 0 2')
    wait_until(lambda: 'No such file or directory' in sentinel.log(), 5, 'the log says why')


def test_what_runs_for_too_long_is_killed_and_tried_again(lab, make):
    script = write_script(lab.folder, 'slow', '''
        echo $$ >>seen.log
        [ $(wc -l <seen.log) -ge 2 ] || exec sleep 1000
        ''')
    sentinel = lonely(lab, make)
    for period, value in (('script-max-runtime', 300), ('script-retry-delay', 50)):
        assert sentinel.sentinel('DEBUG', period, value) == 'OK'
    recorder = lab.record([sentinel])
    assert sentinel.sentinel('SET', 'mymaster', 'notification-script', script) == 'OK'
    event = recorder.wait('-script-timeout')
    assert event.message == f'{script} {seen(sentinel)[0]}'
    wait_until(lambda: len(seen(sentinel)) == 2, 10, 'run again')
    wait_until(lambda: not pending(sentinel), 5, 'done')
    assert len(recorder.find('-script-timeout')) == 1
    assert not recorder.find('-script-error')


def test_scripts_hold_up_nothing(lab):
    """With all places taken by scripts that never end, a failover is as fast as ever."""
    stuck = write_script(lab.folder, 'stuck', 'exec sleep 1000\n')
    deployment = lab.deployment(**scripts_of(lab, stuck, stuck))
    for sentinel in deployment.sentinels:
        assert sentinel.sentinel('DEBUG', 'script-max-runtime', SILENT_MS) == 'OK'
        cause_events(sentinel, 40)
        wait_until(lambda s=sentinel: info(s, 'sentinel_running_scripts') == 16, 10, 'all stuck')
    old = deployment.master
    old.kill()
    deployment.wait_replaced(old)
    deployment.wait_converged()


# ---- configuring them ----


@pytest.mark.parametrize('option, name', [
    ('notification-script', 'Notification'), ('client-reconfig-script', 'Client reconfiguration')])
def test_set_checks_the_file(lab, make, option, name):
    sentinel = lonely(lab, make)
    plain = lab.folder / 'plain'
    plain.write_text('')
    plain.chmod(0o644)
    for path in (plain, '/no/such/file', 'no-such-file'):
        with pytest.raises(ReplyError, match=(
                f'^ERR {name} script seems non existing or non executable$')):
            sentinel.sentinel('SET', 'mymaster', 'quorum', 1, option, path)
    assert sentinel.master()['quorum'] == '2' and option not in sentinel.master()
    assert sentinel.sentinel('SET', 'mymaster', option, '/bin/true', 'quorum', 1) == 'OK'
    assert sentinel.master()[option] == '/bin/true'
    sentinel.restart()
    assert sentinel.master()[option] == '/bin/true'
    assert sentinel.sentinel('SET', 'mymaster', option, '') == 'OK'
    assert option not in sentinel.master()


def test_set_is_denied_by_default(lab, make):
    sentinel = lab.sentinel('strict', make=make, groups=[
        lab.planned(replicas=0, sentinels=0, down_after=SILENT_MS).group]).start()
    with pytest.raises(ReplyError, match='^ERR Reconfiguration of scripts path is denied'):
        sentinel.sentinel('SET', 'mymaster', 'notification-script', '/bin/true')
    assert 'notification-script' not in sentinel.master()


def test_a_file_that_names_a_bad_script_is_refused(lab, make):
    options = scripts_of(lab, '/no/such/script', '/etc/passwd')
    group = lab.planned(replicas=0, sentinels=0, down_after=SILENT_MS, **options).group
    sentinel = lab.sentinel('refused', make=make, groups=[group])
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    text = sentinel.file.read_text().splitlines()
    for path, kind in (('/no/such/script', 'Notification'), ('/etc/passwd', 'Client reconfiguration')):
        line, column = next((i + 1, s.index(path) + 1) for i, s in enumerate(text) if path in s)
        column -= make == 'vedette'  # its quote
        assert (f'{sentinel.file}:{line}:{column}: {kind} script seems non existing or non '
                'executable.') in sentinel.log()


def test_a_reload_with_a_bad_script_changes_nothing(lab, make):
    script = write_script(lab.folder, 'good', SEEN)
    sentinel = lonely(lab, make, script)
    good = sentinel.file.read_text()
    sentinel.write_file(good.replace(str(script), '/no/such/script'))
    sentinel.reload()
    wait_until(lambda: 'Notification script seems non existing' in sentinel.log(), 5, 'refused')
    assert sentinel.master()['notification-script'] == str(script)


def test_a_relative_script_is_below_the_folder_that_we_work_in(lab, make):
    sentinel = lonely(lab, make)
    write_script(sentinel.folder, 'here', SEEN)
    assert sentinel.sentinel('SET', 'mymaster', 'notification-script', './here') == 'OK'
    wait_until(lambda: seen(sentinel), 10, 'it ran')
    assert seen(sentinel)[0].startswith('+set master mymaster ')


def test_scripts_outlive_the_sentinel(lab, make):
    script = write_script(lab.folder, 'long', '''
        until [ -e go ]; do sleep 0.05; done
        echo done >>seen.log
        ''')
    sentinel = lonely(lab, make, script)
    wait_until(lambda: pending(sentinel) and int(pending(sentinel)[0]['pid']) > 0, 10, 'it runs')
    assert sentinel.terminate() == 0
    (sentinel.folder / 'go').touch()
    wait_until(lambda: seen(sentinel) == ['done'], 10, 'it went on')
    holds(lambda: seen(sentinel) == ['done'], 0.2, 'and ran once')


# ---- where they may lie ----

@pytest.mark.vedette
def test_scripts_lie_in_the_folders_that_are_named(lab):
    folder = lab.folder / 'scripts'
    inside = write_script(folder, 'notify', SEEN)
    outside = write_script(lab.folder, 'outside', SEEN)
    link = folder / 'link'
    link.symlink_to(outside)
    group = lab.planned(replicas=0, sentinels=0, down_after=SILENT_MS,
                        **scripts_of(lab, link)).group
    sentinel = lab.sentinel('lonely', make='vedette', groups=[group], settings={
        'deny_scripts_reconfig': 'no', 'script_dirs': [str(folder)]})
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    assert (f'Notification script {link} is refused: it lies in none of script_dirs'
            in sentinel.log())

    group.extra['scripts']['notification'] = str(inside)
    sentinel.write_file()
    sentinel.start()
    for path in (outside, link):
        with pytest.raises(ReplyError, match='^ERR Notification script seems non existing or non '
                                             'executable, or script_dirs does not allow it$'):
            sentinel.sentinel('SET', 'mymaster', 'notification-script', path)
    cause_events(sentinel, 1)
    wait_until(lambda: any(line.startswith('+set') for line in seen(sentinel)), 10,
               'the script inside has run, for the start as well')

    inside.chmod(0o777)
    lines = len(seen(sentinel))
    cause_events(sentinel, 1)
    wait_until(lambda: '(it cannot be run: others may change it, or a folder that it lies in)'
               in sentinel.log(), 10, 'it is looked at again before it is run')
    assert len(seen(sentinel)) == lines

    inside.chmod(0o755)
    sentinel.settings['script_dirs'] = str(lab.folder)
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: allows(sentinel, outside), 10, 'the reload')
    cause_events(sentinel, 1)
    wait_until(lambda: len(seen(sentinel)) > lines, 10, 'the script outside has run')


def allows(sentinel, path):
    try:
        return sentinel.sentinel('SET', 'mymaster', 'notification-script', path) == 'OK'
    except ReplyError:
        return False


def test_a_script_that_others_may_change_is_told_of(lab, make):
    notify = write_script(lab.folder, 'notify', SEEN)
    notify.chmod(0o777)
    sentinel = lonely(lab, make, notify)
    assert f'Notification script {notify} can be changed by others' in sentinel.log()
