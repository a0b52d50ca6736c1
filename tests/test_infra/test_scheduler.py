"""The scheduler against workers that behave as xdist's do, crashes included, in one process."""

import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import xdist.dsession
import xdist.remote
import xdist.workermanage

from tests.infra.plan import Plan
from tests.infra.records import Routing
from tests.infra.scheduler import LaneScheduling


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
        self.asked: list[list[int]] = []
        self.woken: list[tuple[str, list[int]]] = []
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

    def send_steal(self, indices: Sequence[int]) -> None:
        self.asked.append(list(indices))

    def notify_inproc(self, name: str, **arguments: Any) -> None:
        self.woken.append((name, arguments["indices"]))

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
        self.session = SimpleNamespace(shuttingdown=False)
        self.pluginmanager = SimpleNamespace(getplugin=lambda _name: self.session)

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
        routings: Mapping[int, Routing] | None = None,
        **options: Any,
    ) -> None:
        self.config = FakeConfig(workers, **options)
        self.nodeids = [f"t{index % 3}.py::test_{index}" for index in range(tests)]
        config: Any = self.config
        self.sched: Any = LaneScheduling(
            config,
            get_plan=lambda nodeids: Plan(
                nodeids,
                [0.01] * len(nodeids),
                routings or {},
                {"slow": 1},
                dist=config.options["dist"],
            ),
        )
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
            self.config.session.shuttingdown = True
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


SLOW = Routing(lanes=("slow",))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("tests", [0, 1, 2, 3, 11, 40])
def test_every_test_runs_once(workers: int, tests: int) -> None:
    run = Run(workers, tests, dict.fromkeys(range(0, tests, 3), SLOW))

    run.play(random.Random(tests))

    assert run.count_runs() == Counter(range(tests))


@pytest.mark.parametrize("seed", range(30))
def test_crashes_lose_no_test_and_hang_nothing(seed: int) -> None:
    chooser = random.Random(seed)
    run = Run(chooser.randint(1, 5), chooser.randint(0, 30), {0: SLOW, 3: SLOW})

    run.play(chooser, crashes=4)

    assert run.count_runs() == Counter(range(len(run.nodeids)))


def test_work_is_spread_at_the_start() -> None:
    run = Run(4, 8)

    assert [len(node.inbox) for node in run.nodes] == [2, 2, 2, 2]


def test_worker_without_a_second_test_runs_its_only_one() -> None:
    run = Run(4, 5)

    assert sorted(len(node.inbox) for node in run.nodes) == [1, 1, 1, 2]
    assert all(node.can_run() for node in run.nodes)


def test_few_messages_are_sent() -> None:
    run = Run(4, 10_000)

    run.play(random.Random(3))

    assert sum(len(node.sent) for node in run.nodes) < 200


@pytest.mark.parametrize(("options", "largest"), [({"maxschedchunk": 3}, 3), ({"maxfail": 1}, 2)])
def test_largest_message(options: dict[str, Any], largest: int) -> None:
    run = Run(2, 1000, **options)

    run.play(random.Random(2))

    assert max(len(chunk) for node in run.nodes for chunk in node.sent) == largest


def test_nobody_runs_ahead_of_a_test_that_may_end_the_run() -> None:
    run = Run(2, 1000, maxfail=1)
    stuck, quick = run.nodes

    while quick.can_run():
        run.step(quick)

    assert len(quick.done) <= 4
    run.step(stuck)
    assert quick.can_run()
    run.sched.remove_node(stuck)


def test_brake_comes_off_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.infra.scheduler.PATIENCE_S", 0.0)
    run = Run(2, 1000, maxfail=1)
    stuck, quick = run.nodes
    while quick.can_run():
        run.step(quick)
    run.sched._alarm.join()
    assert stuck.woken == [("unscheduled", [])]

    run.sched.remove_pending_tests_from_node(stuck, [])

    assert quick.can_run()


def run_until_braked() -> tuple[Run, FakeNode, FakeNode]:
    """Play a run that a failure ends, while one worker waits for the other's test."""
    run = Run(2, 1000, maxfail=1)
    stuck, quick = run.nodes
    while quick.can_run():
        run.step(quick)
    run.config.session.shuttingdown = True
    for node in run.sched.nodes:
        node.shutdown()
    return run, stuck, quick


@pytest.mark.parametrize("is_crash", [False, True], ids=["answer", "crash"])
def test_run_that_a_failure_ends_sends_nothing_more(is_crash: bool) -> None:
    """What the brake kept from the dispatcher must not be told before the run's end is."""
    run, stuck, quick = run_until_braked()

    # `send_runtest_some` refuses what comes after the end.
    if is_crash:
        assert run.sched.remove_node(stuck) == run.nodeids[stuck.inbox[0]]
    else:
        run.sched.remove_pending_tests_from_node(stuck, [])

    while quick.can_run():
        run.step(quick)
    assert run.sched.remove_node(quick) is None


def test_crash_in_a_test_that_the_end_of_the_run_let_go_is_told() -> None:
    run, _, quick = run_until_braked()
    (running,) = quick.inbox

    assert run.sched.remove_node(quick) == run.nodeids[running]


def test_worker_that_holds_back_its_only_test_is_not_blamed() -> None:
    run = Run(2, 40, dict.fromkeys(range(40), SLOW))
    busy, idle = sorted(run.nodes, key=FakeNode.can_run, reverse=True)
    run.sched.send(idle, [39])
    idle.inbox.clear()

    assert run.sched.remove_node(idle) is None
    assert busy.can_run()


def test_different_collections_are_reported_and_run_nothing() -> None:
    run = Run(2, 0)
    config: Any = run.config
    sched: Any = LaneScheduling(config, get_plan=lambda nodeids: Plan(nodeids, []))
    for name, nodeids in (("gw0", ["a", "b"]), ("gw1", ["a", "c"])):
        node: Any = FakeNode(name)
        sched.add_node(node)
        sched.add_node_collection(node, nodeids)

    sched.schedule()

    assert sched.tests_finished
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
    assert "tests were not run" in str(run.config.collect_reports[0].longrepr)


def test_worker_that_came_up_while_the_run_was_ended_is_unknown() -> None:
    """`DSession` sends it home without telling us, and expects this when it dies."""
    stranger: Any = FakeNode("gw9")

    with pytest.raises(KeyError):
        Run(1, 3).sched.remove_node(stranger)


def test_worker_whose_last_test_would_break_a_lane_is_ended_later() -> None:
    run = Run(2, 40, dict.fromkeys(range(10), SLOW))
    busy = next(node for node in run.nodes if 0 in node.inbox)
    other = next(node for node in run.nodes if node is not busy)
    run.sched._dispatcher._desks.refit(run.sched._dispatcher._desks[other], [9])
    run.sched._dispatcher._desks[other].has_place = False

    assert run.sched.nodes == [busy]


def test_test_marked_pending_runs_again() -> None:
    run = Run(1, 30)
    run.step(run.nodes[0])
    done = run.nodes[0].done[0]

    run.sched.mark_test_pending(run.nodeids[done])
    run.play(random.Random(0))

    assert run.count_runs()[done] == 2


def test_tests_given_back_go_elsewhere() -> None:
    run = Run(2, 200)
    node, other = run.nodes
    given_back = list(node.inbox)[2:]
    for index in given_back:
        node.inbox.remove(index)

    run.sched.remove_pending_tests_from_node(node, given_back)
    run.play(random.Random(0))

    assert run.count_runs() == Counter(range(200))
    assert other.done


def test_dead_worker_that_is_not_reported_yet_breaks_nothing() -> None:
    run = Run(2, 40)
    node: Any = run.nodes[0]

    def fail(_indices: Sequence[int]) -> None:
        raise OSError("cannot send (already closed?)")

    node.send_runtest_some = node.send_steal = fail

    run.sched.send(node, [1])
    run.sched.steal(node, [1])


def test_private_names_of_xdist_are_still_there() -> None:
    """The canary: if xdist renames them, this says so before users meet it."""
    assert "_shutdown_sent" in xdist.workermanage.WorkerController.__init__.__code__.co_names
    worker_names = xdist.remote.WorkerInteractor.pytest_collection_modifyitems.__code__
    assert "loadgroup" in worker_names.co_consts
    session_names = xdist.dsession.DSession.triggershutdown.__code__.co_names
    assert {"shuttingdown", "nodes", "shutdown"} <= set(session_names)
    assert "worker_unscheduled" in vars(xdist.dsession.DSession)
