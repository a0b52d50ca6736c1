"""Rate limits: what a marker means, how a call waits, what the summary says, and whole runs."""

import asyncio
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.infra.environment import RunDirectory, is_dead
from tests.infra.lanes import LaneTable
from tests.infra.rate_limits import find_limits
from tests.infra.sharing.limits import RateLimiter
from tests.infra.sharing.limits_clock import find_machine_clock
from tests.infra.sharing.limits_waits import RateWait, read_waits, render_waits, write_wait
from tests.test_infra.conftest import InnerSuite

mark = pytest.mark

needs_library = mark.skipif(
    find_spec("pyrate_limiter") is None,
    reason="pyrate-limiter is not installed: uv sync --group limits",
)


# --- what a marker means -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        (mark.rate_limit, "is no limit; write rate_limit("),
        (mark.rate_limit("api"), "is no limit; write rate_limit("),
        (mark.rate_limit("api", 60), "is no limit; write rate_limit("),
        (mark.rate_limit("api", per_minute=60, width=2), "is no limit; write rate_limit("),
        (mark.rate_limit("a/b", per_minute=60), "'a/b' can't name a service"),
        (mark.rate_limit("api", per_minute=0), "per_minute of rate_limit 'api' = '0' is no number"),
        (mark.rate_limit("api", per_minute=0.5), "give a whole number from 1 to 60000"),
        (mark.rate_limit("api", per_minute=True), "give a whole number"),
        (mark.rate_limit("api", per_minute=60, burst=0), "burst of rate_limit 'api' = '0'"),
        (mark.rate_limit("api", per_minute=60, burst=61), "give a whole number from 1 to 60,"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_marker_that_is_no_limit_is_a_conflict(marker: pytest.MarkDecorator, words: str) -> None:
    table = LaneTable({})

    table.route("t.py::test_a", [marker.mark])

    assert len(table.conflicts) == 1
    assert table.conflicts[0].startswith("t.py::test_a: ")
    assert words in table.conflicts[0]


def test_two_limits_under_one_name_are_a_conflict() -> None:
    table = LaneTable({})
    table.route("t.py::test_a", [mark.rate_limit("api", per_minute=60).mark])

    table.route("t.py::test_b", [mark.rate_limit("api", per_minute=60, burst=5).mark])

    assert table.conflicts == [
        "t.py::test_b gives rate limit 'api' 60 a minute, 5 at once, "
        "which is 60 a minute, 60 at once elsewhere"
    ]


def test_rate_limit_leaves_a_test_in_the_lane_it_has() -> None:
    table = LaneTable({})
    marks = [mark.lane("api", width=2).mark, mark.rate_limit("api", per_minute=60).mark]

    routing = table.route("t.py::test_a", marks)

    assert routing is not None
    assert routing.lanes == ("api",)
    assert table.widths == {"api": 2}


def test_name_counts_once_where_class_and_test_give_it() -> None:
    marks = [mark.rate_limit(name, per_minute=9).mark for name in ("a", "b", "a")]

    assert sorted(limit.name for limit in find_limits(marks)) == ["a", "b"]


# --- waiting -------------------------------------------------------------------------------------


class FixedLedger:
    """Hands out one wait again and again."""

    def reserve(self, *, longest_s: float) -> float:
        assert longest_s == 9
        return 1.5


def test_limiter_sleeps_until_its_place_and_notes_it() -> None:
    slept: list[float] = []
    noted: list[float] = []
    limiter = RateLimiter(FixedLedger(), timeout_s=9, note=noted.append, sleep=slept.append)

    assert limiter.wait() == 1.5
    assert slept == noted == [1.5]


def test_async_wait_lets_the_loop_run(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    limiter = RateLimiter(FixedLedger(), timeout_s=9, note=lambda _: None, sleep=time.sleep)

    assert asyncio.run(limiter.wait_async()) == 1.5
    assert slept == [1.5]


def test_clock_goes_on_where_a_test_stands_in_for_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = find_machine_clock()
    before = clock.now_ms()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(time, "monotonic_ns", lambda: 0)

    if not clock.epoch:
        pytest.skip("this system has no name for its start, so the time of day has to do")
    assert before <= clock.now_ms() < before + 60_000


def test_clock_is_the_time_of_day_where_the_start_has_no_name(tmp_path: Path) -> None:
    clock = find_machine_clock(tmp_path / "nowhere")

    assert clock.epoch == 0
    assert abs(clock.now_ms() / 1000 - time.time()) < 60


def test_run_is_alive_until_it_has_closed(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.open()

    assert not is_dead(run.path)
    run.close()
    (tmp_path / "runs").mkdir(parents=True)
    assert is_dead(run.path)


# --- the summary ---------------------------------------------------------------------------------


def test_summary_tells_who_waited_how_long() -> None:
    waits = [
        RateWait("api", "60 a minute, 5 at once", worker_id, f"t.py::test_{name}", waited_s)
        for worker_id, name, waited_s in [
            ("gw0", "a", 1.5),
            ("gw1", "b", 2.25),
            ("gw0", "b", 0.25),
            ("gw1", "c", 0.0),
        ]
    ]

    assert render_waits(waits) == [
        "api (60 a minute, 5 at once): 3 of 4 calls waited 4.0 s in all, the longest 2.2 s",
        "  gw0 1.8 s, gw1 2.2 s",
        "  2.5 s t.py::test_b",
        "  1.5 s t.py::test_a",
    ]
    assert render_waits(waits[3:]) == []


def test_waits_of_a_killed_worker_are_kept_without_its_torn_line(tmp_path: Path) -> None:
    waits = [RateWait("api", "1 a minute", worker, "t.py::test", 1.0) for worker in ("gw0", "gw1")]
    for wait in waits:
        write_wait(tmp_path, wait)
    with (tmp_path / "rate-limits-gw0.jsonl").open("a", encoding="utf-8") as file:
        file.write(waits[0].to_json()[:20])

    assert list(read_waits(tmp_path)) == waits


# --- in runs -------------------------------------------------------------------------------------

SUITE = """
    import pytest

    @pytest.mark.rate_limit("api", per_minute=600, burst=2)
    @pytest.mark.lane("api", width=2)
    @pytest.mark.parametrize("number", range(4))
    def test_call(number):
        pass

    def test_calls(rate_limit):
        limiter = rate_limit("api", per_minute=600, burst=2)
        for _ in range(5):
            limiter.wait()
"""


@needs_library
def test_workers_share_a_limit_and_the_summary_says_who_waited(inner: InnerSuite) -> None:
    inner.write(test_a=SUITE)

    result = inner.run("-n2")

    result.assert_outcomes(passed=5)
    result.stdout.re_match_lines(
        [r"=+ waited for rate limits =+", r"api \(600 a minute, 2 at once\): \d of 9 calls waited"]
    )


def test_limit_of_zero_is_an_error_before_any_test(
    inner: InnerSuite, error_text: Callable[[pytest.RunResult], str]
) -> None:
    inner.write(test_a=SUITE.replace("per_minute=600, burst=2)\n    @", "per_minute=0)\n    @"))

    text = error_text(inner.run_here())

    assert "per_minute of rate_limit 'api' = '0' is no number of calls; give a whole" in text


@needs_library
def test_deadline_that_is_too_short_is_an_error_of_the_set_up(inner: InnerSuite) -> None:
    suite = SUITE.replace("per_minute=600, burst=2", "per_minute=1")
    inner.write(test_a=suite, ini="rate_limit_timeout_s = 9\n")

    result = inner.run_here("-k", "test_call and not test_calls")

    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["*RateLimitTimeoutError: rate limit 'api' (1 a minute, 1 at*"])
