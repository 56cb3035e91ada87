"""A session of the daemon, recorded and replayed."""

import os
import re
import signal
import subprocess
import zlib

import pytest

from harness.resp import ReplyError
from harness.sentinel import program, replay
from harness.wait import wait_until
from test_scripts import SEEN, scripts_of, write_script

pytestmark = pytest.mark.vedette

# Each is longer than four bytes, and no part of four is anywhere else.
SERVERS, PEERS, CLIENTS = 'kQ7zWm3xVb', 'Tj9pLs4yRf', 'uN2cHd8gEo'
ALICE, BOB, WRONG = 'Xv5aMi1wZk', 'qB6rYt0hSj', 'Dn8fUe3lGp'
SECRETS = (SERVERS, PEERS, CLIENTS, ALICE, BOB, WRONG)


def vedette(*args):
    done = subprocess.run([program(), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def stop_and_replay(sentinel):
    """The story of its last run, which the replay says is the recorded one."""
    if sentinel.running:
        assert sentinel.terminate() == 0
    status, story, said = replay(sentinel.recording)
    assert status == 0, said
    assert 'the effects are those that were recorded; ended by: a stop' in said
    return story.decode('utf-8', 'replace')


def lonely(lab, **options):
    """One that has little to do."""
    group = lab.planned(replicas=0, sentinels=0, down_after=60000).group
    return lab.sentinel('lonely', groups=[group], recorded=True, **options)


def tell_secrets(sentinel):
    """In every way that clients have."""
    with sentinel.connect() as client:
        client.call('AUTH', 'alice', ALICE)
        client.call('HELLO', 3, 'AUTH', 'alice', ALICE)
        for wrong in (['AUTH', WRONG], ['AUHT', WRONG], ['SENTINEL', 'SET', 'mymaster', 'pass', WRONG],
                      ['CONFIG', 'SET', 'requirepass', WRONG], ['ACL', 'SETUSER', 'x', WRONG]):
            with pytest.raises(ReplyError):
                client.call(*wrong)
        client.call('ACL', 'SETUSER', 'bob', 'on', f'>{BOB}', '+@all')
        client.call('SENTINEL', 'SET', 'mymaster', 'auth-pass', SERVERS)
        client.call('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', PEERS)
        client.call('ACL', 'LIST')
        client.call('SENTINEL', 'CONFIG', 'GET', '*')
    with sentinel.connect() as client:
        # A read of ours may end within the password.
        client.write(f'*3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$10\r\n{BOB[:4]}'.encode())
        sentinel.call('PING')
        client.write(f'{BOB[4:]}\r\n'.encode())
        assert client.read() == {'+': 'OK'}
        client.call('INFO')


def assert_no_secret(file, story):
    """Unpacked, since what is compressed shows nothing."""
    held = unpacked(file)
    for secret in SECRETS:
        for at in range(len(secret) - 3):
            part = secret[at:at + 4]
            assert part.encode() not in held, secret
            assert part not in story, secret


def unpacked(file):
    data = file.read_bytes()
    mark = b'vedette recording\n'
    assert data.startswith(mark)
    data, stream, text = data[len(mark):], zlib.decompressobj(-15), b''
    while data:
        size = int.from_bytes(data[4:8], 'little')
        text += stream.decompress(data[12:12 + size])
        data = data[12 + size:]
    return text


def test_a_failover_replays(lab):
    notify = write_script(lab.folder, 'notify', SEEN)
    reconfig = write_script(lab.folder, 'reconfig', SEEN)
    users = {'users': {'alice': f'on >{ALICE} +@all'}, 'password': CLIENTS}
    extra = {**scripts_of(lab, notify, reconfig)['extra'], 'auth': {'password': SERVERS}}
    deployment = lab.planned(
        down_after=500, server_config=[f'requirepass {SERVERS}', f'masterauth {SERVERS}'],
        settings={'clients': users, 'peers': {'password': CLIENTS}}, extra=extra)
    for server in deployment.servers:
        server.log_in_as(None, SERVERS)
    for sentinel in deployment.sentinels:
        sentinel.recorded = True
        sentinel.log_in_with(CLIENTS)
    deployment.start()
    old = deployment.master
    tell_secrets(deployment.sentinels[0])
    old.kill()
    new = deployment.wait_replaced(old)
    deployment.wait_converged()
    old.start()
    wait_until(lambda: old.follows(new), 30, 'the old master follows')
    for sentinel in deployment.sentinels:
        sentinel.groups['mymaster'].quorum = 3
        sentinel.write_file()
        sentinel.reload()
        wait_until(lambda s=sentinel: s.master()['quorum'] == '3', 10, 'the reload')
    switch = f'event +switch-master mymaster {old.host} {old.port} {new.host} {new.port}'
    for sentinel in deployment.sentinels:
        story = stop_and_replay(sentinel)
        assert len(re.findall(rf'^\d+ > {re.escape(switch)}', story, re.M)) == 1
        assert '< reload of 1 groups' in story
        assert '> run #' in story
        logged = re.findall(r' [-.*#] ([-+]\S+ master mymaster .*)', sentinel.log())
        told = re.findall(r'> log \w+ ([-+]\S+ master mymaster .*)', story)
        assert told == logged
        assert_no_secret(sentinel.recording, story)
        assert replay(sentinel.recording)[1].decode('utf-8', 'replace') == story


def test_a_recording_is_made_anew_at_each_start_and_two_are_kept(lab):
    sentinel = lonely(lab)
    ids = []
    for _ in range(4):
        sentinel.start()
        ids.append(re.search(r'run_id:(\w+)', sentinel.call('INFO', 'server'))[1])
        sentinel.terminate()
    files = sentinel.recordings()
    assert len(files) == 3
    for file, run_id in zip(files, reversed(ids)):
        assert replay(file)[0] == 0
        assert run_id.encode() in unpacked(file)


def test_a_killed_process_leaves_what_was_written(lab):
    sentinel = lonely(lab).start()
    sentinel.call('CLIENT', 'SETNAME', 'before')
    wait_until(lambda: b'before' in unpacked(sentinel.recording), 10, 'it is written')
    sentinel.kill()
    status, story, said = replay(sentinel.recording)
    assert status == 0
    assert b'before' in story
    assert 'it has no end: the process was killed, or goes on' in said


def test_a_mistake_of_ours_is_in_the_recording(lab):
    """An assertion ends the process at once; what led to it is what is wanted."""
    sentinel = lonely(lab).start()
    sentinel.call('CLIENT', 'SETNAME', 'last_words')
    assert sentinel.terminate(signal.SIGABRT) == -signal.SIGABRT
    status, story, _ = replay(sentinel.recording)
    assert status == 0
    assert b'last_words' in story


def test_a_full_recording_ends_and_the_daemon_goes_on(lab):
    sentinel = lonely(lab)
    sentinel.record_size = '16MiB'
    sentinel.start()
    with sentinel.connect() as client:
        def talk():
            for _ in range(10):
                client.ask('PUBLISH', 'noise', os.urandom(60000))  # refused
            return 'the recording has ended: it is full' in sentinel.log()
        wait_until(talk, 60, 'it is full')
        assert client.call('PING') == 'PONG'
    assert sentinel.recording.stat().st_size <= 16 * 1024 * 1024
    assert sentinel.terminate() == 0
    status, _, said = replay(sentinel.recording)
    assert status == 0
    assert 'ended by: it is full' in said


def test_a_recording_that_cannot_go_on_ends_and_the_daemon_goes_on(lab):
    sentinel = lonely(lab, enter=['prlimit', '--fsize=400000'])
    sentinel.start()
    with sentinel.connect() as client:
        def talk():
            for _ in range(200):
                client.call('CLIENT', 'SETNAME', os.urandom(60).hex())
            return 'the recording has ended: it cannot be written: File too large' in sentinel.log()
        wait_until(talk, 60, 'no more can be written')
        assert client.call('PING') == 'PONG'
    assert sentinel.terminate() == 0
    status, story, said = replay(sentinel.recording)
    assert status == 1
    assert 'is damaged in the block at byte' in said
    assert story.count(b'\n') > 1000
    sentinel.recorded = False


def damaged(lab, sentinel, change):
    file = lab.folder / 'damaged'
    file.write_bytes(change(sentinel.recording.read_bytes()))
    return replay(file)


def test_a_damaged_file_is_replayed_as_far_as_it_is_whole(lab):
    sentinel = lonely(lab).start()
    sentinel.call('CLIENT', 'SETNAME', 'first')
    wait_until(lambda: b'first' in unpacked(sentinel.recording), 10, 'it is written')
    sentinel.call('CLIENT', 'SETNAME', 'second')
    wait_until(lambda: b'second' in unpacked(sentinel.recording), 10, 'it is written')
    whole = stop_and_replay(sentinel).encode()
    for change in (lambda b: b[:-10], lambda b: b[:-20] + bytes([b[-20] ^ 1]) + b[-19:]):
        status, story, said = damaged(lab, sentinel, change)
        assert status == 1
        assert re.search(r'is damaged in the block at byte \d+ \(', said)
        assert b'first' in story and len(story) < len(whole) and whole.startswith(story)
    status, story, said = damaged(lab, sentinel, lambda b: b'#!/bin/sh\n')
    assert (status, story) == (1, b'')
    assert 'is no recording' in said


def test_bad_usage(lab):
    file = lab.folder / 'file.yaml'
    for args in (['--record'], ['--record', 'x'], ['--record', '', file], ['--replay'],
                 ['--replay', 'a', 'b'], ['--record', 'x', '--record-size'],
                 ['--record', 'x', '--record-size', '5', file],
                 ['--record', 'x', '--record-size', '15MiB', file],
                 ['--record', 'x', '--record-size', '16MiB'], ['--record', 'x', '--check', file],
                 ['--record', 'x', file, 'other']):
        status, out, said = vedette(*args)
        assert (status, out) == (2, ''), args
        assert 'Usage: vedette' in said
    status, _, said = vedette('--replay', lab.folder / 'nothing')
    assert status == 1
    assert 'nothing cannot be read: No such file or directory' in said


def test_a_recording_that_cannot_be_written_is_refused_at_the_start(lab):
    sentinel = lonely(lab)
    status, _, said = vedette('--record', lab.folder / 'no' / 'such', sentinel.file)
    assert status == 1
    assert 'no/such cannot be written: No such file or directory' in said
    link = lab.folder / 'link'
    link.symlink_to('elsewhere')
    pipe = lab.folder / 'pipe'
    os.mkfifo(pipe)
    for bad in (link, pipe, lab.folder):
        status, _, said = vedette('--record', bad, sentinel.file)
        assert status == 1
        assert f'the recording {bad} cannot be written: ' in said
    assert link.is_symlink() and pipe.is_fifo()
