"""The dispatcher with workers whose messages take their time; every start of a test is checked."""

import random
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace

import pytest

from tests.infra.dispatch import Dispatcher
from tests.infra.plan import Plan
from tests.infra.records import Routing
from tests.test_infra.crew import RandomCrew

DISTS = ("load", "worksteal", "loadgroup", "loadscope", "loadfile")


def make_plan(seed: int, tests: int, dist: str = "load") -> Plan:
    """Random tests: exclusive ones, lanes of width 1 to 3, tests in two of them, groups."""
    chooser = random.Random(seed)
    routings: dict[int, Routing] = {}
    for index in range(tests):
        lanes = [lane for lane in ("a", "b", "c") if chooser.random() < 0.2]
        groups = [group for group in ("g", "h", "i") if chooser.random() < 0.08]
        is_exclusive = chooser.random() < 0.1
        if lanes or groups or is_exclusive:
            routings[index] = Routing(tuple(lanes), tuple(groups), is_exclusive)
    return Plan(
        nodeids=[f"t{chooser.randrange(4)}.py::test_{index}" for index in range(tests)],
        costs_s=[chooser.choice((0.001, 0.01, 0.3)) for _ in range(tests)],
        routings=routings,
        widths={"a": 1, "b": 2, "c": 3},
        failed={index for index in range(tests) if chooser.random() < 0.05},
        dist=dist,
    )


@pytest.mark.parametrize("dist", DISTS)
@pytest.mark.parametrize("seed", range(20))
def test_lanes_hold_and_every_test_runs_once(dist: str, seed: int) -> None:
    crew = RandomCrew(make_plan(seed, seed, dist), workers=1 + seed % 8, seed=seed)

    crew.play()

    assert crew.count_runs() == Counter(range(seed))
    assert not crew.find_spread_groups()


@pytest.mark.parametrize("dist", DISTS)
@pytest.mark.parametrize("seed", range(20))
def test_crashes_lose_nothing_and_break_no_lane(dist: str, seed: int) -> None:
    crew = RandomCrew(make_plan(seed, 40, dist), workers=1 + seed % 8, seed=seed, crashes=4)

    crew.play()

    assert crew.count_runs() == Counter(range(40))
    assert crew.find_spread_groups() <= crew.moved_groups


@pytest.mark.parametrize("seed", range(50))
def test_test_that_runs_again_after_a_crash_breaks_no_lane(seed: int) -> None:
    plan = make_plan(seed, 40)
    crew = RandomCrew(plan, workers=2 + seed % 4, seed=seed, crashes=6, again=6)

    crew.play()

    assert crew.count_runs() == Counter(range(40))


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("chunk", [None, 1])
def test_run_that_is_ended_breaks_no_lane(seed: int, chunk: int | None) -> None:
    plan = make_plan(seed, 60)
    crew = RandomCrew(plan, workers=1 + seed % 6, seed=seed, stops=True, chunk=chunk)

    crew.play()

    assert crew.is_stopped or crew.count_runs() == Counter(range(60))


# --- one thing at a time, with workers that do nothing by themselves ---------------------------

ALONE = Routing(is_exclusive=True)


class Notebook:
    """Writes down what the dispatcher asks for."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.sent: dict[Hashable, list[int]] = {name: [] for name in range(workers)}
        self.stolen: list[tuple[Hashable, list[int]]] = []
        self.closed: list[Hashable] = []
        self.dispatcher = Dispatcher(plan, self, workers=workers)
        for name in self.sent:
            self.dispatcher.add(name)
        self.dispatcher.pump()

    def send(self, worker: Hashable, indices: list[int]) -> None:
        self.sent[worker] += indices

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        self.stolen.append((worker, indices))

    def close(self, worker: Hashable) -> None:
        self.closed.append(worker)

    def complete(self, worker: Hashable, *indices: int, duration_s: float = 0.01) -> None:
        for index in indices:
            self.dispatcher.complete(worker, index, duration_s)


def make_simple(tests: int, routings: dict[int, Routing] | None = None) -> Plan:
    return Plan(
        [f"t{index}.py::test" for index in range(tests)],
        [1.0 + index / 1000 for index in range(tests)],
        routings or {},
        {"a": 1, "b": 1},
    )


def test_exclusive_tests_come_first_and_the_others_wait() -> None:
    book = Notebook(make_simple(10, {3: ALONE, 7: ALONE}), workers=3)
    (lone,) = [name for name, sent in book.sent.items() if sent]
    assert book.sent[lone][:2] == [7, 3]
    assert len(book.sent[lone]) == 3
    assert not book.dispatcher.is_done()

    book.complete(lone, 7)
    assert sum(map(bool, book.sent.values())) == 1
    book.complete(lone, 3)

    assert all(book.sent.values())


def test_only_exclusive_tests_end_before_anybody_else_is_told_to() -> None:
    book = Notebook(make_simple(2, {0: ALONE, 1: ALONE}), workers=2)
    (lone,) = book.closed
    assert not book.dispatcher.is_done()

    book.complete(lone, 1, 0)

    assert sorted(book.closed, key=str) == [0, 1]
    assert book.dispatcher.is_done()


def test_exclusive_test_that_runs_again_waits_until_nothing_runs() -> None:
    book = Notebook(make_simple(30, {3: ALONE}), workers=3)
    (lone,) = [name for name, sent in book.sent.items() if sent]
    assert book.dispatcher.remove(lone) == 3
    before = {name: list(sent) for name, sent in book.sent.items() if name != lone}

    book.dispatcher.run_again(3)

    for name, sent in before.items():
        assert book.sent[name] == sent, "it was sent while something ran"
        book.complete(name, *sent[:-1])
    assert sum(3 in book.sent[name] for name in before) == 1


def test_last_open_worker_stays_while_another_keeps_its_work_from_it() -> None:
    in_lane = Routing(("a",))
    book = Notebook(make_simple(8, {0: in_lane, 1: in_lane}), workers=2)
    closing = next(name for name, sent in book.sent.items() if 0 in sent)
    last = 1 - int(str(closing))
    book.dispatcher.note_closed(closing)
    book.dispatcher.run_again(0)

    done = 0
    while len(book.sent[last]) > done + 1:
        book.complete(last, book.sent[last][done], duration_s=1.0)
        done += 1

    assert last not in book.closed
    assert 0 not in book.sent[last]
    book.complete(closing, *book.sent[closing])
    assert 0 in book.sent[last]


def test_group_is_not_torn_apart_by_an_idle_worker() -> None:
    group = Routing(groups=("g",))
    book = Notebook(make_simple(40, dict.fromkeys(range(38), group)), workers=2)
    owner, idle = sorted(book.sent, key=lambda name: -len(book.sent[name]))
    assert len(book.sent[owner]) >= 38

    book.complete(idle, *book.sent[idle][:-1])

    assert not book.stolen
    assert idle in book.closed


def test_idle_worker_takes_half_of_what_another_has_not_begun() -> None:
    nodeids = [f"t{index % 2}.py::test_{index}" for index in range(40)]
    book = Notebook(Plan(nodeids, [0.001] * 40), workers=2)
    slow, quick = 0, 1
    while not book.stolen:
        book.complete(quick, book.sent[quick][0], duration_s=0.001)
        del book.sent[quick][0]

    ((victim, loot),) = book.stolen
    assert victim == slow
    assert loot == book.sent[slow][-len(loot) :]
    assert loot[0] not in book.sent[slow][:2]
    book.dispatcher.take_back(slow, loot)
    assert set(loot) & set(book.sent[quick])


def test_idle_worker_leaves_what_it_may_not_run() -> None:
    lane = Routing(("a",))
    book = Notebook(make_simple(40, dict.fromkeys(range(38), lane)), workers=2)
    owner, idle = sorted(book.sent, key=lambda name: 38 not in book.sent[name])[::-1]

    book.complete(idle, *book.sent[idle][:-1])

    assert not book.stolen
    assert 0 <= len(book.sent[owner]) <= 38


def test_lane_that_becomes_free_wakes_those_who_wait() -> None:
    """The other worker has nothing but tests of the lane that the first one is in."""
    both, first = Routing(("a", "b")), Routing(("a",))
    plan = make_simple(4, {0: first, 1: both, 2: Routing(("b",)), 3: first})
    book = Notebook(plan, workers=2)
    done: set[int] = set()
    for _ in range(8):
        for name, sent in book.sent.items():
            ready = sent if name in book.closed else sent[:-1]
            for index in [index for index in ready if index not in done][:1]:
                done.add(index)
                book.complete(name, index)

    assert done == {0, 1, 2, 3}


@pytest.mark.parametrize("seed", range(12))
def test_tests_that_take_no_time_at_all_are_sent_like_others(seed: int) -> None:
    chooser = random.Random(seed)
    plan = replace(
        make_plan(seed, 30), costs_s=[chooser.choice((0.0, 0.1, 0.2, 0.7)) for _ in range(30)]
    )
    crew = RandomCrew(plan, workers=2, seed=seed, crashes=4)

    crew.play()

    assert crew.count_runs() == Counter(range(30))
