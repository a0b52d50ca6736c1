"""A run predicted: the dispatcher itself, with workers that only count time.

Pure, on a clock of its own.  What a real run adds, such as starting workers, is left to the caller.
"""

import heapq
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .dispatch import Dispatcher
from .plan import Plan
from .records import Routing

ANSWER_S: Final = 0.001
"""How long a worker waits for an answer of the controller."""


@dataclass(slots=True)
class VirtualWorker:
    """A worker as xdist's: it starts a test only when it has the next one, or has been closed."""

    inbox: deque[int] = field(default_factory=deque)
    is_closed: bool = False
    is_busy: bool = False

    def can_start(self) -> bool:
        """Tell whether it starts its first test now."""
        return not self.is_busy and len(self.inbox) > (0 if self.is_closed else 1)


class VirtualCrew:
    """Workers on a clock that jumps from one end of a test to the next."""

    def __init__(self, durations_s: Sequence[float], workers: int) -> None:
        self._durations_s = durations_s
        self._workers = [VirtualWorker() for _ in range(workers)]
        self._ends: list[tuple[float, int, int]] = []
        self._given_up: list[tuple[int, list[int]]] = []
        self.now_s = 0.0

    def send(self, worker: Hashable, indices: list[int]) -> None:
        """Put tests at the end of a worker's queue."""
        self._get(worker).inbox.extend(indices)

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        """Take tests out of a worker's queue; the dispatcher is told at the next step."""
        inbox = self._get(worker).inbox
        for index in indices:
            inbox.remove(index)
        self._given_up.append((self._workers.index(self._get(worker)), indices))

    def close(self, worker: Hashable) -> None:
        """Let a worker run its last test."""
        self._get(worker).is_closed = True

    def play(self, dispatcher: Dispatcher) -> float:
        """Run all tests; return when the last one ended, in seconds from the first one's start."""
        for number in range(len(self._workers)):
            dispatcher.add(number)
        dispatcher.pump()
        self._start()
        while self._ends:
            busy = len(self._ends)
            end_s, number, index = heapq.heappop(self._ends)
            self.elapse(end_s, busy)
            worker = self._workers[number]
            worker.is_busy = False
            worker.inbox.popleft()
            dispatcher.complete(number, index, self._durations_s[index])
            while self._given_up:
                dispatcher.take_back(*self._given_up.pop())
            self._start()
        return self.now_s

    def elapse(self, end_s: float, busy: int) -> None:  # noqa: ARG002  for crews that share cores
        """Let time pass until a test ends; `busy` workers run one until then."""
        self.now_s = end_s

    def get_end(self, number: int, index: int) -> float:  # noqa: ARG002  for crews that differ
        """Return when a test ends that a worker starts now."""
        return self.now_s + ANSWER_S + self._durations_s[index]

    def _start(self) -> None:
        for number, worker in enumerate(self._workers):
            if worker.can_start():
                worker.is_busy = True
                index = worker.inbox[0]
                heapq.heappush(self._ends, (self.get_end(number, index), number, index))

    def _get(self, worker: Hashable) -> VirtualWorker:
        assert isinstance(worker, int)
        return self._workers[worker]


def simulate(
    costs_s: Sequence[float],
    routings: Sequence[Routing],
    widths: Mapping[str, int],
    workers: int,
) -> float:
    """Predict how long tests of these costs and routings take, each by itself, in seconds."""
    nodeids = [str(number) for number in range(len(costs_s))]
    return predict_makespan(Plan(nodeids, costs_s, dict(enumerate(routings)), widths), workers)


def predict_makespan(
    plan: Plan, workers: int, *, durations_s: Sequence[float] | None = None
) -> float:
    """Predict how long the tests of a plan take on so many workers, in seconds.

    `durations_s`: what the tests really take, where that differs from what the plan expects.
    """
    crew = VirtualCrew(plan.costs_s if durations_s is None else durations_s, workers)
    dispatcher = Dispatcher(plan, crew, workers=workers)
    makespan_s = crew.play(dispatcher)
    assert dispatcher.is_done(), "stalled: nothing runs and something is left"
    return makespan_s
