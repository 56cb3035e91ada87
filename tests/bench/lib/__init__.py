"""What the benches share. They work with the harness of the integration tests."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'integration'))
