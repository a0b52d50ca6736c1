"""A suite with ten planted divergences among thirty sound tests, and what a proof must say of each.

The suite is text, written into a directory of its own.  Tests that sleep do so to meet each other
on two workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PORT_VARIABLE: Final = "PLANTED_PORT"


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted divergence: the tests that may be accused of it, and as what."""

    name: str
    nodeids: Sequence[str]
    kind: str
    outcome: str = "failed"


PLANTED: Final = (
    Planted("environment variable set", ["test_c_env.py::test_needs_default"], "by order"),
    Planted("module's list grows", ["test_d_state.py::test_is_empty"], "by order"),
    Planted("brittle: needs a setter", ["test_e_brittle.py::test_reads"], "by order"),
    Planted(
        "not idempotent",
        ["test_f_twice.py::test_registers"],
        "second run in the same process",
    ),
    Planted(
        "one file, two workers",
        ["test_a_meet.py::test_file", "test_z_meet.py::test_file"],
        "by placement",
    ),
    Planted(
        "one port, two workers",
        ["test_a_meet.py::test_port", "test_z_meet.py::test_port"],
        "by placement",
    ),
    Planted("parametrised over a set", ["test_g_set.py::test_name"], "set of tests"),
    Planted("cache of the first caller", ["test_h_cache.py::test_default"], "by order"),
    Planted("every other time", ["test_i_chance.py::test_coin"], "at random"),
    Planted("dies after another test", ["test_j_death.py::test_survives"], "by order", "crashed"),
)

MEET: Final = """
import os, pathlib, socket, time

def test_file():
    path = pathlib.Path("shared.txt")
    text = __name__
    for _ in range(8):
        path.write_text(text)
        time.sleep(0.1)
        assert path.read_text() == text

def test_port():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", int(os.environ["PLANTED_PORT"])))
        server.listen()
        time.sleep(0.8)
"""

SOUND: Final = """
import asyncio, os, unittest
import pytest

@pytest.fixture(scope="session")
def shared():
    yield {"size": 1}

@pytest.fixture(scope="module", params=["one", "two"])
def variant(request):
    os.environ["VARIANT"] = request.param
    yield request.param
    del os.environ["VARIANT"]

@pytest.fixture
def fresh():
    return []

@pytest.mark.parametrize("number", range(14))
def test_number(number, fresh):
    fresh.append(number)
    assert fresh == [number]

def test_variant(variant):
    assert os.environ["VARIANT"] == variant

def test_shared(shared):
    assert shared["size"] == 1

def test_patched(monkeypatch):
    monkeypatch.setenv("APP_HOME", "/nowhere")

def test_files(tmp_path):
    (tmp_path / "a").write_text("a")

class TestPlain:
    def test_first(self):
        assert not hasattr(self, "seen")
        self.seen = True

    def test_second(self, shared, fresh):
        assert not fresh

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(3))
async def test_async(number):
    await asyncio.sleep(0)

class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.items = []

    def setUp(self):
        assert not hasattr(self, "seen")
        self.seen = True

    def test_one(self):
        self.assertEqual(type(self).items, [])

    def test_two(self):
        with self.subTest(number=1):
            self.assertTrue(self.seen)

class TestAsyncCase(unittest.IsolatedAsyncioTestCase):
    async def test_three(self):
        await asyncio.sleep(0)

@pytest.mark.skip(reason="never")
def test_skipped():
    pass

@pytest.mark.xfail(strict=True)
def test_expected():
    assert False

def test_always_fails():
    assert 1 == 2

def test_no_such_fixture(missing):
    pass
"""

FILES: Final[Mapping[str, str]] = {
    "pytest.ini": """
[pytest]
addopts = --doctest-modules
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
""",
    "test_a_meet.py": MEET,
    "test_b_sound.py": SOUND,
    "test_c_env.py": """
import os

def test_needs_default():
    assert "APP_MODE" not in os.environ

def test_sets_mode():
    os.environ["APP_MODE"] = "fast"
""",
    "registry.py": """
NAMES = []
READY = []
SEEN = []

def double(x):
    '''
    >>> double(2) + len(NAMES[:0])
    4
    '''
    return 2 * x
""",
    "test_d_state.py": """
import registry

def test_is_empty():
    assert registry.NAMES == []

def test_adds():
    registry.NAMES.append("a")
""",
    "test_e_brittle.py": """
import registry

def test_prepares():
    registry.READY[:] = [True]

def test_reads():
    assert registry.READY
""",
    "test_f_twice.py": """
import registry

def test_registers():
    assert "own" not in registry.SEEN
    registry.SEEN.append("own")
""",
    "test_g_set.py": """
import pytest

@pytest.mark.parametrize("name", {"ant", "bee", "cat", "dog", "elk", "fox"})
def test_name(name):
    assert len(name) == 3
""",
    "test_h_cache.py": """
import functools, os

@functools.lru_cache
def get_level():
    return os.environ.get("LEVEL", "info")

def test_default():
    assert get_level() == "info"

def test_debug(monkeypatch):
    monkeypatch.setenv("LEVEL", "debug")
    assert get_level()
""",
    "test_i_chance.py": """
import random, time

def test_coin():
    assert random.Random(time.time_ns()).random() < 0.5
""",
    "test_j_death.py": """
import os, sys

def test_survives():
    if hasattr(sys, "planted_poison"):
        os._exit(11)

def test_poisons():
    sys.planted_poison = True
""",
    "test_z_meet.py": MEET,
}

SOUND_FILES: Final = ("test_b_sound.py", "registry.py")


def write_suite(directory: Path) -> None:
    """Write the suite."""
    for name, text in FILES.items():
        (directory / name).write_text(text.lstrip(), encoding="utf-8")
