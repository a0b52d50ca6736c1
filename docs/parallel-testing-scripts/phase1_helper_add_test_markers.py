#!/usr/bin/env python3
"""Put a category on each test that has none; shows a diff unless told --write."""

import os
import sys
from pathlib import Path

os.chdir(Path(__file__).resolve().parents[2])
os.execv(sys.executable, [sys.executable, "-m", "tests.infra", "mark", *sys.argv[1:]])  # noqa: S606  own
