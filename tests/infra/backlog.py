"""The work that no worker has yet, and which unit of it a worker should take next.

Pure.  When workers are asked, and how much they get at once, is left to `dispatch`.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence

from .plan import Plan, Unit, build_units, find_groups
from .tokens import Tokens

FILLER_TRIES = 8
"""How many of the shortest units are looked at for a single test that anybody may run."""


class Backlog:
    """The units that nobody has been sent, and which worker owns which group."""

    def __init__(self, plan: Plan, *, workers: int) -> None:
        self._plan = plan
        self._groups = find_groups(plan)
        self._owners: dict[str, Hashable] = {}
        self._own: dict[Hashable, deque[Unit]] = {}
        self._siblings: dict[str, list[Unit]] = {}
        self._queues: dict[tuple[str, ...], deque[Unit]] = {(): deque()}
        self._lane_s: dict[str, float] = dict.fromkeys(plan.widths, 0.0)
        self.exclusive: deque[int] = deque()
        self.count = 0
        """Number of tests, exclusive ones included."""
        self.remaining_s = 0.0
        """Expected time of all of them but the exclusive ones."""
        for unit in build_units(plan, self._groups, workers=workers):
            self._add(unit)
            if unit.group:
                self._siblings.setdefault(unit.group, []).append(unit)
        exclusive = [index for index, routing in plan.routings.items() if routing.is_exclusive]
        self.exclusive.extend(sorted(exclusive, key=self._rank_exclusive))
        self.count += len(exclusive)

    def is_movable(self, index: int) -> bool:
        """Tell whether a test may be taken from the worker it was sent to and run on another."""
        return index not in self._groups

    def has_own(self, worker: Hashable) -> bool:
        """Tell whether units wait that no other worker may run."""
        return bool(self._own.get(worker))

    def find(
        self, worker: Hashable, tokens: Tokens, *, lanes: tuple[str, ...] | None = None
    ) -> Unit | None:
        """Find the unit that this worker should run next, of just these lanes if they are given.

        That is the one with the longest way to go: its own time, or that of all that waits for
        its lane, divided by how many run at a time.
        """
        unit = self._find_own(worker, tokens, lanes)
        if unit is not None:
            return unit
        keys = self._queues if lanes is None else (lanes,)
        heads = [head for key in keys if (head := self._peek(key)) is not None]
        able = [head for head in heads if tokens.can_take(worker, head.lanes)]
        return max(able, key=self._get_urgency, default=None)

    def take(self, worker: Hashable, unit: Unit) -> None:
        """Take a unit that was found for this worker."""
        self._remove(unit)
        if unit.group:
            self._give_group_to(worker, unit.group)

    def take_filler(self, worker: Hashable, tokens: Tokens) -> int | None:
        """Take one short test, to stand behind a longer one that can't start without it."""
        free = self._queues[()]
        while free and free[-1].is_taken:
            free.pop()
        for position in range(-1, -min(FILLER_TRIES, len(free)) - 1, -1):
            unit = free[position]
            if not unit.is_taken and not unit.group:
                return self.split(unit, len(unit.indices) - 1).indices[0]
        found = self.find(worker, tokens)
        if found is None:
            return None
        self.take(worker, found)
        if len(found.indices) > 1:
            self.put_back_rest(worker, found, 1)
        return found.indices[0]

    def split(self, unit: Unit, kept: int) -> Unit:
        """Take all tests after the first `kept` ones from a unit that waits."""
        taken = Unit(unit.indices[kept:], self._sum(unit.indices[kept:]), lanes=unit.lanes)
        if not kept:
            self._remove(unit)
            return taken
        del unit.indices[kept:]
        unit.cost_s -= taken.cost_s
        self._count_out(taken)
        return taken

    def put_back_rest(self, worker: Hashable, unit: Unit, kept: int) -> None:
        """Put all but the first `kept` tests of a unit back that the worker has taken."""
        rest = Unit(
            unit.indices[kept:],
            self._sum(unit.indices[kept:]),
            lanes=unit.lanes,
            group=unit.group,
            has_failed=unit.has_failed,
        )
        del unit.indices[kept:]
        unit.cost_s -= rest.cost_s
        if unit.group:
            self._own.setdefault(worker, deque()).appendleft(rest)
            self._count_in(rest)
        else:
            self._add(rest, is_first=True)

    def take_exclusive(self, worker: Hashable) -> list[int]:
        """Take all exclusive tests that this worker may run."""
        taken = [index for index in self.exclusive if self._is_free_for(worker, index)]
        self.exclusive = deque(index for index in self.exclusive if index not in set(taken))
        self.count -= len(taken)
        for index in taken:
            if index in self._groups:
                self._give_group_to(worker, self._groups[index])
        return taken

    def find_owner(self, index: int) -> Hashable | None:
        """Return the worker that has to run a test, if it is settled."""
        return self._owners.get(self._groups.get(index, ""))

    def put_back(self, indices: Sequence[int]) -> None:
        """Put tests in front again that a worker was sent and did not start."""
        exclusive = [index for index in indices if self._plan.is_exclusive(index)]
        self.exclusive.extendleft(reversed(exclusive))
        self.count += len(exclusive)
        units: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for index in indices:
            if index not in exclusive:
                key = (self._groups.get(index, ""), self._plan.get_lanes(index))
                units.setdefault(key, []).append(index)
        for (group, lanes), members in reversed(units.items()):
            unit = Unit(members, self._sum(members), lanes=lanes, group=group)
            owner = self._owners.get(group)
            if group and owner is not None:
                self._own.setdefault(owner, deque()).appendleft(unit)
                self._count_in(unit)
            else:
                self._add(unit, is_first=True)
                if group:
                    self._siblings.setdefault(group, []).append(unit)

    def drop_worker(self, worker: Hashable) -> None:
        """Let others have the groups of a worker that is gone."""
        for group in [name for name, owner in self._owners.items() if owner is worker]:
            del self._owners[group]
        for unit in reversed(self._own.pop(worker, ())):
            self._count_out(unit)
            self._add(unit, is_first=True)
            self._siblings.setdefault(unit.group, []).append(unit)

    def clear(self) -> int:
        """Forget all that is left, and return how many tests it was."""
        count, self.count, self.remaining_s = self.count, 0, 0.0
        self._queues, self._own, self.exclusive = {(): deque()}, {}, deque()
        return count

    def _rank_exclusive(self, index: int) -> tuple[bool, float, int]:
        return (index not in self._plan.failed, -self._plan.costs_s[index], index)

    def _sum(self, indices: Iterable[int]) -> float:
        return sum(self._plan.costs_s[index] for index in indices)

    def _is_free_for(self, worker: Hashable, index: int) -> bool:
        owner = self.find_owner(index)
        return owner is None or owner is worker

    def _find_own(
        self, worker: Hashable, tokens: Tokens, lanes: tuple[str, ...] | None
    ) -> Unit | None:
        is_able: Callable[[Unit], bool] = lambda unit: (  # noqa: E731  used once, below
            (lanes is None or unit.lanes == lanes) and tokens.can_take(worker, unit.lanes)
        )
        return next(filter(is_able, self._own.get(worker, ())), None)

    def _peek(self, lanes: tuple[str, ...]) -> Unit | None:
        queue = self._queues.get(lanes)
        while queue and queue[0].is_taken:
            queue.popleft()
        return queue[0] if queue else None

    def _get_urgency(self, unit: Unit) -> tuple[bool, float]:
        waits = [self._lane_s[lane] / self._plan.widths[lane] for lane in unit.lanes]
        return (unit.has_failed, max([unit.cost_s, *waits]))

    def _add(self, unit: Unit, *, is_first: bool = False) -> None:
        unit.is_taken = False
        queue = self._queues.setdefault(unit.lanes, deque())
        if is_first:
            queue.appendleft(unit)
        else:
            queue.append(unit)
        self._count_in(unit)

    def _remove(self, unit: Unit) -> None:
        """Take a unit out; one that stands at a head or in an own queue goes at once."""
        self._count_out(unit)
        owner = self._owners.get(unit.group) if unit.group else None
        own = self._own.get(owner) if owner is not None else None
        if own and unit in own:
            own.remove(unit)
        else:
            # It leaves its queue when it comes to the head.
            unit.is_taken = True

    def _give_group_to(self, worker: Hashable, group: str) -> None:
        """Make the worker the owner of a group, and move what else waits of it to its own."""
        self._owners[group] = worker
        for unit in self._siblings.pop(group, ()):
            if not unit.is_taken:
                # A copy moves, because the original stays in its queue until it is at the head.
                unit.is_taken = True
                moved = Unit(
                    unit.indices,
                    unit.cost_s,
                    lanes=unit.lanes,
                    group=group,
                    has_failed=unit.has_failed,
                )
                self._own.setdefault(worker, deque()).append(moved)

    def _count_in(self, unit: Unit) -> None:
        self.count += len(unit.indices)
        self.remaining_s += unit.cost_s
        for lane in unit.lanes:
            self._lane_s[lane] += unit.cost_s

    def _count_out(self, unit: Unit) -> None:
        self.count -= len(unit.indices)
        self.remaining_s -= unit.cost_s
        for lane in unit.lanes:
            self._lane_s[lane] -= unit.cost_s
