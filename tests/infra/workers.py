"""How many workers `-n auto` gives: the count with which the run is predicted to end first.

Which tests run is found out in `selection`, what they take in `history`, and what a run takes
with so many workers in `forecast`.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from .benchmarks import leave_out
from .estimates import get_file
from .forecast import (
    Simulate,
    StartupModel,
    Work,
    is_as_good,
    list_chains,
    predict_totals,
    split_by_routing,
)
from .history import History, Startup
from .machine import Machine, read_machine
from .records import Routing
from .selection import Known, Selection, is_single_test, read_command_line, select
from .settings import Settings

MEMORY_MARGIN: Final = 1.2
"""How much more than what was measured a worker may take."""

PREFIX: Final = "-n auto: "
SERIAL_SHARE: Final = 0.1
BOUND_SHARE: Final = 0.8
"""From these shares of a makespan on, what bounds it is worth a word."""

EXACT_S: Final = 10.0
"""Below, tenths of a second are told."""

FEW_TESTS: Final = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """How many workers, and why."""

    count: int
    """0: in one process."""
    reason: str
    """One line for the header of the run."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most workers that may run, and what sets it."""

    count: int
    memory: str = ""
    """Figures, where memory allows fewer than the processors."""


def choose(work: Work, startup: StartupModel, limit: Limit, simulate: Simulate) -> Choice:
    """Choose the count of workers with which the work is done first; the fewest of equal ones."""
    totals = predict_totals(work, startup, limit.count, simulate)
    best_s = min(totals.values())
    count = min(count for count, total_s in totals.items() if is_as_good(total_s, best_s))
    if count == 0:
        return Choice(0, _explain_alone(totals, limit))
    is_bounded = limit.memory and count == limit.count
    bound = f", bounded by memory ({limit.memory})" if is_bounded else ""
    makespan_s = totals[count] - startup.predict(count)
    why = "; ".join([f"in one process {_render(totals[0])}", *_explain_bound(work, makespan_s)])
    return Choice(count, f"{PREFIX}{_name(count)}{bound}, about {_render(totals[count])} ({why})")


def find_limit(machine: Machine, startups: Sequence[Startup], most: int | None = None) -> Limit:
    """Find how many workers processors and memory allow, and the user by `--maxprocesses`."""
    count = min(machine.cores, most or machine.cores)
    parallel = [startup.peak_rss_bytes for startup in startups if startup.worker_count]
    alone = [startup.peak_rss_bytes for startup in startups if not startup.worker_count]
    peak = max(parallel, default=0) or max(alone, default=0)
    if not peak or machine.available_bytes is None:
        return Limit(count)
    fitting = max(1, int(machine.available_bytes / (peak * MEMORY_MARGIN)))
    if fitting >= count:
        return Limit(count)
    free = f"{_render_bytes(machine.available_bytes)} free"
    return Limit(fitting, f"{_render_bytes(peak)} each, {free}")


def choose_for(
    config: pytest.Config,
    settings: Settings,
    get_history: Callable[[], History],
    simulate: Simulate,
    machine: Machine | None = None,
) -> Choice | None:
    """Choose for a run; None leaves it to xdist.  Called from `pytest_xdist_auto_num_workers`.

    :param get_history: called only where it is needed.
    :param machine: this one, unless a test gives another.
    """
    if not settings.has_own_scheduler or _is_decided(config):
        return None
    history = get_history()
    machine = machine or read_machine()
    limit = find_limit(machine, history.startups, config.getoption("maxprocesses", None))
    command = read_command_line(config)
    known = drop_gone(history.get_markers(), config.rootpath)
    selection = leave_out(config, select(command, known, history.get_failed()), known)
    choice = _choose_unpredicted(selection, command.args, limit)
    if choice is not None:
        return choice
    count = len(selection.nodeids)
    model = StartupModel(history.startups, machine.cores, count, settings.is_warm_start)
    return choose(build_work(history, selection), model, limit, simulate)


def build_work(history: History, selection: Selection) -> Work:
    """Build what a simulation wants to know of the selected tests."""
    pasts = history.tests
    return Work(
        [estimate.cost_s for estimate in history.get_estimates(selection.nodeids)],
        [pasts[name].routing if name in pasts else Routing() for name in selection.nodeids],
        history.widths,
    )


def drop_gone(known: Known, rootdir: Path) -> dict[str, tuple[str, ...] | None]:
    """Leave out the tests whose file is not there any more."""
    files = {get_file(nodeid) for nodeid in known}
    there = {file for file in files if (rootdir / file).exists()}
    return {nodeid: names for nodeid, names in known.items() if get_file(nodeid) in there}


def _is_decided(config: pytest.Config) -> bool:
    """Tell whether somebody else has decided, or nothing will be distributed."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") or config.getoption("collectonly"):
        return True
    return bool(config.getoption("numprocesses") != "auto" or config.getoption("dist") == "each")


def _choose_unpredicted(selection: Selection, args: Sequence[str], limit: Limit) -> Choice | None:
    """Choose where there is too little to predict a run from, or too few tests to share."""
    if selection.unknown_args:
        if len(args) <= FEW_TESTS and all(is_single_test(arg) for arg in args):
            return Choice(0, f"{PREFIX}{_name(0)}: single tests, no history yet")
        return _choose_most(limit)
    if not selection.nodeids:
        return Choice(0, f"{PREFIX}{_name(0)}: no known test is selected")
    if len(selection.nodeids) == 1:
        return Choice(0, f"{PREFIX}{_name(0)}: one test")
    return None


def _explain_alone(totals: Mapping[int, float], limit: Limit) -> str:
    others = {count: total_s for count, total_s in totals.items() if count}
    if others:
        count = min(others, key=lambda count: others[count])
        why = f"{_name(count)}: {_render(others[count])}"
    else:
        why = f"bounded by memory: {limit.memory}" if limit.memory else "no second one can run"
    return f"{PREFIX}in one process, about {_render(totals[0])} ({why})"


def _explain_bound(work: Work, makespan_s: float) -> Iterator[str]:
    """Say what keeps more workers from helping, if one thing does."""
    chains = list_chains(split_by_routing(work), work.widths)
    serial_s = chains.pop("serial", 0.0)
    if serial_s > makespan_s * SERIAL_SHARE:
        yield f"{_render(serial_s)} are serial"
        return
    chains["the longest test"] = max(work.costs_s)
    name = max(chains, key=lambda name: chains[name])
    if chains[name] > makespan_s * BOUND_SHARE:
        yield f"{name} takes {_render(chains[name])}"


def _choose_most(limit: Limit) -> Choice:
    """Choose all that is allowed; a single worker would only be slower than none."""
    count = limit.count if limit.count > 1 else 0
    bound = f", bounded by memory ({limit.memory})" if limit.memory else ""
    return Choice(count, f"{PREFIX}{_name(count)}{bound}: no history yet")


def _name(count: int) -> str:
    return f"{count} workers" if count else "in one process"


def _render(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < EXACT_S else f"{seconds:.0f} s"


def _render_bytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
