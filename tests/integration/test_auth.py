"""Servers that want a password, an account of their own for sentinels, or renamed commands."""

import pytest

from harness.wait import wait_until

# The rights that the sentinel needs on a server.
RIGHTS = ('resetchannels &__sentinel__:hello +multi +slaveof +ping +exec +subscribe '
          '+config|rewrite +role +publish +info +client|setname +client|kill +script|kill').split()
PASSWORD = ['requirepass geheim', 'masterauth geheim']


def start(deployment, wait=True):
    for server in deployment.servers:
        server.log_in_as(None, 'geheim')
    return deployment.start(wait)


@pytest.mark.parametrize('from_file', [False, pytest.param(True, marks=pytest.mark.vedette)])
def test_a_group_with_a_password_fails_over(lab, from_file):
    auth = {'password': 'geheim'}
    if from_file:
        file = lab.folder / 'password'
        file.write_text('geheim\n', 'ascii')
        auth = {'password_file': str(file)}
    deployment = start(lab.planned(down_after=500, server_config=PASSWORD, extra={'auth': auth},
                                   lines=('auth-pass mymaster geheim',)))
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    deployment.wait_converged()
    for sentinel in deployment.sentinels:
        assert 'geheim' not in sentinel.log()


def test_an_account_with_the_documented_rights_is_enough(lab):
    account = 'user sentinel on >wache ' + ' '.join(RIGHTS)
    deployment = start(lab.planned(
        down_after=500, server_config=[*PASSWORD, account],
        extra={'auth': {'user': 'sentinel', 'password': 'wache'}},
        lines=('auth-user mymaster sentinel', 'auth-pass mymaster wache')))
    deployment.master.kill()
    deployment.wait_replaced(deployment.master)
    deployment.wait_converged()


def test_a_wrong_password_is_subjectively_down_until_it_is_set_right(lab):
    deployment = start(lab.planned(
        replicas=0, sentinels=1, quorum=2, down_after=500, server_config=PASSWORD,
        extra={'auth': {'password': 'falsch'}}, lines=('auth-pass mymaster falsch',)), wait=False)
    sentinel, = deployment.sentinels
    wait_until(lambda: 's_down' in sentinel.master()['flags'], 10, 'down for want of rights')
    sentinel.sentinel('SET', 'mymaster', 'auth-pass', 'geheim')
    wait_until(lambda: sentinel.master()['flags'] == 'master', 10, 'healthy with the password')


def test_renamed_commands_are_used(lab):
    renamed = {'CONFIG': 'XCONFIG', 'SLAVEOF': 'XSLAVEOF'}
    deployment = lab.planned(
        down_after=500, server_config=[f'rename-command {c} {n}' for c, n in renamed.items()],
        extra={'rename_commands': renamed},
        lines=tuple(f'rename-command mymaster {c} {n}' for c, n in renamed.items()))
    deployment.start()
    deployment.master.kill()
    new = deployment.wait_replaced(deployment.master)
    deployment.wait_converged()
    # The promotion was written to the server's own file.
    assert 'replicaof' not in new.file.read_text('utf-8')
