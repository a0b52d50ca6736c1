#!/usr/bin/env python3
"""Measure the suite sequentially and in parallel."""

import os
import sys
from pathlib import Path

os.chdir(Path(__file__).resolve().parents[2])
os.execv(sys.executable, [sys.executable, "-m", "tests.infra", "measure", *sys.argv[1:]])  # noqa: S606  own
