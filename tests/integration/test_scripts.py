"""Notification and client reconfiguration scripts, as real processes."""

import collections
import os
import pathlib
import re
import stat
import sys

import pytest

from harness.reply import is_error  # noqa: F401
