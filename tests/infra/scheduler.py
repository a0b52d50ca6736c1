"""The only door to xdist's controller side: its scheduler protocol, over our dispatcher.

It speaks the protocol of `xdist.scheduler.protocol.Scheduling`, and takes the lanes from the
workers' manifests instead of from node ids, because pytest 9.2 ignores the suffix that xdist 3.8
writes there (pytest-xdist issue 1386), and because node ids stay clean for editors that way.
Which worker gets which tests when is decided in `dispatch`.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest
from xdist.report import report_collection_diff
from xdist.workermanage import parse_tx_spec_config

from .brake import PATIENCE_S, Brake
from .dispatch import Crew, Dispatcher
from .plan import Plan
from .recorded_dispatch import RecordedDispatcher

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

CAUTIOUS_CHUNK: Final = 1
"""The most tests sent at once where a failure ends the run: what is sent already still runs."""

UNSCHEDULED_DISTS: Final = ("no", "each")
"""Values of `--dist` under which nothing is distributed, so nothing can be routed."""


def keep_nodeids_clean(config: pytest.Config) -> None:
    """Tell xdist's worker side not to append `@group` to node ids under `--dist loadgroup`."""
    config.option.loadgroup = False


def find_chunk_limit(config: pytest.Config) -> int | None:
    """Return the most tests to send at once: the user's number, or few under `-x`, or no limit."""
    limit: int | None = config.getoption("maxschedchunk", None)
    if config.getoption("maxfail", 0):
        return CAUTIOUS_CHUNK
    return limit


# Any: the dispatcher knows workers as hashable things only; here they are xdist's.
class LaneScheduling:
    """Tells the dispatcher what xdist tells, and xdist's workers what the dispatcher wants.

    Every method is called by xdist's `DSession` in the controller's main thread.
    """

    def __init__(
        self,
        config: pytest.Config,
        *,
        get_plan: Callable[[Sequence[str]], Plan],
        make_dispatcher: Callable[[Plan, Crew], RecordedDispatcher] | None = None,
    ) -> None:
        self.config = config
        """Public as in xdist's own schedulers: pytest-rerunfailures reads it after a crash."""
        self._get_plan = get_plan
        self._make_dispatcher = make_dispatcher or self._make_own
        self._expected = len(parse_tx_spec_config(config))
        self._nodes: list[WorkerController] = []
        self._collections: dict[WorkerController, list[str]] = {}
        self._nodeids: list[str] | None = None
        self._dispatcher: Dispatcher | RecordedDispatcher | None = None
        # Any: xdist's `DSession`, which says in `shuttingdown` that it wants the run to end.
        self._session: Any = config.pluginmanager.getplugin("dsession")
        self._is_collected = False
        self._begun: dict[WorkerController, float] = {}
        self._brake = Brake(workers=self._expected) if config.getoption("maxfail", 0) else None
        self._late: list[tuple[WorkerController, int, float]] = []
        """Completed tests that the dispatcher has not been told of, because the brake is on."""
        self._alarm: threading.Timer | None = None

    @property
    def nodes(self) -> list["WorkerController"]:
        """All workers that may be told to end.

        `DSession` reads this to end all at once when a failure ends the run; those whose last test
        must not run yet are left out, and told so as soon as it may.
        """
        if self._dispatcher is None:
            return list(self._nodes)
        known = self._dispatcher.find_closable()
        return [node for node in self._nodes if node in known or node not in self._collections]

    @property
    def collection_is_completed(self) -> bool:
        """Whether all first workers have collected; losing one later doesn't take it back."""
        return self._is_collected

    @property
    def tests_finished(self) -> bool:
        """Whether nothing is unsent, and all workers that have work end by themselves."""
        if self._dispatcher is None:
            return self._is_collected
        return self._dispatcher.is_done()

    @property
    def has_pending(self) -> bool:
        """Whether any test is unsent or not yet reported complete."""
        return self._dispatcher is not None and self._dispatcher.has_pending()

    def get_running(self) -> list[tuple[str, int, float]]:
        """Return worker, test and `time.monotonic()` of its begin, for each worker that is busy."""
        if self._dispatcher is None:
            return []
        running: dict[Any, int] = dict(self._dispatcher.get_running())
        return [
            (node.gateway.id, index, self._begun.get(node, 0.0)) for node, index in running.items()
        ]

    def count_left(self) -> int:
        """Count the tests that have not been reported complete."""
        return self._dispatcher.count_left() if self._dispatcher else 0

    def add_node(self, node: "WorkerController") -> None:
        """Take in a worker that has come up; called before it collects."""
        self._nodes.append(node)

    def add_node_collection(self, node: "WorkerController", collection: Sequence[str]) -> None:
        """Take in what a worker collected; a late one must have collected the same."""
        if self._nodeids is not None and list(collection) != self._nodeids:
            self._refuse_replacement(node, collection)
            return
        self._collections[node] = list(collection)
        if self._dispatcher is not None:
            self._dispatcher.add(node)
        if len(self._collections) >= self._expected:
            self._is_collected = True

    def schedule(self) -> None:
        """Start sending tests; called once all have collected, then for each late worker."""
        if self._dispatcher is None:
            if not self._have_same_collection():
                return
            self._nodeids = next(iter(self._collections.values()))
            self._dispatcher = self._make_dispatcher(self._get_plan(self._nodeids), self)
            for node in self._collections:
                self._dispatcher.add(node)
        self._notice_shutdowns()
        self._dispatcher.pump()

    def mark_test_complete(
        self, node: "WorkerController", item_index: int, duration: float = 0
    ) -> None:
        """Note that a worker has run a test, its teardown included, and send it more."""
        assert self._dispatcher is not None
        self._begun[node] = time.monotonic()
        if self._session.shuttingdown:
            self._notice_shutdowns()
        if self._brake is None:
            self._dispatcher.complete(node, item_index, duration)
            return
        self._brake.note(node)
        self._late.append((node, item_index, duration))
        laggard = self._brake.find_laggard(self._dispatcher.get_running())
        if laggard is None or self._session.shuttingdown:
            self._catch_up()
        elif self._alarm is None:
            self._set_alarm(laggard)

    def mark_test_pending(self, item: str) -> None:
        """Run a test again that a crash ended; pytest-rerunfailures asks for it."""
        assert self._dispatcher is not None
        assert self._nodeids is not None
        self._dispatcher.run_again(self._nodeids.index(item))

    def remove_pending_tests_from_node(
        self, node: "WorkerController", indices: Sequence[int]
    ) -> None:
        """Take tests back that a worker gave up unrun; none, if it had begun one of them."""
        assert self._dispatcher is not None
        self._catch_up()
        self._dispatcher.take_back(node, indices)

    def remove_node(self, node: "WorkerController") -> str | None:
        """Forget a worker that ended or crashed; return the test that it was running, if any.

        What it had not begun goes to the others.  A worker that holds its one test back for want
        of a second is running nothing, so that test is not to blame.
        """
        if node not in self._nodes:
            # It came up while the run was being ended, so nobody told us of it.
            raise KeyError(node)
        self._nodes.remove(node)
        if node not in self._collections or self._dispatcher is None:
            self._collections.pop(node, None)
            return None
        self._catch_up()
        del self._collections[node]
        crashed = self._dispatcher.remove(node)
        assert self._nodeids is not None
        return None if crashed is None else self._nodeids[crashed]

    # --- what the dispatcher calls -------------------------------------------------------------

    def send(self, worker: Hashable, indices: list[int]) -> None:
        """Send tests to a worker; one that died a moment ago is reported to us soon."""
        node: Any = worker
        self._begun.setdefault(node, time.monotonic())
        with contextlib.suppress(OSError):
            node.send_runtest_some(indices)

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        """Ask a worker for tests back."""
        node: Any = worker
        with contextlib.suppress(OSError):
            node.send_steal(indices)

    def close(self, worker: Hashable) -> None:
        """Let a worker run what it has, and end."""
        node: Any = worker
        node.shutdown()

    def _make_own(self, plan: Plan, crew: Crew) -> Dispatcher:
        limit = find_chunk_limit(self.config)
        return Dispatcher(plan, crew, workers=self._expected, chunk_limit=limit)

    def _catch_up(self) -> None:
        """Take the brake off: tell the dispatcher what it was not told.

        First of all that workers were told to end: what it sends them then, nobody would run.
        """
        assert self._dispatcher is not None
        self._notice_shutdowns()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        late, self._late = self._late, []
        for node, index, duration in late:
            self._dispatcher.complete(node, index, duration)

    def _set_alarm(self, laggard: Hashable) -> None:
        """Let xdist's loop, which knows no time, come back to us when a test takes long.

        The event is xdist's answer to a request for tests, with none in it.
        """
        node: Any = laggard
        assert self._brake is not None

        def ring(brake: Brake = self._brake) -> None:
            brake.excuse(laggard)
            node.notify_inproc("unscheduled", node=node, indices=[])

        self._alarm = threading.Timer(PATIENCE_S, ring)
        self._alarm.daemon = True
        self._alarm.start()

    def _notice_shutdowns(self) -> None:
        """Learn of workers that `DSession` told to end, and of its wish to end them all."""
        assert self._dispatcher is not None
        for node in self._collections:
            if has_been_told_to_shut_down(node):
                self._dispatcher.note_closed(node)
        self._dispatcher.is_stopping = self._session.shuttingdown

    def _have_same_collection(self) -> bool:
        """Compare all workers' collections; report each that differs as a collection error."""
        (first, expected), *others = self._collections.items()
        diffs = [
            (node, report_collection_diff(expected, found, first.gateway.id, node.gateway.id))
            for node, found in others
        ]
        for node, diff in diffs:
            if diff:
                self._report_error(node, diff)
        return not any(diff for _, diff in diffs)

    def _refuse_replacement(self, node: "WorkerController", collection: Sequence[str]) -> None:
        """Send a worker home that collected other tests than the one it replaces.

        If it was the last one, what is left can't run: the run then fails, saying so.
        """
        assert self._nodeids is not None
        assert self._dispatcher is not None
        diff = report_collection_diff(self._nodeids, collection, "the run", node.gateway.id)
        if not self._collections:
            diff = f"{diff}\n{self._dispatcher.give_up()} tests were not run."
        self._report_error(node, diff or "collected the tests in another order")
        node.shutdown()

    def _report_error(self, node: "WorkerController", message: str) -> None:
        report = pytest.CollectReport(
            nodeid=node.gateway.id, outcome="failed", longrepr=message, result=[]
        )
        self.config.hook.pytest_collectreport(report=report)


def has_been_told_to_shut_down(node: "WorkerController") -> bool:
    """Tell whether a worker runs its last test without waiting for another one."""
    return bool(node._shutdown_sent)  # noqa: SLF001  `shutting_down` is also true of a dead worker
