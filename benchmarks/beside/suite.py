"""The suite that is run beside other plugins: a bit of everything, in five files."""

import json
from pathlib import Path
from typing import Final

from witness import CONFTEST

WIDTHS: Final = {"slow": 1, "pair": 2}
ENDLESS: Final = "test_endless"
"""Sleeps for ever where a plugin ends tests that take too long, and passes at once elsewhere."""

INI: Final = """[pytest]
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
filterwarnings =
    error
    ignore::pytest.PytestAssertRewriteWarning
markers =
    serial: nothing runs beside it
    slow: one at a time
    lane(name, width=1): a lane of its own
    xdist_group(name): stays on one worker
"""
HEADER: Final = """
import asyncio
import os
import time

import pytest

import subject
"""
FREE: Final = """
def test_free_NN():
    assert subject.double(NN) == 2 * NN
"""
LANES: Final = """
@pytest.mark.slow
def test_lane_slow_NN():
    time.sleep(0.004)

@pytest.mark.lane("pair", width=2)
@pytest.mark.parametrize("number", [1, 2])
def test_lane_pair_NN(number):
    time.sleep(0.004)

@pytest.mark.serial
def test_serial_NN():
    time.sleep(0.004)

@pytest.mark.xdist_group("group")
class TestGroupNN:
    def test_group_NN(self):
        time.sleep(0.002)

@pytest.mark.asyncio
async def test_async_NN():
    await asyncio.sleep(0.002)
"""
ODD: Final = """
def test_flaky(request):
    marker = os.path.join(os.environ["WITNESS_DIR"], f".{request.node.name}")
    is_first = not os.path.exists(marker)
    open(marker, "w").close()
    assert not is_first

def test_fails():
    assert subject.double(1) == 3

def test_skips():
    pytest.skip("planned")

@pytest.mark.xfail(strict=True)
def test_xfails():
    assert False

@pytest.fixture
def broken():
    raise ValueError("planned")

def test_error_in_setup(broken):
    pass

def test_endless():
    time.sleep(30 if os.environ.get("ENDLESS") else 0)
"""
SUBJECT: Final = """
def double(number):
    if number > 1000:
        return None
    return 2 * number
"""


def write_suite(directory: Path) -> None:
    """Write the suite, and a cache in which some tests failed last."""
    (directory / "pytest.ini").write_text(INI)
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "subject.py").write_text(SUBJECT)
    (directory / "test_odd.py").write_text(HEADER + ODD)
    for number in range(5):
        free = "".join(FREE.replace("NN", str(10 * number + one)) for one in range(4))
        text = HEADER + free + LANES.replace("NN", str(number))
        (directory / f"test_file{number}.py").write_text(text)
    cache = directory / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    failed = ["test_odd.py::test_fails", "test_file1.py::test_serial_1", "test_gone.py::test_gone"]
    (cache / "lastfailed").write_text(json.dumps(dict.fromkeys(failed, True)))


def read_lane(nodeid: str) -> str:
    """Return the lane of a test by its name: `exclusive`, `slow`, `pair`, or empty."""
    name = nodeid.rsplit("::", 1)[-1]
    for prefix, lane in (("serial", "exclusive"), ("lane_slow", "slow"), ("lane_pair", "pair")):
        if name.startswith(f"test_{prefix}"):
            return lane
    return ""
