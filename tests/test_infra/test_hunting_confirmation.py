import getpass
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.confirmation import Fresh, find_python, split_arguments
from tests.infra.hunting.finding import Recipe
from tests.infra.hunting.verdicts import Tally

ROOT = Path(__file__).parents[2]

NODEIDS = ["t.py::test_a", "t.py::test_b[x y]", "t.py::test_c"]

PYTEST = "-m pytest -c own.ini -n 0 --isolation=off"


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    return Fresh(["-c", "own.ini"], dict(os.environ), tmp_path / "a place", tmp_path)


@pytest.mark.parametrize(
    ("recipe", "before", "after"),
    [
        (Recipe((0,)), "", "t.py::test_a"),
        (Recipe((2, 0)), "", "t.py::test_c t.py::test_a"),
        (Recipe((1,)), "", "'t.py::test_b[x y]'"),
        (Recipe((0, 0)), "", "-p tests.infra.rehearsal --order=twice t.py::test_a"),
        (Recipe((0,), hash_seed=2), "PYTHONHASHSEED=2 ", "t.py::test_a"),
        (Recipe((0,), Conditions(zone="EAST-14", seed=101)), "TZ=EAST-14 ", "t.py::test_a"),
        (
            Recipe((0,), Conditions(seed=3)),
            "",
            "-p tests.infra.restaging --under=seed=3 t.py::test_a",
        ),
        (
            Recipe((0,), Conditions(zone="EAST-14", listing=1)),
            "",
            "-p tests.infra.restaging --under=zone=EAST-14 --under=listing=1 t.py::test_a",
        ),
        (
            Recipe((0,), beside=(2,), busy=6, tries=40),
            "",
            "-p tests.infra.restaging --beside=t.py::test_c --busy=6 --tries=40 "
            "t.py::test_a t.py::test_c",
        ),
        (
            Recipe((0,), beside=(0,), tries=40),
            "",
            "-p tests.infra.restaging --beside=t.py::test_a --tries=40 t.py::test_a",
        ),
        (
            Recipe((0,), files=("s.py", "t.py")),
            "",
            "-p tests.infra.rehearsal --order=natural --only=t.py::test_a s.py t.py",
        ),
    ],
)
def test_recipe_is_one_command(fresh: Fresh, recipe: Recipe, before: str, after: str) -> None:
    command = fresh.build_command(recipe, NODEIDS)

    assert command == f"{before}{shlex.quote(find_python())} {PYTEST} {after}"


def test_python_is_called_by_its_name_where_a_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_python() == sys.executable

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert find_python() == "python"

    monkeypatch.setenv("PATH", "")
    assert find_python() == str(tmp_path / "python")


@pytest.mark.parametrize(
    ("arguments", "options", "targets"),
    [
        (["t.py", "-x", "t.py::test_a"], ["-x"], ["t.py", "t.py::test_a"]),
        (["-c", "t.py", "t.py"], ["-c", "t.py"], ["t.py"]),
        (["-k", "t.py", "--tb=short"], ["-k", "t.py", "--tb=short"], []),
        (["--deselect", "t.py::test_a", "t.py"], ["--deselect", "t.py::test_a"], ["t.py"]),
        (["-q", "not there"], ["-q", "not there"], []),
    ],
)
def test_arguments_are_options_or_targets(
    tmp_path: Path, arguments: Sequence[str], options: Sequence[str], targets: Sequence[str]
) -> None:
    (tmp_path / "t.py").touch()

    assert split_arguments(arguments, tmp_path) == (options, targets)


# --- what a command has done ---------------------------------------------------------------------

JOURNAL = """\
import json, os, shlex, sys
options = shlex.split(os.environ["PYTEST_ADDOPTS"])
path = next(one for one in options if one.startswith("--journal=")).removeprefix("--journal=")
with open(path, "a") as file:
    for event in {events!r}:
        print(json.dumps(event), file=file)
"""

BEGUN = {"event": "begun", "nodeid": "a"}


def end(outcome: str) -> dict[str, object]:
    ended = {"event": "ended", "nodeid": "a", "number": 1, "outcome": outcome, "duration_s": 0.1}
    return {**ended, "worker_id": "master", "fingerprint": "", "text": ""}


@pytest.fixture
def write_command(tmp_path: Path) -> Callable[..., str]:
    """Write a command that leaves a journal as pytest does, and may go on then."""

    def write(*events: dict[str, object], then: str = "") -> str:
        script = tmp_path / "command.py"
        script.write_text(JOURNAL.format(events=list(events)) + then, encoding="utf-8")
        return f"{shlex.quote(sys.executable)} -S {shlex.quote(str(script))}"

    return write


@pytest.mark.parametrize(
    ("events", "has_failed"),
    [
        ([BEGUN, end("passed")], False),
        ([BEGUN, end("skipped")], False),
        ([BEGUN, end("failed")], True),
        ([BEGUN, end("passed"), BEGUN, end("failed")], True),
        ([BEGUN], True),
        ([{"event": "begun", "nodeid": "b"}], None),
        ([], None),
    ],
    ids=["passed", "skipped", "failed", "second-run", "crashed", "other", "nothing"],
)
def test_command_tells_whether_the_test_failed(
    fresh: Fresh,
    write_command: Callable[..., str],
    events: Sequence[dict[str, object]],
    has_failed: bool | None,
) -> None:
    assert fresh.run(write_command(*events), "a") is has_failed


def test_commands_that_tell_nothing_are_not_counted(
    fresh: Fresh, write_command: Callable[..., str]
) -> None:
    assert fresh.confirm(write_command(BEGUN, end("failed")), "a", 3) == Tally(3, 3)
    assert fresh.confirm(write_command(), "a", 2) == Tally(0, 0)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("events", "has_failed"), [([BEGUN], True), ([], None)], ids=["begun", "not-begun"]
)
def test_command_that_hangs_is_ended_with_all_it_started(
    fresh: Fresh,
    write_command: Callable[..., str],
    tmp_path: Path,
    events: Sequence[dict[str, object]],
    has_failed: bool | None,
) -> None:
    told = f"print(os.getpid(), file=open({str(tmp_path / 'pid')!r}, 'w'), flush=True)"
    last = f"lambda *_: (open({str(tmp_path / 'last')!r}, 'w').close(), sys.exit())"
    hears = f"import signal, time\nsignal.signal(signal.SIGTERM, {last})"
    fresh.timeout_s = 0.4

    command = write_command(*events, then=f"{hears}\n{told}\ntime.sleep(60)")
    found = fresh.run(f"{command}; true", "a")

    assert found is has_failed
    assert (tmp_path / "last").exists()
    until = time.monotonic() + 5
    pid = (tmp_path / "pid").read_text(encoding="utf-8").strip()
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.005)
    assert not Path(f"/proc/{pid}").exists()


def test_own_options_come_after_those_of_the_environment(
    tmp_path: Path, write_command: Callable[..., str]
) -> None:
    fresh = Fresh([], {**os.environ, "PYTEST_ADDOPTS": "-x"}, tmp_path / "a place", tmp_path)
    then = f"print(options, file=open({str(tmp_path / 'told')!r}, 'w'))"

    fresh.run(write_command(then=then), "a")

    told = (tmp_path / "told").read_text(encoding="utf-8")
    assert told.startswith("['-x', '-p', 'tests.infra.rehearsal'")
    assert f"{tmp_path}/a place/fresh-" in told


BUSY = """
import subprocess, sys

def test_a(tmp_path):
    (tmp_path / "own").touch()
    subprocess.run([sys.executable, "-S", "-c", "import os; os.makedirs({theirs!r})"], check=True)
"""


def test_directories_of_other_runs_stay(tmp_path: Path) -> None:
    """What a run finds missing is removed with all in it, and pytest's own may be missing."""
    suite, temporary = tmp_path / "suite", tmp_path / "tmp"
    suite.mkdir()
    temporary.mkdir()
    theirs = temporary / f"pytest-of-{getpass.getuser()}" / "pytest-99" / "test_b0"
    (suite / "test_t.py").write_text(BUSY.format(theirs=str(theirs)), encoding="utf-8")
    variables = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    variables.pop("PYTEST_DEBUG_TEMPROOT", None)
    fresh = Fresh([], variables, tmp_path / "a place", suite)

    nodeid = "test_t.py::test_a"
    has_failed = fresh.run(fresh.build_command(Recipe((0,)), [nodeid]), nodeid)

    assert has_failed is False
    assert theirs.is_dir()
