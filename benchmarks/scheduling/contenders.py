"""Who is measured: xdist's own schedulers, our whole plugin, and our scheduler without the rest."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_runs import OURS, QUIET_PLUGINS

BENCHMARKS: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to distribute tests."""

    name: str
    args: tuple[str, ...]
    """What is given to pytest besides `-n`."""

    def build_args(self, workers: int, *more: str) -> list[str]:
        """Return all arguments of a run."""
        return [*QUIET_PLUGINS, *self.args, "-n", str(workers), "-q", *more]


LOAD: Final = Contender("bare load", ("--dist", "load"))
WORKSTEAL: Final = Contender("bare worksteal", ("--dist", "worksteal"))
LOADGROUP: Final = Contender("bare loadgroup", ("--dist", "loadgroup"))
WHOLE: Final = Contender(
    "ours, whole plugin but the guard", (*OURS, "--isolation=off", "--dist", "load")
)
GUARDED: Final = Contender("ours, with the guard", (*OURS, "--dist", "load"))
FORGETFUL: Final = Contender(
    "ours, no history", (*OURS, "-p", "no:cacheprovider", "--dist", "load")
)
ALONE: Final = Contender(
    "ours, scheduler alone", ("-p", "scheduling.only_scheduler", "--dist", "load")
)


@dataclass(frozen=True, slots=True)
class Section:
    """The answer to one question, as it stands in the report."""

    title: str
    lines: Sequence[str]
    missed: Sequence[str]
    """A sentence for each bar that was missed."""

    def render(self) -> str:
        """Render heading, text, and what was missed."""
        verdict = [f"**Missed:** {line}" for line in self.missed] or ["All bars are met."]
        return "\n".join([f"## {self.title}", "", *self.lines, "", *verdict, ""])


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two series measured in turns, compared."""

    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def of_medians(self) -> float:
        """Ratio of the two medians."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    @property
    def paired(self) -> float:
        """Median of the ratios of neighbours, which a slow phase of the machine meets alike."""
        return statistics.median(
            one / other for one, other in zip(self.ours, self.theirs, strict=True)
        )

    def exceeds(self, bar: float) -> bool:
        """Tell whether both ways of comparing are above the bar: one alone may be noise."""
        return min(self.of_medians, self.paired) > bar
