"""Follows a master as a shell script does, with redis-cli alone."""

import json
import os
import subprocess

from serving import listen_at, serve, settings, tell

asked = settings()


def command(address, *args):
    host, port = address
    return ['redis-cli', f'-{asked["resp"]}', '-h', host, '-p', str(port), '-e', *tls(), *args]


def tls():
    files = asked['tls']
    return ['--tls', '--cacert', files['ca'], '--cert', files['cert'],
            '--key', files['key']] if files else []


def login():
    return ['--user', asked['user']] if asked['user'] else []


def environment():
    return {**os.environ, **({'REDISCLI_AUTH': asked['password']} if asked['password'] else {})}


def run(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=5, **options)
    if done.returncode != 0:
        raise RuntimeError((done.stdout + done.stderr).strip())
    return json.loads(done.stdout)


def ask(*args):
    """The answer of the first sentinel that gives one."""
    for address in asked['sentinels']:
        try:
            return run(command(address, *login(), '--json', 'sentinel', *args), env=environment())
        except RuntimeError as error:
            last = error
    raise last


def master():
    return ask('get-master-addr-by-name', asked['name'])


def replicas():
    maps = [item if isinstance(item, dict) else dict(zip(item[::2], item[1::2]))
            for item in ask('replicas', asked['name'])]
    return sorted(f'{item["ip"]}:{item["port"]}' for item in maps if 'down' not in item['flags'])


def follow(address, connected):
    with subprocess.Popen(command(address, *login(), 'subscribe', '+switch-master'), text=True,
                          stdout=subprocess.PIPE, env=environment()) as child:
        for line in child.stdout:
            if line.strip() == '1':
                connected()
            if len(line.split()) == 5:
                tell(heard=line.strip())


serve(master=lambda: ':'.join(master()),
      replicas=replicas,
      incr=lambda key: run(command(master(), '--json', 'incr', key)),
      listen=lambda: listen_at(asked['sentinels'], follow))
