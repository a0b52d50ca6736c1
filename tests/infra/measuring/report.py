"""The performance report: what a campaign showed, as records and as what JSON can hold; pure.

Its keys are a contract with other programs: `baseline`, `parallel`, `categories`, `analysis`,
`bound`.  The text for people is in `rendering`, the picture in `drawing`.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..history import History
from .bounds import Floor, build_floor, explain_limit
from .bounds import to_data as floor_to_data
from .campaign import Campaign
from .comparison import Analysis, Difference, Verdict, analyse
from .runner import Measured
from .specs import RunSpec
from .statistics import Figure, build_figure

SHOWN_OTHERS: Final = 0.1
"""From this share of the processors on, other processes are worth a word."""


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration: what its runs took."""

    spec: RunSpec
    runs: Sequence[Measured]
    wall: Figure
    analysis: Analysis | None = None
    """Against the same tests in one process; None for these."""
    floor: Floor | None = None

    def get_median(self, name: str) -> float:
        """Return the median of a field of the runs."""
        return float(statistics.median(getattr(run, name) for run in self.runs))

    @property
    def workers(self) -> Sequence[int]:
        """The numbers of workers that there really were."""
        return sorted({run.workers for run in self.runs})

    @property
    def test_count(self) -> int:
        """How many tests ran."""
        return max(len(run.outcomes) for run in self.runs)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole measurement."""

    rows: Sequence[Row]
    """The baseline first, then workers, then categories."""
    machine: Mapping[str, object]
    command: Sequence[str]
    rounds: int
    cores: int
    limit: str = ""
    """How much any number of workers could gain, in words."""
    left_out: Sequence[str] = ()
    is_interrupted: bool = False
    markexpr: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    """Configuration to the command that runs it again."""

    @property
    def baseline(self) -> Row:
        """All tests in one process."""
        return self.rows[0]

    @property
    def parallel(self) -> Sequence[Row]:
        """All tests on workers."""
        return [row for row in self.rows[1:] if row.spec.category is None]

    @property
    def has_differences(self) -> bool:
        """Whether outcomes differ anywhere."""
        return any(row.analysis and row.analysis.verdict is Verdict.DIFFERENT for row in self.rows)

    @property
    def others_share(self) -> float:
        """How much of the processors other processes took, as a part of all there was."""
        runs = [run for row in self.rows for run in row.runs]
        total_s = sum(run.wall_s for run in runs) * self.cores
        return sum(run.others_cpu_s for run in runs) / total_s if total_s else 0.0

    def get_category(self, name: str) -> tuple[Row, Row]:
        """Return a category's rows: in one process, and on workers."""
        serial, parallel = (row for row in self.rows if row.spec.category == name)
        return serial, parallel

    @property
    def categories(self) -> Sequence[str]:
        """The categories that were measured."""
        return [row.spec.category for row in self.rows if row.spec.category and row.spec.is_serial]

    def to_data(self) -> dict[str, object]:
        """Return all of it as what JSON can hold."""
        return {
            "baseline": row_to_data(self.baseline),
            "parallel": {str(row.spec.workers): row_to_data(row) for row in self.parallel},
            "categories": {name: self._category_to_data(name) for name in self.categories},
            "analysis": {
                str(row.spec.workers): analysis_to_data(row.analysis)
                for row in self.parallel
                if row.analysis
            },
            "bound": {
                "words": self.limit,
                "by_workers": {
                    str(row.spec.workers): {
                        **floor_to_data(row.floor),
                        "words": row.floor.render(self.cores),
                    }
                    for row in self.parallel
                    if row.floor
                },
            },
            "machine": {**self.machine, "others_share": self.others_share},
            "command": list(self.command),
            "commands": dict(self.commands),
            "rounds": self.rounds,
            "left_out": list(self.left_out),
            "is_interrupted": self.is_interrupted,
            "runs": [run_to_data(run) for row in self.rows for run in row.runs],
        }

    def _category_to_data(self, name: str) -> Mapping[str, object]:
        serial, parallel = self.get_category(name)
        assert parallel.analysis is not None, "a row on workers has been compared"
        return {
            "test_count": serial.test_count,
            "workers": parallel.spec.workers,
            "sequential": row_to_data(serial),
            "parallel": row_to_data(parallel),
            "analysis": analysis_to_data(parallel.analysis),
        }


def build_report(
    campaign: Campaign,
    history: History,
    *,
    machine: Mapping[str, object],
    command: Sequence[str],
    commands: Mapping[str, str],
) -> Report:
    """Build the report of a campaign that got beyond its warm-up."""
    rows = [_build_row(campaign, spec, history) for spec in campaign.runs]
    return Report(
        rows=rows,
        machine=machine,
        command=command,
        rounds=campaign.rounds,
        cores=campaign.cores,
        limit=explain_limit(rows[0].runs, history),
        left_out=tuple(campaign.left_out),
        is_interrupted=campaign.is_interrupted,
        markexpr=campaign.first.markexpr if campaign.first else "",
        commands=commands,
    )


def row_to_data(row: Row) -> dict[str, object]:
    """Return what a configuration took, as medians; the wall time with its interval."""
    return {
        "wall_s": row.wall.median,
        "wall_low_s": row.wall.low,
        "wall_high_s": row.wall.high,
        "wall_spread_s": row.wall.spread,
        "startup_s": row.get_median("startup_s"),
        "tests_s": row.get_median("tests_s"),
        "rest_s": row.get_median("rest_s"),
        "cpu_s": row.get_median("cpu_s"),
        "peak_memory_bytes": int(row.get_median("peak_memory_bytes")),
        "workers": list(row.workers),
        "runs": len(row.runs),
        "test_count": row.test_count,
    }


def analysis_to_data(analysis: Analysis) -> dict[str, object]:
    """Return a comparison; where outcomes differ there are no figures."""
    speedup, saved = analysis.speedup, analysis.saved_s
    return {
        "verdict": analysis.verdict.value,
        "percentage": analysis.percentage,
        "time_saved": saved.median if saved else None,
        "speedup_factor": speedup.median if speedup else None,
        "speedup_low": speedup.low if speedup else None,
        "speedup_high": speedup.high if speedup else None,
        "differences": [_difference_to_data(one) for one in analysis.differences],
        "failure": analysis.failure,
    }


def run_to_data(run: Measured) -> dict[str, object]:
    """Return the raw figures of one run."""
    names = ("wall_s", "startup_s", "tests_s", "rest_s", "cpu_s", "others_cpu_s")
    return {
        "workers_asked": run.spec.workers,
        "category": run.spec.category,
        "workers": run.workers,
        **{name: getattr(run, name) for name in names},
        "peak_memory_bytes": run.peak_memory_bytes,
        "exit_code": run.exit_code,
        "test_count": len(run.outcomes),
    }


def _build_row(campaign: Campaign, spec: RunSpec, history: History) -> Row:
    runs = campaign.get_runs(spec)
    wall = build_figure([run.wall_s for run in runs])
    if spec.is_serial:
        return Row(spec, runs, wall)
    serial = RunSpec(spec.arguments, 0, spec.category)
    if spec in campaign.refused:
        # The warm-up's outcomes count as well, its times don't.
        every = (campaign.get_every_run(serial), campaign.get_every_run(spec))
        return Row(spec, runs, wall, analyse(*every))
    before = campaign.get_runs(serial)
    floor = build_floor(before, runs, history, campaign.cores)
    return Row(spec, runs, wall, analyse(before, runs), floor)


def _difference_to_data(one: Difference) -> dict[str, object]:
    return {
        "nodeid": one.nodeid,
        "sequential": dict(one.serial),
        "parallel": dict(one.parallel),
        "is_unsteady": one.is_unsteady,
    }
