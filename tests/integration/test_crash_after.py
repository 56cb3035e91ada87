"""Two speeds of detection: refused connections count for crash_after, silence for down_after."""

import time

import pytest

from harness.wait import holds, wait_until

pytestmark = pytest.mark.vedette

DOWN_AFTER_MS = 4000


def deployment_of(lab, crash_after):
    return lab.deployment(down_after=DOWN_AFTER_MS, extra={'crash_after': crash_after})


def test_a_killed_master_is_replaced_after_crash_after(lab):
    deployment = deployment_of(lab, '200ms')
    events = deployment.record()
    old = deployment.master
    lost_at = time.monotonic()
    old.kill()
    new = deployment.wait_replaced(old)
    took_ms = (time.monotonic() - lost_at) * 1000
    assert 200 <= took_ms < DOWN_AFTER_MS * 0.7
    assert new.call('SET', 'new', 'yes') == 'OK'

    # The reason is in the log alone: what is published is what stock publishes. One of the three
    # may have heard of the new master before it found out by itself.
    details = f'master mymaster {old.host} {old.port}'
    assert {event.message for event in events.find('+sdown') if 'slave' not in event.message} == {
        details}
    reason = f'+sdown {details} #connections refused for '
    assert sum(reason in sentinel.log() for sentinel in deployment.sentinels) >= 2
    deployment.wait_converged()


def test_a_hung_master_is_replaced_after_down_after(lab):
    deployment = deployment_of(lab, '200ms')
    old = deployment.master
    lost_at = time.monotonic()
    old.hang()
    deployment.wait_replaced(old)
    assert (time.monotonic() - lost_at) * 1000 >= DOWN_AFTER_MS
    assert not any('#connections refused' in s.log() for s in deployment.sentinels)


def test_a_master_that_restarts_within_crash_after_causes_nothing(lab):
    deployment = deployment_of(lab, '2500ms')
    events = deployment.record()
    old = deployment.master
    old.kill()
    old.start()
    wait_until(lambda: all(events.find('+reboot', s) for s in deployment.sentinels), 10,
               'all have noticed the restart')
    holds(lambda: not events.find('+sdown'), 3, 'nobody is down')
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
    events.wait('+sdown', deployment.sentinels[0])
    assert (time.monotonic() - lost_at) * 1000 < DOWN_AFTER_MS * 0.7
    deployment.wait_replaced(old)
    assert (time.monotonic() - lost_at) * 1000 >= DOWN_AFTER_MS
