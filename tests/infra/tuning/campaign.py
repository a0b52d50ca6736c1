"""All runs of a tuning, one at a time: warm-up, calibration, then those worth it, in turns.

It decides which run comes next; how one is made is given to it, so it can be tried without pytest.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from ..errors import InfraError, SettingError
from ..history import History
from ..machine import Machine
from ..measuring.runner import Measured
from ..measuring.specs import RunSpec
from ..workers import find_limit
from .candidates import (
    WAITING_FACTOR,
    Setup,
    choose_setups,
    find_most_workers,
    list_widenable,
    list_workers,
    propose_widths,
)
from .model import Model, Sample, build_model, join_samples
from .results import FEW, Trial
from .scopes import ALL, Scope, build_scopes

CALIBRATIONS: Final = 2
"""So many runs of each kind calibrate the model, unless the user wants one round only."""

PATIENCE: Final = 10.0
MORE_PATIENCE_S: Final = 60.0
"""A run that takes so many times what it was expected to take, and a minute more, hangs."""


class NothingToTuneError(InfraError):
    """The suite does not run at all, so nothing can be measured."""

    def __init__(self, name: str, output: str) -> None:
        super().__init__(name, output)
        self.name = name
        self.output = output

    def __str__(self) -> str:
        return (
            f"pytest did not come to its end, or ran no test ({self.name}), so there is nothing "
            f"to tune; this is what it said:\n{self.output.strip()}"
        )


class Hands(Protocol):
    """Makes the runs."""

    @property
    def has_workers(self) -> bool:
        """Whether pytest-xdist is there."""

    def run(self, spec: RunSpec, *, label: str, timeout_s: float | None) -> Measured:
        """Run pytest once; an interrupt ends it and is raised."""

    def read_history(self) -> History:
        """Return what the runs have taught."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for."""

    arguments: tuple[str, ...] = ()
    rounds: int = 3
    workers: tuple[int, ...] = ()
    """The numbers to measure; empty: those that are predicted to be good."""
    lanes: tuple[str, ...] = ()
    """Lanes that may be widened although somebody has set their width."""
    has_categories: bool = True
    ini_lanes: str = ""
    """What the ini file says of lanes, as it stands there."""
    known_lanes: Collection[str] = ()
    """The lanes whose width the ini file gives."""


@dataclass(slots=True)
class Campaign:
    """What has been run so far, and what was predicted."""

    wish: Wish
    hands: Hands
    machine: Machine
    scopes: list[Scope] = field(default_factory=list)
    model: Model | None = None
    samples: dict[int, list[Measured]] = field(default_factory=dict)
    """The calibrating runs, by number of workers."""
    runs: dict[tuple[str, Setup], list[Measured]] = field(default_factory=dict)
    """The others, by name of the scope and setup."""
    predicted_s: dict[tuple[str, Setup], float] = field(default_factory=dict)
    is_interrupted: bool = False
    memory: str = ""
    """Figures, where it has no room for a second worker."""

    def conduct(self) -> None:
        """Make all runs, or those until an interrupt.

        :raises NothingToTuneError: pytest doesn't run this suite.
        :raises SettingError: the suite doesn't load the infrastructure.
        """
        try:
            self._calibrate()
            for scope in self.scopes:
                self._confirm(scope)
        except KeyboardInterrupt:
            self.is_interrupted = True

    def build_trials(self) -> Iterator[Trial]:
        """Build the record of each setup that was predicted or run."""
        baselines = {scope.name: self._find_baseline(scope) for scope in self.scopes}
        for name, setup in dict.fromkeys([*self.predicted_s, *self.runs]):
            calibrating = self._find_calibrating(name, setup)
            measured = self.runs.get((name, setup)) or calibrating
            used = {one.workers for one in measured}
            yield Trial(
                scope=name,
                setup=setup,
                predicted_s=self.predicted_s.get((name, setup)),
                runs_s=tuple(one.wall_s for one in measured),
                workers_used=max(used, default=None),
                differing=tuple(find_differing(baselines[name], measured)),
                is_calibration=bool(calibrating),
            )

    def find_unsteady(self) -> list[str]:
        """Return the tests whose outcomes differ among the runs in one process."""
        alone = [*self.samples.get(0, ()), *self.runs.get((ALL, Setup(0)), ())]
        return sorted(find_differing(alone[0].outcomes, alone[1:])) if alone else []

    def _calibrate(self) -> None:
        rounds = min(self.wish.rounds, CALIBRATIONS)
        self._run_or_refuse(RunSpec(self.wish.arguments), "warm-up")
        self._sample(0, f"calibration 1 of {rounds}")
        self._read_scopes()
        workers = self._choose_calibrating()
        if workers:
            # Twice, as forked workers need the imports that a run before them has told.
            self._run_or_refuse(RunSpec(self.wish.arguments, workers), "warm-up")
            self._sample(workers, f"calibration 1 of {rounds}")
        for number in range(2, rounds + 1):
            for count in (0, workers) if workers else (0,):
                self._sample(count, f"calibration {number} of {rounds}")
        self._build_model(workers)

    def _sample(self, workers: int, label: str) -> None:
        measured = self._run_or_refuse(RunSpec(self.wish.arguments, workers), label)
        self.samples.setdefault(workers, []).append(measured)

    def _read_scopes(self) -> None:
        history = self.hands.read_history()
        nodeids = list(self.samples[0][0].durations_s)
        if not history.tests:
            raise SettingError(
                "pytest_plugins",
                "conftest.py",
                "doesn't name the infrastructure's plugin, or pytest's cache is off",
                f"let it say pytest_plugins = [{__package__.rpartition('.')[0] + '.plugin'!r}]",
            )
        self.scopes = list(build_scopes(nodeids, history, has_categories=self.wish.has_categories))

    def _choose_calibrating(self) -> int:
        """Return with how many workers to calibrate; 0: it can't be run with any."""
        tests = len(self.scopes[0].nodeids)
        limit = find_limit(self.machine, self.hands.read_history().startups)
        if not self.hands.has_workers or tests == 1:
            return 0
        if limit.memory and limit.count == 1:
            self.memory = limit.memory
            return 0
        return min(max(2, limit.count), tests)

    def _build_model(self, workers: int) -> None:
        history = self.hands.read_history()
        alone = join_samples([build_sample(one, history) for one in self.samples[0]])
        measured = self.samples.get(workers, ()) if workers else ()
        samples = [build_sample(one, history) for one in measured]
        beside = join_samples(samples) if samples else None
        self.model = build_model(self.machine.cores, self.scopes[0], alone, beside)
        for scope in self.scopes:
            for count in self._list_workers(scope):
                self.predicted_s[scope.name, Setup(count)] = self.model.predict(scope, count)

    def _list_workers(self, scope: Scope) -> list[int]:
        assert self.model is not None
        if self.model.beside is None:
            return [0]
        if self.wish.workers:
            return sorted({0, *self.wish.workers})
        startups = self.hands.read_history().startups
        roomy = Machine(self.machine.cores * WAITING_FACTOR, self.machine.available_bytes)
        fitting = find_limit(roomy, startups).count
        share = self.model.sharing.cpu_share
        return list_workers(
            find_most_workers(self.machine.cores, share, fitting), len(scope.nodeids)
        )

    def _confirm(self, scope: Scope) -> None:
        """Make the real runs of a scope, one of each setup in turn."""
        setups = self._choose_setups(scope)
        wide = [setup for setup in setups if setup.widths]
        for number in range(1, max(self.wish.rounds, FEW if wide else 0) + 1):
            for setup in setups if number <= self.wish.rounds else wide:
                measured = self._run(scope, setup, f"round {number} of {self.wish.rounds}")
                self.runs.setdefault((scope.name, setup), []).append(measured)

    def _choose_setups(self, scope: Scope) -> list[Setup]:
        assert self.model is not None
        totals_s: dict[int, float] = {}
        for (name, setup), total_s in self.predicted_s.items():
            if name == scope.name and isinstance(setup.workers, int):
                totals_s[setup.workers] = total_s
        chosen = list(choose_setups(totals_s, scope=scope, has_auto=self.hands.has_workers))
        if self.wish.workers:
            asked = [Setup(workers) for workers in totals_s]
            chosen = [*asked, *(one for one in chosen if not isinstance(one.workers, int))]
        lanes = list_widenable(scope, self.wish.known_lanes, self.wish.lanes)
        parallel = [workers for workers in totals_s if workers > 1]
        for setup in propose_widths(scope, lanes, parallel, self.model.predict):
            wider = scope.with_widths(dict(setup.widths))
            assert isinstance(setup.workers, int)
            self.predicted_s[scope.name, setup] = self.model.predict(wider, setup.workers)
            chosen += [one for one in (Setup(setup.workers), setup) if one not in chosen]
        return chosen

    def _build_spec(self, scope: Scope, setup: Setup) -> RunSpec:
        lanes = "\n".join([self.wish.ini_lanes, *(f"{name} = {n}" for name, n in setup.widths)])
        own = ("-o", f"lanes={lanes}") if setup.widths else ()
        return RunSpec((*own, *self.wish.arguments), setup.workers, scope.category)

    def _run(self, scope: Scope, setup: Setup, label: str) -> Measured:
        expected_s = self.predicted_s.get((scope.name, setup))
        timeout_s = expected_s * PATIENCE + MORE_PATIENCE_S if expected_s else None
        return self.hands.run(self._build_spec(scope, setup), label=label, timeout_s=timeout_s)

    def _run_or_refuse(self, spec: RunSpec, label: str) -> Measured:
        """Make a run without which nothing can be told."""
        measured = self.hands.run(spec, label=label, timeout_s=None)
        if not measured.is_complete:
            raise NothingToTuneError(spec.name, measured.output)
        return measured

    def _find_calibrating(self, name: str, setup: Setup) -> list[Measured]:
        """Return the calibrating runs of this very setup."""
        if name != ALL or setup.widths or isinstance(setup.workers, str):
            return []
        return self.samples.get(setup.workers, [])

    def _find_baseline(self, scope: Scope) -> dict[str, str]:
        """Return how the tests of a scope end in one process, without those that are unsteady."""
        outcomes = self.samples[0][0].outcomes
        unsteady = set(self.find_unsteady())
        return {name: outcomes[name] for name in scope.nodeids if name not in unsteady}


def find_differing(baseline: Mapping[str, str], others: Sequence[Measured]) -> list[str]:
    """Return the tests that ended otherwise, or did not run, in any of the others."""
    return [
        nodeid
        for nodeid, outcome in baseline.items()
        if any(other.outcomes.get(nodeid) != outcome for other in others)
    ]


def build_sample(measured: Measured, history: History) -> Sample:
    """Build what the model wants to know of a run; the history tells what start-ups computed."""
    startups = [one for one in history.startups if one.worker_count == measured.workers]
    return Sample(
        workers=measured.workers,
        startup_s=measured.startup_s,
        tests_s=measured.tests_s,
        rest_s=measured.rest_s,
        cpu_s=measured.cpu_s,
        startup_cpu_s=startups[-1].cpu_s if startups else measured.startup_s,
        durations_s=measured.durations_s,
        is_warm=bool(startups) and startups[-1].is_warm,
    )
