"""Disks that fail on demand, below one vedette."""

import ctypes
import os
import subprocess

from .wait import wait_until

_CLONE_NEWNS = 0x20000


class FaultyDisk:
    """Faults as sentinel/shell/test_disk.h reads them; needs a build with -Dtest_hooks=true."""

    def __init__(self, sentinel):
        """Before the sentinel is started."""
        self._file = sentinel.folder / 'disk'
        self.heal()
        sentinel.env['VEDETTE_TEST_DISK'] = str(self._file)

    def set(self, *faults):
        new = self._file.with_suffix('.new')
        new.write_text(''.join(f'{fault}\n' for fault in faults), 'utf-8')
        os.replace(new, self._file)

    def heal(self):
        self.set()


def keep_mounts_private():
    """What this process and its children mount from now on vanishes with them. Needs root; before
    the first thread."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)


class Volume:
    """A small file system of its own for the state: a tmpfs, mounted by the superuser, or else in a
    namespace that lives as long as this object."""

    def __init__(self, sentinel, size='512k'):
        """Before the sentinel is started. OSError if the system allows neither way."""
        self._path = sentinel.state
        self._path.mkdir()
        self._holder = None
        mount = ['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', str(self._path)]
        if os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0:
            self.inside = self._path
            return
        self._holder = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', 'unshare', '-rm', 'sh', '-c',
             '"$@" && echo mounted && exec cat', 'sh', *mount],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout.readline() != b'mounted\n':
            self.close()
            raise OSError('no tmpfs can be mounted here')
        pid = str(self._holder.pid)
        sentinel.enter = ['nsenter', '--preserve-credentials', '-t', pid, '-U', '-m']
        self.inside = f'/proc/{pid}/root{self._path}'

    def fill(self):
        with open(f'{self.inside}/filler', 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(b'x' * 4096)
            except OSError:
                pass

    def free(self):
        os.unlink(f'{self.inside}/filler')

    def close(self):
        """After the sentinel has ended."""
        if self._holder is None:
            wait_until(lambda: subprocess.run(['umount', str(self._path)],
                                              check=False).returncode == 0, 5, 'umount')
            return
        self._holder.stdin.close()
        self._holder.wait(30)
        self._holder.stdout.close()
