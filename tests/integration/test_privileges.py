"""`user` and `group`: what root starts, and what becomes of it."""

import contextlib
import os
import pathlib
import pwd
import signal
import socket
import subprocess

import pytest

from harness.group import Group
from harness.sentinel import SANITIZER_ENV, program
from harness.wait import wait_until

pytestmark = [pytest.mark.vedette,
              pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')]

USER = 'nobody'
NOBODY = pwd.getpwnam(USER)
# The sanitizers look for leaks by tracing the process, which nobody may do who is not root.
ENV = {'ASAN_OPTIONS': 'detect_leaks=0'}
ADDRESS = '127.0.71.7'  # whose low ports are nobody's


@pytest.fixture
def make(open_lab):
    def make(settings=None, name='sentinel', text=str, **options):
        """One that becomes nobody; text: changes what stands in its file."""
        group = Group('mymaster', '127.0.0.1', 1, down_after=30000, **options)
        sentinel = open_lab.sentinel(name, groups=[group], env=ENV,
                                     settings={'user': USER, **(settings or {})})
        sentinel.write_file(text(sentinel.file_text()))
        return sentinel
    return make


def status(pid, task='self'):
    path = f'/proc/{pid}/status' if task == 'self' else f'/proc/{pid}/task/{task}/status'
    lines = pathlib.Path(path).read_text('ascii').splitlines()
    return {name: value.split() for name, value in (line.split(':', 1) for line in lines)}


def owner(path):
    found = path.stat()
    return found.st_uid, found.st_gid, found.st_mode & 0o777


def low_port():
    """One below 1024 that is free at ADDRESS."""
    for port in range(1023, 600, -1):
        with contextlib.suppress(OSError), socket.socket() as door:
            door.bind((ADDRESS, port))
            return port
    raise RuntimeError('no low port is free')


def said(sentinel, text):
    return wait_until(lambda: text in sentinel.log(), 10, f'{text!r} is said')


# ---- who it is ----

def test_no_way_leads_back(make):
    sentinel = make().start()
    wait_until(lambda: len(os.listdir(f'/proc/{sentinel.pid}/task')) > 1, 5, 'its threads are there')
    for task in os.listdir(f'/proc/{sentinel.pid}/task'):
        found = status(sentinel.pid, task)
        assert found['Uid'] == [str(NOBODY.pw_uid)] * 4
        assert found['Gid'] == [str(NOBODY.pw_gid)] * 4
        assert found['Groups'] == [str(NOBODY.pw_gid)]
        for kind in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            assert int(found[kind][0], 16) == 0, kind
    # Nobody may look into its memory, where passwords are, nor make it leave a core.
    assert os.stat(f'/proc/{sentinel.pid}/environ').st_uid == 0


def test_a_group_may_be_named(make):
    sentinel = make({'group': 'daemon'}).start()
    assert status(sentinel.pid)['Gid'] == ['1'] * 4
    assert owner(sentinel.state) == (NOBODY.pw_uid, 1, 0o700)


def test_what_it_writes_is_made_for_it(make, open_lab):
    log, pid_file = open_lab.folder / 'its.log', open_lab.folder / 'its.pid'
    sentinel = make({'log': {'file': str(log)}, 'pid_file': str(pid_file)}).start()
    assert owner(sentinel.state) == (NOBODY.pw_uid, NOBODY.pw_gid, 0o700)
    assert {owner(path) for path in sentinel.state.iterdir()} == {
        (NOBODY.pw_uid, NOBODY.pw_gid, 0o600)}
    assert owner(log) == (NOBODY.pw_uid, NOBODY.pw_gid, 0o644)
    assert int(pid_file.read_text()) == sentinel.pid
    identity = sentinel.id
    assert sentinel.terminate() == 0
    assert pid_file.read_text() == ''  # its folder is root's
    assert sentinel.start().id == identity


def test_a_folder_of_its_own_loses_the_pid_file(make, open_lab):
    folder = open_lab.folder / 'run'
    folder.mkdir()
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    sentinel = make({'pid_file': str(folder / 'pid'),
                     'clients': {'unix_socket': str(folder / 'socket')}}).start()
    assert owner(folder / 'socket')[:2] == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert sentinel.terminate() == 0
    assert list(folder.iterdir()) == []


def test_a_state_of_root_is_refused(make):
    sentinel = make()
    sentinel.state.mkdir(0o700)
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    assert f'the state is refused: {sentinel.state}' in sentinel.log()
    assert 'Permission denied' in sentinel.log()


def test_a_link_in_the_place_of_the_log_leads_nowhere(make, open_lab):
    log, target = open_lab.folder / 'its.log', open_lab.folder / 'target'
    log.symlink_to(target)
    sentinel = make({'log': {'file': str(log)}})
    sentinel.start(wait=False)
    assert sentinel.wait() == 1
    assert 'cannot be written' in sentinel.log()
    assert not target.exists()


# ---- addresses ----

def listen_at(*ports):
    listen = ', '.join(f'"{ADDRESS}:{port}"' for port in ports)
    return lambda text: text.replace('listen: [', f'listen: [{listen}, ')


def answers(port):
    with socket.create_connection((ADDRESS, port), 5) as connection:
        connection.sendall(b'PING\r\n')
        return connection.recv(100) == b'+PONG\r\n'


def test_a_low_port_is_bound_before_root_is_left(make):
    port = low_port()
    sentinel = make(text=listen_at(port)).start()
    assert status(sentinel.pid)['Uid'][0] == str(NOBODY.pw_uid)
    assert answers(port)
    other = low_port()
    plain = sentinel.file_text()
    sentinel.write_file(listen_at(port, other)(plain))
    sentinel.reload()
    said(sentinel, f'cannot listen on {ADDRESS}:{other}: Permission denied; what took root was '
                   'given up at the start: this takes a restart')
    assert answers(port)
    sentinel.write_file(listen_at(port)(plain.replace('quorum: 2', 'quorum: 3')))
    sentinel.reload()
    wait_until(lambda: sentinel.master()['quorum'] == '3', 5, 'what stays bound is kept')
    assert answers(port)


# ---- what it reads ----

def test_a_reload_reads_what_it_may(make, open_lab):
    secret = open_lab.folder / 'secret'
    secret.write_text('one')
    sentinel = make({'clients': {'password_file': str(secret)}})
    sentinel.log_in_with('one')
    sentinel.start()
    secret.write_text('two')
    sentinel.reload()

    def is_new():
        sentinel.log_in_with('two')
        with contextlib.suppress(Exception):
            return sentinel.answers()

    wait_until(is_new, 5, 'the new password counts')
    assert 'a reload will be refused' not in sentinel.log()


@pytest.mark.parametrize('hidden', ['file', 'secret'])
def test_what_only_root_reads_is_told_at_the_start(make, open_lab, hidden):
    secret = open_lab.folder / 'secret'
    secret.write_text('one')
    sentinel = make({'clients': {'password_file': str(secret)}})
    sentinel.log_in_with('one')
    path = {'file': sentinel.file, 'secret': secret}[hidden]
    path.chmod(0o600)
    sentinel.start()
    said(sentinel, f'As user {USER} we cannot read what root has read: a reload will be refused')
    said(sentinel, {'file': f'{path}: cannot be read: Permission denied',
                    'secret': f'cannot read {path}: Permission denied'}[hidden])
    sentinel.reload()
    said(sentinel, 'reload refused, nothing changed')
    path.chmod(0o644)
    assert sentinel.answers()


def test_scripts_run_as_that_user(make, open_lab):
    script, seen = open_lab.folder / 'script', open_lab.folder / 'seen'
    seen.mkdir(0o777)
    seen.chmod(0o777)
    script.write_text(f'#!/bin/sh\necho $(id -u) $USER $HOME >{seen}/by-$(id -u)\n')
    script.chmod(0o755)
    make(extra={'scripts': {'notification': str(script)}}).start()
    file = seen / f'by-{NOBODY.pw_uid}'
    wait_until(lambda: file.exists() and file.read_text(), 10, 'the script ran')
    assert file.read_text().split() == [str(NOBODY.pw_uid), USER, NOBODY.pw_dir]


# ---- what is refused ----

def check(path, before=()):
    done = subprocess.run([*before, program(), '--check', path], capture_output=True, text=True,
                          timeout=120, check=False, env={**os.environ, **SANITIZER_ENV})
    return done.returncode, done.stderr


AS_NOBODY = ['setpriv', f'--reuid={NOBODY.pw_uid}', f'--regid={NOBODY.pw_gid}', '--clear-groups']


@pytest.mark.parametrize('text, before, finding', [
    ('user: no-such-one\n', [], '1:7: there is no user no-such-one'),
    ('user: nobody\ngroup: no-such-one\n', [], '2:8: there is no group no-such-one'),
    ('user: root\n', [], '1:7: user root may do everything: to remain who we are, leave it out'),
    ('user: daemon\n', AS_NOBODY, '1:7: only root can become user daemon'),
    ('user: nobody\ngroup: daemon\n', AS_NOBODY,
     '2:8: only root can change to group daemon')])
def test_whom_it_cannot_become(open_lab, text, before, finding):
    path = open_lab.folder / 'v.yaml'
    path.write_text(f'{text}groups: {{}}\n')
    code, told = check(path, before)
    assert code == 1
    assert told.startswith(f'{path}:{finding}\n'), told


def test_who_is_that_user_already_remains(open_lab):
    state = open_lab.folder / 'home'
    state.mkdir()
    os.chown(state, NOBODY.pw_uid, NOBODY.pw_gid)
    sentinel = open_lab.sentinel('sentinel', settings={'user': USER}, enter=AS_NOBODY, env=ENV)
    sentinel.write_file(sentinel.file_text().replace(str(sentinel.state), str(state)))
    sentinel.start()
    assert check(sentinel.file, AS_NOBODY) == (0, '')
    assert sentinel.terminate(signal.SIGTERM) == 0


def test_another_user_takes_a_restart(make):
    sentinel = make().start()
    sentinel.write_file(sentinel.file.read_text().replace(USER, 'daemon'))
    sentinel.reload()
    said(sentinel, 'user was changed in the file: this takes a restart')
    assert sentinel.answers()
