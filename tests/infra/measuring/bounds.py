"""What bounds the gain of workers: the suite's own longest chain, the start, and the cores; pure.

G. M. Amdahl, "Validity of the single processor approach to achieving large scale computing
capabilities", AFIPS spring joint computer conference (1967): what can't be spread remains.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..history import History
from ..records import ANYWHERE, Routing
from ..report import render_bound
from ..timeline import Bound, Load, find_bound
from .runner import Measured


@dataclass(frozen=True, slots=True)
class Floor:
    """The time that a run on so many workers can't come below."""

    workers: int
    around_s: float
    """From the start of the process to the first test, and from the last one to the end."""
    tests: Bound
    processors_s: float
    """The least processor time of a run, shared among the cores."""

    @property
    def total_s(self) -> float:
        """The bound of the whole run."""
        return max(self.around_s + self.tests.total_s, self.processors_s)

    def render(self, cores: int) -> str:
        """Say what the bound is, and why."""
        if self.processors_s > self.around_s + self.tests.total_s:
            return f"{self.processors_s:.1f} s: the processor time, shared among {cores} cores"
        tests = render_bound(self.tests)
        return f"{self.total_s:.1f} s: {self.around_s:.1f} s to start and to end, tests {tests}"


def build_loads(runs: Sequence[Measured], history: History) -> list[Load]:
    """Return the least that each test was seen to take, and what may run beside it.

    Medians would make a bound of a run on a busy machine that a quiet one comes below.
    """
    least_s: dict[str, float] = {}
    for run in runs:
        for nodeid, duration_s in run.durations_s.items():
            least_s[nodeid] = min(duration_s, least_s.get(nodeid, math.inf))
    return [
        Load(nodeid, cost_s, _get_routing(history, nodeid)) for nodeid, cost_s in least_s.items()
    ]


def build_floor(
    serial: Sequence[Measured], parallel: Sequence[Measured], history: History, cores: int
) -> Floor:
    """Build the bound of a configuration from its runs and from those in one process."""
    # The most there were: with fewer the bound is higher.
    workers = max(1, *(run.workers for run in parallel))
    loads = build_loads([*serial, *parallel], history)
    return Floor(
        workers=workers,
        around_s=min(run.startup_s + run.rest_s for run in parallel),
        tests=find_bound(loads, history.widths, workers=workers),
        processors_s=min(run.cpu_s for run in (*serial, *parallel)) / cores,
    )


def explain_limit(serial: Sequence[Measured], history: History) -> str:
    """Say how much any number of workers could gain, as Amdahl's law has it."""
    wall_s = statistics.median(run.wall_s for run in serial)
    around_s = min(run.startup_s + run.rest_s for run in serial)
    bound = find_bound(build_loads(serial, history), history.widths, workers=None)
    rest_s = around_s + bound.total_s
    return (
        f"Of {wall_s:.1f} s in one process, {around_s:.1f} s are start and end, and the tests take "
        f"{render_bound(bound)} on any number of workers: at most {wall_s / rest_s:.1f} times as "
        "fast, if workers started at no cost."
    )


def to_data(floor: Floor) -> Mapping[str, object]:
    """Return a bound as what JSON can hold."""
    return {
        "workers": floor.workers,
        "total_s": floor.total_s,
        "around_s": floor.around_s,
        "tests_s": floor.tests.total_s,
        "exclusive_s": floor.tests.exclusive_s,
        "limit": floor.tests.limit.value,
        "name": floor.tests.name,
        "processors_s": floor.processors_s,
    }


def _get_routing(history: History, nodeid: str) -> Routing:
    past = history.tests.get(nodeid)
    return past.routing if past else ANYWHERE
