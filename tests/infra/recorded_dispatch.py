"""Sends each worker the list that the worker of its slot had in a recorded run.

It answers `scheduler` as `dispatch.Dispatcher` does, and decides nothing: each list goes out
whole, once.  When a test may begin is left to the worker that has it.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from .dispatch import Crew


class RecordedDispatcher:
    """Knows what of each slot's list is unsent, sent, and done."""

    def __init__(
        self,
        lists: Mapping[int, Sequence[int]],
        crew: Crew,
        *,
        get_slot: Callable[[Hashable], int],
        note_crash: Callable[[int], None],
    ) -> None:
        self._unsent = {slot: list(indices) for slot, indices in lists.items()}
        self._sent: dict[Hashable, list[int]] = {}
        self._open: dict[Hashable, bool] = {}
        self._crew = crew
        self._get_slot = get_slot
        self._note_crash = note_crash
        self._crashed_slot = 0
        self.is_stopping = False
        """Whether the run is being ended from outside: nothing more is sent."""

    def is_done(self) -> bool:
        """Tell whether all that is left is done by workers that end by themselves."""
        return not any(self._unsent.values()) and not any(self._open.values())

    def has_pending(self) -> bool:
        """Tell whether any test has not been completed."""
        return self.count_left() > 0

    def count_left(self) -> int:
        """Count the tests that have not been completed."""
        return sum(map(len, (*self._unsent.values(), *self._sent.values())))

    def get_running(self) -> dict[Hashable, int]:
        """Return the test that each busy worker runs, or waits to begin."""
        return {worker: indices[0] for worker, indices in self._sent.items() if indices}

    def add(self, worker: Hashable) -> None:
        """Take in a worker that may be sent tests; `pump` sends them."""
        self._sent[worker] = []
        self._open[worker] = True

    def pump(self) -> None:
        """Send each worker the rest of its slot's list, and let it end after it."""
        if self.is_stopping:
            return
        for worker, is_open in self._open.items():
            if is_open:
                self._serve(worker)

    def complete(self, worker: Hashable, index: int, _duration_s: float) -> None:
        """Note that a worker has run a test to its end."""
        self._sent[worker].remove(index)

    def remove(self, worker: Hashable) -> int | None:
        """Forget a worker; return what it was running; what it had not begun waits for another."""
        self._open.pop(worker)
        indices = self._sent.pop(worker)
        if not indices:
            return None
        slot = self._crashed_slot = self._get_slot(worker)
        self._unsent[slot] = [*indices[1:], *self._unsent[slot]]
        self._note_crash(slot)
        return indices[0]

    def run_again(self, index: int) -> None:
        """Run a test again that a crash ended, on the worker that comes in its place."""
        self._unsent[self._crashed_slot].insert(0, index)

    def take_back(self, _worker: Hashable, _indices: Iterable[int]) -> None:
        """Nothing was asked for."""

    def note_closed(self, worker: Hashable) -> None:
        """Note that a worker was told to end by somebody else."""
        self._open[worker] = False

    def find_closable(self) -> list[Hashable]:
        """Return the workers that may be told to end: all."""
        return list(self._open)

    def give_up(self) -> int:
        """Drop what is unsent, and return how much it was."""
        count = sum(map(len, self._unsent.values()))
        self._unsent = {slot: [] for slot in self._unsent}
        return count

    def _serve(self, worker: Hashable) -> None:
        slot = self._get_slot(worker)
        indices = self._unsent.get(slot, [])
        self._unsent[slot] = []
        self._sent[worker] = list(indices)
        if indices:
            self._crew.send(worker, indices)
        self._crew.close(worker)
        self._open[worker] = False
