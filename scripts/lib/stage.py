"""A small real deployment on free loopback ports: three servers and three sentinels of one make, a
client that writes, and subscribers to all events. What happens is reported on one queue, with
times of one clock. Python's standard library only.
"""

import contextlib
import os
import queue
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import namedtuple
from pathlib import Path

GROUP = "mymaster"
HOST = "127.0.0.1"
WHERE = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)
QUORUM = 2
FAILOVER_TIMEOUT_S = 20
STOP_LIMIT_S = 5  # after SIGTERM

# What happened: "t" on the monotonic clock, "who" the Process concerned, "what" an event's channel
# or one of ours in capitals: GONE, STOPPED, CONTINUED, WRITTEN.
Report = namedtuple("Report", "t who what text")


class DemoError(Exception):
    """The demo cannot go on; the text says what did not happen."""


class RespError(Exception):
    """An error reply."""


class Resp:
    """A RESP2 connection, as small as it gets."""

    def __init__(self, port, timeout):
        self.sock = socket.create_connection((HOST, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")

    def send(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.sock.sendall(b"".join(parts))

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("connection closed")
        kind, rest = line[:1], line[1:-2].decode(errors="replace")
        if kind == b"-":
            raise RespError(rest)
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return None if int(rest) < 0 else [self.read() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP: {line!r}")

    def call(self, *words):
        self.send(*words)
        return self.read()

    def interrupt(self):
        """Ends a blocked read; safe from another thread."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.file.close()
        self.sock.close()


def ask(port, *words, timeout=0.5):
    """One question on a connection of its own; None when there is no answer."""
    try:
        with contextlib.closing(Resp(port, timeout)) as link:
            return link.call(*words)
    except (OSError, RespError, ValueError):
        return None


def fields(flat):
    """A flat reply of names and values as a dict."""
    return dict(zip(flat[::2], flat[1::2])) if flat else {}


class Process:
    """A started program in a folder of its own; it can be started again after its end."""

    def __init__(self, name, folder, port, argv, log, reports):
        self.name, self.folder, self.port, self.argv = name, folder, port, argv
        self.log, self.output = log, folder / "output"
        self.address = f"{HOST}:{port}"
        self.reports = reports
        self.pid, self.end, self.stopped = None, None, False

    @property
    def running(self):
        return self.pid is not None and self.end is None

    @property
    def awake(self):
        return self.running and not self.stopped

    def start(self):
        # A killed demo leaves nobody behind; a Ctrl-C reaches the demo alone.
        tether = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with open(self.output, "ab") as output:
            popen = subprocess.Popen(tether + self.argv, cwd=self.folder, start_new_session=True,
                                     stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.pid, self.end, self.stopped = popen.pid, None, False
        threading.Thread(target=self.watch, args=(popen,), daemon=True).start()

    def watch(self, popen):
        while True:
            _, status = os.waitpid(popen.pid, os.WUNTRACED | os.WCONTINUED)
            t = time.monotonic()
            if os.WIFSTOPPED(status):
                self.stopped = True
                self.reports.put(Report(t, self, "STOPPED", "hung by SIGSTOP"))
            elif os.WIFCONTINUED(status):
                self.stopped = False
                self.reports.put(Report(t, self, "CONTINUED", "runs on"))
            else:
                code = popen.returncode = os.waitstatus_to_exitcode(status)
                self.end = f"killed by {signal.Signals(-code).name}" if code < 0 \
                    else f"ended with status {code}"
                self.reports.put(Report(t, self, "GONE", self.end))
                return

    def signal(self, number):
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def revive(self):
        if self.stopped:
            self.signal(signal.SIGCONT)
        elif not self.running:
            self.start()

    def state(self):
        if self.stopped:
            return f"pid {self.pid}, stopped"
        return f"pid {self.pid}, running" if self.running else self.end or "not started"


class Stage:
    """The folder, three servers and three sentinels of the chosen make."""

    def __init__(self, options):
        self.options = options
        self.reports = queue.Queue()
        self.noun = "vedette" if options.make == "vedette" else "sentinel"
        server_ports, sentinel_ports = free_ports()
        self.folder = Path(tempfile.mkdtemp(prefix="vedette-demo."))
        master_port = server_ports[0]
        self.servers = [self.make_server(number, port, master_port)
                        for number, port in enumerate(server_ports, 1)]
        self.sentinels = [self.make_sentinel(number, port, master_port)
                          for number, port in enumerate(sentinel_ports, 1)]
        self.processes = self.servers + self.sentinels

    def make_server(self, number, port, master_port):
        name = f"redis {number}"
        folder = self.folder / f"redis-{number}"
        folder.mkdir()
        lines = [f"port {port}", f"bind {HOST}", f"dir {folder}", f"logfile {folder}/redis.log",
                 'save ""', "appendonly no", "repl-diskless-sync-delay 0"]
        if port != master_port:
            lines.append(f"replicaof {HOST} {master_port}")
        conf = folder / "redis.conf"
        conf.write_text("\n".join(lines) + "\n")
        return Process(name, folder, port, ["redis-server", str(conf)], folder / "redis.log",
                       self.reports)

    def make_sentinel(self, number, port, master_port):
        name = f"{self.noun} {number}"
        folder = self.folder / f"{self.noun}-{number}"
        folder.mkdir()
        log = folder / f"{self.noun}.log"
        down_after = self.options.down_after
        if self.options.make == "vedette":
            (folder / "state").mkdir()
            conf = folder / "vedette.yaml"
            conf.write_text(
                f"listen: ['{HOST}:{port}']\n"
                f"state_dir: {folder}/state\n"
                f"log: {{level: notice, file: {log}}}\n"
                f"groups:\n"
                f"  {GROUP}: {{master: '{HOST}:{master_port}', quorum: {QUORUM}, "
                f"down_after: {down_after}ms, failover_timeout: {FAILOVER_TIMEOUT_S}s, "
                f"parallel_syncs: 1}}\n")
            argv = [self.options.vedette, str(conf)]
        else:
            conf = folder / "sentinel.conf"
            conf.write_text(
                f"port {port}\nbind {HOST}\ndir {folder}\nlogfile {log}\n"
                f"sentinel monitor {GROUP} {HOST} {master_port} {QUORUM}\n"
                f"sentinel down-after-milliseconds {GROUP} {down_after}\n"
                f"sentinel failover-timeout {GROUP} {FAILOVER_TIMEOUT_S * 1000}\n"
                f"sentinel parallel-syncs {GROUP} 1\n")
            argv = ["redis-sentinel", str(conf)]
        return Process(name, folder, port, argv, log, self.reports)

    def by_port(self, port):
        return next((p for p in self.processes if str(p.port) == str(port)), None)

    def named_masters(self):
        """The port that each sentinel names; those that do not answer are left out."""
        replies = [ask(s.port, *WHERE) for s in self.sentinels if s.awake]
        return [reply[1] for reply in replies if reply]

    def master(self):
        """The server that most sentinels name."""
        named = self.named_masters()
        return self.by_port(max(named, key=named.count)) if named else None

    def stop(self):
        """Stops everything; returns the sentinels that were asked to end and did not end well."""
        asked = [p for p in self.processes if p.running]
        for process in asked:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT_S
        while any(p.running for p in asked):
            if time.monotonic() > deadline:
                for process in asked:
                    process.signal(signal.SIGKILL)
            time.sleep(0.01)
        return [p for p in asked if p in self.sentinels and p.end != "ended with status 0"]

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def free_ports():
    """Three ports for servers and, 20000 above as is the custom, three for sentinels. They lie
    below the range from which the kernel takes ports for outgoing connections."""
    for base in random.sample(range(6400, 10000, 10), 360):
        servers = [base, base + 1, base + 2]
        sentinels = [port + 20000 for port in servers]
        with contextlib.ExitStack() as stack:
            try:
                for port in servers + sentinels:
                    sock = stack.enter_context(socket.socket())
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind((HOST, port))
                return servers, sentinels
            except OSError:
                continue
    raise DemoError("no free ports on " + HOST)


class Subscriber(threading.Thread):
    """Reports every event of one sentinel, now and after its restarts."""

    def __init__(self, sentinel):
        super().__init__(daemon=True)
        self.sentinel = sentinel
        self.ready = threading.Event()

    def run(self):
        while True:
            with contextlib.suppress(OSError, RespError, ValueError):
                with contextlib.closing(Resp(self.sentinel.port, 1)) as link:
                    link.call("PSUBSCRIBE", "*")
                    link.sock.settimeout(None)
                    self.ready.set()
                    while True:
                        message = link.read()
                        self.sentinel.reports.put(Report(time.monotonic(), self.sentinel,
                                                         message[2], message[3]))
            time.sleep(0.02)


class Writer(threading.Thread):
    """A client that writes all the time and finds its master as clients do: by asking sentinels.
    Reports the first write that each new master accepts."""

    PAUSE_S = 0.002
    TIMEOUT_S = 0.05  # of one write; only a hung server takes so long

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage = stage
        self.accepted = 0
        self.finished = False
        self.link = None
        self.sentinel_links = {}

    def run(self):
        port, last, count = None, None, 0
        while not self.finished:
            port_now = self.locate(port)
            try:
                self.link = Resp(port_now, self.TIMEOUT_S)
                while not self.finished:
                    count += 1
                    self.link.call("SET", "demo:count", count)
                    t = time.monotonic()
                    if port_now != port:
                        gap_ms = (t - last) * 1000 if last else 0
                        self.stage.reports.put(Report(t, self.stage.by_port(port_now), "WRITTEN",
                                                      f"{gap_ms:.0f}"))
                    port, last = port_now, t
                    self.accepted += 1
                    time.sleep(self.PAUSE_S)
            except (OSError, RespError, ValueError):
                time.sleep(self.PAUSE_S)

    def locate(self, failed):
        """The master's port; a sentinel that names another than the failed one is preferred."""
        named = failed
        for sentinel in random.sample(self.stage.sentinels, len(self.stage.sentinels)):
            try:
                if sentinel not in self.sentinel_links:
                    self.sentinel_links[sentinel] = Resp(sentinel.port, self.TIMEOUT_S)
                reply = self.sentinel_links[sentinel].call(*WHERE)
            except (OSError, RespError, ValueError):
                if sentinel in self.sentinel_links:
                    self.sentinel_links.pop(sentinel).close()
                continue
            if reply:
                named = int(reply[1])
                if named != failed:
                    break
        return named

    def look_again(self):
        """Good clients also listen for +switch-master."""
        if self.link:
            self.link.interrupt()
