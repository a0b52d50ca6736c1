"""Which runs a measurement makes, in which order, and when it has seen enough.

Configurations alternate, and each round goes the other way than the one before, so that a machine
that becomes slower or faster meets all of them alike.  How a run is made is the caller's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from .comparison import find_differences
from .runner import Measured
from .specs import RunSpec, Workers
from .statistics import build_figure

CATEGORIES: Final = ("unit", "integration", "slow")

MOST_ROUNDS: Final = 15
"""After so many the machine won't become quieter."""

PATIENCE: Final = 10.0
"""A run is ended that takes so many times as long as the first one, and a minute."""


class Measure(Protocol):
    """What makes one run; `measure_run`, or a fake."""

    def __call__(self, spec: RunSpec, label: str, *, timeout_s: float | None) -> Measured:
        """Run it and return what it took."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for."""

    arguments: tuple[str, ...] = ()
    """Pytest's own."""
    workers: tuple[Workers, ...] = (2, 4, "auto")
    categories: tuple[str, ...] = CATEGORIES
    rounds: int | None = None
    """None: as many as the medians need."""
    budget_s: float = 900.0

    @property
    def baseline(self) -> RunSpec:
        """All tests in one process."""
        return RunSpec(self.arguments)


@dataclass(slots=True)
class Campaign:
    """The runs of one measurement, as far as they have been made."""

    wish: Wish
    measure: Measure
    clock: Callable[[], float]
    cores: int
    warmups: list[Measured] = field(default_factory=list)
    runs: dict[RunSpec, list[Measured]] = field(default_factory=dict)
    """The measured ones by configuration, in the order of the rounds."""
    rounds: int = 0
    """How many were completed."""
    left_out: list[str] = field(default_factory=list)
    """Categories that no test is of."""
    refused: list[RunSpec] = field(default_factory=list)
    """Configurations whose outcomes differ: there is no sense in measuring them further."""
    is_interrupted: bool = False

    def conduct(self) -> None:
        """Warm up, then make rounds until it is enough; an interrupt keeps what was done."""
        began = self.clock()
        try:
            self._warm_up()
            while self.runs and not self._is_enough(self.clock() - began):
                self._make_round()
        except KeyboardInterrupt:
            self.is_interrupted = True

    @property
    def first(self) -> Measured | None:
        """The first run of all, in one process."""
        return self.warmups[0] if self.warmups else None

    def get_pairs(self) -> Iterator[tuple[RunSpec, RunSpec]]:
        """Yield what is compared: in one process, and on workers."""
        for spec in self.runs:
            if not spec.is_serial:
                yield RunSpec(spec.arguments, 0, spec.category), spec

    def get_runs(self, spec: RunSpec) -> Sequence[Measured]:
        """Return the runs of a configuration; the warm-up where there is no other."""
        return self.runs.get(spec) or [run for run in self.warmups if run.spec == spec]

    def get_every_run(self, spec: RunSpec) -> Sequence[Measured]:
        """Return all runs of a configuration, for their outcomes."""
        return [run for run in (*self.warmups, *self.runs.get(spec, ())) if run.spec == spec]

    def _warm_up(self) -> None:
        """Run everything once: it fills caches and history, and tells which tests there are."""
        first = self.measure(self.wish.baseline, "warm-up", timeout_s=None)
        self.warmups.append(first)
        if not first.is_complete:
            return
        specs = [self.wish.baseline, *self._list_parallel(), *self._list_by_category(first)]
        for number, spec in enumerate(specs[1:], start=2):
            label = f"warm-up {number} of {len(specs)}"
            self.warmups.append(self.measure(spec, label, timeout_s=self._get_timeout()))
        self.runs = {spec: [] for spec in specs}
        self._refuse()

    def _list_parallel(self) -> list[RunSpec]:
        return [RunSpec(self.wish.arguments, count) for count in self.wish.workers]

    def _list_by_category(self, first: Measured) -> Iterator[RunSpec]:
        workers = choose_workers(self.wish.workers, self.cores)
        for category in self.wish.categories:
            if not first.markers.get(category):
                self.left_out.append(category)
                continue
            yield RunSpec(self.wish.arguments, 0, category)
            yield RunSpec(self.wish.arguments, workers, category)

    def _make_round(self) -> None:
        """Make one run of each configuration, and keep them only when all are made."""
        specs = [spec for spec in self.runs if spec not in self.refused]
        if self.rounds % 2:
            specs.reverse()
        made = []
        for number, spec in enumerate(specs, start=1):
            label = f"round {self.rounds + 1}, run {number} of {len(specs)}"
            made.append(self.measure(spec, label, timeout_s=self._get_timeout()))
        for run in made:
            self.runs[run.spec].append(run)
        self.rounds += 1
        self._refuse()

    def _refuse(self) -> None:
        """Take out what can't be compared, so that no time is spent on it."""
        for serial, parallel in self.get_pairs():
            every = (self.get_every_run(serial), self.get_every_run(parallel))
            is_broken = any(not run.is_complete for runs in every for run in runs)
            if parallel not in self.refused and (is_broken or find_differences(*every)):
                self.refused.append(parallel)

    def _is_enough(self, elapsed_s: float) -> bool:
        if all(parallel in self.refused for _, parallel in self.get_pairs()):
            return True
        if self.rounds and elapsed_s * (1 + 1 / (self.rounds + 1)) > self.wish.budget_s:
            return True
        if self.wish.rounds is not None:
            return self.rounds >= self.wish.rounds
        return self.rounds >= MOST_ROUNDS or self._is_settled()

    def _is_settled(self) -> bool:
        measured = [runs for spec, runs in self.runs.items() if spec not in self.refused]
        return all(
            runs and build_figure([run.wall_s for run in runs]).is_settled for runs in measured
        )

    def _get_timeout(self) -> float | None:
        return None if self.first is None else 60.0 + PATIENCE * self.first.wall_s


def choose_workers(workers: Sequence[Workers], cores: int) -> Workers:
    """Choose on how many workers categories run: as many as there are cores, else the next less.

    Not `auto`, which puts a small category into one process, and would compare it with itself.
    """
    counts = sorted(count for count in workers if isinstance(count, int))
    fitting = [count for count in counts if count <= cores]
    if fitting:
        return fitting[-1]
    return counts[0] if counts else workers[0]
