"""What a campaign's figures mean, in sentences that say what to do; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..forecast import Work, list_chains, split_by_routing
from ..measuring.specs import AUTO
from .results import FEW, Optimum, Trial, is_as_good
from .scopes import ALL, CATEGORIES, Scope

LARGE_SHARE: Final = 0.3
"""A single test that takes this part of a run on workers is worth a word."""

BOUND_SHARE: Final = 0.8
"""A lane that takes this part of it keeps more workers from helping."""

SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One scope: its tests, what they take alone, and what was measured."""

    scope: Scope
    costs_s: Mapping[str, float]
    trials: Sequence[Trial]
    optimum: Optimum | None

    @property
    def title(self) -> str:
        """What its tests are called."""
        return "all tests" if self.scope.name == ALL else f"{self.scope.name} tests"


def list_recommendations(
    cases: Sequence[Case],
    *,
    has_workers: bool,
    has_categories: bool,
    unsteady: Sequence[str],
    memory: str = "",
) -> list[str]:
    """List what is to be done, the most important first.

    :param memory: figures, where it has no room for a second worker.
    """
    found = [line for case in cases for line in advise_workers(case)]
    found += [line for case in cases for line in advise_lanes(case)]
    found += [line for case in cases[:1] for line in advise_bound(case)]
    found += [line for case in cases for line in warn_of_outcomes(case)]
    if unsteady:
        found.append(
            f"{_name_some(unsteady)} end one way and the other in one process: hunt tells why"
        )
    if cases and not has_workers:
        found.append("pytest-xdist is not installed: with it, tests run on several workers")
    if memory:
        found.append(f"memory has no room for a second worker ({memory})")
    missing = [name for name in CATEGORIES if name not in {case.scope.name for case in cases}]
    if cases and has_categories and missing:
        found.append(f"no test is marked {' or '.join(missing)}: mark finds out which ones are")
    return list(dict.fromkeys(found))


def advise_workers(case: Case) -> Iterator[str]:
    """Say with how many workers to run a scope, and what that gains."""
    if case.optimum is None:
        return
    trial, sequential_s = case.optimum.trial, case.optimum.sequential.measured_s
    assert trial.measured_s is not None
    assert sequential_s is not None
    took = f"{_render(trial.measured_s)}"
    if len(case.scope.nodeids) == 1:
        yield f"{case.title} are one test, so nothing runs beside it: {took} in one process"
    elif trial.setup.workers == AUTO:
        yield f"keep -n auto for {case.title}: {_explain_auto(case, trial, took)}"
    elif trial.setup.workers == 0:
        rival = _find_rival(case)
        than = f" instead of {_render_trial(rival)}" if rival else ""
        yield f"run {case.title} in one process: {took}{than}"
    else:
        yield (
            f"run {case.title} with -n {trial.setup.workers}: {took} instead of "
            f"{_render(sequential_s)} in one process{_compare_auto(case, trial)}"
        )


def advise_lanes(case: Case) -> Iterator[str]:
    """Say of each lane that was tried with another width what came of it."""
    for trial in case.trials:
        plain = _find_plain(case, trial)
        if not trial.setup.widths or plain is None or trial.measured_s is None:
            continue
        (lane, width), *_ = trial.setup.widths
        what = f"widening lane {lane} from {case.scope.widths[lane]} to {width}"
        assert plain.measured_s is not None
        gain = 1 - trial.measured_s / plain.measured_s
        if trial.differing:
            yield f"{what} changes outcomes ({_name_some(trial.differing)}): leave it"
        elif len(trial.runs_s) < FEW:
            yield f"{what} was run {len(trial.runs_s)} times only: nothing is shown"
        elif is_as_good(plain, trial):
            yield f"{what} gains nothing for {case.title} ({gain:.0%}): leave it"
        else:
            yield (
                f"{what} gains {gain:.0%} for {case.title} with -n {trial.setup.workers}, "
                f"outcomes equal in {len(trial.runs_s)} runs"
            )


def advise_bound(case: Case) -> Iterator[str]:
    """Say what keeps a run on workers from being faster: one test, or a lane."""
    rival = _find_rival(case)
    if rival is None or rival.measured_s is None or len(case.scope.nodeids) == 1:
        return
    longest = max(case.scope.nodeids, key=lambda nodeid: case.costs_s[nodeid])
    share = case.costs_s[longest] / rival.measured_s
    if share >= LARGE_SHARE:
        yield f"{longest} takes {share:.0%} of the run on workers: split it"
    costs_s = [case.costs_s[nodeid] for nodeid in case.scope.nodeids]
    chains = list_chains(
        split_by_routing(Work(costs_s, case.scope.routings, case.scope.widths)), case.scope.widths
    )
    for name, chain_s in chains.items():
        if chain_s >= rival.measured_s * BOUND_SHARE:
            title = "tests marked serial" if name == "serial" else name
            yield (
                f"{title} alone needs {_render(chain_s)} of the {_render(rival.measured_s)} on "
                "workers: more of these don't help"
            )


def warn_of_outcomes(case: Case) -> Iterator[str]:
    """Name what ends otherwise on workers than in one process."""
    for trial in case.trials:
        if trial.differing and not trial.setup.widths:
            yield (
                f"{case.title} with -n {trial.setup.workers} end otherwise than in one process, so "
                f"that is not recommended: {_name_some(trial.differing)}; prove tells why"
            )


def _explain_auto(case: Case, trial: Trial, took: str) -> str:
    used = trial.workers_used
    where = f"{used} workers" if used else "one process"
    fixed = [
        one
        for one in case.trials
        if one.setup != trial.setup and one.is_usable and not one.setup.widths
    ]
    best = min(fixed, key=_get_measured, default=None)
    more = "" if best is None else f"; the best fixed number, {_render_trial(best)}, is not faster"
    return f"it chooses {where}, {took}{more}"


def _compare_auto(case: Case, trial: Trial) -> str:
    for one in case.trials:
        if one.setup.workers == AUTO and one.measured_s is not None and one.is_usable:
            return f", and {_render(one.measured_s)} with -n auto"
    return "" if trial.predicted_s is None else f" (predicted: {_render(trial.predicted_s)})"


def _find_rival(case: Case) -> Trial | None:
    """Return the fastest run on workers with the suite's own lanes."""
    rivals = [
        one for one in case.trials if one.is_usable and one.workers_used and not one.setup.widths
    ]
    return min(rivals, key=_get_measured, default=None)


def _find_plain(case: Case, wide: Trial) -> Trial | None:
    """Return the runs with as many workers and the suite's own widths."""
    for one in case.trials:
        if one.setup.workers == wide.setup.workers and not one.setup.widths and one.runs_s:
            return one
    return None


def _get_measured(trial: Trial) -> float:
    assert trial.measured_s is not None, "only what was run is compared"
    return trial.measured_s


def _render_trial(trial: Trial) -> str:
    where = "one process" if trial.setup.workers == 0 else f"-n {trial.setup.workers}"
    return f"{_render(_get_measured(trial))} with {where}"


def _render(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def _name_some(nodeids: Sequence[str]) -> str:
    more = len(nodeids) - SHOWN
    return ", ".join(nodeids[:SHOWN]) + (f" and {more} more" if more > 0 else "")
