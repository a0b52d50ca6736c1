"""What a campaign measured, and which way to run it shows to be the best; frozen records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..estimates import compute_median
from ..measuring.specs import AUTO
from .candidates import Setup

NOISE_SHARE: Final = 0.05
NOISE_S: Final = 0.1
"""Medians that differ by less than both of these together are as good as each other."""

FEW: Final = 3
"""Fewer runs don't show that outcomes stay equal with a wider lane."""


@dataclass(frozen=True, slots=True)
class Trial:
    """All runs of one setup of one scope."""

    scope: str
    setup: Setup
    predicted_s: float | None
    """None where nothing was predicted: `-n auto` chooses by itself."""
    runs_s: tuple[float, ...] = ()
    """What the real runs took; empty where none was made."""
    workers_used: int | None = None
    """How many there were in the runs; None where none was made."""
    differing: tuple[str, ...] = ()
    """Tests whose outcome is another one than in one process."""
    is_calibration: bool = False
    """Whether the prediction was calibrated by runs of this very number of workers."""

    @property
    def measured_s(self) -> float | None:
        """The median of the real runs."""
        return compute_median(self.runs_s) if self.runs_s else None

    @property
    def error(self) -> float | None:
        """By which part of the measured time the prediction is off; above 0: too long."""
        if self.measured_s is None or self.predicted_s is None:
            return None
        return self.predicted_s / self.measured_s - 1

    @property
    def is_usable(self) -> bool:
        """Whether it was run, and its tests ended as they do in one process."""
        return bool(self.runs_s) and not self.differing

    def to_data(self) -> dict[str, object]:
        """Return what goes into the file."""
        return {
            "scope": self.scope,
            "workers": self.setup.workers,
            "workers_used": self.workers_used,
            "lanes": dict(self.setup.widths),
            "predicted_s": _round(self.predicted_s),
            "measured_s": _round(self.measured_s),
            "error": _round(self.error),
            "runs_s": [_round(run_s) for run_s in self.runs_s],
            "differing": list(self.differing),
            "is_calibration": self.is_calibration,
        }


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best way to run one scope."""

    trial: Trial
    sequential: Trial
    widths: Mapping[str, int]
    """All lanes that its tests are in, with the widths of this way."""

    @property
    def speedup(self) -> float:
        """How many times faster than one process it is."""
        assert self.trial.measured_s is not None
        assert self.sequential.measured_s is not None
        return self.sequential.measured_s / self.trial.measured_s

    def to_data(self) -> dict[str, object]:
        """Return what goes into the file."""
        return {
            "workers": self.trial.setup.workers,
            "workers_used": self.trial.workers_used,
            "lanes": dict(self.widths),
            "predicted_s": _round(self.trial.predicted_s),
            "measured_s": _round(self.trial.measured_s),
            "sequential_s": _round(self.sequential.measured_s),
            "speedup_factor": _round(self.speedup),
        }


@dataclass(frozen=True, slots=True)
class Results:
    """What a campaign found."""

    trials: Sequence[Trial] = ()
    optima: Mapping[str, Optimum] = field(default_factory=dict)
    """By the scope's name."""
    recommendations: Sequence[str] = ()
    cores: int = 0
    rounds: int = 0
    is_interrupted: bool = False

    def get_trials(self, scope: str) -> list[Trial]:
        """Return the trials of a scope."""
        return [trial for trial in self.trials if trial.scope == scope]

    @property
    def differing(self) -> list[Trial]:
        """The trials in which tests ended otherwise than in one process."""
        return [trial for trial in self.trials if trial.differing]

    def to_data(self) -> dict[str, object]:
        """Return what goes into the file, and to another program."""
        return {
            "cores": self.cores,
            "rounds": self.rounds,
            "is_interrupted": self.is_interrupted,
            "optimal_configurations": {name: one.to_data() for name, one in self.optima.items()},
            "predictions": [trial.to_data() for trial in self.trials],
            "recommendations": list(self.recommendations),
        }


def find_optimum(trials: Sequence[Trial], widths: Mapping[str, int]) -> Optimum | None:
    """Find the best way to run one scope: the simplest of those that are as good as the fastest.

    :return: None where nothing in one process was measured, which all else is compared with.
    """
    usable = [trial for trial in trials if trial.is_usable and _is_shown(trial)]
    sequential = next((trial for trial in usable if trial.setup.workers == 0), None)
    if sequential is None:
        return None
    best = min(usable, key=_get_median)
    chosen = min((one for one in usable if is_as_good(one, best)), key=_get_simplicity)
    return Optimum(chosen, sequential, {**widths, **dict(chosen.setup.widths)})


def is_as_good(one: Trial, other: Trial) -> bool:
    """Tell whether a trial is no slower than another one, but for the noise."""
    ours_s, theirs_s = _get_median(one), _get_median(other)
    return ours_s <= theirs_s + max(NOISE_SHARE * theirs_s, NOISE_S, *_find_spreads(one, other))


def _find_spreads(*trials: Trial) -> Iterator[float]:
    """Yield how far the runs of each are from their median, in the median."""
    for trial in trials:
        median_s = _get_median(trial)
        yield compute_median([abs(run_s - median_s) for run_s in trial.runs_s])


def _is_shown(trial: Trial) -> bool:
    """Tell whether there are enough runs: outcomes that depend on a width may be rare."""
    return not trial.setup.widths or len(trial.runs_s) >= FEW


def _get_simplicity(trial: Trial) -> tuple[int, int, int]:
    """Return the key by which ways as good as each other are sorted.

    First what adapts itself to the machine, then one process, then fewer workers.
    """
    workers = trial.setup.workers
    kind = 0 if workers == AUTO else 1 if workers == 0 else 2
    return (len(trial.setup.widths), kind, 0 if isinstance(workers, str) else workers)


def _get_median(trial: Trial) -> float:
    assert trial.measured_s is not None, "only what was run is compared"
    return trial.measured_s


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
