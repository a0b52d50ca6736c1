"""A hunt in words."""

from dataclasses import replace
from textwrap import dedent

import pytest

from tests.infra.hunting.chances import find_interval
from tests.infra.hunting.rendering import (
    WIDTH,
    group_clusters,
    render_confirmation,
    render_culprits,
    render_headline,
    render_hunt,
    render_sound,
    render_summary,
    render_time,
)
from tests.infra.hunting.verdicts import Kind, Shown, Tally
from tests.infra.sampling import bound_without_failure
from tests.test_infra.hunts import make_full_hunt, make_hunt, make_verdict

# Newcombe 1998 and the tables of any textbook.
INTERVALS = {(0, 10): (0.0, 0.278), (3, 10): (0.108, 0.603), (10, 10): (0.722, 1.0), (0, 0): (0, 1)}


@pytest.mark.parametrize(("counts", "bounds"), INTERVALS.items(), ids=str)
def test_interval_is_wilsons(counts: tuple[int, int], bounds: tuple[float, float]) -> None:
    failures, runs = counts

    assert find_interval(Tally(runs, failures)) == pytest.approx(bounds, abs=0.0005)


@pytest.mark.parametrize(("runs", "bound"), [(0, 1.0), (10, 0.259), (300, 0.00994)])
def test_runs_without_a_failure_leave_a_bound(runs: int, bound: float) -> None:
    assert bound_without_failure(runs) == pytest.approx(bound, rel=0.002)


def test_verdict_is_told_with_its_evidence_and_its_command() -> None:
    text = render_hunt(make_hunt(make_verdict()), owners={make_verdict().nodeid: "ann, to May"})

    expected = dedent("""\
        tests/api/test_cache.py::test_reads_empty_cache: victim
          Fails after test_fills_cache, which leaves app.cache.REG['k'].
          failed 3 of 10 runs; at 95% that is 11% to 60%
          AssertionError at tests/api/test_cache.py:14: assert {'k': 1} == {}
          known: ann, to May
          polluter:
            tests/api/test_cache.py::test_fills_cache
          taken back by:
            tests/api/test_cache.py::test_clears_cache
          what is left or shared:
            app.cache.REG['k']
          how it is known:
            test_fills_cache before it: failed 5 of 5; otherwise failed 0 of 5 (it ran
              in 5 of 5 runs)
            hash seed 1 instead of 0: failed 0 of 4; otherwise failed 0 of 5
          in fresh processes the command failed 5 of 5 times, and failed 0 of 5 without
            the cause
          again: python -m pytest -p no:randomly""")
    assert expected in text


def test_end_tells_what_is_shown_tried_and_left_out() -> None:
    text = render_hunt(make_hunt(make_verdict()))

    expected = dedent("""\
        Never failed: 309 tests, each in 12 runs or more; that leaves up to 22.1% for
          how often a given one fails (at 95%).
        Tried, and in how many runs: twice in one process (2), random order (4), hash
          seed (3).
        Left out: load of the disk: the budget was spent.
        Note: 3 tests are skipped on this machine.
        Hunt again: python -m tests.infra hunt --budget 10m --seed 7""")
    assert text.endswith(expected)


def test_lines_are_as_wide_as_a_terminal_apart_from_commands() -> None:
    lines = render_hunt(make_full_hunt()).splitlines()

    wide = [line for line in lines if len(line) > WIDTH]
    assert len(lines) > 100
    assert all(line.lstrip().startswith("again: ") for line in wide)


def test_headline_counts_flaky_tests_by_kind_and_broken_ones_apart() -> None:
    kinds = (Kind.VICTIM, Kind.PORT, Kind.VICTIM, Kind.BROKEN)
    verdicts = [make_verdict(kind, f"t.py::test_{i}") for i, kind in enumerate(kinds)]

    assert render_headline(make_hunt(*verdicts)) == (
        "3 of 313 tests flaky (victim 2, port 1) and 1 failing always; hunted for 4 min 12 s"
    )


def test_hunt_that_found_nothing_says_so() -> None:
    text = render_hunt(make_hunt())

    assert text.startswith("0 of 309 tests flaky; hunted for 4 min 12 s\n\nNever failed: 309")


def test_hunt_that_broke_off_says_so_twice() -> None:
    text = render_hunt(make_hunt(is_complete=False))

    assert "hunted for 4 min 12 s, not to the end\n" in text
    assert "did not come to its end" in text


def test_tests_that_fail_together_stand_together() -> None:
    nodeids = {"a": 1, "b": 0, "c": 1, "d": 0}
    verdicts = [make_verdict(nodeid=one, cluster=cluster) for one, cluster in nodeids.items()]

    groups = group_clusters(verdicts)
    text = render_hunt(make_hunt(*verdicts))

    assert [[one.nodeid for one in group] for group in groups] == [["a", "c"], ["b"], ["d"]]
    assert "2 tests that fail together:\n  a: victim\n    Fails" in text
    assert text.count("fail together") == 1


def test_unknown_cause_is_called_so() -> None:
    verdict = replace(make_verdict(Kind.UNKNOWN), summary="", command="", confirmed=Tally())

    text = render_hunt(make_hunt(verdict))

    assert "The cause is not known.\n" in text
    assert "no command makes it fail again" in text
    assert "again: \n" not in text


@pytest.mark.parametrize(
    ("summary", "shown"),
    [("fails at 10:00", "Fails at 10:00."), ("test_a leaks!", "test_a leaks!"), ("", "")],
)
def test_summary_becomes_a_sentence_and_names_stay(summary: str, shown: str) -> None:
    assert render_summary(replace(make_verdict(), summary=summary)) == shown


def test_command_that_was_not_tried_is_not_called_confirmed() -> None:
    verdict = replace(make_verdict(), confirmed=Tally())

    assert render_confirmation(verdict) == "the command was not tried again in fresh processes"


@pytest.mark.parametrize(
    ("kind", "count", "name"),
    [
        (Kind.VICTIM, 1, "polluter"),
        (Kind.BRITTLE, 2, "setters, all needed"),
        (Kind.IMPORT, 1, "file that pollutes"),
        (Kind.IMPORT, 2, "files that pollute together"),
        (Kind.PORT, 1, "neighbour"),
    ],
)
def test_culprits_are_called_by_what_they_do(kind: Kind, count: int, name: str) -> None:
    assert render_culprits(kind, count) == name


def test_sound_tests_that_never_ran_are_no_proof() -> None:
    assert "some of them never ran" in render_sound(Shown(5, 0))
    assert render_sound(Shown(0, 0)) == "No other test ran."
    assert "1 test, each in 1 run or more; that leaves up to 95.0%" in render_sound(Shown(1, 1))


def test_time_is_told_as_one_says_it() -> None:
    assert [render_time(one) for one in (0.25, 59.94, 60, 3725)] == [
        "0.2 s",
        "59.9 s",
        "1 min 0 s",
        "62 min 5 s",
    ]
