"""The only door to xdist's controller side: a scheduler that keeps groups on one worker.

It speaks the protocol of `xdist.scheduler.protocol.Scheduling` and takes the groups from the
workers' manifests instead of from node ids, because pytest 9.2 ignores the suffix that xdist 3.8
writes there (pytest-xdist issue 1386), and because node ids stay clean for editors that way.
Which test is in which group is decided in `lanes`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pytest
from xdist.report import report_collection_diff
from xdist.workermanage import parse_tx_spec_config

from .lanes import join_groups

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

WATERMARK: Final = 3
"""A worker with fewer tests than this gets more.

It runs its first test only when it knows a second one; with the third there is no wait for an
answer between two short tests.
"""

CAUTIOUS_CHUNK: Final = 8
"""The most tests sent at once where a failure ends the run: what is sent already still runs."""

UNSCHEDULED_DISTS: Final = ("no", "each")
"""Values of `--dist` under which nothing is distributed, so nothing can be routed."""


def keep_nodeids_clean(config: pytest.Config) -> None:
    """Tell xdist's worker side not to append `@group` to node ids under `--dist loadgroup`."""
    config.option.loadgroup = False


def find_chunk_limit(config: pytest.Config) -> int | None:
    """Return the most tests to send at once: the user's number, or few under `-x`, or no limit."""
    limit: int | None = config.getoption("maxschedchunk", None)
    if limit is None and config.getoption("maxfail", 0):
        return CAUTIOUS_CHUNK
    return limit


def get_unit_name(dist: str, nodeid: str) -> str:
    """Return the name under which an ungrouped test is sent with others: its scope, or itself."""
    if dist == "loadscope":
        return nodeid.rsplit("::", 1)[0]
    if dist == "loadfile":
        return nodeid.split("::", 1)[0]
    return ""


def build_units(
    dist: str, nodeids: Sequence[str], groups: Mapping[int, Sequence[str]]
) -> list[tuple[int, ...]]:
    """Cut a collection into units, each to be sent to one worker as a whole.

    Groups come first, the largest before the others, because one worker has to run each of them
    from end to end; then the rest in the order of the collection.
    """
    joined = join_groups(groups)
    grouped: dict[str, list[int]] = {}
    others: dict[str, list[int]] = {}
    for index, nodeid in enumerate(nodeids):
        if index in joined:
            grouped.setdefault(joined[index], []).append(index)
        else:
            name = get_unit_name(dist, nodeid) or str(index)
            others.setdefault(name, []).append(index)
    largest_first = sorted(grouped.values(), key=len, reverse=True)
    return [tuple(unit) for unit in (*largest_first, *others.values())]


class GroupScheduling:
    """Sends every test to a worker once, and all tests of one unit to the same worker.

    Every method is called by xdist's `DSession` in the controller's main thread.  A worker's
    queue holds the positions sent to it and not yet reported complete, in the order sent: it runs
    the first one as soon as it has a second one or has been told to shut down.
    """

    def __init__(
        self,
        config: pytest.Config,
        *,
        get_groups: Callable[[], Mapping[int, Sequence[str]]],
    ) -> None:
        self._config = config
        self._get_groups = get_groups
        self._expected = len(parse_tx_spec_config(config))
        self._chunk_limit = find_chunk_limit(config)
        self._queues: dict[WorkerController, deque[int]] = {}
        self._collections: dict[WorkerController, list[str]] = {}
        self._nodeids: list[str] | None = None
        self._unsent: deque[tuple[int, ...]] = deque()
        self._unit_of: dict[int, int] = {}
        self._is_collected = False

    @property
    def nodes(self) -> list["WorkerController"]:
        """All workers that are up."""
        return list(self._queues)

    @property
    def collection_is_completed(self) -> bool:
        """Whether all first workers have collected; losing one later doesn't take it back."""
        return self._is_collected

    @property
    def tests_finished(self) -> bool:
        """Whether nothing is unsent and no worker has more than the test it holds back."""
        if not self._is_collected or self._unsent:
            return False
        return all(len(queue) < 2 for queue in self._queues.values())  # noqa: PLR2004  see above

    @property
    def has_pending(self) -> bool:
        """Whether any test is unsent or not yet reported complete."""
        return bool(self._unsent) or any(self._queues.values())

    def add_node(self, node: "WorkerController") -> None:
        """Take in a worker that has come up; called before it collects."""
        self._queues[node] = deque()

    def add_node_collection(self, node: "WorkerController", collection: Sequence[str]) -> None:
        """Take in what a worker collected; a late one must have collected the same."""
        if self._nodeids is not None and list(collection) != self._nodeids:
            self._refuse_replacement(node, collection)
            return
        self._collections[node] = list(collection)
        if len(self._collections) >= self._expected:
            self._is_collected = True

    def schedule(self) -> None:
        """Start sending tests; called once all have collected, then for each late worker."""
        if self._nodeids is None:
            if not self._have_same_collection():
                return
            self._nodeids = next(iter(self._collections.values()))
            self._enqueue_all(self._nodeids)
        self._distribute()

    def mark_test_complete(
        self,
        node: "WorkerController",
        item_index: int,
        duration: float = 0,  # noqa: ARG002  part of xdist's protocol
    ) -> None:
        """Note that a worker has run a test, its teardown included, and send it more."""
        self._queues[node].remove(item_index)
        self._refill(node)

    def mark_test_pending(self, item: str) -> None:
        """Run a test again that a crash ended; pytest-rerunfailures asks for it."""
        assert self._nodeids is not None
        self._unsent.appendleft((self._nodeids.index(item),))
        self._distribute()

    def remove_pending_tests_from_node(
        self, node: "WorkerController", indices: Sequence[int]
    ) -> None:
        """Take tests back that a worker gave up unrun."""
        for index in indices:
            self._queues[node].remove(index)
        self._requeue(indices)
        self._distribute()

    def remove_node(self, node: "WorkerController") -> str | None:
        """Forget a worker that ended or crashed; return the test that it was running, if any.

        What it had not begun goes to the others.  A worker that holds its one test back for want
        of a second is running nothing, so that test is not to blame.
        """
        queue = self._queues.pop(node)
        self._collections.pop(node, None)
        if not queue:
            return None
        assert self._nodeids is not None
        was_running = len(queue) > 1 or has_been_told_to_shut_down(node)
        crashed = self._nodeids[queue.popleft()] if was_running else None
        self._requeue(queue)
        self._distribute()
        return crashed

    def _enqueue_all(self, nodeids: Sequence[str]) -> None:
        dist = self._config.getoption("dist")
        units = build_units(dist, nodeids, self._get_groups())
        self._unsent.extend(units)
        self._unit_of = {index: number for number, unit in enumerate(units) for index in unit}

    def _requeue(self, indices: Iterable[int]) -> None:
        """Put tests back in front of the unsent ones, those of one unit together."""
        units: dict[int, list[int]] = {}
        for index in indices:
            units.setdefault(self._unit_of[index], []).append(index)
        self._unsent.extendleft(tuple(unit) for unit in reversed(units.values()))

    def _distribute(self) -> None:
        """Bring every worker up to the watermark, in turns, so that none takes all."""
        for level in range(1, WATERMARK + 1):
            for node in self.nodes:
                self._refill(node, level)

    def _refill(self, node: "WorkerController", level: int = WATERMARK) -> None:
        """Send a worker tests until it has `level`, and let it finish once none are unsent."""
        if node.shutting_down or node not in self._collections:
            return
        while self._unsent and len(self._queues[node]) < level:
            self._send(node, self._take_chunk())
        if not self._unsent:
            node.shutdown()

    def _send(self, node: "WorkerController", indices: list[int]) -> None:
        self._queues[node].extend(indices)
        node.send_runtest_some(indices)

    def _take_chunk(self) -> list[int]:
        """Take one unit, or as many single tests as are a fair share of what is left."""
        limit = len(self._unsent) // (4 * len(self._queues))
        if self._chunk_limit is not None:
            limit = min(limit, self._chunk_limit)
        chunk = list(self._unsent.popleft())
        while len(chunk) < limit and len(self._unsent[0]) == 1:
            chunk.extend(self._unsent.popleft())
        return chunk

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
        diff = report_collection_diff(self._nodeids, collection, "the run", node.gateway.id)
        if not any(other in self._collections for other in self._queues):
            diff = f"{diff}\n{len(self._unsent)} units of tests were not run."
            self._unsent.clear()
        self._report_error(node, diff or "collected the tests in another order")
        node.shutdown()

    def _report_error(self, node: "WorkerController", message: str) -> None:
        report = pytest.CollectReport(
            nodeid=node.gateway.id, outcome="failed", longrepr=message, result=[]
        )
        self._config.hook.pytest_collectreport(report=report)


def has_been_told_to_shut_down(node: "WorkerController") -> bool:
    """Tell whether a worker runs its last test without waiting for another one."""
    return bool(node._shutdown_sent)  # noqa: SLF001  `shutting_down` is also true of a dead worker
