"""A bench as a program: its common options, its workshop, its end."""

import argparse
import contextlib
import pathlib
import signal
import sys
import tempfile

from harness.lab import Lab
from harness.ports import Ports
from harness.sentinel import MAKES, program


def names(text):
    """'a,b' as an option."""
    return text.split(',')


def numbers(text):
    return [int(item) for item in text.split(',')]


class Options(argparse.ArgumentParser):
    """The options that every bench has; the others are added by the bench."""

    def __init__(self, bench, about, makes=MAKES):
        super().__init__(prog=f'bench {bench}', description=about,
                         formatter_class=argparse.RawDescriptionHelpFormatter)
        self.some_of('--makes', makes, 'stock,vedette')
        self.add_argument('--keep', type=pathlib.Path, metavar='FOLDER',
                          help='keep configurations, states, logs and events of all runs there')

    def count(self, name, default, about):
        self.add_argument(name, type=int, default=default, metavar='N',
                          help=f'{about} (%(default)s)')

    def period(self, name, default, about, unit='MS', kind=int):
        self.add_argument(name, type=kind, default=default, metavar=unit,
                          help=f'{about} (%(default)s)')

    def some_of(self, name, known, default):
        """An option that names some of what is known."""
        def checked(text):
            if not set(names(text)) <= set(known):
                raise argparse.ArgumentTypeError(f'not all of {text} are {", ".join(known)}')
            return names(text)

        self.add_argument(name, default=default, type=checked, metavar='NAME,...',
                          help=f'of {", ".join(known)} (%(default)s)')

    def parsed(self):
        options = self.parse_args()
        if set(options.makes) - {'stock'} and not program().exists():
            self.error(f'no vedette at {program()}')
        return options


@contextlib.contextmanager
def workshop(options, label, make='vedette'):
    """A lab that is empty at first and closed at the end."""
    with contextlib.ExitStack() as ends:
        if options.keep:
            folder = options.keep.absolute() / label
            folder.mkdir(parents=True)
        else:
            folder = pathlib.Path(ends.enter_context(
                tempfile.TemporaryDirectory(prefix='vedette-bench-')))
        ports = ends.enter_context(contextlib.closing(Ports()))
        lab = ends.enter_context(contextlib.closing(Lab(folder, ports, make, stock_down_after=0)))
        ends.callback(lambda: _keep_events(options, lab))
        yield lab


def _keep_events(options, lab):
    for recorder in lab.recorders if options.keep else ():
        (lab.folder / 'events').write_text(recorder.text(), 'utf-8')


def say(text):
    print(text, flush=True)


def run(main):
    """Ends with what main returns; a SIGTERM cleans up as a Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
