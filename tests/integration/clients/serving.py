"""The line protocol of the client programs, for those in Python (README.md describes it)."""

import json
import sys
import threading

_output = threading.Lock()
_connected = threading.Event()


def settings():
    return json.loads(sys.argv[1])


def tell(**what):
    with _output:
        print(json.dumps(what), flush=True)


def serve(**deeds):
    """Does what each line asks for, until there are no more."""
    for line in sys.stdin:
        deed, *args = line.split()
        try:
            tell(answer=deeds[deed](*args))
        except Exception as error:  # Whatever the library throws is the answer.
            tell(error=f'{type(error).__name__}: {error}')


def listen_at(sentinels, follow):
    """Follows the events of one sentinel, of the next when that one is lost, and so on; returns
    once connected. follow(sentinel, connected): until it is lost."""
    def forever():
        while True:
            for sentinel in sentinels:
                try:
                    follow(sentinel, _connected.set)
                except Exception as error:
                    tell(noted=f'{type(error).__name__}: {error}')
    threading.Thread(target=forever, daemon=True).start()
    if not _connected.wait(5):
        raise TimeoutError('no sentinel to listen at')
