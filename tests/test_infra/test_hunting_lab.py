from dataclasses import replace
from pathlib import Path

from tests.infra.hunting.lab import (
    BASE_HASH_SEED,
    Lab,
    Seen,
    cast,
    count,
    count_all,
    count_failures,
    find_last,
    find_meetings,
)
from tests.infra.hunting.oracle import Collection, Oracle
from tests.infra.hunting.trials import Answer, Cast, Ending, Request, Sighting
from tests.infra.hunting.undo import READ
from tests.infra.hunting.verdicts import Tally
from tests.test_infra.worlds import make_run, make_world


def test_lab_remembers_every_test_of_every_run() -> None:
    world = make_world(lambda moment: moment.test == 1, tests=3)

    world.run("some order", Request((Cast((2, 1)), Cast((1,)))))

    assert world.axes == {"some order": 2}
    assert [seen.prefix for seen in world.seen[1]] == [(2,), ()]
    assert count_all(world, 1) == Tally(2, 2)
    assert count_all(world, 0) == Tally(0, 0)
    assert count_failures(world, 2) == 0


def test_patience_is_that_of_the_lab() -> None:
    world = make_world()
    world.patience_s = 3.5

    world.run("x", Request((Cast((0,)),)))

    assert world.asked[0].patience_s == 3.5


def test_lonely_lab_runs_one_cast_at_a_time_unless_in_step() -> None:
    world = make_world()
    world.is_lonely = True

    world.try_out("x", [cast(0), cast(1)])
    world.run("y", Request((cast(0), cast(1)), in_step=True, at_once=2))

    assert [(one.at_once, one.in_step) for one in world.asked] == [(1, False), (2, True)]


def test_load_is_made_as_in_another_run_and_one_at_a_time() -> None:
    world = make_world()

    world.try_out("x", [cast(0)] * 2, like=Request((), busy=6, writing=1))
    world.try_out("x", [cast(0)] * 2)

    assert [(one.busy, one.writing, one.at_once) for one in world.asked] == [(6, 1, 1), (0, 0, 2)]


def test_test_that_was_not_reached_says_nothing() -> None:
    run = make_run("passed", "crashed")
    missed = replace(run, request=Request((Cast((0, 1, 2)),)))
    silent = replace(run, answer=Answer((), Ending.DIED))

    found = list(find_last([run, missed, silent]))

    assert [(one.test, one.outcome) for one in found] == [
        (1, "crashed"),
        (2, "missed"),
        (1, "missed"),
    ]
    assert count(found) == Tally(1, 1)


def test_load_and_company_of_a_run_are_known() -> None:
    assert not make_run("passed").has_company
    assert make_run("passed", casts=2).has_company
    assert not make_run("passed").has_load
    assert make_run("passed", busy=1).has_load


def test_seen_knows_what_ran_before() -> None:
    seen = Seen(make_run("passed", "passed", "failed"), 2)

    assert seen.prefix == (0, 1)
    assert seen.sighting.outcome == "failed"


def find_pairs(*touches: tuple[tuple[str, str], ...]) -> list[tuple[int, int]]:
    """Tell which tests meet that touch these things."""
    world = make_world(tests=len(touches))
    world.take_in([make_run(*["passed"] * len(touches), touches=lambda test: touches[test])])
    return find_meetings(world)


def test_tests_meet_that_touch_what_one_of_them_changes() -> None:
    reads, writes, other = (READ, "/x"), ("file", "/x"), ("file", "/y")

    assert find_pairs((reads,), (reads,)) == []
    assert find_pairs((reads,), (writes,), (other,)) == [(0, 1), (1, 1), (2, 2)]
    assert find_pairs((reads, writes), ()) == [(0, 0)]


class OtherOrder(Oracle):
    """A process that has collected other tests, in another order."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: list[tuple[int, ...]] = []

    @property
    def collection(self) -> Collection:
        return Collection(self.names, ("/srv/t.py",) * len(self.names), Path("/srv"))

    def ask(self, request: Request) -> list[Answer]:
        self.asked += [one.tests for one in request.casts]
        return [
            Answer(tuple(Sighting(test, "passed") for test in one.tests), Ending.COMPLETE)
            for one in request.casts
        ]

    def close(self) -> None:
        self.asked.clear()


def test_tests_are_found_by_name_under_another_hash_seed() -> None:
    lab = Lab((), {}, Path("/srv"))
    base, other = OtherOrder("a", "b", "c"), OtherOrder("c", "x", "a")
    lab._oracles |= {BASE_HASH_SEED: base, 2: other}

    (run,) = lab.run("hash seed", Request((Cast((0, 1, 2)),)), 2)

    assert other.asked == [(2, 0)]
    assert [one.test for one in run.answer.sightings] == [0, 2]
    lab.close()
    assert (other.asked, lab._oracles) == ([], {})
