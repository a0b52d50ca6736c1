"""Suites whose failures depend on the process that runs them, or on a concurrent neighbour.

Each has 24 bystanders whose lengths nobody can repeat, so that tests are placed differently in
each run.  What is planted is told here; that it fails in some runs only is seen by the benchmark.
"""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Final

INI: Final = """
[pytest]
# What one test leaves must stay for the next one.
isolation = off
"""

CONFTEST: Final = """
import json
import os
import time
from pathlib import Path

import pytest

NOTES = Path(os.environ["BENCH_NOTES"])


@pytest.fixture(autouse=True)
def note(request, worker_id, vmid_factory):
    request.node.vmid = vmid_factory()
    yield
    call = getattr(request.node, "call", None)
    told = worker_id, request.node.nodeid, request.node.vmid, call.outcome if call else "none"
    with NOTES.open("a") as file:
        file.write(json.dumps(told) + "\\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.call = report
    return report


@pytest.fixture
def vmid(request):
    return request.node.vmid


@pytest.fixture
def nap():
    # From the system: no seed brings these lengths back.
    time.sleep(os.urandom(1)[0] / 256 * 0.03)
"""

BYSTANDERS: Final = """
import pytest


@pytest.mark.parametrize("number", range(12))
def test_{name}(number, nap):
    pass
"""

TOP: Final = """
import decimal
import functools
import os
import random
import sys
import warnings

import pytest

STATE = {}
COUNT = []
"""

PROCESS_BOUND: Final[Mapping[str, str]] = {
    "leaked module state": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            STATE["x"] = 1

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, nap):
            assert not STATE
        """,
    "two polluters": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            STATE["x"] = 1

        @pytest.mark.parametrize("m", range(2))
        def test_q(m, nap):
            STATE["y"] = 1

        @pytest.mark.parametrize("n", range(4))
        def test_v(n, nap):
            assert len(STATE) < 2
        """,
    "cleaner between": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            STATE["x"] = 1

        def test_c(nap):
            STATE.clear()

        @pytest.mark.parametrize("n", range(2))
        def test_v(n, nap):
            assert not STATE
        """,
    "brittle": """
        @pytest.mark.parametrize("n", range(3))
        def test_s(n, nap):
            STATE["ready"] = 1

        def test_v(nap):
            assert STATE
        """,
    "cache filled by the first caller": """
        @functools.lru_cache
        def level():
            return os.environ.get("LEVEL", "b")

        @pytest.mark.parametrize("value", "abc")
        def test_v(value, nap, monkeypatch):
            monkeypatch.setenv("LEVEL", "a" if value == "a" else "b")
            assert level() == os.environ["LEVEL"]
        """,
    "class attribute": """
        class Cart:
            items = []

        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            Cart().items.append(1)

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, nap):
            assert not Cart().items
        """,
    "environment variable left": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            os.environ["APP_MODE"] = "x"

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, nap):
            assert "APP_MODE" not in os.environ
        """,
    "directory left": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap, tmp_path):
            os.chdir(tmp_path)

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, nap):
            assert os.path.exists("pytest.ini")
        """,
    "decimal context left": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            decimal.getcontext().prec = 4

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, nap):
            assert len(str(decimal.Decimal(1) / 3)) > 10
        """,
    "module stub left": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            sys.modules["colorsys"] = object()

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, nap):
            import colorsys
            assert colorsys.rgb_to_hsv
        """,
    "number of tests before": """
        @pytest.mark.parametrize("n", range(8))
        def test_v(n, nap):
            COUNT.append(n)
            assert len(COUNT) < 4
        """,
    "value of a wide fixture": """
        @pytest.fixture(scope="session")
        def shared():
            return {}

        @pytest.mark.parametrize("m", range(2))
        def test_p(m, shared, nap):
            shared["x"] = 1

        @pytest.mark.parametrize("m", range(2))
        def test_v(m, shared, nap):
            assert not shared
        """,
    "random number": """
        @pytest.mark.parametrize("n", range(2))
        def test_v(n, nap):
            assert random.random() > 0.15
        """,
    "random number at import": """
        CHOICE = random.randrange(8)

        def test_v(nap):
            assert CHOICE
        """,
    "random order, and tests before": """
        @pytest.mark.parametrize("n", range(6))
        def test_v(n, nap):
            COUNT.append(n)
            cards = random.sample(range(10), 10)
            assert cards.index(0) > 0 or len(COUNT) < 2
        """,
    "order of a set": """
        def test_v(nap):
            assert list({"a", "b", "c", "d", "e"})[0] != "c"
        """,
    "hash of a string": """
        def test_v(nap):
            assert hash("guest") % 5
        """,
    "VMID": """
        @pytest.mark.parametrize("n", range(2))
        def test_v(n, vmid, nap):
            assert vmid % 7
        """,
    "block of VMIDs": """
        def test_v(vmid_allocator, nap):
            assert vmid_allocator.block.pid % 3
        """,
    "slot of the worker": """
        def test_v(worker_slot, nap):
            assert worker_slot != 3
        """,
    "name of the worker": """
        def test_v(worker_id, nap):
            assert os.environ.get("PYTEST_XDIST_WORKER", "gw") != "gw1"
            assert worker_id != "gw2"
        """,
    "variables of the worker, after a polluter": """
        @pytest.mark.parametrize("m", range(2))
        def test_p(m, nap):
            warnings.filterwarnings("ignore", message="x")
            STATE["slot"] = os.environ["PROXMOX_TEST_WORKER_SLOT"]

        @pytest.mark.parametrize("n", range(2))
        def test_v(n, nap):
            assert STATE.get("slot", "0") in "02"
        """,
}
"""Kind of cause to the module that has it."""

CONCURRENT: Final[Mapping[str, str]] = {
    "one file, held 60 ms": """
        import time
        from pathlib import Path

        def test_p(nap):
            Path("held").touch()
            time.sleep(0.06)
            Path("held").unlink()

        def test_v(nap):
            assert not Path("held").exists()
        """,
    "one file, held 15 ms": """
        import time
        from pathlib import Path

        def test_p():
            time.sleep(0.01)
            Path("held").touch()
            time.sleep(0.015)
            Path("held").unlink()

        def test_v():
            time.sleep(0.01)
            assert not Path("held").exists()
        """,
    "written by two, read by both": """
        import time
        from pathlib import Path

        @pytest.mark.parametrize("n", range(2))
        def test_v(n):
            path = Path("shared")
            path.write_text(str(n))
            time.sleep(0.02)
            assert path.read_text() == str(n)
        """,
}
"""The same for causes that need a neighbour on another worker."""


def write_suite(directory: Path, planted: str) -> None:
    """Write a suite: bystanders, what is planted in two files' midst, bystanders."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        "pytest.ini": INI,
        "conftest.py": CONFTEST,
        "test_a.py": BYSTANDERS.format(name="a"),
        "test_m.py": TOP + textwrap.dedent(planted),
        "test_z.py": BYSTANDERS.format(name="z"),
    }
    for name, text in files.items():
        (directory / name).write_text(text.lstrip(), encoding="utf-8")
