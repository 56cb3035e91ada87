"""One child process in a folder of its own: started, stopped, killed, by its own pid only."""

import os
import signal
import subprocess
import time

TAIL_BYTES = 6000
END_TIMEOUT_S = 60


class Process:
    def __init__(self, name, folder, enter=()):
        """enter: the command that leads to where it runs: another host, other file systems."""
        self.name = name
        self.enter = enter
        self.folder = folder
        self.output = folder / 'output.log'
        self.ended_by_us = True
        self.exit_codes = []
        self._child = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self):
        return self._child.pid

    @property
    def running(self):
        return self._child is not None and self._child.poll() is None

    def spawn(self, argv, env=None):
        """Starts it; the kernel kills it should the test run itself be killed. A Ctrl-C is for the
        test run alone."""
        assert not self.running, f'{self.name} runs already'
        with open(self.output, 'ab') as output:
            self._child = subprocess.Popen(
                [*self.enter, 'setpriv', '--pdeathsig', 'KILL', *map(str, argv)], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env={**os.environ, **(env or {})})
        self.ended_by_us = False

    def send(self, number):
        self._child.send_signal(number)

    def kill(self):
        """SIGKILL, and waits for the end; safe from any thread and at any time."""
        self.ended_by_us = True
        if self._child is not None:
            self._child.kill()
            self.exit_codes.append(self._child.wait())

    def hang(self):
        self.send(signal.SIGSTOP)

    def wake(self):
        self.send(signal.SIGCONT)

    def stall(self, seconds):
        """Stops it for that long: for tests of the time itself."""
        end = time.monotonic() + seconds
        self.hang()
        sleep_until(end)
        self.wake()

    def terminate(self, number=signal.SIGTERM, timeout=END_TIMEOUT_S):
        """Asks it to stop; returns its exit code."""
        self.wake()
        self.send(number)
        return self.wait(timeout)

    def wait(self, timeout=END_TIMEOUT_S):
        """Waits for an end that the test has caused; returns the exit code."""
        self.ended_by_us = True
        code = self._child.wait(timeout)
        self.exit_codes.append(code)
        return code

    def has_died(self):
        """True if it ended without us."""
        return not self.ended_by_us and not self.running

    def log(self):
        """All that it has logged or printed so far."""
        return self.output.read_text('utf-8', 'replace') if self.output.exists() else ''

    def tail(self):
        state = 'running' if self.running else f'ended, codes {self.exit_codes}'
        return f'--- {self.name} ({state}), {self.output}\n{self.log()[-TAIL_BYTES:]}'


def sleep_until(moment):
    """Where the time itself is what is tested."""
    while time.monotonic() < moment:
        time.sleep(max(0, moment - time.monotonic()))


def ask_to_stop(processes, timeout=END_TIMEOUT_S):
    """SIGTERM to all at once, then waits for each; returns {process: exit code or None}."""
    for process in processes:
        process.wake()
        process.send(signal.SIGTERM)
    end = time.monotonic() + timeout
    codes = {}
    for process in processes:
        try:
            codes[process] = process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            codes[process] = None
    return codes
