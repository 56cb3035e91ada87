"""A real redis-server."""

import os

from .process import Process
from .resp import Connection
from .wait import wait_until

START_TIMEOUT_S = 10
PROGRAM = os.environ.get('STOCK_SERVER', 'redis-server')

_CONFIG = """\
port {port}
bind {host}
dir {folder}
daemonize no
protected-mode no
save ""
repl-diskless-sync yes
repl-diskless-sync-delay 0
enable-debug-command yes
"""


class Server(Process):
    def __init__(self, name, folder, port, host='127.0.0.1', config=(), enter=()):
        super().__init__(name, folder, enter)
        self.host = host
        self.port = port
        self.user = None
        self.password = None
        self.aliases = ()   # host names that it has, too
        self.tls = None     # what the tests themselves connect with
        self.file = folder / 'redis.conf'
        self.file.write_text(_CONFIG.format(port=port, host=host, folder=folder)
                             + ''.join(f'{line}\n' for line in config), 'utf-8')

    @property
    def address(self):
        return (self.host, self.port)

    def is_at(self, address):
        return address in {(host, self.port) for host in (self.host, *self.aliases)}

    def add_config(self, *lines):
        with self.file.open('a', encoding='utf-8') as file:
            file.writelines(f'{line}\n' for line in lines)

    def speak_tls(self, identity, *lines):
        """And nothing else, at its port and to its master, from the next start on."""
        self.tls = identity.context()
        text = self.file.read_text('utf-8').replace(f'port {self.port}\n', '', 1)
        self.file.write_text(text, 'utf-8')
        self.add_config(*identity.of_a_file(self.port), *lines)

    def move(self, host):
        """To another address on the same port, from the next start on."""
        text = self.file.read_text('utf-8')
        self.file.write_text(text.replace(f'bind {self.host}\n', f'bind {host}\n'), 'utf-8')
        self.host = host

    def move_behind(self, container, inner_port=6379):
        """Into a container that passes our port on to another one inside."""
        container.publish(self.port, inner_port)
        self.enter = container.enter
        text = self.file.read_text('utf-8')
        text = text.replace(f'bind {self.host}\n', 'bind 0.0.0.0\n')
        self.file.write_text(text.replace(f'port {self.port}\n', f'port {inner_port}\n', 1), 'utf-8')
        self.host = container.address
        self.add_config(f'replica-announce-ip {self.host}', f'replica-announce-port {self.port}')

    def start(self, wait=True, options=()):
        """options: further ones of its command line."""
        self.spawn([PROGRAM, self.file, *options])
        if wait:
            wait_until(self.answers, START_TIMEOUT_S, f'{self.name} answers PING')
        return self

    def log_in_as(self, user, password):
        """The account that the tests themselves use from now on."""
        self.user, self.password = user, password

    def connect(self):
        connection = Connection(self.host, self.port, tls=self.tls)
        if self.password is not None:
            connection.call('AUTH', self.user or 'default', self.password)
        return connection

    def call(self, *args):
        with self.connect() as connection:
            return connection.call(*args)

    def answers(self):
        return self.call('PING') == 'PONG'

    def info(self, section='replication'):
        """One section of INFO as a dict."""
        lines = self.call('INFO', section).splitlines()
        return dict(line.split(':', 1) for line in lines if ':' in line)

    @property
    def run_id(self):
        return self.info('server')['run_id']

    def is_master(self):
        return self.info()['role'] == 'master'

    def follows(self, master):
        """True if it is a replica of that server, in sync."""
        info = self.info()
        return (info['role'] == 'slave'
                and master.is_at((info['master_host'], int(info['master_port'])))
                and info['master_link_status'] == 'up')
