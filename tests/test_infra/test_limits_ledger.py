"""The ledger of a rate limit: the places that it hands out, to how many processes ever."""

import itertools
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.infra.errors import MissingPackageError
from tests.infra.rate_limits import RateLimit, build_rate_limit
from tests.infra.sharing.errors import (
    RateLimitBusyError,
    RateLimitConflictError,
    RateLimitTimeoutError,
)
from tests.infra.sharing.limits_clock import MachineClock
from tests.infra.sharing.limits_ledger import Ledger
from tests.test_infra.conftest import ROOT

needs_library = pytest.mark.skipif(
    find_spec("pyrate_limiter") is None,
    reason="pyrate-limiter is not installed: uv sync --group limits",
)

LIMIT = RateLimit("llm_api", per_minute=60, burst=5)

# Takes places as fast as it can, and tells for each when it is.
GREEDY = """
import sys
from pathlib import Path
from tests.infra.rate_limits import RateLimit
from tests.infra.sharing.limits_clock import find_machine_clock
from tests.infra.sharing.limits_ledger import Ledger

clock = find_machine_clock()
ledger = Ledger(
    Path(sys.argv[1]), RateLimit("llm_api", 600, 5),
    run_path=Path(sys.argv[2]), is_dead=lambda run: False, clock=clock,
)
for _ in range(int(sys.argv[3])):
    before = clock.now_ms()
    wait_s = ledger.reserve(longest_s=3600)
    print(before, clock.now_ms(), wait_s, flush=True)
"""


class Hand:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def build(self, epoch: int = 7) -> MachineClock:
        return MachineClock(epoch, lambda: self.now_ms)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def make_ledger(tmp_path: Path, hand: Hand) -> Callable[..., Ledger]:
    """Call it for a ledger of the one file of this test; runs named `dead…` are dead."""

    def make(limit: RateLimit = LIMIT, run: str = "run", epoch: int = 7) -> Ledger:
        return Ledger(
            tmp_path,
            limit,
            run_path=Path(run),
            is_dead=lambda path: path.name.startswith("dead"),
            clock=hand.build(epoch),
            busy_s=0.05,
        )

    return make


def count_most(times: Sequence[float], span_s: float) -> int:
    """Count the most times that lie in any span, its end not included."""
    ordered = sorted(times)
    return max(sum(start <= at < start + span_s for at in ordered) for start in ordered)


@needs_library
def test_first_calls_wait_for_nothing_and_the_next_for_its_place(
    make_ledger: Callable[..., Ledger], hand: Hand
) -> None:
    ledger = make_ledger()

    waits = []
    for _ in range(7):
        waits.append(ledger.reserve(longest_s=60))
        hand.now_ms += 100

    assert waits[:5] == [0, 0, 0, 0, 0]
    # 5 in any 5 s and the margin: the sixth comes after the first, the seventh after the second.
    assert waits[5:] == pytest.approx([4.6, 4.6], abs=0.002)


@needs_library
@pytest.mark.parametrize(("per_minute", "burst"), [(60, 5), (60, 1), (60, 60), (70, 3)])
def test_limit_is_kept_over_three_minutes_by_sixteen_workers(
    make_ledger: Callable[..., Ledger], hand: Hand, per_minute: int, burst: int
) -> None:
    limit = build_rate_limit("api", per_minute=per_minute, burst=burst)
    ledgers = [make_ledger(limit, run) for run in ("one", "other") for _ in range(8)]
    start_ms, places = hand.now_ms, []
    # Each asks again as soon as its place has come.
    free_at = dict.fromkeys(range(16), start_ms)
    while (now_ms := min(free_at.values())) < start_ms + 180_000:
        worker = min(free_at, key=free_at.__getitem__)
        hand.now_ms = now_ms
        free_at[worker] = now_ms + round(ledgers[worker].reserve(longest_s=300) * 1000)
        places.append((free_at[worker] - start_ms) / 1000)

    assert places == sorted(places), "who asked later came earlier"
    assert count_most(places, 60) <= per_minute
    assert count_most(places, limit.burst_ms / 1000) <= burst
    assert sum(place < 180 for place in places) >= 0.95 * 3 * per_minute


@needs_library
def test_place_beyond_the_deadline_is_refused_at_once_and_not_taken(
    make_ledger: Callable[..., Ledger],
) -> None:
    ledger = make_ledger(RateLimit("llm_api", 1, 1))
    ledger.reserve(longest_s=0)

    with pytest.raises(RateLimitTimeoutError, match=r"no place within 30 s.*next 61\.2 s"):
        ledger.reserve(longest_s=30)

    assert ledger.reserve(longest_s=62) == pytest.approx(61.2, abs=0.01)


@needs_library
def test_another_limit_of_a_living_run_is_refused(make_ledger: Callable[..., Ledger]) -> None:
    make_ledger(run="living").reserve(longest_s=60)

    with pytest.raises(RateLimitConflictError, match="is 30 a minute, 30 at once here, but 60 a"):
        make_ledger(RateLimit("llm_api", 30, 30), run="mine").reserve(longest_s=60)


@needs_library
def test_limit_can_change_at_once_and_counts_what_dead_runs_called(
    make_ledger: Callable[..., Ledger],
) -> None:
    ledger = make_ledger(run="dead")
    for _ in range(3):
        ledger.reserve(longest_s=60)

    wait_s = make_ledger(RateLimit("llm_api", 3, 3), run="mine").reserve(longest_s=90)

    assert wait_s == pytest.approx(61.2, abs=0.01)


@needs_library
def test_places_that_a_dead_run_never_came_to_are_free(
    make_ledger: Callable[..., Ledger], hand: Hand
) -> None:
    dead = make_ledger(RateLimit("llm_api", 1, 1), run="dead")
    for _ in range(4):
        dead.reserve(longest_s=300)
    hand.now_ms += 1000

    wait_s = make_ledger(RateLimit("llm_api", 1, 1), run="mine").reserve(longest_s=90)

    assert wait_s == pytest.approx(60.2, abs=0.01)


@needs_library
def test_free_place_of_a_dead_run_lets_nobody_overtake(make_ledger: Callable[..., Ledger]) -> None:
    living, dead = make_ledger(run="living"), make_ledger(run="dead")
    for ledger in (*[living] * 5, *[dead] * 5):
        ledger.reserve(longest_s=60)
    last_s = living.reserve(longest_s=60)

    wait_s = make_ledger(run="mine").reserve(longest_s=60)

    assert wait_s >= last_s > 10


@needs_library
def test_calls_of_before_the_machine_was_started_do_not_count(
    make_ledger: Callable[..., Ledger], hand: Hand
) -> None:
    make_ledger(RateLimit("llm_api", 1, 1)).reserve(longest_s=60)
    hand.now_ms = 5

    assert make_ledger(RateLimit("llm_api", 1, 1), epoch=8).reserve(longest_s=60) == 0


@needs_library
def test_file_holds_no_more_than_the_last_minutes(
    make_ledger: Callable[..., Ledger], hand: Hand, tmp_path: Path
) -> None:
    for _ in range(20):
        make_ledger(RateLimit("llm_api", 3, 3)).reserve(longest_s=60)
        hand.now_ms += 30_000

    connection = sqlite3.connect(tmp_path / "llm_api.db")
    (count,) = connection.execute("SELECT COUNT(*) FROM calls").fetchone()
    connection.close()
    assert count <= 7, "twice a minute's, and one"


@needs_library
def test_file_that_is_held_or_broken_is_a_clear_error(
    make_ledger: Callable[..., Ledger], tmp_path: Path
) -> None:
    path = tmp_path / "llm_api.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RateLimitBusyError, match=r"llm_api\.db: database is locked; end what"):
        make_ledger().reserve(longest_s=60)
    connection.close()

    path.write_bytes(b"no database" * 100)
    with pytest.raises(RateLimitBusyError, match="not a database"):
        make_ledger().reserve(longest_s=60)


def test_missing_library_is_named(
    make_ledger: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrate_limiter", None)

    with pytest.raises(MissingPackageError, match=r"rate_limit \('llm_api'\) need it; install it"):
        make_ledger()


def start_greedy(directory: Path, run: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", GREEDY, str(directory), run, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_places(output: str) -> list[tuple[float, float]]:
    """Read the earliest and the latest time that each place can be, in seconds."""
    lines = [[float(word) for word in line.split()] for line in output.splitlines()]
    return [(before / 1000 + wait_s, after / 1000 + wait_s) for before, after, wait_s in lines]


@needs_library
def test_processes_at_once_never_get_the_same_place(tmp_path: Path) -> None:
    processes = [start_greedy(tmp_path, run, 100) for run in ("one", "other")]

    places = [place for process in processes for place in read_places(process.communicate()[0])]

    assert len(places) == 200
    ordered = sorted(places)
    # 5 in any half second: the sixth is not before the first and half a second.
    for first, sixth in itertools.pairwise(ordered[::5]):
        assert sixth[1] - first[0] >= 0.5
    assert max(place[1] for place in places) - min(place[0] for place in places) < 22


@needs_library
@pytest.mark.proof
def test_killed_processes_cost_at_most_their_places(tmp_path: Path) -> None:
    killed = 0
    for number in range(10):
        process = start_greedy(tmp_path, f"run{number}", 10_000)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20 + number)]
        process.kill()
        lines += process.communicate()[0].splitlines(keepends=True)
        killed += len([line for line in lines if line.endswith("\n")])

    rest = start_greedy(tmp_path, "survivor", 1).communicate()[0]

    (place,) = read_places(rest)
    assert killed >= 200
    assert place[0] < float(rest.split()[0]) / 1000 + (killed + 10) / 10 + 1
