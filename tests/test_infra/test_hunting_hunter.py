from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.hunting.axes import has_machine_wide
from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.finding import Finding, Recipe
from tests.infra.hunting.hunter import (
    Wish,
    build_command,
    find_suspects,
    number_clusters,
)
from tests.infra.hunting.judging import draw, find_failure, find_shared, give_up, is_by
from tests.infra.hunting.trials import Sighting
from tests.infra.hunting.undo import READ
from tests.infra.hunting.verdicts import Kind, Tally
from tests.infra.leaks import Leak
from tests.test_infra.hunts import make_verdict
from tests.test_infra.worlds import World, make_run, make_world


def make_finding(
    culprits: tuple[int, ...] = (), neighbours: tuple[int, ...] = (), *, is_shared: bool = False
) -> Finding:
    return Finding(
        Kind.VICTIM,
        2,
        (),
        Recipe((2,)),
        None,
        Sighting(2, "failed"),
        culprits=culprits,
        neighbours=neighbours,
        is_shared=is_shared,
    )


def see(*runs: tuple[str, ...]) -> World:
    """Make a lab that has seen runs with these outcomes."""
    world = make_world()
    world.take_in([make_run(*outcomes) for outcomes in runs])
    return world


# --- suspects and clusters -----------------------------------------------------------------------


def test_suspects_are_what_ever_failed_the_most_often_first() -> None:
    lab = see(
        ("passed", "failed", "failed", "skipped"),
        ("passed", "passed", "crashed", "passed"),
        ("hung",),
    )

    assert find_suspects(lab) == [2, 0, 1]


def test_tests_with_the_same_polluters_or_failure_are_one_cluster() -> None:
    alone = replace(make_verdict(Kind.RANDOM), fingerprint="ValueError t.py:3")
    same = [replace(make_verdict(Kind.PORT), fingerprint="OSError t.py:9")] * 2
    led = [
        replace(make_verdict(Kind.VICTIM), fingerprint=str(number), culprits=("t.py::a",))
        for number in range(2)
    ]
    other = replace(make_verdict(Kind.BRITTLE), culprits=("t.py::a",))

    found = number_clusters([alone, same[0], led[0], same[1], led[1], other])

    assert [one.cluster for one in found] == [0, 1, 2, 1, 2, 0]


@pytest.mark.parametrize(
    ("kind", "is_wide"), [("port", True), ("file", True), (READ, False)], ids=str
)
def test_what_is_the_machine_s_is_known(kind: str, is_wide: bool) -> None:
    run = make_run("passed", touches=lambda _test: ((kind, "x"),))

    assert has_machine_wide([run]) is is_wide
    assert not has_machine_wide([make_run("passed")])


def test_command_hunts_again_with_the_same_choices() -> None:
    wish = Wish(("-k", "a b", "t.py"), 90.0, 7, 2, Path("/srv"))

    command = build_command(wish)

    assert command.endswith("-m tests.infra hunt --seed=7 --budget=90s -k 'a b' t.py")


def test_command_hunts_again_what_the_same_diff_touches() -> None:
    command = build_command(Wish((), 90.0, 7, 2, Path("/srv"), since="main"))

    assert command.endswith("hunt --seed=7 --changed --since=main --budget=90s")


# --- verdicts ------------------------------------------------------------------------------------


def test_first_failure_is_the_one_that_is_told() -> None:
    lab = see(("passed",), ("failed",), ("crashed",))

    assert find_failure(lab, 0).outcome == "failed"
    verdict = give_up(lab, 0)
    assert (verdict.nodeid, verdict.kind) == ("t.py::test_0", Kind.UNKNOWN)
    assert verdict.tally == Tally(3, 2)
    assert "no time" in verdict.summary


def test_shared_is_what_both_touch_and_one_changes() -> None:
    touches = {
        1: (("file", "/both"), ("file", "/one"), (READ, "/read")),
        2: ((READ, "/both"), ("file", "/two"), (READ, "/read")),
    }
    lab = make_world()
    lab.take_in([make_run("passed", "passed", "failed", touches=lambda t: touches.get(t, ()))])

    assert find_shared(lab, make_finding(neighbours=(1,), is_shared=True)) == (("file", "/both"),)
    assert find_shared(lab, make_finding(neighbours=(1,))) == ()


def test_run_with_the_culprits_is_drawn_with_their_roles() -> None:
    lab = see(("failed",), ("passed", "passed", "failed"), ("passed", "passed", "passed"))

    bars = draw(lab, make_finding(culprits=(0,), neighbours=(1,)))

    assert [(bar.nodeid[-1], bar.role, bar.outcome) for bar in bars] == [
        ("0", "polluter", "passed"),
        ("1", "neighbour", "passed"),
        ("2", "victim", "failed"),
    ]
    assert (bars[0].start_s, bars[1].start_s) == (0.0, 1.0)


def test_nothing_is_drawn_of_what_never_failed() -> None:
    assert draw(see(("passed",)), make_finding()) == ()


@pytest.mark.parametrize(
    ("culprit", "nodeid", "is_theirs"), [("a", "x", True), ("x", "a", True), ("x", "y", False)]
)
def test_leak_is_by_who_left_it_or_set_it_up(culprit: str, nodeid: str, is_theirs: bool) -> None:
    leak = Leak("test", culprit, nodeid, "memory", "app.REG", "{}", "{1: 2}", "restore it")

    assert is_by(leak, {"a"}) is is_theirs


def test_conditions_of_a_run_do_not_matter_for_suspects() -> None:
    lab = make_world()
    lab.take_in([make_run("passed", "failed", conditions=Conditions(pauses=1), busy=6)])

    assert find_suspects(lab) == [1]
