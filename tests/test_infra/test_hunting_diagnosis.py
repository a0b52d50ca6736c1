"""Each kind's way through the experiments, in simulated worlds."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.infra.hunting import diagnosis, ordering, pulling
from tests.infra.hunting.axes import (
    describe,
    distinct,
    find_neighbours,
    is_plain,
    name_axis,
)
from tests.infra.hunting.bench import find_tries
from tests.infra.hunting.conditions import IN_LINE, INTERLEAVED, ORDINARY, Conditions
from tests.infra.hunting.finding import Finding, Recipe
from tests.infra.hunting.lab import Seen
from tests.infra.hunting.levers import LEVERS
from tests.infra.hunting.minimise import Smallest
from tests.infra.hunting.ordering import find_cleaners, find_polluters
from tests.infra.hunting.pulling import MOST_PULLS, Puller, weigh
from tests.infra.hunting.survey import CALM_CLOCK
from tests.infra.hunting.trials import Cast, Request
from tests.infra.hunting.turning import vary_hash_seed
from tests.infra.hunting.verdicts import Evidence, Kind, Tally
from tests.test_infra.worlds import (
    TARGET,
    Fails,
    Moment,
    diagnose,
    make_bench,
    make_run,
    make_world,
)


def find(fails: Fails, *, tests: int = 6) -> Finding:
    """Diagnose the test that may fail, and be sure that there is a finding."""
    world = make_world(lambda moment: moment.test == TARGET and fails(moment), tests=tests)
    found = diagnose(world)
    assert found is not None
    return found


# --- order ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tests", [6, 40])
def test_polluter_is_found(tests: int) -> None:
    found = find(lambda moment: 5 in moment.prefix, tests=tests)

    assert (found.kind, found.culprits) == (Kind.VICTIM, (5,))
    assert found.recipe.tests == (5, TARGET)
    assert found.cure == Recipe((TARGET,))
    assert found.is_minimal
    assert found.evidence[0].before == Tally(4, 0)
    assert found.evidence[0].after == Tally(4, 4)


def test_two_polluters_that_need_each_other_are_found() -> None:
    found = find(lambda moment: {1, 4} <= set(moment.prefix), tests=20)

    assert (found.kind, set(found.culprits)) == (Kind.VICTIM, {1, 4})


def test_polluters_that_count_only_in_order_are_found_in_order() -> None:
    found = find(
        lambda moment: (
            {1, 4} <= set(moment.prefix) and moment.prefix.index(4) < moment.prefix.index(1)
        )
    )

    assert (found.kind, found.culprits) == (Kind.VICTIM, (4, 1))


def is_polluted(moment: Moment) -> bool:
    """Tell whether test 5 pollutes and test 0 has not cleaned up since."""
    order = [test for test in moment.prefix if test in (0, 5)]
    return bool(order) and order[-1] == 5


def test_cleaner_is_found_and_not_blamed() -> None:
    world = make_world(lambda moment: moment.test == TARGET and is_polluted(moment))

    found = diagnose(world)

    assert found is not None
    assert found.culprits == (5,)
    assert find_cleaners(make_bench(world), found) == (0,)


def test_cleaners_are_asked_for_where_there_are_polluters_only() -> None:
    found = replace(find(lambda moment: moment.hash_seed == 2), kind=Kind.UNORDERED)
    world = make_world()

    assert find_cleaners(make_bench(world), found) == ()
    assert world.asked == []


def test_polluter_that_a_search_picked_by_luck_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It failed in 6 of 12 runs, and never before or after."""
    run = make_run("passed", "passed", "passed", "failed")
    picked = Smallest((1,), is_failing=True, is_minimal=True, questions=1)
    monkeypatch.setattr(ordering, "minimise", lambda *_, **__: picked)

    def judge(fails: Fails) -> Finding | None:
        world = make_world(lambda moment: 1 in moment.prefix and fails(moment))
        return find_polluters(make_bench(world), Seen(run, TARGET), Tally(14, 5), Tally(3, 0))

    assert judge(lambda moment: moment.count in range(1, 24, 4)) is None
    found = judge(lambda moment: moment.count % 4 == 1)
    assert found is not None
    assert found.evidence[0].after == Tally(24, 12)


@pytest.mark.parametrize("setters", [{1}, {1, 2}], ids=["one", "two"])
def test_setters_of_a_brittle_test_are_found(setters: set[int]) -> None:
    found = find(lambda moment: not setters <= set(moment.prefix), tests=12)

    assert (found.kind, set(found.culprits)) == (Kind.BRITTLE, setters)
    assert found.recipe == Recipe((TARGET,))
    assert found.cure is not None
    assert set(found.cure.tests) == {*setters, TARGET}


def test_second_run_is_a_kind_of_its_own() -> None:
    found = find(lambda moment: TARGET in moment.prefix)

    assert found.kind is Kind.SECOND_RUN
    assert found.recipe.tests == (TARGET, TARGET)
    assert found.evidence[0].after == Tally(6, 6)


# --- what a process is given ---------------------------------------------------------------------


def test_random_numbers_are_found_with_a_bad_and_a_good_seed() -> None:
    def fails(moment: Moment) -> bool:
        return moment.conditions.seed % 3 == 0

    found = find(fails)

    assert found.kind is Kind.RANDOM
    assert found.recipe.conditions.seed % 3 == 0
    assert found.cure is not None
    assert found.cure.conditions.seed % 3
    assert found.evidence[0].after.failures == found.evidence[0].after.runs


def test_hash_seed_is_found() -> None:
    found = find(lambda moment: moment.hash_seed == 2)

    assert (found.kind, found.recipe.hash_seed) == (Kind.UNORDERED, 2)
    assert found.cure is not None
    assert found.cure.hash_seed == 0


def test_hash_seed_by_luck_is_not_believed() -> None:
    """It fails more often now than it did alone, with whatever hash seed."""
    world = make_world(lambda moment: not moment.is_often(3))

    assert vary_hash_seed(make_bench(world), Tally(15, 0)) is None


def test_order_of_directories_is_found() -> None:
    found = find(lambda moment: moment.conditions.listing > 0)

    assert found.kind is Kind.UNORDERED
    assert found.recipe.conditions.listing


def test_order_of_directories_is_found_where_random_names_decide_it() -> None:
    found = find(
        lambda moment: (
            moment.conditions.listing == 1
            or (not moment.conditions.listing and moment.conditions.seed % 2 == 0)
        )
    )

    assert found.kind is Kind.UNORDERED
    assert found.recipe.conditions.listing == 1
    # Not the file system's own order, which the names decide.
    assert found.cure is not None
    assert found.cure.conditions.listing == 8


def test_order_of_directories_is_found_by_names_where_most_orders_are_right() -> None:
    found = find(
        lambda moment: (
            moment.conditions.listing == 8
            or (not moment.conditions.listing and moment.conditions.seed % 2 == 0)
        )
    )

    assert (found.kind, found.recipe.conditions.listing) == (Kind.UNORDERED, 8)


def test_base_hash_seed_that_fails_is_found_by_those_that_pass() -> None:
    found = find(lambda moment: moment.hash_seed in (0, 3))

    assert (found.kind, found.recipe.hash_seed) == (Kind.UNORDERED, 0)
    assert found.cure is not None
    assert found.cure.hash_seed in (1, 2)


def test_time_zone_is_found() -> None:
    found = find(lambda moment: moment.conditions.zone.startswith("EAST"))

    assert found.kind is Kind.TIME
    assert found.recipe.conditions.zone == "EAST-14"


def test_turn_of_the_year_is_found() -> None:
    found = find(lambda moment: moment.conditions.clock.startswith("2027-12-31T23:59:59"))

    assert found.kind is Kind.TIME
    assert found.recipe.conditions.clock.startswith("2027-12-31")


def test_turn_of_a_second_is_no_deadline_though_a_faster_clock_turns_it() -> None:
    def fails(moment: Moment) -> bool:
        clock, haste = moment.conditions.clock, moment.conditions.haste
        is_near = clock.startswith("2027-12-31T23:59:59.9")
        is_by_luck = (is_near or not clock) and haste == 1 and moment.is_often(2)
        return clock.startswith("2027-12-31T23:59:59.7") or haste > 1 or is_by_luck

    found = find(fails)

    assert found.kind is Kind.TIME
    assert found.cure is not None
    assert found.cure.conditions.clock == CALM_CLOCK


def test_clock_that_was_set_at_all_is_no_reason() -> None:
    """The times of files are the machine's, and don't go with a clock that was set."""
    found = find(lambda moment: bool(moment.conditions.clock))

    assert found.kind is not Kind.TIME


# --- what a test waits for -----------------------------------------------------------------------


def test_wait_that_is_too_short_under_load_is_found() -> None:
    def fails(moment: Moment) -> bool:
        conditions = moment.conditions
        is_late = moment.busy > 0 and moment.is_often(2)
        return (is_late or conditions.other_waits > 1) and conditions.own_waits <= 1

    found = find(fails)

    assert found.kind is Kind.ASYNC_WAIT
    assert found.recipe.conditions.other_waits == 10
    assert found.cure is not None
    assert found.cure.conditions.own_waits == 6


def test_deadline_is_found_by_a_faster_clock() -> None:
    found = find(lambda moment: moment.conditions.haste > 1 or (moment.busy > 0))

    assert found.kind is Kind.DEADLINE
    assert found.recipe.conditions.haste == 50


def test_deadline_that_is_found_by_its_cure_is_repeated_by_its_opposite() -> None:
    """On the machine of the hunt it nearly always fails; where nothing else runs, it may not."""

    def fails(moment: Moment) -> bool:
        timeouts = moment.conditions.timeouts
        return timeouts < 1 or (timeouts == 1 and not moment.is_often(9))

    found = find(fails)

    assert found.kind is Kind.DEADLINE
    assert found.recipe.conditions.timeouts == 0.05
    assert found.recipe.busy == 0
    assert found.cure is not None
    assert found.cure.conditions.timeouts == 20


@pytest.mark.parametrize(
    ("tally", "tries"),
    [
        (Tally(100, 100), 12),
        (Tally(4, 4), 28),
        (Tally(20, 17), 20),
        (Tally(10, 3), 50),
        (Tally(10, 0), 50),
        (Tally(), 50),
    ],
    ids=str,
)
def test_test_is_tried_until_a_failure_is_nearly_sure(tally: Tally, tries: int) -> None:
    assert find_tries(tally) == tries


def test_race_between_threads_is_found() -> None:
    def fails(moment: Moment) -> bool:
        threads = moment.conditions.threads
        return (threads == INTERLEAVED and moment.is_often(2)) or (
            threads != IN_LINE and moment.is_often(97)
        )

    found = find(fails)

    assert found.kind is Kind.CONCURRENCY
    assert found.recipe.conditions.threads == INTERLEAVED


@pytest.mark.parametrize(
    ("name", "kind"),
    [("network", Kind.NETWORK), ("descriptors", Kind.EXHAUSTION), ("pid", Kind.ID_COLLISION)],
)
def test_rare_failure_is_explained_by_what_turns_it(name: str, kind: Kind) -> None:
    found = find(lambda moment: bool(getattr(moment.conditions, name)) or moment.is_often(101))

    assert found.kind is kind
    assert getattr(found.recipe.conditions, name)


def test_failure_that_nothing_turns_is_unknown_and_told_with_its_rate() -> None:
    found = find(lambda moment: moment.busy > 0 and moment.is_often(3))

    assert found.kind is Kind.UNKNOWN
    assert found.recipe.busy > 0
    assert found.evidence[-1].after.failures > 0


def test_change_without_a_counted_effect_must_rule_out_more_chance() -> None:
    """Five failures in a row are one in 150 for a test that fails so often by itself."""
    pulled: list[Moment] = []

    def fails(moment: Moment) -> bool:
        if moment.test == TARGET and moment.conditions.zone == "EAST-14":
            pulled.append(moment)
            return len(pulled) <= 5
        return False

    found = Puller(make_bench(make_world(fails)), Tally(27, 8)).pull_all()

    assert len(pulled) > 5
    assert found is None or found.kind is not Kind.TIME


def test_lever_is_given_up_when_chance_can_no_longer_be_ruled_out() -> None:
    world = make_world(lambda moment: moment.test == TARGET and moment.is_often(3))

    Puller(make_bench(world), Tally(15, 5)).pull_all()

    pulls = Counter(one.conditions for request in world.asked for one in request.casts)
    assert (
        max(pulls[setting] for setting in pulls if replace(setting, seed=0) != ORDINARY)
        < MOST_PULLS
    )


@pytest.mark.parametrize(
    ("before", "is_failing"), [(Tally(15, 0), True), (Tally(15, 13), False)], ids=["busy", "calm"]
)
def test_what_the_machine_does_meanwhile_is_no_lever_and_no_cure(
    monkeypatch: pytest.MonkeyPatch, before: Tally, *, is_failing: bool
) -> None:
    """Where nobody counts whether a lever has an effect on the test."""
    monkeypatch.setattr(pulling, "LEVERS", [one for one in LEVERS if one.is_silent])
    world = make_world(lambda moment: moment.test == TARGET and is_failing)

    assert Puller(make_bench(world), before).pull_all() is None


def test_what_nearly_always_fails_is_tried_with_cures_only() -> None:
    world = make_world(
        lambda moment: moment.conditions.timeouts == 1 and not moment.is_often(9),
    )

    found = Puller(make_bench(world), Tally(27, 24)).pull_all()

    assert found is not None
    assert found.kind is Kind.DEADLINE
    cures = {lever.cure_words for lever in LEVERS}
    opposite = "timeouts a twentieth as long"
    assert {*world.axes} <= {*cures, opposite, "alone"}


def test_no_lever_is_pulled_when_the_budget_is_spent() -> None:
    world = make_world(lambda moment: moment.test == TARGET and moment.is_often(3))
    bench = make_bench(world)
    bench.lab.deadline = -1.0

    assert Puller(bench, Tally(27, 9)).pull_all() is None
    assert world.asked == []


# --- neighbours ----------------------------------------------------------------------------------


@pytest.mark.parametrize("neighbour", [1, TARGET], ids=["other", "itself"])
def test_neighbour_is_found(neighbour: int) -> None:
    found = find(lambda moment: neighbour in moment.beside and moment.is_often(2))

    assert (found.kind, found.neighbours) == (Kind.CONCURRENCY, (neighbour,))
    assert found.is_shared
    assert found.recipe.beside == (neighbour,)
    assert found.evidence[0].before.failures == 0


def test_tests_that_touch_the_same_file_are_the_first_neighbours() -> None:
    world = make_world(
        lambda moment: moment.test == TARGET and 1 in moment.beside,
        touches=lambda test: (("file", "/x"),) if test in (1, TARGET) else (),
    )

    found = diagnose(world)

    assert found is not None
    assert found.neighbours == (1,)
    assert world.axes["alone"] == 3


def test_neighbour_that_touches_the_same_file_is_not_given_up_soon() -> None:
    def fails(moment: Moment) -> bool:
        is_beside = moment.test == TARGET and 1 in moment.beside
        return is_beside and (len(moment.beside) > 1 or moment.conditions.pauses > 8)

    world = make_world(fails, touches=lambda test: (("file", "/x"),) if test in (1, TARGET) else ())

    found = diagnose(world)

    assert found is not None
    assert found.neighbours == (1,)


def test_what_a_neighbour_s_own_experiments_showed_is_not_run_again() -> None:
    pair = {1, TARGET}
    world = make_world(
        lambda moment: moment.test in pair and bool(pair - {moment.test} & {*moment.beside}),
        touches=lambda test: (("file", "/x"),) if test in pair else (),
    )
    first = diagnose(world)
    world.asked.clear()

    second = diagnose(world, 1)

    assert first is not None
    assert second is not None
    assert second.neighbours == (TARGET,)
    assert second.evidence[0].after == first.evidence[0].after
    assert not any(request.in_step for request in world.asked)


# --- no cause ------------------------------------------------------------------------------------


def test_what_seldom_passes_is_explained_by_its_cure() -> None:
    found = find(
        lambda moment: (
            moment.conditions.threads != IN_LINE
            and (len(moment.prefix) < 2 or not moment.is_often(29))
        )
    )

    assert found.kind is Kind.CONCURRENCY
    assert found.cure is not None
    assert found.cure.conditions.threads == IN_LINE


def test_test_that_fails_in_every_run_is_not_flaky() -> None:
    world = make_world(lambda moment: moment.test == TARGET)

    assert diagnose(world) is None


def test_no_experiment_is_made_on_other_tests() -> None:
    world = make_world(lambda moment: moment.test == TARGET and 5 in moment.prefix)
    world.survey()
    world.asked.clear()

    next(diagnosis.diagnose(make_bench(world)))

    assert all(one.tests[-1] == TARGET for request in world.asked for one in request.casts)


# --- words and weights ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "hash_seed", "kind"),
    [
        (Conditions(seed=3), 2, Kind.UNORDERED),
        (Conditions(zone="EAST-14"), 0, Kind.TIME),
        (Conditions(clock="frozen"), 0, Kind.TIME),
        (Conditions(listing=1), 0, Kind.UNORDERED),
        (Conditions(seed=3), 0, None),
    ],
)
def test_axis_of_a_run_names_a_kind(
    conditions: Conditions, hash_seed: int, kind: Kind | None
) -> None:
    found, words = name_axis(make_run("passed", conditions=conditions, hash_seed=hash_seed))

    assert found is kind
    assert bool(words) is (kind is not None)


def test_run_is_plain_where_only_order_and_seed_differ() -> None:
    assert is_plain(Seen(make_run("failed", conditions=Conditions(seed=3)), 0))
    for run in (
        make_run("failed", casts=2),
        make_run("failed", busy=1),
        make_run("failed", hash_seed=1),
        make_run("failed", conditions=Conditions(pauses=1)),
    ):
        assert not is_plain(Seen(run, 0))


def test_distinct_keeps_one_of_each_run_in_their_order() -> None:
    one, other = make_run("failed", "failed"), make_run("failed")
    seen = [Seen(one, 0), Seen(one, 1), Seen(other, 0)]

    assert [found.run for found in distinct(seen)] == [one, other]


def test_neighbours_come_closest_first() -> None:
    run = make_run("passed", "passed", "failed", "passed")
    casts = (run.cast, Cast((9, 8, 7, 6)))
    seen = Seen(replace(run, request=Request(casts, in_step=True)), 2)

    assert list(find_neighbours(seen)) == [2, 7, 8, 6]


def test_weight_is_how_much_the_changes_turned_the_test() -> None:
    strong = Evidence("a", Tally(4, 0), Tally(4, 4))
    weak = Evidence("b", Tally(4, 0), Tally(4, 1))

    assert weigh([strong]) == 1.0
    assert weigh([strong, weak]) == pytest.approx(1.2)
    assert weigh([Evidence("c", Tally(), Tally())]) == 0.0


def test_what_was_applied_is_told_with_numbers() -> None:
    run = make_run("passed")
    applied = replace(run.answer, applied={"seeded": 1, "time.sleep stretched": 3})

    assert describe(replace(run, answer=applied)) == "time.sleep stretched 3 times"
