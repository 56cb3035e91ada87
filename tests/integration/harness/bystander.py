"""A deployment beside which something hostile goes on: its failovers must not notice."""

import pathlib
import time

from .wait import wait_until

# Of one failover, from the kill to the moment when all sentinels name the new master. Sanitizers,
# and an attacker on the same two cores, are slow; that no attempt failed is told by the events.
REPLACED_TIMEOUT_S = 15
ANSWERS_TIMEOUT_S = 10
RESTS_TIMEOUT_S = 30
# Freed memory comes back to the system at once, or the sanitizer's quarantine passes for a leak.
SLIM_ENV = {'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=0:quarantine_size_mb=1'
                            ':thread_local_quarantine_size_kb=64'
                            ':allocator_release_to_os_interval_ms=100'}


class Bystander:
    def __init__(self, deployment):
        """The deployment has been settled and its events are being recorded."""
        self.deployment = deployment
        self.name = deployment.name
        self.events = deployment.recorder or deployment.record()

    def fail_over(self):
        """Kills the master and waits for its replacement, which has to go by the book."""
        self.events.clear()
        old = self.deployment.named_master()
        old.kill()
        self.deployment.wait_replaced(old, REPLACED_TIMEOUT_S)
        for sentinel in self.deployment.sentinels:
            self.events.wait('+switch-master', sentinel, f'{self.name} ')
        return old

    def check(self, old, also_down=()):
        """One leader, one new configuration, nobody down but the old master, nothing given up half
        way. That several stand at once and vote for themselves is forgiven: with sanitizers, and
        attackers on the same two processors, a round takes longer than their ranks are apart.
        also_down: how +sdown may begin for those whom the test itself made hostile."""
        ours = [e for e in list(self.events.events) if self._is_ours(e)]
        story = '\n'.join(str(e) for e in ours if e.channel != '+set')
        lost = (f'master {self.name} {old.host} {old.port}', f'slave {old.host}:{old.port} ',
                *also_down)
        assert all(e.message.startswith(lost) for e in ours if e.channel == '+sdown'), story
        for channel, times in (('+elected-leader', 1),
                               ('+switch-master', len(self.deployment.sentinels))):
            assert sum(e.channel == channel for e in ours) == times, f'{channel}\n{story}'
        given_up = {e.channel for e in ours if e.channel.startswith('-failover-abort')}
        assert given_up <= {'-failover-abort-not-elected'}, story
        assert not self.events.find('+tilt'), story

    def restore(self):
        """All as at the start, but for the roles, also after a test that failed: peers that were
        made up are forgotten, once the old master has been found again."""
        deployment = self.deployment
        for server in deployment.servers:
            if not server.running:
                server.start()
        deployment.wait_converged(RESTS_TIMEOUT_S)
        if any(len(s.peers(self.name)) >= len(deployment.sentinels) for s in deployment.sentinels):
            for sentinel in deployment.sentinels:
                sentinel.sentinel('RESET', self.name)
        deployment.wait_in_order(RESTS_TIMEOUT_S)

    def answers_at_once(self):
        for sentinel in self.deployment.sentinels:
            asked = time.monotonic()
            with sentinel.connect(timeout=ANSWERS_TIMEOUT_S) as connection:
                assert connection.call('PING') == 'PONG'
                assert connection.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', self.name)
            assert time.monotonic() - asked < ANSWERS_TIMEOUT_S

    def wait_slim(self, before, slack_kb):
        """Every sentinel takes no more memory and descriptors than before, give or take a bit."""
        for sentinel in self.deployment.sentinels:
            memory, descriptors = before[sentinel]
            wait_until(lambda s=sentinel, limit=memory + slack_kb: resident_kb(s.pid) <= limit,
                       RESTS_TIMEOUT_S, f'{sentinel.name} is back near {memory} kB of memory')
            wait_until(lambda s=sentinel, limit=descriptors + 8: descriptor_count(s.pid) <= limit,
                       RESTS_TIMEOUT_S, f'{sentinel.name} is back near {descriptors} descriptors')

    def usage(self):
        return {s: (resident_kb(s.pid), descriptor_count(s.pid))
                for s in self.deployment.sentinels}

    def _is_ours(self, event):
        return (f'@ {self.name} ' in event.message or event.message.startswith(
            (f'master {self.name} ', f'{self.name} ')))


def resident_kb(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text('ascii')
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith('VmRSS:'))


def descriptor_count(pid):
    return sum(1 for _ in pathlib.Path(f'/proc/{pid}/fd').iterdir())
