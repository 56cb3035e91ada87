"""Two speeds of detection: refused connections count for crash_after, silence for down_after."""

import time

import pytest

from harness.wait import holds, wait_until

pytestmark = pytest.mark.vedette

# Where silence has to decide, and where it would take longer than any machine does.
DOWN_AFTER_MS, NEVER_MS = 4000, 120000
REFUSED = '#connections refused for '


def deployment_of(lab, crash_after, down_after=NEVER_MS):
    return lab.deployment(down_after=down_after, extra={'crash_after': crash_after})


def test_a_killed_master_is_replaced_after_crash_after(lab):
    deployment = deployment_of(lab, '200ms')
    events = deployment.record()
    old = deployment.master
    lost_at = time.monotonic()
    old.kill()
    new = deployment.wait_replaced(old)
    took_ms = (time.monotonic() - lost_at) * 1000
    assert 200 <= took_ms < NEVER_MS
    assert new.call('SET', 'new', 'yes') == 'OK'

    # The reason is in the log alone: what is published is what stock publishes. One of the three
    # may have heard of the new master before it found out by itself.
    details = f'master mymaster {old.host} {old.port}'
    assert {event.message for event in events.find('+sdown') if 'slave' not in event.message} == {
        details}
    reason = f'+sdown {details} {REFUSED}'
    assert sum(reason in sentinel.log() for sentinel in deployment.sentinels) >= 2
    deployment.wait_converged()


def test_a_hung_master_is_replaced_after_down_after(lab):
    deployment = deployment_of(lab, '200ms', DOWN_AFTER_MS)
    old = deployment.master
    lost_at = time.monotonic()
    old.hang()
    deployment.wait_replaced(old)
    assert (time.monotonic() - lost_at) * 1000 >= DOWN_AFTER_MS * 0.9
    assert not any(REFUSED in s.log() for s in deployment.sentinels)


RESTART_S = 6   # in which a server is back on the slowest machine


def test_a_master_that_restarts_within_crash_after_causes_nothing(lab):
    deployment = deployment_of(lab, f'{RESTART_S}s')
    events = deployment.record()
    old = deployment.master
    old.kill()
    old.start()
    wait_until(lambda: all(events.find('+reboot', s) for s in deployment.sentinels), 10,
               'all have noticed the restart')
    holds(lambda: not events.find('+sdown'), RESTART_S + 0.5, 'nobody is down')
    assert deployment.named_master() is old


def test_one_sentinel_that_counts_refusals_is_no_quorum(lab):
    deployment = lab.planned(down_after=DOWN_AFTER_MS)
    deployment.sentinels[0].write_file(deployment.sentinels[0].file_text().replace(
        'down_after:', 'crash_after: "100ms"\n    down_after:'))
    deployment.start()
    events = deployment.record()
    old = deployment.master
    lost_at = time.monotonic()
    old.kill()
    deployment.wait_replaced(old)
    assert (time.monotonic() - lost_at) * 1000 >= DOWN_AFTER_MS * 0.9
    assert [REFUSED in s.log() for s in deployment.sentinels] == [True, False, False]
