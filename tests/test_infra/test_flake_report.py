from dataclasses import replace

import pytest

from tests.infra.flake_report import (
    render_record,
    render_test,
    render_title,
)
from tests.infra.flakes import Attempt, Cluster, FlakeRecord, RepeatedTest, build_record

NAMES = {".": "passed", "F": "failed", "s": "skipped", "C": "crashed"}


def make_test(
    outcomes: str, *, name: str = "t.py::a", shown: str = "AssertionError t.py:14"
) -> RepeatedTest:
    return RepeatedTest(
        name,
        tuple(
            Attempt(f"{name}[{step}]", step, NAMES[letter], "master", step, step + 1)
            if letter in ".s"
            else Attempt(f"{name}[{step}]", step, NAMES[letter], "gw2", step, step + 1, "", shown)
            for step, letter in enumerate(outcomes)
        ),
    )


def test_line_of_a_flaky_test_tells_rate_interval_failures_and_workers() -> None:
    test = make_test("..F.F.F...")
    first = replace(test.attempts[2], worker_id="gw0")

    text = render_test(replace(test, attempts=(*test.attempts[:2], first, *test.attempts[3:])))

    assert text == (
        "FLAKY t.py::a passed 7 of 10; fails 30%, 95% CI 11 to 60%; "
        "AssertionError at t.py:14, 3 times; gw0 and gw2"
    )


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ("FF" * 5, "FAILS ALWAYS t.py::a failed 10 of 10; fails at least 74% of the time at 95%"),
        ("..s..", "FLAKY t.py::a passed 4 of 5, skipped 1; skipped 20%, 95% CI 4 to 62%"),
        ("s...F", "FLAKY t.py::a passed 3 of 5, skipped 1; fails 25%, 95% CI 5 to 70%"),
    ],
    ids=["always", "skip", "skip and failure"],
)
def test_line_tells_what_kind_of_test_it_is(outcomes: str, text: str) -> None:
    assert render_test(make_test(outcomes)).startswith(text)


def test_failures_are_grouped_by_fingerprint() -> None:
    test = make_test("..F.F.F...")
    crash = replace(test.attempts[4], fingerprint="crashed")
    setup = replace(test.attempts[6], fingerprint="setup")
    attempts = (*test.attempts[:4], crash, setup, setup, *test.attempts[7:])

    text = render_test(replace(test, attempts=attempts))

    assert "; in setup, 2 times; AssertionError at t.py:14, 1 time; crashed, 1 time; gw2" in text


def test_tests_without_a_failure_share_one_line() -> None:
    record = build_record("r", [make_test("." * 10)] * 318, [])

    assert render_record(record) == [
        "318 tests: 0 of 10 failed, each fails at most 26% of the time at 95%"
    ]
    assert render_title(record) == "repeated tests: no outcome differs"


def test_rest_tells_the_weakest_bound_skips_and_what_ran_once() -> None:
    tests = [make_test("." * 5), make_test("." * 10), make_test("ss")]

    assert render_record(build_record("r", tests, [], {"YamlItem": 2})) == [
        "2 tests: 0 of 5 to 10 failed, each fails at most 46% of the time at 95%",
        "1 test: skipped every time",
        "not repeated, because it is not known how: 2 YamlItem",
    ]


def make_record(*names: str, cluster: Cluster | None = None) -> FlakeRecord:
    tests = [make_test(".F", name=name) for name in names]
    return build_record("r1", tests, [cluster] if cluster else [])


def test_cluster_is_shown_as_one() -> None:
    lines = render_record(
        make_record("a", "b", "c", cluster=Cluster(("a", "c"), "KeyError t.py:3"))
    )

    assert lines[0] == "2 tests fail together (KeyError at t.py:3):"
    assert [line.split(" passed")[0] for line in lines[1:]] == [
        "  FLAKY a",
        "  FLAKY c",
        "FLAKY b",
    ]


def test_command_is_shown_where_pytest_knows_it() -> None:
    record = make_record("t.py::a")

    assert len(render_record(record)) == 1
    assert render_record(record, config_args=[])[1] == (
        "  again: pytest --replay r1 --worker gw2 --until 't.py::a[1]'"
    )


def test_what_is_known_about_a_test_stands_below_it() -> None:
    lines = render_record(make_record("a"), explain=lambda nodeid: f"known: {nodeid}")

    assert lines[1] == "  known: a"


def test_of_many_tests_the_first_are_shown() -> None:
    lines = render_record(make_record(*[f"t.py::{number:03}" for number in range(60)]))

    assert len(lines) == 51
    assert lines[-1] == "and 10 more"
