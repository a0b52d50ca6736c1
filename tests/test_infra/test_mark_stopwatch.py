"""The stopwatch hears audit events to the end of its process, so each of these runs has a fork."""

import json
import os
import selectors
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infra.marking import stopwatch
from tests.infra.marking.categories import Timing
from tests.infra.marking.stopwatch import Queue, Waits, now, read_cpu_s
from tests.infra.marking.timing import build_timing
from tests.test_infra.forks import run_in_fork

QUICK = ("-q", "-p", "no:cacheprovider")

SHARED_S = 0.1

SLEEPING = """
import asyncio, time

def test_sleeps(): time.sleep(0.05)
def test_works():
    until = time.process_time() + 0.02
    while time.process_time() < until: pass
def test_awaits(): asyncio.run(asyncio.sleep(0.05))
"""

SHARED = """
import os, pytest, socket, time

@pytest.fixture(scope="module")
def wide():
    time.sleep(0.1)
    with socket.socket() as one: one.bind(("127.0.0.1", 0))
    yield
    time.sleep(0.1)

@pytest.fixture
def narrow(): time.sleep(0.02)

def test_first(wide): pass
def test_second(wide, narrow): pass
"""

OUTSIDE = """
import os, pytest, socket

def test_connects():
    with socket.socket() as one: one.bind(("127.0.0.1", 0))
def test_starts(): os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
def test_fails(): assert 0
def test_skips(): pytest.skip("why not")
"""


def read_times(path: Path, *only: str, **modules: str) -> dict[str, Timing]:
    """Time a suite in a fork, and return what is read from that, by the names of the tests."""
    (path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name, text in modules.items():
        (path / f"test_{name}.py").write_text(text, encoding="utf-8")
    times, chosen = path / "times.json", path / "only.json"
    chosen.write_text(json.dumps(only), encoding="utf-8")
    asked = [f"--stopwatch={times}", *([f"--stopwatch-only={chosen}"] if only else [])]

    def run() -> int:
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return int(pytest.main([*QUICK, *asked, str(path)], plugins=[stopwatch]))

    run_in_fork(run)
    found = json.loads(times.read_text(encoding="utf-8"))
    return {nodeid.partition("::")[2]: build_timing(lap) for nodeid, lap in found.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Timing]:
    """Find what all tests of the suite above take."""
    path = tmp_path_factory.mktemp("timed")
    return read_times(path, sleeping=SLEEPING, shared=SHARED, outside=OUTSIDE)


def test_sleeping_is_told_from_working(found: Mapping[str, Timing]) -> None:
    names = ("test_sleeps", "test_awaits", "test_works")

    waited = [found[name].waited_s or 0.0 for name in names]

    assert min(waited[:2]) > 0.01
    assert waited[2] == 0
    assert all(found[name].durations_s[0] > 0 for name in names)


def test_what_is_shared_is_nobody_s_time(found: Mapping[str, Timing]) -> None:
    first, second = found["test_first"], found["test_second"]

    assert first.waited_s == 0
    assert first.durations_s[0] < SHARED_S
    assert 0.01 < (second.waited_s or 0.0) < SHARED_S
    assert first.connections == 0


def test_what_is_done_outside_of_the_process_is_counted(found: Mapping[str, Timing]) -> None:
    assert (found["test_connects"].connections, found["test_connects"].processes) == (1, 0)
    assert (found["test_starts"].connections, found["test_starts"].processes) == (0, 1)
    assert found["test_skips"].is_skipped
    assert not found["test_fails"].is_skipped


def test_chosen_tests_run_in_the_order_given(tmp_path: Path) -> None:
    chosen = ("test_outside.py::test_skips", "test_outside.py::test_connects")

    found = read_times(tmp_path, *chosen, outside=OUTSIDE)

    assert list(found) == ["test_skips", "test_connects"]


def test_originals_are_put_back() -> None:
    waited: list[float] = []
    before = time.sleep, selectors.DefaultSelector.select

    waits = Waits(waited.append)
    time.sleep(0)
    with selectors.DefaultSelector() as selector:
        selector.select(0)
        selector.select(0.001)
    waits.take_back()

    assert waited[0] == 0
    assert waited[1] > 0
    assert len(waited) == 2
    assert (time.sleep, selectors.DefaultSelector.select) == before


def test_clocks_go_on() -> None:
    began, worked = now(), read_cpu_s()
    queue = Queue()

    first = queue.read_s()
    queue.close()
    queue.close()

    assert first >= 0
    assert queue.read_s() == 0
    assert now() > began
    assert read_cpu_s() >= worked
