"""A suite that never ran, as the tests of `tune` need it: hands that compute what runs take."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.infra.history import History, Past, Startup
from tests.infra.machine import Machine
from tests.infra.measuring.runner import Measured
from tests.infra.measuring.specs import RunSpec
from tests.infra.records import Routing
from tests.infra.tuning.campaign import Campaign, Wish

MACHINE = Machine(2, None)
AUTO_COUNT = 2


@dataclass(slots=True)
class PaperHands:
    """Runs of tests that wait a second each, in lanes by their names' last word."""

    tests: Mapping[str, str]
    """Node id to the marker, which may be a lane's."""
    has_workers: bool = True
    change: Callable[[RunSpec, dict[str, str]], None] = lambda *_: None
    """Changes the outcomes of a run."""
    interrupt_at: int = 0
    specs: list[RunSpec] = field(default_factory=list)

    def run(self, spec: RunSpec, *, label: str, timeout_s: float | None) -> Measured:  # noqa: ARG002  as the real ones
        """Compute a run: as many tests at a time as there are workers and as lanes let."""
        self.specs.append(spec)
        if len(self.specs) == self.interrupt_at:
            raise KeyboardInterrupt
        chosen = [name for name, mark in self.tests.items() if spec.category in (None, mark)]
        workers = AUTO_COUNT if spec.workers == "auto" else spec.workers
        outcomes = dict.fromkeys(chosen, "passed")
        self.change(spec, outcomes)
        return self._measure(spec, workers, chosen, outcomes)

    def read_history(self) -> History:
        """Return what such runs would have taught."""
        routings = {"integration": Routing(lanes=("integration",))}
        return History(
            tests={
                name: Past(routing=routings.get(mark, Routing()), markers=(mark,))
                for name, mark in self.tests.items()
            },
            startups=tuple(
                Startup(workers, workers > 0, len(self.tests), 1.0, 0.5, 0) for workers in (0, 2)
            ),
            widths={"integration": 2},
        )

    def _measure(
        self, spec: RunSpec, workers: int, chosen: list[str], outcomes: dict[str, str]
    ) -> Measured:
        found = re.search(r"integration = (\d+)", " ".join(spec.arguments))
        lane = int(found[1]) if found else 2
        limited = sum(1 for name in chosen if self.tests[name] == "integration")
        tests_s = max(len(chosen) / max(1, workers), limited / min(lane, max(1, workers)))
        startup_s = 2.0 if workers else 1.0
        return Measured(
            spec=spec,
            wall_s=startup_s + tests_s + 0.1,
            startup_s=startup_s,
            tests_s=tests_s,
            rest_s=0.1,
            cpu_s=0.6,
            peak_memory_bytes=0,
            workers=workers,
            exit_code=0,
            outcomes=outcomes,
            durations_s=dict.fromkeys(outcomes, 1.0),
        )


def make_tests(**counts: int) -> dict[str, str]:
    """Make node ids by the number of tests that each marker has."""
    return {
        f"test_{mark}.py::test_{number}": mark
        for mark, count in counts.items()
        for number in range(count)
    }


def conduct(hands: PaperHands, wish: Wish | None = None, *, machine: Machine = MACHINE) -> Campaign:
    """Conduct a campaign of two rounds, unless another one is wished."""
    campaign = Campaign(wish or Wish(rounds=2), hands, machine)
    campaign.conduct()
    return campaign
