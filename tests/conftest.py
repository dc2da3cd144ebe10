"""What holds for all tests."""

import os
import sys

from hypothesis import settings

# `seawall` is started hundreds of times, and is compiled once for that, as everywhere else: to compile it each time is
# nearly half of what a start costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says something of the machine, and of what else runs on it, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
