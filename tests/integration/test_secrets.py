"""Passwords: where they may come from, that they show nowhere, and who may read the files."""

import os
import pathlib
import stat
import subprocess

import pytest

from harness.resp import ReplyError
from harness.sentinel import SANITIZER_ENV, program, replay
from harness.wait import wait_until

pytestmark = pytest.mark.vedette

SECRET = 'S3KR1T'
OWN, PEERS, SERVERS, USER = (f'{SECRET}-{what}-9c1f' for what in ('own', 'peers', 'servers', 'user'))
RUNTIME = f'{SECRET}-runtime-9c1f'
MISPLACED = 'misplaced-9c1f'
SERVER_CONFIG = [f'requirepass {SERVERS}', f'masterauth {SERVERS}']
# They change what the others are asked, or end it.
LEFT_OUT = {'shutdown', 'sentinel|failover', 'sentinel|remove', 'sentinel|reset', 'sentinel|set',
            'sentinel|simulate-failure', 'acl|setuser', 'acl|deluser', 'client|kill',
            'client|pause', 'client|reply', 'sentinel|debug', 'sentinel|monitor'}
ARGUMENTS = ([], ['mymaster'], ['*'], ['app'], ['GET', '*'], ['mymaster', '*'], ['app', 'ping'])


def check(path, env=None):
    """What --check says: (exit status, text)."""
    done = subprocess.run([program(), '--check', path], stdout=subprocess.PIPE, timeout=120,
                          stderr=subprocess.STDOUT, env={**os.environ, **SANITIZER_ENV, **(env or {})})
    return done.returncode, done.stdout.decode('utf-8', 'replace')


def start_deployment(lab, **options):
    deployment = lab.planned(server_config=SERVER_CONFIG, **options)
    for server in deployment.servers:
        server.log_in_as(None, SERVERS)
    return deployment


def secret_settings(folder, form):
    """(settings, auth of the group, environment): each password in this form."""
    passwords = {'OWN': OWN, 'PEERS': PEERS, 'SERVERS': SERVERS}
    users = {'app': f'on >{USER} +ping'}
    if form == 'literal':
        told = {name: {'password': value} for name, value in passwords.items()}
    elif form == 'env':
        told = {name: {'password': f'${{{name}}}'} for name in passwords}
        users = {'app': ['on', '>${USER_OF_TEST}', '+ping']}
    else:
        told = {}
        for name, value in passwords.items():
            file = folder / name
            file.write_text(f'{value}\n', 'ascii')
            file.chmod(0o600)
            told[name] = {'password_file': str(file)}
    settings = {'clients': {**told['OWN'], 'users': users},
                'peers': {'user': 'guest', **told['PEERS']}, 'log': {'level': 'debug'}}
    return settings, told['SERVERS'], {**passwords, 'USER_OF_TEST': USER} if form == 'env' else {}


def everything_it_tells(sentinel):
    """The replies to every command with all kinds of arguments."""
    told = []
    for name in sentinel.call('COMMAND', 'LIST'):
        if name in LEFT_OUT:
            continue
        for arguments in ARGUMENTS:
            with sentinel.connect() as connection:
                try:
                    told.append(repr(connection.call(*name.split('|'), *arguments)))
                except ReplyError as error:
                    told.append(str(error))
                except ConnectionError:
                    told.append('(closed)')
    return '\n'.join(told)


@pytest.mark.parametrize('form', ['literal', 'env', 'file'])
def test_passwords_work_in_each_form_and_show_nowhere(lab, form):
    settings, auth, env = secret_settings(lab.folder, form)
    deployment = start_deployment(lab, replicas=1, sentinels=2, quorum=1, down_after=2000,
                                  settings=settings, env=env, extra={'auth': auth})
    for i, sentinel in enumerate(deployment.sentinels):
        sentinel.settings['clients']['users']['guest'] = f'on >{PEERS} +@all allchannels'
        sentinel.write_file()
        sentinel.log_in_with(OWN)
        sentinel.recorded = i == 0
    deployment.start()
    asked, other = deployment.sentinels

    with asked.connect() as client:
        assert client.call('AUTH', 'app', USER) == 'OK'
    told = everything_it_tells(asked)
    with asked.connect() as client:
        client.call('SENTINEL', 'SET', 'mymaster', 'auth-pass', RUNTIME, 'quorum', '2')
        client.call('SENTINEL', 'SET', 'mymaster', 'auth-pass', SERVERS)
        client.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', RUNTIME)
        told += repr(client.call('SENTINEL', 'CONFIG', 'GET', '*'))
        client.call('ACL', 'SETUSER', 'more', 'on', f'>{RUNTIME}', '+ping')
        for request in (['AUTH', 'app', RUNTIME], ['HELLO', 3, 'AUTH', 'app', RUNTIME],
                        ['SENTINEL', 'SET', 'mymaster', 'auth-pas', RUNTIME],
                        ['SENTINEL', 'CONFIG', 'SET', 'sentinel-pas', RUNTIME],
                        ['ACL', 'SETUSER', 'more', RUNTIME], ['ACL', 'SETUSER', 'more', f'<{RUNTIME}x']):
            with pytest.raises(ReplyError):
                client.call(*request)
    told += everything_it_tells(asked)
    assert SECRET not in told
    with pytest.raises(ReplyError):  # a name is in ACL LOG; not in the log, for it may be a password
        asked.call('AUTH', MISPLACED, 'x')
    arguments = pathlib.Path(f'/proc/{asked.pid}/cmdline').read_bytes()
    assert SECRET.encode() not in arguments
    status, text = check(asked.file, env)
    assert status == 0 and SECRET not in text
    for sentinel in deployment.sentinels:
        assert sentinel.terminate() == 0
        assert SECRET not in sentinel.log() and MISPLACED not in sentinel.log()
    status, story, said = replay(asked.recording)
    assert (status, SECRET in said, SECRET.encode() in story) == (0, False, False)
    assert SECRET.encode() not in asked.recording.read_bytes()


FINDINGS = [
    'clients: {{password: [{0}]}}',
    'clients: {{password: *{0}}}',
    'clients: {{password: &{0} x}}',
    'clients: {{password: !{0} x}}',
    'clients: {{password: {0}, password_file: /nosuch}}',
    'clients: {{password: "{0}\\n"}}',
    'clients: {{pasword: {0}}}',
    'clients: {{users: {{app: on {0}}}}}',
    'clients: {{users: {{app: on >{0} <x}}}}',
    'clients: {{users: {{app: on <{0}}}}}',
    'clients: {{users: {{app: on >{0} (+ping}}}}',
    'peers: {0}',
    'clients: {{password: "{0}}}',
    'peers: {{user: a, password: {0}: x}}',
]
CLASSIC_FINDINGS = [
    'requirepass {0} x',
    'requirepas {0}',
    'requirepass "{0}',
    'requirepass "{0}"x',
    'sentinel sentinel-pass {0} x',
    'sentinel sentinel-pass "{0}\\x01"',
    'sentinel auth-pass nosuch {0}',
    'sentinel auth-pas mymaster {0}',
    'sentinel auth-pass mymaster "{0}\\x01"',
    'user app on {0}',
    'user app on <{0}',
    'user app on >{0} #12',
]


@pytest.mark.parametrize('line', FINDINGS)
def test_no_finding_of_yaml_repeats_a_password(tmp_path, line):
    file = tmp_path / 'vedette.yaml'
    file.write_text(line.format(SECRET) + '\ngroups: {}\n', 'ascii')
    status, text = check(file)
    assert status == 1 and text.startswith(str(file)) and SECRET not in text


@pytest.mark.parametrize('line', CLASSIC_FINDINGS)
def test_no_finding_of_a_classic_file_repeats_a_password(tmp_path, line):
    file = tmp_path / 'sentinel.conf'
    file.write_text(f'sentinel monitor mymaster 127.0.0.1 1 1\n{line.format(SECRET)}\n', 'ascii')
    status, text = check(file)
    assert status == 1 and text.startswith(str(file)) and SECRET not in text


def test_a_password_of_the_command_line_is_not_listed(lab):
    sentinel = lab.sentinel('own', make='classic')
    sentinel.spawn([program(), sentinel.file, '--requirepass', OWN], SANITIZER_ENV)
    sentinel.log_in_with(OWN)
    wait_until(lambda: sentinel.has_died() or sentinel.answers(), 10, 'it answers')
    words = pathlib.Path(f'/proc/{sentinel.pid}/cmdline').read_bytes().split(b'\0')
    assert words[-3:] == [b'--requirepass', b'*' * len(OWN), b'']
    assert SECRET not in sentinel.log()


# ---- changes ----

def test_a_changed_password_file_is_read_at_a_reload_and_links_log_in_anew(lab):
    file = lab.folder / 'password'
    file.write_text('before', 'ascii')
    deployment = lab.planned(replicas=1, sentinels=1, quorum=1, down_after=500,
                             server_config=['requirepass before', 'masterauth before'],
                             extra={'auth': {'password_file': str(file)}})
    for server in deployment.servers:
        server.log_in_as(None, 'before')
    sentinel, = deployment.start().sentinels
    for server in deployment.servers:
        server.call('CONFIG', 'SET', 'masterauth', 'after', 'requirepass', 'after')
        server.log_in_as(None, 'after')
        for kind in ('normal', 'pubsub'):
            server.call('CLIENT', 'KILL', 'TYPE', kind)
    wait_until(lambda: 's_down' in sentinel.master()['flags'], 10, 'the old password is refused')
    deployment.group.parallel_syncs = 2
    sentinel.write_file()
    sentinel.reload()
    wait_until(lambda: sentinel.master()['parallel-syncs'] == '2', 10, 'a reload with nothing else new')
    assert 's_down' in sentinel.master()['flags']
    file.write_text('after\n', 'ascii')
    sentinel.reload()
    deployment.settle()


def test_a_variable_that_is_not_set_is_a_finding(tmp_path):
    file = tmp_path / 'vedette.yaml'
    file.write_text("peers: {password: '${NO_SUCH_VARIABLE}'}\ngroups: {}\n", 'ascii')
    status, text = check(file)
    assert status == 1
    assert text.startswith(f'{file}:1:19: peers.password names the environment variable '
                           'NO_SUCH_VARIABLE, which is not set\n')
    assert check(file, {'NO_SUCH_VARIABLE': 'x'})[0] == 0


# ---- files that others may read ----

def test_files_with_passwords_that_others_may_read_are_told_of(lab):
    password, acl = lab.folder / 'password', lab.folder / 'users.acl'
    password.write_text('x', 'ascii')
    acl.write_text('user app on >x +ping\n', 'ascii')
    sentinel = lab.sentinel('own', settings={
        'clients': {'password': 'x', 'acl_file': str(acl)},
        'peers': {'user': 'a', 'password_file': str(password)}})
    files = (sentinel.file, password, acl)
    for file in files:
        file.chmod(0o644)
    status, text = check(sentinel.file)
    assert status == 0 and text.count('warning: ') == 3
    assert all(f'{file} holds a password, and others may read it (mode 0644;' in text for file in files)
    sentinel.start()
    assert sentinel.log().count('holds a password, and others may read it') == 3

    for file in files:
        file.chmod(0o640)
    assert 'warning' not in check(sentinel.file)[1]


def test_what_is_written_is_for_nobody_else(lab):
    deployment = lab.planned(replicas=0, sentinels=1, quorum=1)
    deployment.start_servers()
    acl = lab.folder / 'users.acl'
    acl.write_text('', 'ascii')
    sentinel = lab.sentinel('own', make='classic', groups=[deployment.group], recorded=True,
                            lines=[f'aclfile {acl}'])
    sentinel.file.chmod(0o644)
    mask = os.umask(0)
    try:
        sentinel.start()
    finally:
        os.umask(mask)
    acl.unlink()
    sentinel.call('ACL', 'SETUSER', 'app', 'on', '>x')
    sentinel.call('ACL', 'SAVE')
    sentinel.sentinel('SET', 'mymaster', 'auth-pass', 'x')
    modes = {path.name: stat.S_IMODE(path.stat().st_mode)
             for path in [acl, sentinel.recording, *sentinel.folder.glob('sentinel.conf*')]}
    assert modes.pop('sentinel.conf') == 0o640
    assert len(modes) >= 4 and set(modes.values()) == {0o600}, modes


# ---- who did what ----

def test_changes_are_logged_with_who_and_from_where(lab):
    deployment = lab.planned(replicas=0, sentinels=1, quorum=1)
    deployment.start_servers()
    sentinel, = deployment.sentinels
    sentinel.settings = {'clients': {'users': {'ops': 'on >pw +@all', 'app': 'on >pw +ping'}}}
    sentinel.write_file()
    sentinel.start()
    with sentinel.connect() as client:
        here = client.local_address
        client.call('AUTH', 'ops', 'pw')
        client.call('CLIENT', 'SETNAME', 'console')
        client.call('SENTINEL', 'SET', 'mymaster', 'auth-pass', RUNTIME, 'down-after-milliseconds', 7000)
        client.call('AUTH', 'app', 'pw')
        with pytest.raises(ReplyError):
            client.call('SENTINEL', 'REMOVE', 'mymaster')
    refused = f'refused to client {here}, user app, name console: SENTINEL REMOVE mymaster (NOPERM)'
    wait_until(lambda: refused in sentinel.log(), 10, 'the line about the last request')
    assert (f'done for client {here}, user ops, name console: SENTINEL SET mymaster auth-pass ****** '
            'down-after-milliseconds 7000') in sentinel.log()
