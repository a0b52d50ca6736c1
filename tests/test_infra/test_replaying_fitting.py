import random

import pytest

from tests.infra.replaying.fitting import LONGEST_GAP_S, Fitted, find_waits, fit
from tests.infra.schedules import Step
from tests.test_infra.recorded import make_worker


def make_lists(*lines: str) -> dict[int, list[Fitted]]:
    return {slot: list(enumerate(make_worker(line, slot).steps)) for slot, line in enumerate(lines)}


def test_recorded_tests_are_found_in_the_collection() -> None:
    steps = make_worker("gw0: b 0-1 gone 1-2 a 2-3", 0).steps

    fitted, missing = fit({0: steps}, ["t.py::a", "t.py::b", "t.py::new"])

    assert [index for index, _ in fitted[0]] == [1, 0]
    assert missing == ["t.py::gone"]


def test_second_test_of_one_name_is_not_taken_for_the_first() -> None:
    steps = [Step("t.py::a", 1, 0, 1, "passed"), Step("t.py::a", 2, 1, 2, "passed")]

    fitted, missing = fit({0: steps}, ["t.py::a", "t.py::b", "t.py::a"])

    assert [index for index, _ in fitted[0]] == [2]
    assert missing == ["t.py::a"]


def test_test_waits_for_what_began_and_ended_before_it() -> None:
    lists = make_lists("gw0: a 0-2 b 3-4", "gw1: c 1-2.5 d 2.8-9")

    waits = find_waits(lists, 0)

    assert [(wait.begun, wait.ended) for wait in waits] == [((0, 0), (0, 0)), ((0, 2), (0, 1))]


def test_gap_behind_the_last_event_elsewhere_is_kept() -> None:
    lists = make_lists("gw0: a 0-2 b 3-4", "gw1: c 1.5-2.8 d 90-91")

    assert find_waits(lists, 0)[1].gap_s == pytest.approx(0.2)
    assert find_waits(lists, 0)[1].slot == 1
    late = find_waits(lists, 1)[1]
    assert (late.slot, late.gap_s) == (0, LONGEST_GAP_S)


def test_gap_behind_a_test_of_its_own_is_none() -> None:
    lists = make_lists("gw0: a 0-2 b 3-4", "gw1: c 0-1")

    assert (find_waits(lists, 0)[1].slot, find_waits(lists, 0)[1].gap_s) == (-1, 0.0)


@pytest.mark.parametrize("seed", range(20))
def test_every_recorded_order_can_be_kept_without_waiting_for_ever(seed: int) -> None:
    draw = random.Random(seed)
    lists: dict[int, list[Fitted]] = {}
    for slot in range(3):
        times = sorted(draw.sample(range(60), 12))
        pairs = zip(times[::2], times[1::2], strict=True)
        lists[slot] = [(n, Step("t.py::a", 0, *pair, "passed")) for n, pair in enumerate(pairs)]
    waits = [find_waits(lists, slot) for slot in range(3)]
    begun, ended = [0, 0, 0], [0, 0, 0]

    while sum(ended) < 18:
        able = [slot for slot in range(3) if ended[slot] < begun[slot]]
        for slot in range(3):
            if begun[slot] == ended[slot] < 6:
                wait = waits[slot][begun[slot]]
                is_ready = all(
                    begun[one] >= wait.begun[one] and ended[one] >= wait.ended[one]
                    for one in range(3)
                )
                able += [slot] if is_ready else []
        assert able, "each waits for another"
        slot = draw.choice(able)
        counts = ended if ended[slot] < begun[slot] else begun
        counts[slot] += 1
