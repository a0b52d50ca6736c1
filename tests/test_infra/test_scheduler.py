"""The scheduler against workers that behave as xdist's do, crashes included, in one process."""

import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import xdist.remote
import xdist.workermanage

from tests.infra import scheduler
from tests.infra.scheduler import GroupScheduling, build_units


class FakeGateway:
    def __init__(self, name: str) -> None:
        self.id = name


class FakeNode:
    """What the scheduler sees of a worker, and how the worker on the other side behaves."""

    def __init__(self, name: str) -> None:
        self.gateway = FakeGateway(name)
        self.inbox: deque[int] = deque()
        self.sent: list[list[int]] = []
        self.done: list[int] = []
        self.is_down = False
        self._shutdown_sent = False

    @property
    def shutting_down(self) -> bool:
        return self.is_down or self._shutdown_sent

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        assert indices
        assert not self._shutdown_sent
        self.sent.append(list(indices))
        self.inbox.extend(indices)

    def shutdown(self) -> None:
        self._shutdown_sent = True

    def can_run(self) -> bool:
        return len(self.inbox) > 1 or (bool(self.inbox) and self._shutdown_sent)


class FakeConfig:
    """As much of a configuration as the scheduler and xdist's own parser of `--tx` ask for."""

    def __init__(self, workers: int, **options: object) -> None:
        self.options = {"dist": "load", "tx": ["popen"] * workers} | options
        self.collect_reports: list[Any] = []
        self.hook = self

    def getoption(self, name: str, default: object = None) -> object:
        return self.options.get(name, default)

    def getvalue(self, name: str) -> object:
        return self.options[name]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.collect_reports.append(report)


class Run:
    """Plays xdist's `DSession`: events to the scheduler, shutdown when tests are finished."""

    def __init__(
        self,
        workers: int,
        tests: int,
        groups: Mapping[int, Sequence[str]] | None = None,
        **options: Any,
    ) -> None:
        self.config = FakeConfig(workers, **options)
        self.nodeids = [f"t{index % 3}.py::test_{index}" for index in range(tests)]
        config: Any = self.config
        self.sched: Any = GroupScheduling(config, get_groups=lambda: groups or {})
        self.nodes: list[FakeNode] = []
        self.all_nodes: list[FakeNode] = []
        self.crashed: list[str] = []
        for _ in range(workers):
            self.add_node()

    def add_node(self, nodeids: Sequence[str] | None = None) -> FakeNode:
        node = FakeNode(f"gw{len(self.all_nodes)}")
        self.nodes.append(node)
        self.all_nodes.append(node)
        self.sched.add_node(node)
        self.sched.add_node_collection(node, nodeids or self.nodeids)
        if self.sched.collection_is_completed:
            self.sched.schedule()
        self.check_finished()
        return node

    def check_finished(self) -> None:
        if self.sched.tests_finished:
            for node in self.sched.nodes:
                node.shutdown()

    def step(self, node: FakeNode) -> None:
        index = node.inbox.popleft()
        node.done.append(index)
        self.sched.mark_test_complete(node, index)
        self.check_finished()

    def crash(self, node: FakeNode) -> None:
        """The worker dies in the test that it is running, if it is running one."""
        self.nodes.remove(node)
        running = node.inbox[0] if node.can_run() else None
        node.is_down = True
        crashed = self.sched.remove_node(node)
        assert crashed == (None if running is None else self.nodeids[running])
        if crashed is not None:
            self.crashed.append(crashed)
        self.check_finished()
        self.add_node()

    def play(self, chooser: random.Random, crashes: int = 0) -> None:
        """Let workers run in any order until all have gone home."""
        while runnable := [node for node in self.nodes if node.can_run()]:
            node = chooser.choice(runnable)
            if crashes and chooser.random() < 0.1:
                crashes -= 1
                self.crash(node)
            else:
                self.step(node)
        assert self.sched.tests_finished, "stalled: nothing runs and something is left"
        assert all(node.shutting_down and not node.inbox for node in self.nodes)
        for node in self.nodes:
            assert self.sched.remove_node(node) is None

    def count_runs(self) -> Counter[int]:
        done = Counter(index for node in self.all_nodes for index in node.done)
        done.update(self.nodeids.index(nodeid) for nodeid in self.crashed)
        return done

    def get_workers_of(self, indices: Sequence[int]) -> set[str]:
        wanted = set(indices)
        return {node.gateway.id for node in self.all_nodes if wanted & set(node.done)}


GROUPS = {0: ("slow",), 5: ("slow",), 9: ("slow", "db"), 11: ("db",), 20: ("net",), 21: ("net",)}
"""`slow` and `db` are tied together by test 9."""


@pytest.mark.parametrize("dist", ["load", "worksteal", "loadgroup", "loadscope", "loadfile"])
@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("seed", range(5))
def test_every_test_runs_once_and_every_group_on_one_worker(
    dist: str, workers: int, seed: int
) -> None:
    run = Run(workers, 40, GROUPS, dist=dist)

    run.play(random.Random(seed))

    assert run.count_runs() == Counter(range(40))
    assert len(run.get_workers_of([0, 5, 9, 11])) == 1
    assert len(run.get_workers_of([20, 21])) == 1


@pytest.mark.parametrize("seed", range(60))
def test_crashes_lose_no_test_and_hang_nothing(seed: int) -> None:
    chooser = random.Random(seed)
    run = Run(chooser.randint(1, 5), chooser.randint(0, 30), {0: ("slow",), 3: ("slow",)})

    run.play(chooser, crashes=4)

    assert run.count_runs() == Counter(range(len(run.nodeids)))


@pytest.mark.parametrize("tests", range(12))
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_small_suites_finish(workers: int, tests: int) -> None:
    run = Run(workers, tests)

    run.play(random.Random(0))

    assert run.count_runs() == Counter(range(tests))


@pytest.mark.parametrize("dist", ["loadscope", "loadfile"])
def test_scope_of_the_user_is_kept_together(dist: str) -> None:
    run = Run(3, 30, dist=dist)

    run.play(random.Random(1))

    for file in range(3):
        indices = [index for index in range(30) if index % 3 == file]
        assert len(run.get_workers_of(indices)) == 1


def test_work_is_spread_at_the_start() -> None:
    run = Run(4, 8)

    assert [len(node.inbox) for node in run.nodes] == [2, 2, 2, 2]


def test_worker_runs_its_last_test_without_waiting_for_the_others() -> None:
    run = Run(2, 40, dict.fromkeys(range(39), ("slow",)))

    _, idle = run.nodes

    assert len(idle.inbox) == 1
    assert idle.can_run()


def test_groups_come_first_the_largest_before_the_others() -> None:
    units = build_units("load", [f"t.py::{n}" for n in range(6)], {1: ("a",), 3: ("b",), 4: ("b",)})

    assert units == [(3, 4), (1,), (0,), (2,), (5,)]


@pytest.mark.parametrize(
    ("options", "largest"),
    [
        ({}, 125),
        ({"maxfail": 1}, scheduler.CAUTIOUS_CHUNK),
        ({"maxschedchunk": 3}, 3),
        ({"maxschedchunk": 50, "maxfail": 1}, 50),
    ],
    ids=str,
)
def test_largest_chunk(options: dict[str, Any], largest: int) -> None:
    run = Run(2, 1000, **options)

    run.play(random.Random(2))

    assert max(len(chunk) for node in run.nodes for chunk in node.sent) == largest


def test_few_messages_are_sent() -> None:
    run = Run(4, 10_000)

    run.play(random.Random(3))

    assert sum(len(node.sent) for node in run.nodes) < 150


def test_worker_that_holds_back_its_only_test_is_not_blamed() -> None:
    run = Run(2, 40, dict.fromkeys(range(39), ("slow",)))
    slow, idle = run.nodes
    assert len(idle.inbox) == 1
    idle._shutdown_sent = False

    assert run.sched.remove_node(idle) is None
    assert run.sched.has_pending
    assert len(slow.inbox) == 39


def test_different_collections_are_reported_and_run_nothing() -> None:
    run = Run(2, 0)
    run.sched = GroupScheduling(run.config, get_groups=dict)  # type: ignore[arg-type]  # a fake
    for name, nodeids in (("gw0", ["a", "b"]), ("gw1", ["a", "c"])):
        node: Any = FakeNode(name)
        run.sched.add_node(node)
        run.sched.add_node_collection(node, nodeids)

    run.sched.schedule()

    assert run.sched.tests_finished
    (report,) = run.config.collect_reports
    assert report.outcome == "failed"
    assert "gw1" in str(report.longrepr)


def test_replacement_with_another_collection_is_sent_home() -> None:
    run = Run(2, 40)
    run.sched.remove_node(run.nodes.pop())

    stranger = run.add_node(["something", "else"])

    assert stranger.shutting_down
    assert not stranger.sent
    assert len(run.config.collect_reports) == 1


def test_last_replacement_with_another_collection_ends_the_run() -> None:
    run = Run(1, 40)
    run.sched.remove_node(run.nodes.pop())

    run.add_node(["something", "else"])

    assert run.sched.tests_finished
    assert "units of tests were not run" in str(run.config.collect_reports[0].longrepr)


def test_test_marked_pending_runs_again() -> None:
    run = Run(1, 3)
    run.step(run.nodes[0])
    run.nodes[0]._shutdown_sent = False

    run.sched.mark_test_pending(run.nodeids[0])
    run.play(random.Random(0))

    assert run.count_runs()[0] == 2


def test_tests_given_back_go_elsewhere() -> None:
    run = Run(2, 200)
    node, other = run.nodes
    given_back = list(node.inbox)[1:]
    for index in given_back:
        node.inbox.remove(index)

    run.sched.remove_pending_tests_from_node(node, given_back)
    run.play(random.Random(0))

    assert run.count_runs() == Counter(range(200))
    assert other.done


def test_private_names_of_xdist_are_still_there() -> None:
    """The canary: if xdist renames them, this says so before users meet it."""
    assert "_shutdown_sent" in vars(
        xdist.workermanage.WorkerController.__init__
    ) or "_shutdown_sent" in (xdist.workermanage.WorkerController.__init__.__code__.co_names)
    worker_names = xdist.remote.WorkerInteractor.pytest_collection_modifyitems.__code__
    assert "loadgroup" in worker_names.co_consts
