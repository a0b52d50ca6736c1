"""What each worker has been sent, and what of it may start: the places in lanes follow from that.

Pure.  The last test sent to a worker is held back until something is sent behind it, as `dispatch`
tells; it keeps its place in its lanes while the worker is busy.
"""

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from .plan import Plan
from .tokens import Tokens


@dataclass(slots=True, eq=False)
class Desk:
    """What one worker has been sent and has not completed, in the order in which it runs."""

    worker: Hashable
    active: deque[int]
    """Tests that run, or follow without asking."""
    held: int | None = None
    """The last one, which waits for something behind it."""
    has_place: bool = False
    """Whether the one held back keeps a place in its lanes."""
    load_s: float = 0.0
    """Expected time of the active ones."""
    is_closed: bool = False
    is_asked: bool = False
    """Whether an answer to `steal` is under way."""

    def get_all(self) -> list[int]:
        """Return all of it, the one held back at the end."""
        return [*self.active, *(() if self.held is None else (self.held,))]


class Desks:
    """The desks of all workers, and who of them holds which lane."""

    def __init__(self, plan: Plan, costs_s: Sequence[float]) -> None:
        self.plan = plan
        self._costs_s = costs_s
        self._desks: dict[Hashable, Desk] = {}
        self.tokens = Tokens(plan.widths)

    def __iter__(self) -> Iterator[Desk]:
        return iter(self._desks.values())

    def __len__(self) -> int:
        return len(self._desks)

    def __getitem__(self, worker: Hashable) -> Desk:
        return self._desks[worker]

    def get(self, worker: Hashable) -> Desk | None:
        """Return a worker's desk, if the worker is there."""
        return self._desks.get(worker)

    def add(self, worker: Hashable) -> None:
        """Take in a worker that has nothing to do."""
        self._desks[worker] = Desk(worker, deque())

    def remove(self, worker: Hashable) -> list[int]:
        """Forget a worker that has ended, and return what it has not completed."""
        desk = self._desks.pop(worker)
        left = desk.get_all()
        self.refit(desk, [])
        return left

    def complete(self, desk: Desk, index: int) -> tuple[str, ...]:
        """Note that a worker has run a test to its end; return the lanes that it was in."""
        if desk.active and desk.active[0] == index:
            desk.active.popleft()
        else:
            desk.active.remove(index)
        desk.load_s -= self._costs_s[index]
        lanes = self.plan.get_lanes(index)
        if lanes:
            self.tokens.give_back(desk.worker, lanes)
        return lanes

    def activate(self, desk: Desk) -> None:
        """Note that what a worker held back starts as soon as what is before it is done."""
        if desk.held is None:
            return
        if not desk.has_place:
            self.tokens.take(desk.worker, self.plan.get_lanes(desk.held))
        desk.active.append(desk.held)
        desk.load_s += self._costs_s[desk.held]
        desk.held, desk.has_place = None, False

    def hold(self, desk: Desk, index: int) -> None:
        """Note that a worker was sent a test, the last one so far."""
        lanes = self.plan.get_lanes(index)
        desk.held = index
        desk.has_place = bool(lanes) and self.tokens.can_take(desk.worker, lanes)
        if desk.has_place:
            self.tokens.take(desk.worker, lanes)

    def refit(self, desk: Desk, indices: Sequence[int]) -> None:
        """Note that a worker has just these tests now."""
        for index in desk.get_all() if desk.has_place else desk.active:
            self.tokens.give_back(desk.worker, self.plan.get_lanes(index))
        desk.active, desk.held, desk.has_place, desk.load_s = deque(), None, False, 0.0
        for index in indices:
            self.activate(desk)
            self.hold(desk, index)
        if desk.is_closed:
            self.activate(desk)

    def is_open(self, desk: Desk) -> bool:
        """Tell whether a worker may be sent something: what it holds back would start then."""
        return not desk.is_closed and (
            desk.held is None or self.tokens.can_take(desk.worker, self.plan.get_lanes(desk.held))
        )

    def leave_places(self, desks: Sequence[Desk]) -> bool:
        """Let others into the lanes of tests that idle workers hold back; tell if there were any.

        Two workers that each keep a place the other one needs would wait for ever.
        """
        idle = [desk for desk in desks if desk.has_place and not desk.active]
        for desk in idle:
            assert desk.held is not None
            desk.has_place = False
            self.tokens.give_back(desk.worker, self.plan.get_lanes(desk.held))
        return bool(idle)

    def may_run_held(self, desk: Desk) -> bool:
        """Tell whether what a worker holds back may start now, as far as its lanes go."""
        return desk.held is None or self.tokens.can_take(
            desk.worker, self.plan.get_lanes(desk.held)
        )
