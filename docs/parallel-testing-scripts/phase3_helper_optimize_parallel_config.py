#!/usr/bin/env python3
"""Find the best number of workers and widths of lanes."""

import os
import sys
from pathlib import Path

os.chdir(Path(__file__).resolve().parents[2])
os.execv(sys.executable, [sys.executable, "-m", "tests.infra", "tune", *sys.argv[1:]])  # noqa: S606  own
