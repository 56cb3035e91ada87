"""A client program of ../clients, in a process of its own, asked line by line."""

import fcntl
import functools
import hashlib
import json
import os
import pathlib
import queue
import subprocess
import threading

CLIENTS = pathlib.Path(__file__).parents[1] / 'clients'
LIBRARIES = {'redis-cli': 'redis_cli.py', 'redis-py': 'redis_py.py', 'ioredis': 'ioredis.js',
             'node-redis': 'node_redis.js'}
INSTALL_TIMEOUT_S = 120


class ClientError(OSError):
    """What the library threw; to a waiting test: not yet."""


class Client:
    def __init__(self, library, sentinels, name='mymaster', resp=2, user=None, password=None,
                 detector=False, tls=None):
        """detector: ioredis listens for switches of the master by itself. tls: the identity that it
        shows; all is by TLS then."""
        program = CLIENTS / LIBRARIES[library]
        if program.suffix == '.js':
            assert why_no_node_modules() is None, why_no_node_modules()
        interpreter = {'.py': '/usr/bin/python3', '.js': 'node'}[program.suffix]
        settings = {'name': name, 'sentinels': [s.address for s in sentinels], 'resp': resp,
                    'user': user, 'password': password, 'detector': detector,
                    'tls': tls and {'cert': str(tls.cert), 'key': str(tls.key), 'ca': str(tls.ca)}}
        self.heard = []
        self.noted = []
        self._answers = queue.Queue()
        self._child = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', interpreter, program, json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.wait()
        self._reader.join(5)
        self._child.stdin.close()
        self._child.stdout.close()

    def ask(self, *words, timeout=90):
        """Has it do one thing; returns the answer, raises ClientError for an error."""
        self._child.stdin.write(' '.join(words) + '\n')
        self._child.stdin.flush()
        try:
            told = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f'no answer to {words} within {timeout} s; noted: '
                                 f'{self.noted[-10:]}') from None
        if 'error' in told:
            raise ClientError(told['error'])
        return told['answer']

    def _read(self):
        for line in self._child.stdout:
            told = json.loads(line)
            if 'heard' in told:
                self.heard.append(told['heard'])
            elif 'noted' in told:
                self.noted.append(told['noted'])
            else:
                self._answers.put(told)


@functools.cache
def node_version():
    said = subprocess.run(['node', '--version'], check=True, capture_output=True, text=True).stdout
    return int(said.lstrip('v').split('.')[0])


@functools.cache
def why_no_node_modules():
    """Installs what clients/package-lock.json pins, once, from npm's registry; says what prevented
    that, or None."""
    pinned = hashlib.sha256((CLIENTS / 'package-lock.json').read_bytes()).hexdigest()
    stamp = CLIENTS / 'node_modules' / '.installed'
    with open(CLIENTS / '.npm-lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text('ascii') == pinned:
            return None
        npm = subprocess.run(
            ['timeout', '-k', '5', str(INSTALL_TIMEOUT_S), 'npm', 'ci', '--ignore-scripts',
             '--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-retry-mintimeout=2000'],
            cwd=CLIENTS, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        if npm.returncode != 0:
            return ('npm could not install ioredis and node-redis; can its registry be reached?\n'
                    + npm.stdout)
        stamp.write_text(pinned, 'ascii')
        return None
