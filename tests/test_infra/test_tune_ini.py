"""The ini files: which are read, and that nothing but what is asked for changes in them."""

from pathlib import Path

import iniconfig
import pytest

from tests.infra.errors import SettingError
from tests.infra.measuring.specs import Workers
from tests.infra.tuning.ini_edit import (
    IniWriteError,
    check_writable,
    plan_edits,
    set_width,
    set_workers,
    write_edits,
)
from tests.infra.tuning.ini_files import IniPair, find_inis, read_lanes
from tests.test_infra.test_ini_files import PARALLEL_ADDOPTS, PARALLEL_KEYS, ROOT

PARALLEL = """\
# Mine.
[pytest]
addopts = -ra -n auto --dist loadgroup   
markers =
    db: one at a time

# The end.
[other]
addopts = -n 7
"""  # noqa: W291  blanks at the end of a line stay, too


def edit(directory: Path, workers: Workers, **widths: int) -> list[str]:
    return write_edits(plan_edits(find_inis(directory, ()), workers, widths))


def write(directory: Path, sequential: str, parallel: str) -> None:
    (directory / "pytest.ini").write_bytes(sequential.encode())
    (directory / "pytest-parallel.ini").write_bytes(parallel.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("addopts = -n auto -x\n", "addopts = -n 3 -x\n", id="auto"),
        pytest.param("addopts = -nauto\n", "addopts = -n3\n", id="joined"),
        pytest.param("addopts=--numprocesses=2", "addopts=--numprocesses=3", id="long"),
        pytest.param("addopts =\n  -x\n  -n 12\n", "addopts =\n  -x\n  -n 3\n", id="lines"),
        pytest.param("addopts = -x\nk = 1\n", "addopts = -x -n 3\nk = 1\n", id="without"),
        pytest.param("k = 1", "k = 1\naddopts = -n 3\n", id="no addopts"),
        pytest.param("addopts = -x\r\n", "addopts = -x -n 3\r\n", id="other line ends"),
        pytest.param(
            "addopts =\n  # -n 9\n  -x\n", "addopts =\n  # -n 9\n  -x -n 3\n", id="a comment"
        ),
    ],
)
def test_number_of_workers_is_put_in_place(before: str, after: str) -> None:
    text, change = set_workers(f"[pytest]\n{before}", "pytest", 3)

    assert text == f"[pytest]\n{after}"
    assert change
    assert set_workers(text, "pytest", 3) == (text, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("lanes =\n  db = 2\nk = 1\n", "lanes =\n  db = 4\nk = 1\n", id="there"),
        pytest.param("lanes = db = 2\n", "lanes = db = 4\n", id="there at once"),
        pytest.param(
            "lanes =\n  db2 = 2\n\nk = 1\n", "lanes =\n  db2 = 2\n    db = 4\n\nk = 1\n", id="other"
        ),
        pytest.param("k = 1", "k = 1\nlanes =\n    db = 4\n", id="no lanes"),
        pytest.param("k = 1\n\n[b]\n", "k = 1\nlanes =\n    db = 4\n\n[b]\n", id="before another"),
        pytest.param("k = 1\r\n", "k = 1\r\nlanes =\r\n    db = 4\r\n", id="other line ends"),
    ],
)
def test_width_is_put_in_place(before: str, after: str) -> None:
    text, change = set_width(f"[pytest]\n{before}", "pytest", "db", 4)

    assert text == f"[pytest]\n{after}"
    assert change
    assert set_width(text, "pytest", "db", 4) == (text, "")


def test_only_the_number_changes_and_nothing_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path, "[pytest]\n", PARALLEL)

    told = edit(tmp_path, 4)

    assert told == ["pytest-parallel.ini: -n auto is now -n 4"]
    text = (tmp_path / "pytest-parallel.ini").read_text()
    assert text == PARALLEL.replace("-n auto", "-n 4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pytest-parallel.ini", "pytest.ini"]
    assert edit(tmp_path, 4) == []


def test_lanes_go_to_both_files_and_the_number_to_one(tmp_path: Path) -> None:
    write(tmp_path, "[pytest]\nminversion = 9\n", "[pytest]\naddopts = -n 2\n")

    told = edit(tmp_path, "auto", integration=4)

    lanes = "lanes =\n    integration = 4\n"
    assert (tmp_path / "pytest.ini").read_text() == f"[pytest]\nminversion = 9\n{lanes}"
    assert (tmp_path / "pytest-parallel.ini").read_text() == f"[pytest]\naddopts = -n auto\n{lanes}"
    assert len(told) == 3


def test_the_projects_own_files_stay_in_step() -> None:
    pair = find_inis(ROOT, ())

    edits = plan_edits(pair, 4, {"integration": 4})

    sequential, parallel = (
        dict(iniconfig.IniConfig("", data=edit.text).sections["pytest"]) for edit in edits
    )
    assert set(parallel) - set(sequential) == PARALLEL_KEYS
    assert sequential["lanes"].split() == ["integration", "=", "4"]
    common = set(sequential) - {"addopts"}
    assert {key: parallel[key] for key in common} == {key: sequential[key] for key in common}
    addopts = [("auto" if word == "4" else word) for word in parallel["addopts"].split()]
    assert addopts == sequential["addopts"].split() + PARALLEL_ADDOPTS


def test_files_whose_lanes_differ_already_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "[pytest]\nlanes = db = 1\n", "[pytest]\nlanes = db = 3\n")

    with pytest.raises(SettingError, match="make them equal first"):
        edit(tmp_path, "auto", db=4)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("pytest.ini", "[pytest]\n", "pytest-parallel.ini.*is not there", id="none"),
        pytest.param("pyproject.toml", "[tool.pytest]\naddopts = '-x'\n", "no ini file", id="toml"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_run(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    if name != "pytest.ini":
        (tmp_path / "pytest-parallel.ini").write_text("[pytest]\naddopts = -n 2\n")

    with pytest.raises(SettingError, match=message):
        check_writable(find_inis(tmp_path, ()))


def test_both_files_are_written_or_none(tmp_path: Path) -> None:
    write(tmp_path, "[pytest]\nminversion = 9\n", "[pytest]\naddopts = -n 2\n")
    edits = plan_edits(find_inis(tmp_path, ()), 3, {"integration": 4})
    (tmp_path / "pytest-parallel.ini").unlink()
    (tmp_path / "pytest-parallel.ini").mkdir()

    with pytest.raises(IniWriteError, match="leave out --write"):
        write_edits(edits)

    assert (tmp_path / "pytest.ini").read_text() == "[pytest]\nminversion = 9\n"


@pytest.mark.parametrize("arguments", [("-c", "a.ini"), ("-ca.ini",), ("--config-file=a.ini",)])
def test_the_file_that_is_named_is_the_only_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path, "[pytest]\n", "[pytest]\n")
    (tmp_path / "a.ini").write_text("[pytest]\naddopts = -n 2\nlanes = db = 2\n")

    pair = find_inis(tmp_path, arguments)

    assert pair.sequential is pair.parallel
    assert pair.known_lanes == {"db"}
    assert write_edits(plan_edits(pair, 3, {})) == ["a.ini: -n 2 is now -n 3"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\nlanes = 'db = 3'\n"),
        ("pyproject.toml", "[tool.pytest]\nlanes = 'db = 3'\n"),
        ("setup.cfg", "[tool:pytest]\nlanes = db = 3\n"),
        ("tox.ini", "[pytest]\nlanes = db = 3\n"),
    ],
)
def test_lanes_are_read_from_whichever_file_pytest_reads(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)

    pair = find_inis(tmp_path, ())

    assert read_lanes(pair.lanes) == {"db": 3}


def test_without_any_file_defaults_hold(tmp_path: Path) -> None:
    pair = find_inis(tmp_path, ())

    assert pair == IniPair(None, None)
    assert (pair.lanes, pair.known_lanes) == ("", frozenset())


def test_a_named_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="can't be read"):
        find_inis(tmp_path, ("-c", "gone.ini"))
