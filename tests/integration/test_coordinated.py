"""SENTINEL FAILOVER ... COORDINATED: the master hands over, and no write is lost."""

import threading

import pytest

from harness.resp import ReplyError
from harness.wait import wait_until

pytestmark = pytest.mark.vedette  # stock does not have it before Valkey 9


class Writer(threading.Thread):
    """Counts up at the master without a pause; where it is disconnected it asks the sentinels."""

    def __init__(self, deployment):
        super().__init__(daemon=True)
        self._deployment = deployment
        self._ending = threading.Event()
        self.acknowledged = 0
        self.disconnected = 0
        self.errors = []

    def run(self):
        while not self._ending.is_set():
            try:
                address = self._deployment.sentinels[0].master_address()
                with self._deployment.server_at(address).connect() as connection:
                    while not self._ending.is_set():
                        connection.call('INCR', 'count')
                        self.acknowledged += 1
            except ReplyError as error:
                self.errors.append(str(error))
            except OSError:
                self.disconnected += 1

    def end(self):
        self._ending.set()
        self.join()


@pytest.fixture
def writer():
    writers = []

    def start(deployment):
        writers.append(Writer(deployment))
        writers[-1].start()
        wait_until(lambda: writers[-1].acknowledged > 100, 10, 'writes go on')
        return writers[-1]

    yield start
    for each in writers:
        each.end()


def hand_over(sentinel):
    """SENTINEL FAILOVER COORDINATED, as soon as what it needs to know is known."""
    try:
        return sentinel.sentinel('FAILOVER', 'mymaster', 'COORDINATED') == 'OK'
    except ReplyError as error:
        assert 'NOGOODSLAVE' in str(error) or 'NOGOODPRIMARY' in str(error)
        return False


def test_a_client_that_writes_throughout_loses_nothing_and_sees_no_error(lab, writer):
    deployment = lab.deployment(failover_timeout=10000)
    old = deployment.master
    for _ in range(2):
        writing = writer(deployment)
        wait_until(lambda: hand_over(deployment.sentinels[0]), 15, 'a failover begins')
        new = deployment.wait_replaced(old, 15)
        assert not old.is_master()
        deployment.wait_converged(15)
        count = writing.acknowledged
        wait_until(lambda: writing.acknowledged > count + 100, 10, 'writes go on at the new master')
        writing.end()
        assert writing.errors == []
        assert writing.disconnected >= 1
        total = int(new.call('GET', 'count'))
        assert writing.acknowledged <= total <= writing.acknowledged + writing.disconnected
        assert old.info('clients')['blocked_clients'] == '0'
        new.call('SET', 'count', 0)
        deployment.wait_in_order(30)
        old = new


def test_a_failover_that_the_replicas_refuse_changes_nothing(lab, writer):
    deployment = lab.planned(replicas=1, failover_timeout=200000)
    replica, = deployment.replicas
    replica.file.write_text(replica.file.read_text('utf-8') + 'rename-command PSYNC ""\n', 'utf-8')
    deployment.start()
    sentinel = deployment.sentinels[0]
    writing = writer(deployment)
    wait_until(lambda: hand_over(sentinel), 15, 'a failover begins')
    with pytest.raises(ReplyError, match='INPROG'):
        sentinel.sentinel('FAILOVER', 'mymaster', 'COORDINATED')
    wait_until(lambda: 'failover_in_progress' not in sentinel.master()['flags'], 15, 'given up')
    count = writing.acknowledged
    wait_until(lambda: writing.acknowledged > count + 100, 5, 'writes go on before the time is up')
    assert deployment.wait_converged() is deployment.master
    writing.end()
    assert writing.errors == [] and writing.disconnected == 0
    assert '-failover-abort-slave-timeout' in sentinel.log()


def test_a_failover_of_a_server_that_is_stuck_is_aborted(lab):
    """FAILOVER FORCE to a replica that is stopped leaves the master waiting for ever."""
    deployment = lab.deployment(failover_timeout=3000, down_after=1000)
    for sentinel in deployment.sentinels:
        sentinel.sentinel('DEBUG', 'info-period', '500', 'publish-period', '500')
    old, stopped = deployment.master, deployment.replicas[0]
    stopped.hang()
    old.call('FAILOVER', 'TO', *stopped.address, 'FORCE', 'TIMEOUT', '100')
    wait_until(lambda: old.info()['master_failover_state'] == 'failover-in-progress', 10,
               'it hands over to one who does not answer')
    new = deployment.wait_replaced(old, 30)
    assert new is deployment.replicas[1]
    wait_until(lambda: old.follows(new), 30, 'it follows the new master')
    assert old.info()['master_failover_state'] == 'no-failover'
    stopped.wake()
    deployment.wait_converged(30)


def test_an_account_with_the_documented_rights_is_enough(lab):
    rights = ('resetchannels &__sentinel__:hello +multi +exec +ping +info +role +publish +subscribe '
              '+slaveof +config|rewrite +client|setname +client|kill +script|kill '
              '+failover +client|pause +client|unpause')
    deployment = lab.planned(
        replicas=1, extra={'auth': {'user': 'sentinel', 'password': 'wache'}},
        lines=('auth-user mymaster sentinel', 'auth-pass mymaster wache'),
        server_config=['requirepass geheim', 'masterauth geheim',
                       f'user sentinel on >wache {rights}'])
    for server in deployment.servers:
        server.log_in_as(None, 'geheim')
    deployment.start()
    wait_until(lambda: hand_over(deployment.sentinels[0]), 15, 'a failover begins')
    deployment.wait_replaced(deployment.master, 15)
    deployment.wait_converged()
    assert 'answered' not in deployment.sentinels[0].log()
