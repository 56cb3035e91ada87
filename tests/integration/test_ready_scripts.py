"""The scripts in scripts/notify and scripts/reconfig, called as a sentinel calls them."""

import http.server
import json
import os
import pathlib
import socketserver
import subprocess
import threading

import pytest

SCRIPTS = pathlib.Path(__file__).parents[2] / 'scripts'
MOVE = ('mymaster', 'leader', 'start', '10.0.0.1', '6379', '10.0.0.2', '6380')
AGAIN, NEVER = 1, 2


def call(script, *args, **env):
    return subprocess.run([SCRIPTS / script, *args], env={**os.environ, **env}, timeout=120,
                          capture_output=True, check=False)


@pytest.mark.parametrize('script', sorted(
    str(path.relative_to(SCRIPTS)) for kind in ('notify', 'reconfig')
    for path in (SCRIPTS / kind).iterdir()))
def test_it_can_be_executed_and_refuses_wrong_arguments(script):
    assert call(script).returncode == NEVER
    assert call(script, 'a').returncode == NEVER


@pytest.fixture
def logger(tmp_path):
    """A `logger` that writes its arguments down."""
    (tmp_path / 'logger').write_text(f'#!/bin/sh\nprintf "%s|" "$@" >{tmp_path}/line\n'
                                     f'exit $(cat {tmp_path}/code 2>/dev/null || echo 0)\n')
    (tmp_path / 'logger').chmod(0o755)
    return tmp_path


@pytest.mark.parametrize('event, level', [('+switch-master', 'warning'), ('+monitor', 'notice')])
def test_syslog(logger, event, level):
    path = f'{logger}:{os.environ["PATH"]}'
    assert call('notify/syslog', event, 'a -b "c"', PATH=path).returncode == 0
    assert (logger / 'line').read_text() == f'-t|vedette|-p|daemon.{level}|--|{event} a -b "c"|'
    (logger / 'code').write_text('3')
    assert call('notify/syslog', event, 'x', PATH=path).returncode == AGAIN


@pytest.fixture
def hook():
    """A web server that keeps what it is posted, and answers hook.status."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            server.posted.append(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
    server.posted, server.status = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_webhook(hook):
    url = f'http://127.0.0.1:{hook.server_port}/x'
    payload = 'master my"m\\aster 10.0.0.1 6379'
    assert call('notify/webhook', '+sdown', payload, WEBHOOK_URL=url).returncode == 0
    assert hook.posted == [{'host': os.uname().nodename, 'event': '+sdown', 'payload': payload}]
    some = {'WEBHOOK_URL': url, 'WEBHOOK_EVENTS': '+odown +switch-master'}
    assert call('notify/webhook', '+sdown', 'x', **some).returncode == 0
    assert len(hook.posted) == 1
    assert call('notify/webhook', '+odown', 'x', **some).returncode == 0
    assert len(hook.posted) == 2
    hook.status = 500
    assert call('notify/webhook', '+sdown', 'x', WEBHOOK_URL=url).returncode == AGAIN
    assert call('notify/webhook', '+sdown', 'x').returncode == NEVER


@pytest.fixture(params=['unix', 'tcp'])
def haproxy(request, tmp_path):
    """Answers like the runtime socket of HAProxy; keeps what it was told."""
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            server.told.append(self.rfile.readline().decode())
            self.wfile.write(server.answer)

    if request.param == 'unix':
        server = socketserver.ThreadingUnixStreamServer(str(tmp_path / 'admin.sock'), Handler)
        server.where = str(tmp_path / 'admin.sock')
    else:
        server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)
        server.where = f'127.0.0.1:{server.server_address[1]}'
    server.told, server.answer = [], b"IP changed from '10.0.0.1' to '10.0.0.2' by 'stats socket'\n\n"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_haproxy(haproxy):
    env = {'HAPROXY_SOCKET': haproxy.where}
    assert call('reconfig/haproxy', *MOVE, **env).returncode == 0
    assert haproxy.told == ['set server mymaster/master addr 10.0.0.2 port 6380\n']
    assert call('reconfig/haproxy', *MOVE, HAPROXY_SERVER='redis/m1', **env).returncode == 0
    assert haproxy.told[1] == 'set server redis/m1 addr 10.0.0.2 port 6380\n'
    haproxy.answer = b"no need to change the addr, port or check_port\n\n"
    assert call('reconfig/haproxy', *MOVE, **env).returncode == 0
    haproxy.answer = b'No such server.\n\n'
    assert call('reconfig/haproxy', *MOVE, **env).returncode == NEVER


def test_haproxy_that_is_away_is_tried_again(tmp_path):
    assert call('reconfig/haproxy', *MOVE, HAPROXY_SOCKET=str(tmp_path / 'x')).returncode == AGAIN
