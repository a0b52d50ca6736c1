"""What a run takes with so many workers: start-up, tests and end; pure.

Calibrated by measured runs.  The tests are simulated by `sharing`; what they take, and what
surrounds them, was measured in one process and with one number of workers, and is taken from
there to other numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..estimates import compute_median
from ..forecast import GATEWAY_S
from .scopes import Scope
from .sharing import Sharing, predict_shared

SHORTEST_S: Final = 0.002
"""Shorter tests tell nothing of a slowdown: a message that comes between doubles their time."""

MOSTLY: Final = 0.5
"""From this part of their time on, the slowdown of tests is that of computing."""

LEAST_SHARE: Final = 0.02
"""A process that computes less than this part of its time is taken to wait only."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The runs of one number of workers, each figure the median of them."""

    workers: int
    startup_s: float
    """From the start of the process to the begin of the first test."""
    tests_s: float
    """From there to the end of the last test."""
    rest_s: float
    """From there to the end of the process."""
    cpu_s: float
    """Of all processes."""
    startup_cpu_s: float
    """What one process computes until it has collected."""
    durations_s: Mapping[str, float]
    """Node id to what the test took by its own clock."""
    is_warm: bool = False
    """Whether the workers were forked from one process."""


@dataclass(frozen=True, slots=True)
class Model:
    """Predicts runs of the suite that it was calibrated by."""

    alone: Sample
    beside: Sample | None
    """None where no run had workers: then only one process is predicted."""
    sharing: Sharing
    costs_s: Mapping[str, float]
    """Node id to what a test takes alone, with pytest's own time around it."""
    worker_cpu_s: float = 0.0
    """What each worker computes apart from its tests, from its start to its end."""
    factor: float = 1.0
    """What the tests really took on workers, by what the simulation says."""

    def predict(self, scope: Scope, workers: int) -> float:
        """Predict the seconds from the start of pytest's process to its end."""
        tests_s = predict_shared(scope.build_plan(self.costs_s), workers, self.sharing)
        if workers == 0 or self.beside is None:
            return self.alone.startup_s + tests_s + self.alone.rest_s
        return self._predict_around(self.beside, workers) + tests_s * self.factor

    def _predict_around(self, beside: Sample, workers: int) -> float:
        """Predict start-up and end: what each worker computes there, on processors they share."""
        around_s = beside.startup_s + beside.rest_s
        computing = self._get_computing()
        ratio = computing.get_slowdown(workers) / computing.get_slowdown(beside.workers)
        more_s = self.worker_cpu_s * computing.get_load(beside.workers) * (ratio - 1)
        if not beside.is_warm:
            more_s += (workers - beside.workers) * GATEWAY_S
        return max(around_s / 2, around_s + more_s)

    def _get_computing(self) -> Sharing:
        """Return how workers share processors while they start, which is nothing but computing.

        Where the tests wait, their slowdown tells nothing of that.
        """
        known = self.sharing.known
        told = self.sharing.slowdown if self.sharing.cpu_share > MOSTLY else 1.0
        computing = replace(self.sharing, cpu_share=1.0)
        return replace(computing, slowdown=max(told, computing.get_load(known)))


def build_model(cores: int, scope: Scope, alone: Sample, beside: Sample | None) -> Model:
    """Calibrate: `scope` holds the tests that ran in both samples."""
    around_s = max(0.0, alone.tests_s - sum(alone.durations_s.values())) / len(scope.nodeids)
    costs_s = {nodeid: alone.durations_s[nodeid] + around_s for nodeid in scope.nodeids}
    sharing = _build_sharing(cores, alone, beside)
    if beside is None:
        return Model(alone, beside, sharing, costs_s)
    simulated_s = predict_shared(scope.build_plan(costs_s), beside.workers, sharing)
    worker_cpu_s = find_worker_cpu(alone, beside, sharing)
    return Model(alone, beside, sharing, costs_s, worker_cpu_s, beside.tests_s / simulated_s)


def _build_sharing(cores: int, alone: Sample, beside: Sample | None) -> Sharing:
    share = find_cpu_share(alone)
    if beside is None:
        return Sharing(cores, share)
    slowdown = find_slowdown(alone.durations_s, beside.durations_s)
    more_s = sum(beside.durations_s.values()) / slowdown - sum(alone.durations_s.values())
    return Sharing(
        cores=cores,
        cpu_share=share,
        known=beside.workers,
        slowdown=slowdown,
        warmup_s=max(0.0, more_s) / max(1, beside.workers - 1),
    )


def find_worker_cpu(alone: Sample, beside: Sample, sharing: Sharing) -> float:
    """Return what each worker computes apart from its tests, in seconds.

    It is what the run computed more than the one process did, which had to start and to end, too,
    as a controller has; a test that takes longer beside others computes longer.
    """
    tests_s = sharing.cpu_share * sum(alone.durations_s.values())
    more_s = beside.cpu_s - alone.cpu_s - tests_s * (sharing.slowdown - 1)
    return max(beside.startup_cpu_s, more_s / beside.workers)


def find_cpu_share(alone: Sample) -> float:
    """Return which part of the tests' time is computed, by what the one process computed in all."""
    if not alone.tests_s:
        return 1.0
    computed_s = alone.cpu_s - alone.startup_cpu_s - alone.rest_s
    share = min(1.0, max(0.0, computed_s / alone.tests_s))
    return share if share > LEAST_SHARE else 0.0


def find_slowdown(alone_s: Mapping[str, float], beside_s: Mapping[str, float]) -> float:
    """Return how many times longer tests took on workers, at least 1.

    It is the median by time, because a few tests set up what others use, and where there are
    workers, other tests do so.
    """
    pairs = [
        (beside_s[nodeid] / alone, alone)
        for nodeid, alone in alone_s.items()
        if nodeid in beside_s and alone >= SHORTEST_S
    ]
    left_s = sum(alone for _, alone in pairs) / 2
    for ratio, alone in sorted(pairs):
        left_s -= alone
        if left_s <= 0:
            return max(1.0, ratio)
    return 1.0


def join_samples(samples: Sequence[Sample]) -> Sample:
    """Take the medians of runs with the same number of workers."""
    first = samples[0]
    names = [one for one in first.durations_s if all(one in each.durations_s for each in samples)]
    return Sample(
        workers=first.workers,
        startup_s=compute_median([one.startup_s for one in samples]),
        tests_s=compute_median([one.tests_s for one in samples]),
        rest_s=compute_median([one.rest_s for one in samples]),
        cpu_s=compute_median([one.cpu_s for one in samples]),
        startup_cpu_s=compute_median([one.startup_cpu_s for one in samples]),
        durations_s={
            name: compute_median([one.durations_s[name] for one in samples]) for name in names
        },
        is_warm=samples[-1].is_warm,
    )
