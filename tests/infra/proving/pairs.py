"""Which ordered pairs of tests ran in one process; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

COLUMNS: Final = 8192
"""How many tests are looked at as predecessors at a time; bounds the memory for large suites."""


@dataclass(frozen=True, slots=True)
class PairCount:
    """How many ordered pairs (a before b, a before itself too) ran in one process."""

    covered: int
    possible: int

    @property
    def is_all(self) -> bool:
        """Whether each test ran after each other one and after itself."""
        return 0 < self.covered == self.possible


def count_pairs(nodeids: Sequence[str], sequences: Iterable[Sequence[str]]) -> PairCount:
    """Count the ordered pairs of these tests that some process ran in that order.

    `sequences`: for each process, the tests that it ran, in order; others are passed over.
    """
    positions = {nodeid: number for number, nodeid in enumerate(nodeids)}
    runs = [[positions[name] for name in sequence if name in positions] for sequence in sequences]
    covered = sum(
        _count_predecessors(runs, first, len(positions))
        for first in range(0, len(positions), COLUMNS)
    )
    return PairCount(covered, len(positions) ** 2)


def _count_predecessors(runs: Sequence[Sequence[int]], first: int, count: int) -> int:
    """Count the pairs whose predecessor is one of the `COLUMNS` tests from `first` on."""
    before = [0] * count
    for run in runs:
        seen = 0
        for number in run:
            before[number] |= seen
            if first <= number < first + COLUMNS:
                seen |= 1 << (number - first)
    return sum(mask.bit_count() for mask in before)


def count_runs(sequences: Iterable[Sequence[str]]) -> Mapping[str, int]:
    """Return how often each test ran."""
    counts: dict[str, int] = {}
    for sequence in sequences:
        for nodeid in sequence:
            counts[nodeid] = counts.get(nodeid, 0) + 1
    return counts
