from argparse import Namespace
from pathlib import Path

import pytest

from tests.infra import benchmarks
from tests.infra.options import DEFAULT_LANES, EXCLUSIVE
from tests.infra.selection import CommandLine, Selection
from tests.test_infra.conftest import InnerSuite

# As pytest-benchmark is not installed where these tests run, its fixture is planted under its name.
PLUGIN = """
import pytest

@pytest.fixture
def benchmark():
    return lambda function: function()

def pytest_addoption(parser, pluginmanager):
    pluginmanager.register(object(), "pytest_benchmark.plugin")
    parser.addoption("--benchmark-only", action="store_true")
    parser.addoption("--benchmark-enable", action="store_true")
"""

SUITE = """
import pytest

def test_speed(benchmark): benchmark(int)

@pytest.mark.benchmark
def test_marked(): pass

@pytest.mark.benchmark
class TestAll:
    def test_in_class(self): pass

def test_plain(): pass
"""

KNOWN = {
    "t.py::test_speed": ("benchmark",),
    "t.py::TestAll::test_in_class": ("benchmark", "slow"),
    "t.py::test_plain": (),
}


def make_command(*args: str) -> CommandLine:
    return CommandLine(args, invocation_dir=Path("/p"), rootdir=Path("/p"))


@pytest.fixture
def suite(inner: InnerSuite, monkeypatch: pytest.MonkeyPatch) -> InnerSuite:
    """An inner suite of four tests, three of which measure."""
    # The real one, where it is installed, would be in the way of the planted one.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:benchmark")
    inner.write(conftest=PLUGIN, test_a=SUITE)
    return inner


def count(result: pytest.RunResult) -> dict[str, int]:
    outcomes = result.parseoutcomes()
    return {name: outcomes[name] for name in ("passed", "deselected") if name in outcomes}


@pytest.mark.parametrize(
    ("args", "left_out"),
    [
        ((".",), {"t.py::test_speed", "t.py::TestAll::test_in_class"}),
        (("t.py",), {"t.py::test_speed", "t.py::TestAll::test_in_class"}),
        (("t.py::test_speed",), {"t.py::TestAll::test_in_class"}),
        (("t.py::TestAll", "t.py"), {"t.py::test_speed"}),
        (("t.py::TestAll::test_in_class", "t.py::test_speed"), set()),
    ],
    ids=["all", "file", "test", "class", "both"],
)
def test_what_is_named_stays(args: tuple[str, ...], left_out: set[str]) -> None:
    measuring = {name: names for name, names in KNOWN.items() if names}

    assert benchmarks.find_left_out(make_command(*args), measuring) == left_out


@pytest.mark.parametrize(
    ("text", "is_asked"),
    [
        ("benchmark", True),
        ("not benchmark", True),
        ("slow or (unit and not benchmark)", True),
        ("benchmark(group='a')", True),
        ("benchmarks", False),
        ("not proof", False),
        ("", False),
    ],
)
def test_expression_that_knows_the_marker_decides(text: str, is_asked: bool) -> None:
    assert benchmarks.is_word_of("benchmark", text) is is_asked


def test_prediction_is_without_what_workers_leave_out(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfig()
    selection = Selection(nodeids=tuple(KNOWN), unknown_args=("new.py",))

    predicted = benchmarks.leave_out(config, selection, KNOWN)

    assert predicted == Selection(("t.py::test_plain",), ("new.py",))


def test_prediction_holds_what_is_asked_for(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfig("-m", "benchmark")
    selection = Selection(nodeids=tuple(KNOWN), unknown_args=())

    assert benchmarks.leave_out(config, selection, KNOWN) == selection


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"benchmark_only": True, "numprocesses": 2}, benchmarks.ONLY),
        ({"benchmark_only": True, "numprocesses": "auto"}, benchmarks.ONLY),
        ({"benchmark_only": True, "numprocesses": 0}, ""),
        ({"benchmark_only": True}, ""),
        ({"benchmark_only": False, "numprocesses": 2}, ""),
        ({"numprocesses": 2}, ""),
    ],
)
def test_run_that_only_measures_has_no_workers(
    pytester: pytest.Pytester, options: dict[str, object], reason: str
) -> None:
    config = pytester.parseconfig()
    config.option = Namespace(dist="load", tx=["popen"], **options)

    assert benchmarks.force_one_process(config) == reason
    assert (config.option.tx == []) is bool(reason)


def test_benchmark_is_an_exclusive_lane() -> None:
    assert DEFAULT_LANES[benchmarks.MARKER] == EXCLUSIVE


def test_one_process_runs_what_measures(suite: InnerSuite) -> None:
    result = suite.run_here("-n", "0")

    assert count(result) == {"passed": 4}
    assert "left out" not in result.stdout.str()


def test_fixture_is_known_by_its_marker(suite: InnerSuite) -> None:
    result = suite.run_here("-n", "0", "-m", "benchmark")

    assert count(result) == {"passed": 3, "deselected": 1}


@pytest.mark.proof
def test_workers_leave_out_what_measures(suite: InnerSuite) -> None:
    result = suite.run("-n", "2")

    assert count(result) == {"passed": 1}
    assert "infra: 3 benchmark tests were left out" in result.stdout.str()


@pytest.mark.proof
def test_named_test_runs_on_a_worker_alone(suite: InnerSuite) -> None:
    result = suite.run("-n", "2", "test_a.py::test_speed", "test_a.py::test_plain", "-v")

    assert count(result) == {"passed": 2}
    assert "left out" not in result.stdout.str()
    assert "1 exclusive test" in result.stdout.str()


def test_only_what_would_have_run_is_counted(suite: InnerSuite) -> None:
    result = suite.run_here("--co", "-n", "2", "-k", "plain or marked")

    assert "1 benchmark test was left out" in result.stdout.str()
    assert "test_plain" in result.stdout.str()
    assert "test_marked" not in result.stdout.str()


def test_lane_of_another_width_makes_ordinary_tests(suite: InnerSuite) -> None:
    suite.write(ini="lanes = benchmark = unlimited\n")

    result = suite.run_here("--co", "-q", "-n", "2")

    assert "left out" not in result.stdout.str()
    assert "test_speed" in result.stdout.str()


def test_measuring_only_takes_the_workers_away(suite: InnerSuite) -> None:
    result = suite.run_here("-n", "2", "--benchmark-only")

    assert count(result) == {"passed": 4}
    assert benchmarks.ONLY in result.stdout.str()
