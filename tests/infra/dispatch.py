"""Which worker gets which tests when: exclusive ones first, lanes kept, the longest first.

Pure: it is told what happens and calls back what to send; it knows neither xdist nor a clock.
`scheduler` drives it in a real run, `simulation` in a predicted one.

What a worker does is the protocol of xdist 3.8's `xdist.remote.WorkerInteractor`: it starts a test
only when it has the one after it, or has been told to shut down.  So the last test sent to a worker
is held back until something is sent behind it.  It keeps its place in its lanes while the worker
is busy; a worker that runs nothing keeps no place, so no lane waits for an idle worker.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Final, Protocol

from .backlog import Backlog
from .desks import Desk, Desks
from .plan import Plan, Unit
from .stealing import choose_loot

LOW_S: Final = 0.1
"""A worker gets more when it has less than this to do; an answer takes about a millisecond."""

REFRESH: Final = 8
"""After this many tests it is found out anew how little is little to do."""

SHARE: Final = 4
"""A worker gets one part in this many of its share of what is left, at most."""

PARKED_S: Final = 0.05
"""A worker that holds back a test shorter than this may stay, in case that work turns up."""

STEAL_S: Final = 0.002
"""Less than this is not worth to be taken back: asking for it takes as long."""

PROTOCOL_S: Final = 0.0005
"""What a test costs a worker besides what is measured: its reports, and xdist's own work."""


class Crew(Protocol):
    """What the dispatcher asks of workers."""

    def send(self, worker: Hashable, indices: list[int]) -> None:
        """Put tests at the end of a worker's queue."""

    def steal(self, worker: Hashable, indices: list[int]) -> None:
        """Ask for tests back; `Dispatcher.take_back` gets the answer, empty if it was too late."""

    def close(self, worker: Hashable) -> None:
        """Tell a worker that nothing follows: it runs what it has, and ends."""


class Dispatcher:
    """Sends every test of a plan to one of the workers that come and go."""

    def __init__(
        self, plan: Plan, crew: Crew, *, workers: int, chunk_limit: int | None = None
    ) -> None:
        self._costs_s = [cost_s + PROTOCOL_S for cost_s in plan.costs_s]
        self._plan = plan
        self._crew = crew
        self._chunk_limit = chunk_limit
        self._backlog = Backlog(plan, workers=workers)
        self._desks = Desks(plan, self._costs_s)
        self._outbox: dict[Hashable, list[int]] = {}
        self._exclusive: set[int] = set()
        """Exclusive tests that were sent and have not been completed; all on one worker."""
        self._lone: Hashable | None = None
        """The worker that has them."""
        self._expected_s = self._taken_s = 1e-3
        self._low_s = 0.0
        self._asked = 0
        self.is_stopping = False
        """Whether the run is being ended from outside: nothing more is sent."""

    @property
    def unsent(self) -> int:
        """How many tests no worker has."""
        return self._backlog.count

    def is_done(self) -> bool:
        """Tell whether all that is left is done by workers that end by themselves."""
        if self._backlog.count or self._lone is not None:
            return False
        return all(
            desk.is_closed or (desk.held is None and not desk.active) for desk in self._desks
        )

    def has_pending(self) -> bool:
        """Tell whether any test has not been completed."""
        return bool(self._backlog.count) or any(
            desk.active or desk.held is not None for desk in self._desks
        )

    def count_left(self) -> int:
        """Count the tests that have not been completed."""
        return self._backlog.count + sum(len(desk.get_all()) for desk in self._desks)

    def get_running(self) -> dict[Hashable, int]:
        """Return the test that each busy worker runs."""
        return {desk.worker: desk.active[0] for desk in self._desks if desk.active}

    def add(self, worker: Hashable) -> None:
        """Take in a worker that may be sent tests; `pump` sends them."""
        self._desks.add(worker)

    def complete(self, worker: Hashable, index: int, duration_s: float) -> None:
        """Note that a worker has run a test to its end, and see that it has enough to do."""
        desk = self._desks[worker]
        lanes = self._desks.complete(desk, index)
        self._expected_s += self._costs_s[index]
        self._taken_s += duration_s + PROTOCOL_S
        if self._lone is not None:
            self._exclusive.discard(index)
            if not self._exclusive:
                self._lone = None
                self.pump()
            return
        if lanes:
            self.pump(first=desk)
        elif not desk.active or (self._backlog.count and desk.load_s < self._find_low_s()):
            self._serve([desk])

    def take_back(self, worker: Hashable, indices: Sequence[int]) -> None:
        """Take tests from a worker that gave them up unrun, and give them to others."""
        desk = self._desks.get(worker)
        if desk is not None:
            desk.is_asked = False
            if indices:
                gone = set(indices)
                self._desks.refit(desk, [index for index in desk.get_all() if index not in gone])
                self._backlog.put_back(indices)
        self.pump()

    def remove(self, worker: Hashable) -> int | None:
        """Forget a worker that has ended; return the test that it was running, if any."""
        active = self._desks[worker].active
        running = active[0] if active else None
        left = self._desks.remove(worker)
        self._backlog.drop_worker(worker)
        if self._lone is worker:
            self._exclusive, self._lone = set(), None
        self._backlog.put_back(left if running is None else left[1:])
        self.pump()
        return running

    def run_again(self, index: int) -> None:
        """Run a test once more that a crash ended."""
        self._backlog.put_back([index])
        self.pump()

    def give_up(self) -> int:
        """Drop all that no worker has; return how many tests that were."""
        return self._backlog.clear()

    def note_closed(self, worker: Hashable) -> None:
        """Note that somebody else told a worker to end: it runs what it holds back."""
        self._desks.activate(self._desks[worker])
        self._desks[worker].is_closed = True

    def find_closable(self) -> list[Hashable]:
        """Return the workers that may all be told to end at once, without breaking a lane."""
        closable: list[Desk] = []
        taken: list[tuple[Hashable, tuple[str, ...]]] = []
        for desk in self._desks:
            if desk.is_closed or self._may_run_held(desk):
                closable.append(desk)
                if desk.held is not None:
                    taken.append((desk.worker, self._plan.get_lanes(desk.held)))
                    self._desks.tokens.take(*taken[-1])
        for place in taken:
            self._desks.tokens.give_back(*place)
        return [desk.worker for desk in closable]

    def pump(self, first: Desk | None = None) -> None:
        """Send what can be sent to all workers, the one `first` that knows the lane already."""
        desks = sorted(self._desks, key=lambda desk: (desk is not first, desk.load_s))
        self._serve(desks)

    # --- sending -----------------------------------------------------------------------------

    def _serve(self, desks: Sequence[Desk]) -> None:
        if self._lone is not None:
            return
        if self.is_stopping:
            self._close_idle(desks)
        elif self._backlog.exclusive:
            self._start_exclusive()
        else:
            self._fill(desks)
            if self._desks.leave_places(desks):
                self._fill(list(self._desks))
            for desk in desks:
                if not desk.active and not desk.is_closed:
                    self._let_go_or_steal(desk)

    def _fill(self, desks: Sequence[Desk]) -> None:
        """Give every worker its first test, then a second, then enough, so that none takes all."""
        for level in (1, 2, 0):
            for desk in desks:
                if self._backlog.count and self._desks.is_open(desk):
                    self._top_up(desk, level)
        self._flush()

    def _top_up(self, desk: Desk, level: int) -> None:
        """Bring a worker to `level` tests; level 0 stands for as much as is its share."""
        have = len(desk.active) + (desk.held is not None)
        if level == 1 and not have:
            unit = self._backlog.find(desk.worker, self._desks.tokens)
            if unit is not None:
                self._take_unit(desk, unit, self._get_share_s())
        elif level == 2 and have == 1:  # noqa: PLR2004  a second test lets the first one start
            self._take_second(desk)
        elif level or have < 2 or (self._chunk_limit is not None and desk.worker in self._outbox):  # noqa: PLR2004  likewise
            return
        elif desk.load_s < self._find_low_s():
            self._take_batch(desk)

    def _take_unit(self, desk: Desk, unit: Unit, share_s: float) -> None:
        """Send a worker a unit, or as much of it as is its share and one message may hold."""
        self._backlog.take(desk.worker, unit)
        kept = len(unit.indices) if self._chunk_limit is None else self._chunk_limit
        # Sums that are taken apart again end near 0, on either side.
        if unit.cost_s > max(share_s, 0.0) and not unit.group:
            kept = min(kept, max(1, int(len(unit.indices) * share_s / unit.cost_s)))
        if kept < len(unit.indices):
            self._backlog.put_back_rest(desk.worker, unit, kept)
        self._send(desk, unit.indices)

    def _take_second(self, desk: Desk) -> None:
        """Send one more: of the same lanes, if the first has any, else the next in urgency.

        What stands behind a long test can't run meanwhile: there it is a short one.
        """
        assert desk.held is not None
        share_s, held_s = self._get_share_s(), self._costs_s[desk.held]
        lanes = self._plan.get_lanes(desk.held)
        unit = self._backlog.find(desk.worker, self._desks.tokens, lanes=lanes) if lanes else None
        if unit is None:
            unit = self._backlog.find(desk.worker, self._desks.tokens)
            is_short = unit is not None and (held_s < share_s or held_s < unit.cost_s / 2)
            if not is_short:
                unit = None
        if unit is not None:
            self._take_unit(desk, unit, max(share_s - held_s, 0.0))
            return
        filler = self._backlog.take_filler(desk.worker, self._desks.tokens)
        if filler is not None:
            self._send(desk, [filler])

    def _take_batch(self, desk: Desk) -> None:
        """Send units of one kind until the worker has its share."""
        share_s = self._get_share_s()
        lanes: tuple[str, ...] | None = None
        while desk.load_s < share_s and self._desks.is_open(desk):
            unit = self._backlog.find(desk.worker, self._desks.tokens, lanes=lanes)
            if unit is None:
                return
            lanes = unit.lanes
            self._take_unit(desk, unit, share_s - desk.load_s)
            if self._chunk_limit is not None:
                return

    def _get_share_s(self) -> float:
        return self._backlog.remaining_s / (SHARE * max(len(self._desks), 1))

    def _find_low_s(self) -> float:
        """Return when a worker needs more, in expected time: short enough for the last batches.

        It changes slowly and is asked for after every test, so only now and then is it computed.
        """
        self._asked += 1
        if self._asked % REFRESH == 1:
            low_s = min(LOW_S * self._get_pace(), self._get_share_s() / 2)
            self._low_s = 0.0 if self._chunk_limit == 1 else low_s
        return self._low_s

    def _get_pace(self) -> float:
        """Return how many expected seconds pass in one real one; 1 for a good forecast."""
        return self._expected_s / self._taken_s

    def _send(self, desk: Desk, indices: Iterable[int]) -> None:
        for index in indices:
            self._desks.activate(desk)
            self._desks.hold(desk, index)
            self._outbox.setdefault(desk.worker, []).append(index)

    def _flush(self) -> None:
        while self._outbox:
            worker, indices = self._outbox.popitem()
            self._crew.send(worker, indices)

    # --- exclusive tests ---------------------------------------------------------------------

    def _start_exclusive(self) -> None:
        """Send all exclusive tests to one worker once nothing runs anywhere."""
        if any(desk.active for desk in self._desks):
            return
        desk = self._choose_lone()
        if desk is None:
            return
        taken = self._backlog.take_exclusive(desk.worker)
        self._exclusive, self._lone = set(taken), desk.worker
        self._send(desk, taken)
        follower = self._backlog.take_filler(desk.worker, self._desks.tokens)
        if follower is not None:
            self._send(desk, [follower])
        self._flush()
        if follower is None:
            # Nothing else is left that could stand behind the last one.
            self._close(desk)

    def _choose_lone(self) -> Desk | None:
        owner = self._backlog.find_owner(self._backlog.exclusive[0])
        desks = [desk for desk in self._desks if not desk.is_closed]
        if owner is not None:
            desks = [desk for desk in desks if desk.worker is owner]
        return min(desks, key=lambda desk: desk.held is not None, default=None)

    # --- the end -----------------------------------------------------------------------------

    def _let_go_or_steal(self, desk: Desk) -> None:
        """Do what is best for a worker that runs nothing and for which no work is left.

        It takes from another what that one can't begin soon; or it runs what it holds back, and
        ends; or it waits for a lane to become free.
        """
        if any(other.is_asked for other in self._desks) or self._ask_for_work(desk):
            return
        if self._may_run_held(desk) and (not self._backlog.count or self._is_dispensable(desk)):
            self._close(desk)

    def _ask_for_work(self, desk: Desk) -> bool:
        """Ask the worker that can spare most for a half of it."""
        if not self._desks.is_open(desk):
            return False
        found = choose_loot(
            desk,
            self._desks,
            self._costs_s,
            is_movable=self._backlog.is_movable,
            least_s=STEAL_S * self._get_pace(),
        )
        if found is None:
            return False
        victim, loot = found
        victim.is_asked = True
        self._crew.steal(victim.worker, loot)
        return True

    def _may_run_held(self, desk: Desk) -> bool:
        """Tell whether what a worker holds back may start now."""
        if self._lone is not None and self._lone is not desk.worker:
            return desk.held is None
        return self._desks.may_run_held(desk)

    def _is_dispensable(self, desk: Desk) -> bool:
        """Tell whether a worker that holds back a long test need not wait for other work."""
        if desk.held is None or self._backlog.has_own(desk.worker):
            return False
        others = [other for other in self._desks if other is not desk]
        if not any(not other.is_closed for other in others):
            return False
        is_long = self._costs_s[desk.held] > PARKED_S * self._get_pace()
        return is_long or not any(other.active for other in others)

    def _close_idle(self, desks: Sequence[Desk]) -> None:
        for desk in desks:
            if not desk.is_closed and self._may_run_held(desk):
                self._close(desk)

    def _close(self, desk: Desk) -> None:
        self._desks.activate(desk)
        desk.is_closed = True
        self._crew.close(desk.worker)
