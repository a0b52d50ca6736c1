"""Which known tests a command line would run, held to what pytest itself collects."""

import shlex
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.estimates import strip_repeat
from tests.infra.selection import CommandLine, is_single_test, read_command_line, select

INI = """
[pytest]
testpaths = suite
markers =
    slow: slow
    db(kind): a database
asyncio_default_fixture_loop_scope = function
"""

MODULE = """
import pytest

@pytest.mark.slow
def test_one(): pass

@pytest.mark.parametrize("value", ["x", "y/z", "p::q"])
def test_par(value): pass

class TestBox:
    @pytest.mark.db("real")
    def test_one(self): pass
    def test_lid(self): pass
"""


class Collected:
    """Takes in what pytest collects."""

    def __init__(self) -> None:
        self.markers: dict[str, tuple[str, ...] | None] = {}
        self.nodeids: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.nodeids = [item.nodeid for item in session.items]
        for item in session.items:
            self.markers[item.nodeid] = tuple(mark.name for mark in item.iter_markers())


def collect(pytester: pytest.Pytester, *args: str) -> Collected:
    collected = Collected()
    pytester.inline_run("--collect-only", "-q", *args, plugins=[collected])
    return collected


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    for name in ("suite/test_a", "suite/test_b", "suite/deep/test_c", "other/test_d"):
        path = pytester.path / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MODULE, encoding="utf-8")
        (path.parent / "__init__.py").touch()
    return pytester


COMMAND_LINES = [
    "",
    ".",
    "other suite/deep",
    "suite/test_a.py suite/test_a.py::test_one",
    "suite/test_a.py::TestBox other/test_d.py::TestBox::test_lid",
    "suite/test_b.py::test_par",
    "suite/test_b.py::test_par[y/z] suite/test_b.py::test_par[p::q]",
    "{path}/suite/deep ./suite/../other/test_d.py",
    "-k box",
    "-k deep",
    "-k slow",
    "-k y/z",
    "-k suite/test_a",
    "-k TestBox::test_lid",
    'suite other -k "(TEST_A or test_d) and not par"',
    "-m slow",
    '-m "not(slow)"',
    'other -m "slow or db"',
    "--deselect suite/test_a.py --deselect suite/test_b.py::TestBox",
    "--ignore suite/deep --ignore suite/test_a.py",
    "suite/test_a.py --ignore suite --ignore suite/test_a.py",
    "suite/deep --ignore suite/deep/test_c.py",
    "--ignore-glob *_a.py --ignore-glob */deep",
    "suite/test_a.py --count 3",
    "-k nothing_of_the_kind",
]


@pytest.mark.proof
@pytest.mark.parametrize("line", COMMAND_LINES)
def test_selection_is_what_pytest_collects(suite: pytest.Pytester, line: str) -> None:
    args = shlex.split(line.format(path=suite.path))
    known = collect(suite, ".").markers

    selection = select(read_command_line(suite.parseconfig(*args)), known, frozenset())

    expected = [strip_repeat(nodeid, 3) for nodeid in collect(suite, *args).nodeids]
    assert sorted(selection.nodeids) == sorted(expected)
    assert selection.unknown_args == ()


def test_selection_below_a_rootdir_is_what_pytest_collects(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = collect(suite, ".").markers
    monkeypatch.chdir(suite.path / "suite")
    args = ["test_a.py::TestBox", "../other", "--ignore", "../other/test_d.py"]

    selection = select(read_command_line(suite.parseconfig(*args)), known, frozenset())

    assert sorted(selection.nodeids) == sorted(collect(suite, *args).nodeids)
    assert len(selection.nodeids) == 2


ROOT = Path("/top/dir")
COMMAND = CommandLine((".",), ROOT, ROOT)


KNOWN = dict.fromkeys(["a.py::test_one", "a.py::test_two[x]", "b/c.py::TestBox::test_one"])


@pytest.mark.parametrize(
    ("command", "failed", "nodeids"),
    [
        pytest.param(
            replace(COMMAND, is_failed_only=True),
            {"a.py::test_one", "gone.py::test"},
            ["a.py::test_one"],
            id="failed ones",
        ),
        pytest.param(replace(COMMAND, is_failed_only=True), set(), list(KNOWN), id="none failed"),
        pytest.param(
            replace(COMMAND, is_failed_only=True, is_empty_without_failures=True),
            set(),
            [],
            id="none failed, --lfnf=none",
        ),
        pytest.param(
            replace(COMMAND, args=("a.py::test_two",), is_failed_only=True),
            {"a.py::test_one"},
            ["a.py::test_two[x]"],
            id="none failed among the selected",
        ),
    ],
)
def test_last_failed_selects_as_pytest_does(
    command: CommandLine, failed: set[str], nodeids: list[str]
) -> None:
    assert list(select(command, KNOWN, failed).nodeids) == nodeids


def test_arguments_that_nothing_belongs_to_are_told() -> None:
    args = ("a.py", "new.py", "a.py::test_new", "b", "../else")

    selection = select(replace(COMMAND, args=args), KNOWN, set())

    assert selection.unknown_args == ("new.py", "a.py::test_new", "../else")
    assert len(selection.nodeids) == 3


def test_single_repeats_are_as_many_as_were_asked_for() -> None:
    args = ("a.py::test_one[2-3]", "a.py::test_one[3-3]", "b")

    selection = select(replace(COMMAND, args=args, count=3), KNOWN, set())

    assert Counter(selection.nodeids) == {
        "a.py::test_one": 2,
        "b/c.py::TestBox::test_one": 3,
    }
    assert selection.unknown_args == ()


def test_test_without_known_markers_may_match() -> None:
    assert select(replace(COMMAND, markers="slow"), KNOWN, set()).nodeids == tuple(KNOWN)
    assert select(replace(COMMAND, markers="not slow"), KNOWN, set()).nodeids == tuple(KNOWN)
    assert select(replace(COMMAND, keyword="box"), KNOWN, set()).nodeids == tuple(KNOWN)


@pytest.mark.parametrize(
    ("arg", "is_single"),
    [
        ("a.py::test", True),
        ("a.py::TestBox::test[x::Y]", True),
        ("a.py::TestBox", False),
        ("a.py", False),
        ("dir", False),
    ],
)
def test_single_test_is_told_by_its_name(arg: str, is_single: bool) -> None:
    assert is_single_test(arg) is is_single
