"""`mark` on the command line: what it finds, shows, writes and refuses, on suites of every kind."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra import cli
from tests.infra.commands import mark
from tests.infra.errors import MissingPackageError
from tests.test_infra.conftest import InnerSuite

# Any: JSON of any shape.
Run = Callable[..., tuple[int, dict[str, Any]]]

REGISTERED = "markers =\n    unit: u\n    integration: i\n    slow: s\n"

KINDS = """
import asyncio, unittest
import pytest

class Base:
    def test_inherited(self): pass

class TestA(Base): pass
class TestB(Base): pass

class TestNested:
    class TestInner:
        @pytest.mark.parametrize("n", [1, 2])
        def test_deep(self, n): pass

class TestOld(unittest.TestCase):
    def test_method(self): pass

async def test_async(): pass

@pytest.mark.integration
def test_marked(): pass

@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_mixed(n): pass

def make():
    def test_made(): pass
    return test_made

test_generated = make()

def wrap(function):
    def replaced(): return function()
    return replaced

@wrap
def test_wrapped(): pass
"""


@pytest.fixture
def run(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run `mark` in this process, in the directory of an inner suite; return code and JSON."""
    monkeypatch.chdir(inner.path)

    def run_mark(*arguments: str, ini: str = REGISTERED, **files: str) -> tuple[int, Any]:
        inner.write(ini=ini, **files)
        code = cli.main(["mark", "--json", "-p", "no:xdist", *inner.quick, *arguments])
        # As another process would find it.
        sys.modules.pop("test_it", None)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return run_mark


@pytest.mark.proof
def test_every_kind_of_test_is_marked_once_where_it_is_defined(run: Run, inner: InnerSuite) -> None:
    code, found = run("--write", test_it=KINDS)

    text = (inner.path / "test_it.py").read_text(encoding="utf-8")
    marked = {one["nodeid"].partition("::")[2] for one in found["decisions"]}
    assert marked == {
        *("TestA::test_inherited", "TestB::test_inherited", "test_async", "test_wrapped"),
        *("TestNested::TestInner::test_deep[1]", "TestNested::TestInner::test_deep[2]"),
        "TestOld::test_method",
    }
    assert text.count("@pytest.mark.unit\n") == 5
    assert "    @pytest.mark.unit\n    def test_inherited" in text
    reasons = {one["nodeid"]: one["reason"] for one in found["for_a_person"]}
    assert "has a category already" in reasons["test_it.py::test_mixed[1]"]
    assert "is generated" in reasons["test_it.py::test_generated"]
    assert (code, found["is_written"], found["changed"]) == (1, True, ["test_it.py"])


@pytest.mark.proof
def test_second_run_changes_nothing_and_check_is_content(run: Run, inner: InnerSuite) -> None:
    run("--write", test_it="def test_a(): pass\nclass TestB:\n    def test_b(self): pass\n")
    path = inner.path / "test_it.py"
    first = path.read_bytes()

    code, found = run("--write")
    check_code, check = run("--check")

    assert (code, found["changed"], found["decisions"], path.read_bytes()) == (0, [], [], first)
    counts = {"unit": 2, "integration": 0, "slow": 0}
    assert (check_code, check["without"], check["counts"], check["total"]) == (0, [], counts, 2)


@pytest.mark.proof
def test_check_lists_tests_without_a_category(run: Run) -> None:
    text = "import pytest\n@pytest.mark.slow\ndef test_a(): pass\ndef test_b(): pass\n"

    code, found = run("--check", test_it=text)

    assert (code, found["without"], found["total"]) == (1, ["test_it.py::test_b"], 2)


@pytest.mark.proof
def test_nothing_is_written_unless_told(run: Run, inner: InnerSuite) -> None:
    code, found = run(test_it="def test_a(): pass\n")

    assert (inner.path / "test_it.py").read_text(encoding="utf-8") == "def test_a(): pass\n"
    assert (code, found["is_written"]) == (1, False)
    assert "+@pytest.mark.unit\n def test_a" in found["diff"]
    assert found["decisions"][0]["reasons"][0] == "not measured"
    assert "the source alone decides" in found["evidence"]


@pytest.mark.proof
def test_marker_of_a_conftest_is_kept(run: Run) -> None:
    conftest = """
    import pytest
    def pytest_collection_modifyitems(items):
        for item in items:
            item.add_marker(pytest.mark.slow)
    """

    assert run(conftest=conftest, test_it="def test_a(): pass\n")[0] == 0


@pytest.mark.proof
def test_broken_file_is_named_and_the_others_are_marked(run: Run, inner: InnerSuite) -> None:
    code, found = run("--write", test_a="def test_a(): pass\n", test_b="def test_(:\n")

    assert (code, found["changed"], list(found["broken"])) == (2, ["test_a.py"], ["test_b.py"])
    assert (inner.path / "test_b.py").read_text(encoding="utf-8") == "def test_(:\n"


@pytest.mark.proof
def test_unregistered_markers_would_break_a_strict_suite(run: Run, inner: InnerSuite) -> None:
    code, text = run("--write", ini="", test_it="def test_a(): pass\n")

    assert code == 2
    assert "add to `markers` in pytest.ini:\n    unit: a test of one operation" in str(text)
    assert "mark" not in (inner.path / "test_it.py").read_text(encoding="utf-8")


def test_history_of_past_runs_decides(run: Run, inner: InnerSuite) -> None:
    times = {"test_it.py::test_a[1]": 0.002, "test_it.py::test_a[2]": 0.7}
    (inner.path / ".test_durations").write_text(json.dumps(times), encoding="utf-8")
    test = "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_a(n): pass\n"

    _, found = run(test_it=test)

    assert {one["category"] for one in found["decisions"]} == {"integration"}
    assert "slowest parameter set 2" in found["decisions"][0]["reasons"][0]
    assert found["evidence"] == "Times are those of past runs."


@pytest.mark.proof
def test_run_of_its_own_hears_sleeping_and_processes(run: Run) -> None:
    test = """
    import asyncio, subprocess, time, pytest
    from tests.infra.marking import stopwatch
    nap = getattr(time, "sl" + "eep")

    @pytest.fixture(scope="module")
    def shared(): nap(0.3)

    def test_shared(shared): pass
    def test_hidden(): getattr(time, "sl" + "eep")(0.2)
    def test_loop(): asyncio.run(getattr(asyncio, "sl" + "eep")(0.2))
    def test_process(): getattr(subprocess, "r" + "un")(["true"])
    def test_plain(): pass
    def test_frozen():
        # As freezegun does it: whatever module holds the clock.
        clocks = [time.perf_counter, time.perf_counter]
        for module in (time, stopwatch):
            for name, value in list(vars(module).items()):
                if value is clocks[0]:
                    setattr(module, name, lambda: 1e9)
    """

    _, found = run("--measure", test_it=test)

    categories = {one["nodeid"].partition("::")[2]: one for one in found["decisions"]}
    assert {name: one["category"] for name, one in categories.items()} == {
        "test_shared": "unit",
        "test_hidden": "slow",
        "test_loop": "slow",
        "test_process": "integration",
        "test_plain": "unit",
        "test_frozen": "unit",
    }
    assert "in real time" in categories["test_loop"]["reasons"][0]


@pytest.mark.parametrize("arguments", [("--unit-ms=6000",), ("--unit-ms=0",), ("--slow-s=nan",)])
def test_borders_are_in_order(arguments: tuple[str, ...], run: Run) -> None:
    code, text = run(*arguments)

    assert code == 2
    assert "--unit-ms=100 --slow-s=5" in str(text)


def test_libcst_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(MissingPackageError, match="pip install libcst"):
        mark.require_libcst()


@pytest.mark.proof
def test_text_explains_and_sums_up(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inner.path)
    inner.write(ini=REGISTERED, test_it="def test_a(x): x.create_a(); x.start_a()\n")
    inner.write(conftest="import pytest\n@pytest.fixture\ndef x(): return 1\n")

    assert cli.main(["mark", "-p", "no:xdist", *inner.quick]) == 1

    text = capsys.readouterr().out
    line = "test_it.py::test_a: integration: a workflow of 2 steps: create, start; not measured"
    assert line in text.splitlines()
    assert "For a person to look at, with what speaks for another category: 1" in text
    assert "    or unit: only 2 steps, and never measured" in text
    assert "0 unit, 1 integration, 0 slow. 1 of 1 tests were never measured" in text
