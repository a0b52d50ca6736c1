"""The history on disk: written, read again, and shared with pytest-split."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.archive import (
    find_directory,
    parse_history,
    read_history,
    render_history,
    update_history,
)
from tests.infra.errors import RecordError
from tests.infra.history import History, Past, Startup
from tests.infra.records import Routing

HISTORY = History(
    tests={
        "a.py::test": Past(
            (1_500_000, 2_500_000), is_failed=True, day=739_000, routing=Routing(("slow",))
        ),
        "a.py::test_ü[☃]": Past(skipped_us=7, day=739_001, markers=("unit", "slow")),
        "b.py::test": Past(
            (3_000_000,), routing=Routing(groups=("db",), is_exclusive=True), markers=()
        ),
    },
    startups=(
        Startup(4, is_warm=True, test_count=12, wall_s=1.5, cpu_s=0.75, peak_rss_bytes=2**27),
    ),
    widths={"slow": 1, "serial": 0},
)

ELSE = "{}", "[]", "no JSON", "", "\x00", '{"format": "test history", "version": 2}'


def keep(history: History) -> Callable[[History], History]:
    return lambda known: replace(known, tests={**known.tests, **history.tests})


def test_history_comes_back_from_its_text() -> None:
    assert parse_history(render_history(HISTORY)) == HISTORY


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("nodeids", ["a.py::test", 2, "c"]),
        ("nodeids", ["a.py::test"]),
        ("durations", [[1], ["2"], []]),
        ("durations", [[1], [-2], []]),
        ("durations", [[1], 2, []]),
        ("skipped", [[0, float("nan")]]),
        ("days", [1, 2, "3"]),
        ("routing_of", [0, 1, 9]),
        ("routings", [[1, 2, 3]]),
        ("markers", [[1]]),
        ("startups", [[1, 2]]),
        ("widths", {"slow": "1"}),
        ("widths", []),
    ],
)
def test_damaged_column_is_refused(column: str, value: object) -> None:
    found = json.loads(render_history(HISTORY))

    with pytest.raises(RecordError):
        parse_history(json.dumps({**found, column: value}))


def test_nothing_on_disk_is_an_empty_history(tmp_path: Path) -> None:
    assert read_history(tmp_path / "none", None) == History()
    assert read_history(None, None) == History()
    assert read_history(None, tmp_path / "none") == History()


def test_update_writes_history_and_medians(tmp_path: Path) -> None:
    directory = tmp_path / "cache" / "infra"

    update_history(directory, None, keep(HISTORY))

    written = json.loads((directory / ".test_durations").read_text(encoding="utf-8"))
    assert written == {"a.py::test": 2.0, "b.py::test": 3.0}
    assert read_history(directory, None).tests == HISTORY.tests
    assert sorted(path.name for path in directory.iterdir()) == [".test_durations", "history.json"]


def test_users_file_keeps_what_we_never_saw(tmp_path: Path) -> None:
    durations_file = tmp_path / "durations"
    durations_file.write_text('{"a.py::test": 9, "z.py::test": 1.5}', encoding="utf-8")

    update_history(tmp_path / "infra", durations_file, keep(HISTORY))

    written = json.loads(durations_file.read_text(encoding="utf-8"))
    assert written == {"a.py::test": 2.0, "b.py::test": 3.0, "z.py::test": 1.5}
    assert not (tmp_path / "infra" / ".test_durations").exists()


def test_users_file_works_without_a_cache(tmp_path: Path) -> None:
    durations_file = tmp_path / "durations"

    update_history(None, durations_file, keep(HISTORY))

    assert read_history(None, durations_file).get_costs() == {"a.py::test": 2.0, "b.py::test": 3.0}


@pytest.mark.parametrize("text", ELSE)
def test_damaged_file_of_ours_is_told_once_and_mended(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.json").write_text(text, encoding="utf-8")

    problem = read_history(tmp_path, None).problem
    update_history(tmp_path, None, keep(HISTORY))

    assert problem is not None
    assert str(tmp_path / "history.json") in problem
    assert "; it is written anew" in problem
    assert read_history(tmp_path, None).tests == HISTORY.tests
    assert read_history(tmp_path, None).problem is None


@pytest.mark.parametrize("text", ["[1]", "no JSON", "", '{"a.py::test": "fast"}', "\udce4"])
def test_damaged_file_of_the_user_is_never_overwritten(tmp_path: Path, text: str) -> None:
    durations_file = tmp_path / "durations"
    content = text.encode("utf-8", "surrogateescape")
    durations_file.write_bytes(content)

    history = update_history(tmp_path / "infra", durations_file, keep(HISTORY))

    assert history.problem is not None
    assert "left as it is" in history.problem
    assert durations_file.read_bytes() == content
    assert read_history(tmp_path / "infra", None).tests == HISTORY.tests


def test_unwritable_directory_is_a_problem_and_the_history_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    history = update_history(tmp_path / "file" / "infra", None, keep(HISTORY))

    assert history.tests == HISTORY.tests
    assert history.problem is not None
    assert "can't be written" in history.problem
    assert "; make its directory writable" in history.problem


def test_file_replaced_by_a_directory_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "history.json").mkdir()

    history = update_history(tmp_path, None, keep(HISTORY))

    assert history.problem is not None
    assert list(tmp_path.iterdir()) == [tmp_path / "history.json"]


@pytest.mark.proof
def test_runs_that_end_together_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        name = f"a.py::test_{number}"
        update_history(tmp_path, None, keep(History(tests={name: Past((number,))})))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))

    assert len(read_history(tmp_path, None).tests) == 16
    assert len(read_history(tmp_path, tmp_path / ".test_durations").foreign) == 16


@pytest.mark.proof
@pytest.mark.parametrize(
    "option", ["cache_dir=.pytest_cache", "cache_dir=$INNER/deep/er", "cache_dir=~/other"]
)
def test_directory_is_the_one_that_pytest_makes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    monkeypatch.setenv("INNER", str(pytester.path / "inner"))
    monkeypatch.setenv("HOME", str(pytester.path / "home"))
    early = find_directory(pytester.parseconfig("-o", option))

    config = pytester.parseconfigure("-o", option)

    assert early == find_directory(config) == config.cache.mkdir("infra")


def test_directory_is_none_without_a_cache(pytester: pytest.Pytester) -> None:
    assert find_directory(pytester.parseconfig("-p", "no:cacheprovider")) is None
