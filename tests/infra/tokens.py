"""Which worker holds which lane; pure.  Who may have one when is decided in `dispatch`."""

from collections.abc import Hashable, Iterable, Mapping


class Tokens:
    """Who holds which lane: a worker does, from the moment that a test of it may start."""

    def __init__(self, widths: Mapping[str, int]) -> None:
        self._widths = widths
        self._held: dict[str, dict[Hashable, int]] = {name: {} for name in widths}

    def can_take(self, worker: Hashable, lanes: Iterable[str]) -> bool:
        """Tell whether the worker may run a test of all these lanes now.

        A worker that holds a lane may run more of it: its tests follow each other anyway.
        """
        return all(
            worker in self._held[lane] or len(self._held[lane]) < self._widths[lane]
            for lane in lanes
        )

    def take(self, worker: Hashable, lanes: Iterable[str]) -> None:
        """Note that the worker may now start one test of these lanes."""
        for lane in lanes:
            holders = self._held[lane]
            holders[worker] = holders.get(worker, 0) + 1

    def give_back(self, worker: Hashable, lanes: Iterable[str]) -> None:
        """Note that one test of these lanes has ended on the worker, or won't start there."""
        for lane in lanes:
            holders = self._held[lane]
            holders[worker] -= 1
            if not holders[worker]:
                del holders[worker]
