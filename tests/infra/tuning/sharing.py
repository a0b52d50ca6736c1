"""A run predicted where workers share processors: the more are busy, the slower each one is.

The dispatcher and its virtual workers are those of `simulation`; pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..dispatch import Dispatcher
from ..forecast import REPORT_S
from ..plan import Plan
from ..simulation import VirtualCrew


@dataclass(frozen=True, slots=True)
class Sharing:
    """How much longer a test takes because of the workers beside it."""

    cores: int
    cpu_share: float
    """Which part of a test's time it computes; it waits in the rest."""
    known: int = 1
    """A number of busy workers for which the slowdown was measured."""
    slowdown: float = 1.0
    """How many times longer tests took then than alone."""
    warmup_s: float = 0.0
    """What the first test of each further worker takes more: imports, and wide fixtures."""

    def get_slowdown(self, busy: int) -> float:
        """Return how many times longer tests take while so many workers are busy."""
        if busy > self.known:
            return self.slowdown * self.get_load(busy) / self.get_load(self.known)
        if self.known == 1:
            return 1.0
        return 1.0 + (self.slowdown - 1.0) * (busy - 1) / (self.known - 1)

    def get_load(self, busy: int) -> float:
        """Return what is asked of the processors by what they have, 1 if they have enough."""
        return max(1.0, busy * self.cpu_share / self.cores)


class SharedCrew(VirtualCrew):
    """Workers whose time is stretched by the number of those that are busy.

    Ends of tests are kept in the time of an idle machine; all that run are slowed alike, so their
    order is the same in both times.
    """

    def __init__(self, durations_s: Sequence[float], workers: int, sharing: Sharing) -> None:
        super().__init__(durations_s, workers)
        self._sharing = sharing
        self._fresh = set(range(1, workers))
        self.elapsed_s = 0.0
        """What has passed by the wall clock."""

    def elapse(self, end_s: float, busy: int) -> None:
        """Let time pass until a test ends."""
        self.elapsed_s += (end_s - self.now_s) * self._sharing.get_slowdown(busy)
        self.now_s = end_s

    def get_end(self, number: int, index: int) -> float:
        """Return when a test ends that a worker starts now; its first one takes longer."""
        warmup_s = self._sharing.warmup_s if number in self._fresh else 0.0
        self._fresh.discard(number)
        return super().get_end(number, index) + warmup_s


def predict_shared(plan: Plan, workers: int, sharing: Sharing) -> float:
    """Predict the seconds from the first test's begin to the last one's end.

    :param workers: 0 for one process, in which nobody waits for the controller's answer.
    """
    if workers == 0:
        return sum(plan.costs_s)
    crew = SharedCrew(plan.costs_s, workers, sharing)
    dispatcher = Dispatcher(plan, crew, workers=workers)
    crew.play(dispatcher)
    assert dispatcher.is_done(), "stalled: nothing runs and something is left"
    return max(crew.elapsed_s, len(plan.costs_s) * REPORT_S)
