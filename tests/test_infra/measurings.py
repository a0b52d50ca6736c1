"""Runs that were never made, as the tests of what compares them need them."""

from collections.abc import Mapping, Sequence

from tests.infra.history import History
from tests.infra.measuring.campaign import Campaign, Wish
from tests.infra.measuring.report import Report, build_report
from tests.infra.measuring.runner import Measured
from tests.infra.measuring.specs import RunSpec

PASSED: Mapping[str, str] = {"t.py::test_a": "passed", "t.py::test_b": "passed"}
MACHINE: Mapping[str, object] = {
    "cores": 2,
    "python": "3.11.7",
    "pytest": "9.2.0",
    "xdist": "3.8.0",
}


def make_measured(
    spec: RunSpec,
    wall_s: float = 10.0,
    *,
    outcomes: Mapping[str, str] = PASSED,
    exit_code: int = 0,
    markers: Mapping[str, int] | None = None,
) -> Measured:
    """Make a run: a second to start, a second to end, and both tests of the same length."""
    tests_s = wall_s - 2
    workers = spec.workers if isinstance(spec.workers, int) else 2
    return Measured(
        spec=spec,
        wall_s=wall_s,
        startup_s=1.0,
        tests_s=tests_s,
        rest_s=1.0,
        cpu_s=3.0,
        peak_memory_bytes=100 * 2**20,
        workers=workers,
        exit_code=exit_code,
        outcomes=outcomes,
        durations_s=dict.fromkeys(outcomes, tests_s * max(1, workers) / 2),
        markers=markers or {},
    )


class FakeRuns:
    """Makes runs that take what a table says, and notes which were asked for."""

    def __init__(
        self,
        times_s: Mapping[int | str, Sequence[float]],
        *,
        markers: Mapping[str, int] | None = None,
        broken: Mapping[int | str, Mapping[str, str]] | None = None,
    ) -> None:
        self.times_s = times_s
        self.markers = markers
        self.broken = broken or {}
        self.asked: list[RunSpec] = []
        self.labels: list[str] = []
        self.timeouts_s: list[float | None] = []
        self.now_s = 0.0
        self.interrupt_at: int | None = None

    def __call__(self, spec: RunSpec, label: str, *, timeout_s: float | None) -> Measured:
        """Make the next run of a number of workers; the last time repeats."""
        self.labels.append(label)
        self.timeouts_s.append(timeout_s)
        if self.interrupt_at == len(self.asked):
            raise KeyboardInterrupt
        times_s = self.times_s[spec.workers]
        wall_s = times_s[min(self.asked.count(spec), len(times_s) - 1)]
        self.asked.append(spec)
        self.now_s += wall_s
        outcomes = self.broken.get(spec.workers, PASSED)
        return make_measured(spec, wall_s, outcomes=outcomes, markers=self.markers)

    def get_clock(self) -> float:
        """Return what the runs took so far."""
        return self.now_s


def make_campaign(runs: FakeRuns, wish: Wish) -> Campaign:
    """Make a campaign on two cores, and conduct it."""
    campaign = Campaign(wish, runs, runs.get_clock, 2)
    campaign.conduct()
    return campaign


def make_report(runs: FakeRuns, wish: Wish, history: History | None = None) -> Report:
    """Make the report of a campaign."""
    campaign = make_campaign(runs, wish)
    commands = {spec.name: f"pytest {spec.name}" for spec in campaign.runs}
    return build_report(
        campaign,
        history or History(),
        machine=MACHINE,
        command=wish.arguments,
        commands=commands,
    )
