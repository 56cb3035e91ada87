"""The parts of chaos. They work with the harness of the integration tests, and with what benches
share."""

import pathlib
import sys

_TESTS = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(_TESTS / 'integration'), str(_TESTS / 'bench')]
