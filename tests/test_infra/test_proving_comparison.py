from dataclasses import replace

import pytest

from tests.infra.proving.comparison import (
    Kind,
    count_alike_failures,
    find_divergences,
    group_by_outcome,
)
from tests.infra.proving.plan import Pass
from tests.infra.proving.process import Ending, Result
from tests.test_infra.trials import (
    NATURAL,
    OTHER_SEED,
    PARALLEL,
    REVERSE,
    TWICE,
    make_result,
)

GOOD, BAD = "passed", "failed"


def make_passes(
    natural: str, twice: tuple[str, str], reverse: str, parallel: str, other_seed: str
) -> list[Result]:
    return [
        make_result(NATURAL, {"t": natural, "sound": GOOD}),
        make_result(TWICE, {"t": twice, "sound": (GOOD, GOOD)}),
        make_result(REVERSE, {"t": reverse, "sound": GOOD}),
        make_result(PARALLEL, {"t": parallel, "sound": GOOD}, collected={"gw0": ["t", "sound"]}),
        make_result(OTHER_SEED, {"t": other_seed, "sound": GOOD}),
    ]


@pytest.mark.parametrize(
    ("passes", "kind", "shown"),
    [
        (make_passes(GOOD, (GOOD, BAD), BAD, GOOD, GOOD), Kind.ORDER, "reverse order"),
        (make_passes(BAD, (BAD, BAD), GOOD, GOOD, BAD), Kind.ORDER, "natural order"),
        (make_passes(GOOD, (BAD, BAD), GOOD, GOOD, GOOD), Kind.RANDOM, "twice in one process"),
        (make_passes(GOOD, (GOOD, GOOD), GOOD, BAD, GOOD), Kind.PLACEMENT, "2 workers"),
        (
            make_passes(GOOD, (GOOD, BAD), GOOD, GOOD, GOOD),
            Kind.SECOND_RUN,
            "twice in one process",
        ),
        (make_passes(GOOD, (GOOD, GOOD), GOOD, GOOD, BAD), Kind.HASH_SEED, "natural order"),
    ],
    ids=["reverse", "natural fails", "natural differs", "parallel", "second", "hash seed"],
)
def test_a_difference_is_named_as_far_as_it_is_certain(
    passes: list[Result], kind: Kind, shown: str
) -> None:
    (found,) = find_divergences(passes)

    assert (found.nodeid, found.kind) == ("t", kind)
    assert found.shown is not None
    assert found.shown.item.name == shown
    assert found.shown.outcome == BAD


def test_what_fails_everywhere_alike_is_no_divergence() -> None:
    passes = make_passes(BAD, (BAD, BAD), BAD, BAD, BAD)

    assert find_divergences(passes) == []
    assert count_alike_failures(passes) == (1, 0)


def test_an_order_is_settled_once_each_way_was_seen_twice() -> None:
    passes = make_passes(GOOD, (GOOD, BAD), BAD, GOOD, GOOD)
    (before,) = find_divergences(passes)
    (after,) = find_divergences([*passes, make_result(REVERSE, {"t": BAD, "sound": GOOD})])
    (otherwise,) = find_divergences([*passes, make_result(REVERSE, {"t": GOOD, "sound": GOOD})])

    assert (before.kind, before.is_settled) == (Kind.ORDER, False)
    assert (after.kind, after.is_settled) == (Kind.ORDER, True)
    assert otherwise.kind is Kind.RANDOM


def test_a_second_run_alone_tells_whether_a_test_disturbs_itself() -> None:
    passes = make_passes(GOOD, (GOOD, BAD), GOOD, GOOD, GOOD)
    alone = replace(TWICE, only=("t",))

    (itself,) = find_divergences([*passes, make_result(alone, {"t": (GOOD, BAD)})])
    (others,) = find_divergences([*passes, make_result(alone, {"t": (GOOD, GOOD)})])

    assert (itself.kind, itself.note[:18]) == (Kind.SECOND_RUN, "its own first run ")
    assert others.kind is Kind.ORDER
    assert itself.shown is not None
    assert itself.shown.item == alone


def test_a_dead_pass_names_the_test_in_which_it_died() -> None:
    passes = [
        make_result(NATURAL, {"a": GOOD, "t": GOOD}),
        make_result(REVERSE, {}, ending=Ending.DIED, still_open=["t"], collected={}),
    ]

    (found,) = find_divergences(passes)

    assert found.shown is not None
    assert (found.nodeid, found.kind, found.shown.outcome) == ("t", Kind.ORDER, "crashed")


def test_a_test_that_always_kills_its_process_is_named() -> None:
    dead = make_result(NATURAL, {"a": GOOD}, ending=Ending.DIED, still_open=["t"])

    (found,) = find_divergences([dead, make_result(replace(NATURAL, without=("t",)), {"a": GOOD})])

    assert (found.nodeid, found.kind) == ("t", Kind.END)


def test_an_interrupted_pass_blames_nobody() -> None:
    passes = [
        make_result(NATURAL, {"t": GOOD}),
        make_result(REVERSE, {}, ending=Ending.INTERRUPTED, still_open=["t"], collected={}),
    ]

    assert find_divergences(passes) == []


@pytest.mark.parametrize(
    ("collected", "note"),
    [
        (["f::t[b]", "f::t[a]", "f::u"], "its parameters come in another order"),
        (["f::t[a]", "f::u"], "f::t[b] is not collected"),
        (["f::t[a]", "f::t[b]", "f::t[c]", "f::u"], "f::t[c] is collected only"),
    ],
)
def test_another_set_of_tests_is_named_by_the_test(collected: list[str], note: str) -> None:
    natural = dict.fromkeys(["f::t[a]", "f::t[b]", "f::u"], GOOD)
    parallel = make_result(PARALLEL, {}, collected={"gw0": list(natural), "gw1": collected})

    (found,) = find_divergences([make_result(NATURAL, natural), parallel])

    assert (found.nodeid, found.kind) == ("f::t", Kind.TESTS)
    assert found.note.startswith(note)
    assert "gw1 of 2 workers" in found.note


def test_tests_left_out_on_purpose_are_not_missed() -> None:
    item = Pass("reverse", without=("f::t",))
    natural = make_result(NATURAL, {"f::t[a]": GOOD, "f::u": GOOD})

    assert find_divergences([natural, make_result(item, {"f::u": GOOD})]) == []


def test_outcomes_name_passes_and_runs() -> None:
    (found,) = find_divergences(make_passes(GOOD, (GOOD, BAD), GOOD, GOOD, GOOD))

    assert group_by_outcome(found.samples)[BAD] == ["twice in one process (run 2)"]
