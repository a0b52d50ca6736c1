"""What the runs of two configurations show: which outcomes differ, else how much is gained; pure.

Times are compared within a round, whose runs were near each other: a machine that is slow for a
while is slow for both.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .runner import Measured
from .statistics import Figure, build_figure, has_level

LEAST_CHANGE: Final = 0.05
"""A smaller gain or loss is no better than noise, however narrow its interval: another day's
machine gives another sign."""

NOT_RUN: Final = "not run"


class Verdict(Enum):
    """What a comparison comes to."""

    FASTER = "faster"
    SLOWER = "slower"
    NOISE = "within the noise"
    DIFFERENT = "outcomes differ"


@dataclass(frozen=True, slots=True)
class Difference:
    """A test whose outcomes were not the same."""

    nodeid: str
    serial: Mapping[str, int]
    """Outcome to the number of runs in one process."""
    parallel: Mapping[str, int]

    @property
    def is_unsteady(self) -> bool:
        """Whether it differs in one process already, so that workers can't be blamed."""
        return len(self.serial) > 1


@dataclass(frozen=True, slots=True)
class Analysis:
    """What workers change."""

    verdict: Verdict
    speedup: Figure | None = None
    """How many times as fast, round by round; None where outcomes differ."""
    saved_s: Figure | None = None
    differences: Sequence[Difference] = ()
    failure: str = ""
    """How a run ended that did not come to its end."""

    @property
    def percentage(self) -> float | None:
        """How much of the time is saved, 0 to 100; negative where it takes longer."""
        return None if self.speedup is None else 100 * (1 - 1 / self.speedup.median)


def analyse(serial: Sequence[Measured], parallel: Sequence[Measured]) -> Analysis:
    """Compare runs in one process with runs on workers, both in the order of their rounds."""
    failure = next(filter(None, map(describe_failure, (*serial, *parallel))), "")
    differences = find_differences(serial, parallel)
    if differences or failure:
        return Analysis(Verdict.DIFFERENT, differences=differences, failure=failure)
    pairs = [(one.wall_s, other.wall_s) for one, other in zip(serial, parallel, strict=False)]
    speedup = build_figure([before_s / after_s for before_s, after_s in pairs])
    saved_s = build_figure([before_s - after_s for before_s, after_s in pairs])
    return Analysis(judge(speedup), speedup, saved_s)


def judge(speedup: Figure) -> Verdict:
    """Tell whether a ratio of times is more than noise.

    The whole interval has to lie beyond the least change: asked again, a gain that is as large as
    that would be told on one day and not on the next.
    """
    if not has_level(speedup.count) or speedup.low <= 1 <= speedup.high:
        return Verdict.NOISE
    nearest = speedup.low if speedup.median > 1 else speedup.high
    if abs(1 - 1 / nearest) < LEAST_CHANGE:
        return Verdict.NOISE
    return Verdict.FASTER if speedup.median > 1 else Verdict.SLOWER


def find_differences(
    serial: Iterable[Measured], parallel: Iterable[Measured]
) -> tuple[Difference, ...]:
    """Find the tests that had more than one outcome in all of these runs, by node id."""
    before, after = _count_outcomes(serial), _count_outcomes(parallel)
    names = sorted({*before, *after})
    return tuple(
        Difference(name, before[name], after[name])
        for name in names
        if len({*before[name], *after[name]}) > 1
    )


def describe_failure(run: Measured) -> str:
    """Say how a run ended that did not come to its end; nothing of one that did."""
    if run.is_complete:
        return ""
    if run.is_cut:
        return f"{run.spec.name}: ended after {run.wall_s:.0f} s, far longer than the others"
    ran = "" if run.outcomes else ", and ran no test"
    return f"{run.spec.name}: pytest ended with exit code {run.exit_code}{ran}"


def _count_outcomes(runs: Iterable[Measured]) -> Mapping[str, Mapping[str, int]]:
    """Count the outcomes of each test; a run without it counts as one."""
    every = list(runs)
    counts: defaultdict[str, Counter[str]] = defaultdict(lambda: Counter({NOT_RUN: len(every)}))
    for run in every:
        for nodeid, outcome in run.outcomes.items():
            counts[nodeid][outcome] += 1
            counts[nodeid][NOT_RUN] -= 1
    for count in counts.values():
        # It drops what is not positive, in place.
        count += Counter()
    return counts
