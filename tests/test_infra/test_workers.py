"""What `-n auto` chooses, and what it says about it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.forecast import StartupModel, Work
from tests.infra.history import History, Past
from tests.infra.machine import Machine
from tests.infra.records import Routing
from tests.infra.settings import Settings, read_settings
from tests.infra.workers import Choice, Limit, choose, choose_for, find_limit
from tests.test_infra.test_forecast import PLAIN, SERIAL, SLOW, make_startup, simulate

STARTUPS = (make_startup(0, 0.5), make_startup(4, 1.5))
GIB = 2**30


def choose_by_cost(*tests: tuple[int, float, Routing], most: int = 4) -> Choice:
    """Choose for tests given as number of them, cost of each, routing."""
    work = Work(
        [cost_s for count, cost_s, _ in tests for _ in range(count)],
        [routing for count, _, routing in tests for _ in range(count)],
        {"slow": 1},
    )
    startup = StartupModel(STARTUPS, 4, len(work.costs_s))
    return choose(work, startup, Limit(most), simulate)


@pytest.mark.parametrize(
    ("tests", "count", "reason"),
    [
        pytest.param(
            [(14, 1.0, PLAIN), (1, 41.0, SERIAL)],
            3,
            "3 workers, about 47 s (in one process 56 s; 41 s are serial)",
            id="serial",
        ),
        pytest.param(
            [(40, 1.0, PLAIN)], 4, "4 workers, about 12 s (in one process 41 s)", id="spread"
        ),
        pytest.param(
            [(20, 1.0, SLOW), (20, 1.0, PLAIN)],
            2,
            "2 workers, about 21 s (in one process 41 s; lane slow takes 20 s)",
            id="lane",
        ),
        pytest.param(
            [(1, 30.0, PLAIN), (20, 1.0, PLAIN)],
            2,
            "2 workers, about 31 s (in one process 51 s; the longest test takes 30 s)",
            id="longest test",
        ),
        pytest.param(
            [(10, 0.05, PLAIN)], 0, "in one process, about 1.0 s (2 workers: 1.5 s)", id="small"
        ),
        pytest.param(
            [(10, 1.0, SERIAL)], 0, "in one process, about 11 s (2 workers: 11 s)", id="no gain"
        ),
    ],
)
def test_best_count_is_chosen_and_explained(
    tests: list[tuple[int, float, Routing]], count: int, reason: str
) -> None:
    choice = choose_by_cost(*tests)

    assert choice == Choice(count, f"-n auto: {reason}")


def test_ties_go_to_fewer_workers() -> None:
    # Two workers would take 0.2 s less than one process, and three 0.05 s less than two.
    assert choose_by_cost((2, 0.9, PLAIN)).count == 0
    assert choose_by_cost((2, 10.0, PLAIN), (1, 0.2, PLAIN)).count == 2


def test_one_core_runs_in_one_process() -> None:
    choice = choose_by_cost((40, 1.0, PLAIN), most=1)

    assert choice == Choice(0, "-n auto: in one process, about 41 s (no second one can run)")


@pytest.mark.parametrize(
    ("available_bytes", "peak_bytes", "limit"),
    [
        pytest.param(8 * GIB, GIB, Limit(4), id="enough"),
        pytest.param(4 * GIB, GIB, Limit(3, "1.0 GiB each, 4.0 GiB free"), id="too little"),
        pytest.param(100 * 2**20, GIB, Limit(1, "1.0 GiB each, 100 MiB free"), id="far too little"),
        pytest.param(GIB, 0, Limit(4), id="never measured"),
        pytest.param(None, GIB, Limit(4), id="not told"),
    ],
)
def test_memory_bounds_the_workers(
    available_bytes: int | None, peak_bytes: int, limit: Limit
) -> None:
    parallel = replace(make_startup(4, 1.5), peak_rss_bytes=peak_bytes)
    alone = replace(make_startup(0, 1.5), peak_rss_bytes=50 * peak_bytes)

    assert find_limit(Machine(4, available_bytes), [alone, parallel]) == limit


def test_memory_of_one_process_bounds_where_no_workers_ran() -> None:
    alone = replace(make_startup(0, 1.5), peak_rss_bytes=GIB)

    assert find_limit(Machine(4, 3 * GIB), [alone]).count == 2


def test_bound_by_memory_is_told() -> None:
    work = Work([1.0] * 40, [PLAIN] * 40)
    startup = StartupModel(STARTUPS, 4, 40)

    several = choose(work, startup, Limit(3, "1.0 GiB each, 4.0 GiB free"), simulate)
    none = choose(work, startup, Limit(1, "1.0 GiB each, 1.5 GiB free"), simulate)

    assert several.count == 3
    assert "3 workers, bounded by memory (1.0 GiB each, 4.0 GiB free), about" in several.reason
    assert none.reason.endswith("(bounded by memory: 1.0 GiB each, 1.5 GiB free)")


HISTORY = History(
    tests={
        "test_a.py::test_long[x]": Past((20_000_000,), markers=("slow",)),
        "test_a.py::test_long[y]": Past((20_000_000,), markers=()),
        "test_a.py::test_short": Past((1000,), markers=()),
        "test_b.py::test_short": Past((2000,), markers=()),
        "test_gone.py::test": Past((90_000_000,), markers=()),
    },
    startups=STARTUPS,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(lambda _: None, lambda _: None, {}, tmp_path)


@pytest.fixture
def choose_line(
    pytester: pytest.Pytester, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Choice | None]:
    """Chooses for a command line in a directory with three files of tests."""
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    for name in ("test_a", "test_b", "test_new"):
        (pytester.path / f"{name}.py").touch()

    def choose_line(*args: str, history: History = HISTORY) -> Choice | None:
        config = pytester.parseconfig("-n", "auto", *args)
        return choose_for(config, settings, lambda: history, simulate, Machine(4, None))

    return choose_line


@pytest.mark.parametrize(
    ("args", "count", "why"),
    [
        ("", 2, "about 21 s (in one process 41 s; the longest test takes 20 s)"),
        ("test_a.py", 2, "about 21 s"),
        ("test_a.py::test_long", 2, "about 21 s"),
        ("-m slow", 0, "one test"),
        ("-k short", 0, "about 0.5 s"),
        ("test_a.py::test_short", 0, "one test"),
        ("test_b.py --count=9000", 4, "about"),
        ("-k nothing", 0, "no known test is selected"),
        ("test_new.py", 4, "4 workers: no history yet"),
        ("test_b.py test_new.py", 4, "4 workers: no history yet"),
        ("test_b.py::test_new test_new.py::test", 0, "single tests, no history yet"),
        ("test_new.py::TestNew", 4, "no history yet"),
        ("test_b.py test_new.py --maxprocesses=3", 3, "3 workers: no history yet"),
        ("test_new.py --maxprocesses=1", 0, "in one process: no history yet"),
        ("test_a.py --maxprocesses=1", 0, "no second one can run"),
    ],
)
def test_command_line_is_predicted_from_history(
    choose_line: Callable[..., Choice | None], args: str, count: int, why: str
) -> None:
    choice = choose_line(*args.split())

    assert choice is not None
    assert choice.count == count
    assert why in choice.reason


def test_nothing_known_takes_all_cores(choose_line: Callable[..., Choice | None]) -> None:
    assert choose_line(history=History()) == Choice(4, "-n auto: 4 workers: no history yet")


@pytest.mark.parametrize("args", ["-n logical", "--dist=each", "--collect-only", "-n 3"])
def test_what_is_decided_is_left_to_xdist(
    choose_line: Callable[..., Choice | None], args: str
) -> None:
    assert choose_line(*args.split()) is None


def test_nothing_is_read_where_xdist_decides(
    pytester: pytest.Pytester, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> History:
        raise AssertionError("the history was read")

    config = pytester.parseconfig("-n", "auto")
    of_xdist = replace(settings, has_own_scheduler=False)

    assert choose_for(config, of_xdist, read, simulate) is None
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "7")
    assert choose_for(config, settings, read, simulate) is None
