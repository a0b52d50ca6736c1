"""Workers that behave as xdist's do, with messages that take their time, and that may crash.

A worker's loop is that of `xdist.remote.WorkerInteractor`; see `run_one_test` and `steal` there.
Every start of a test is checked against what runs elsewhere at that moment.
"""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Hashable

from tests.infra.dispatch import Dispatcher
from tests.infra.plan import Plan, find_groups
from tests.infra.records import ANYWHERE

SHUTDOWN = -1


class Worker:
    def __init__(self) -> None:
        self.commands: deque[tuple[str, list[int]]] = deque()
        self.events: deque[tuple[str, list[int]]] = deque()
        self.queue: deque[int] = deque()
        self.next: int | None = None
        self.current: int | None = None
        self.is_alive = True
        self.has_crashed = False
        self.pace = 1
        self.done: list[int] = []

    def receive(self) -> None:
        name, indices = self.commands.popleft()
        if name == "steal":
            stolen = indices if set(indices) <= set(self.queue) else []
            self.queue = deque(index for index in self.queue if index not in stolen)
            self.events.append(("unscheduled", stolen))
        else:
            self.queue.extend(indices)

    def can_move(self) -> bool:
        return self.is_alive and (self.current is not None or bool(self.queue))

    def is_lively(self) -> bool:
        return bool(self.events) or self.can_move() or (self.is_alive and bool(self.commands))

    def move(self) -> int | None:
        """Take one step; return the test that it started, if that was the step."""
        if self.current is not None:
            self.done.append(self.current)
            self.events.append(("complete", [self.current]))
            self.current = None
        elif self.next is None:
            self.next = self.queue.popleft()
        else:
            self.current, self.next = self.next, self.queue.popleft()
            return self.current
        if self.next == SHUTDOWN:
            self.end()
        return None

    def end(self) -> None:
        self.is_alive = False
        self.events.append(("gone", []))


class RandomCrew:
    """Lets things happen in a random order until all workers have gone home."""

    def __init__(  # noqa: PLR0913  each is one thing that may happen
        self,
        plan: Plan,
        workers: int,
        seed: int,
        *,
        crashes: int = 0,
        chunk: int | None = None,
        again: int = 0,
        stops: bool = False,
    ) -> None:
        self.plan = plan
        self.random = random.Random(seed)
        self.crashes_left = crashes
        self.again_left = again
        self.stops = stops
        self.is_stopped = False
        self.crashed: list[int] = []
        self.moved_groups: set[str] = set()
        self.groups = find_groups(plan)
        self.workers: dict[Hashable, Worker] = {}
        self.all_workers: list[Worker] = []
        self.messages = 0
        self.largest = 0
        self.dispatcher = Dispatcher(plan, self, workers=workers, chunk_limit=chunk)
        for _ in range(workers):
            self.add_worker()
        self.dispatcher.pump()

    def add_worker(self) -> None:
        worker = Worker()
        worker.pace = self.random.choice((1, 1, 5, 20))
        self.all_workers.append(worker)
        self.workers[len(self.all_workers)] = worker
        self.dispatcher.add(len(self.all_workers))

    def send(self, worker: Hashable, indices: list[int]) -> None:
        assert indices
        self.messages += 1
        self.largest = max(self.largest, len(indices))
        self.workers[worker].commands.append(("run", indices))

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        assert indices
        self.workers[worker].commands.append(("steal", indices))

    def close(self, worker: Hashable) -> None:
        self.workers[worker].commands.append(("close", [SHUTDOWN]))

    def play(self) -> None:
        while self.workers:
            lively = {name: worker for name, worker in self.workers.items() if worker.is_lively()}
            assert lively, f"stalled with {self.dispatcher.unsent} tests unsent"
            paces = [worker.pace for worker in lively.values()]
            (name,) = self.random.choices(list(lively), paces)
            self.step(name, lively[name])
        assert self.dispatcher.is_done() or self.is_stopped

    def end_all(self) -> None:
        """Do as xdist's `DSession` when it shuts down: all workers that may end are told to."""
        for name in self.dispatcher.find_closable():
            self.workers[name].commands.append(("close", [SHUTDOWN]))
            self.dispatcher.note_closed(name)

    def step(self, name: Hashable, worker: Worker) -> None:
        choice = self.random.random()
        if self.crashes_left and worker.is_alive and choice > 0.98:
            self.crash(worker)
        elif worker.events and (choice < 0.4 or not worker.is_alive):
            self.deliver(name, *worker.events.popleft())
        elif worker.is_alive and worker.commands and (choice < 0.7 or not worker.can_move()):
            worker.receive()
        elif worker.can_move() and (started := worker.move()) is not None:
            self.check_start(worker, started)

    def deliver(self, name: Hashable, event: str, indices: list[int]) -> None:
        if event == "complete":
            self.dispatcher.complete(name, indices[0], self.random.random() / 50)
        elif event == "unscheduled":
            self.dispatcher.take_back(name, indices)
        else:
            self.remove(name)
        if self.stops and not self.is_stopped and self.random.random() < 0.05:
            self.is_stopped = self.dispatcher.is_stopping = True
            self.end_all()
        if self.dispatcher.is_done():
            self.end_all()

    def remove(self, name: Hashable) -> None:
        worker = self.workers.pop(name)
        was_running = worker.current
        blamed = self.dispatcher.remove(name)
        assert was_running is None or blamed == was_running
        if not worker.has_crashed:
            assert blamed is None
            return
        self.moved_groups |= {self.groups[index] for index in worker.done if index in self.groups}
        if blamed is not None and self.again_left:
            self.again_left -= 1
            self.dispatcher.run_again(blamed)
        elif blamed is not None:
            self.crashed.append(blamed)
        self.add_worker()
        self.dispatcher.pump()

    def crash(self, worker: Worker) -> None:
        self.crashes_left -= 1
        worker.has_crashed = True
        worker.end()

    def check_start(self, worker: Worker, started: int) -> None:
        running = [
            other.current
            for other in self.all_workers
            if other.is_alive and other is not worker and other.current is not None
        ]
        routings = [self.plan.routings.get(index, ANYWHERE) for index in (started, *running)]
        if any(routing.is_exclusive for routing in routings):
            assert not running, f"{started} beside {running}"
        lanes = Counter(lane for routing in routings for lane in routing.lanes)
        for lane, count in lanes.items():
            assert count <= self.plan.widths[lane], f"{count} of {lane}: {started} beside {running}"

    def count_runs(self) -> Counter[int]:
        done = Counter(index for worker in self.all_workers for index in worker.done)
        return done + Counter(self.crashed)

    def find_spread_groups(self) -> set[str]:
        homes: dict[str, set[int]] = defaultdict(set)
        for number, worker in enumerate(self.all_workers):
            for index in worker.done:
                if index in self.groups:
                    homes[self.groups[index]].add(number)
        return {group for group, numbers in homes.items() if len(numbers) > 1}
