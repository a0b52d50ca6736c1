#!/usr/bin/env python3
"""Tell what in the sources of tests breaks in parallel, or in another order."""

import os
import sys
from pathlib import Path

os.chdir(Path(__file__).resolve().parents[2])
os.execv(sys.executable, [sys.executable, "-m", "tests.infra", "check", *sys.argv[1:]])  # noqa: S606  own
