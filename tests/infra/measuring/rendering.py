"""A report in words: a table that is read at once, what bounds the gain, and what differs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .comparison import Analysis, Difference, Verdict
from .report import SHOWN_OTHERS, Report, Row
from .statistics import has_level

HEADINGS: Final = (
    "run",
    "tests",
    "median",
    "from - to",
    "start",
    "cpu",
    "memory",
    "against one process",
)
SHOWN_DIFFERENCES: Final = 10
WIDE_GAP: Final = "  "


def render_report(report: Report) -> str:
    """Render a whole report."""
    parts = [
        "\n".join(_render_table(report)),
        "\n".join(_render_bounds(report)),
        "\n".join(_render_differences(report)),
        "\n".join(_render_notes(report)),
    ]
    return "\n\n".join(part for part in parts if part)


def render_progress(label: str, name: str, wall_s: float) -> str:
    """Render how a run ended."""
    return f"{label}: {name}: {wall_s:.1f} s"


def _render_table(report: Report) -> Iterator[str]:
    lines = [HEADINGS, *(_build_cells(row) for row in report.rows)]
    sizes = [max(map(len, column)) for column in zip(*lines, strict=True)]
    last = len(HEADINGS) - 1
    for line in lines:
        cells = [
            f"{cell:<{size}}" if place in (0, last) else f"{cell:>{size}}"
            for place, (cell, size) in enumerate(zip(line, sizes, strict=True))
        ]
        yield WIDE_GAP.join(cells).rstrip()


def _build_cells(row: Row) -> tuple[str, ...]:
    return (
        describe_row(row),
        str(row.test_count),
        render_s(row.wall.median),
        f"{row.wall.low:.2f} - {row.wall.high:.2f}",
        render_s(row.get_median("startup_s")),
        render_s(row.get_median("cpu_s")),
        render_memory(row.get_median("peak_memory_bytes")),
        render_analysis(row.analysis) if row.analysis else "",
    )


def describe_row(row: Row) -> str:
    """Name a configuration, with the workers that `auto` came to."""
    if row.spec.workers != "auto":
        return row.spec.name
    counts = ", ".join(str(count) if count else "one process" for count in row.workers)
    return f"{row.spec.name} ({counts})"


def render_analysis(analysis: Analysis) -> str:
    """Say in a few words what workers change."""
    speedup, saved_s = analysis.speedup, analysis.saved_s
    if speedup is None or saved_s is None or analysis.percentage is None:
        return f"{analysis.verdict.value}: not compared"
    figures = f"{speedup.median:.2f}x ({speedup.low:.2f} - {speedup.high:.2f})"
    if analysis.verdict is Verdict.NOISE:
        return f"within the noise: {figures}"
    word = "saved" if saved_s.median > 0 else "lost"
    share = f"{abs(analysis.percentage):.0f}%, {abs(saved_s.median):.1f} s {word}"
    return f"{analysis.verdict.value}: {figures}, {share}"


def count_rounds(count: int) -> str:
    """Render a number of rounds."""
    return "1 round" if count == 1 else f"{count} rounds"


def render_s(seconds: float) -> str:
    """Render a time."""
    return f"{seconds:.2f} s"


def render_memory(size: float) -> str:
    """Render a size; nothing where it is not known."""
    return f"{size / 2**20:.0f} MiB" if size else "?"


def _render_bounds(report: Report) -> Iterator[str]:
    for row in report.parallel:
        if row.floor:
            yield f"{describe_row(row)} takes at least {row.floor.render(report.cores)}"
    if report.limit:
        yield report.limit


def _render_differences(report: Report) -> Iterator[str]:
    for row in report.rows:
        if row.analysis is None or row.analysis.verdict is not Verdict.DIFFERENT:
            continue
        yield f"Outcomes differ {row.spec.name}, so its times mean nothing:"
        if row.analysis.failure:
            yield f"  {row.analysis.failure}"
        differences = row.analysis.differences
        yield from (render_difference(one) for one in differences[:SHOWN_DIFFERENCES])
        if len(differences) > SHOWN_DIFFERENCES:
            yield f"  and {len(differences) - SHOWN_DIFFERENCES} more tests"
        yield f"  again: {report.commands[row.spec.name]}"


def render_difference(one: Difference) -> str:
    """Say which way a test's outcome differs."""
    where = (
        f"in one process {_render_counts(one.serial)}, on workers {_render_counts(one.parallel)}"
    )
    more = "; it is not the same in one process either" if one.is_unsteady else ""
    return f"  {one.nodeid}: {where}{more}"


def _render_counts(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{outcome} {count} times" for outcome, count in sorted(counts.items()))


def _render_notes(report: Report) -> Iterator[str]:
    stopped = ", interrupted" if report.is_interrupted else ""
    made = f"{count_rounds(report.rounds)} after a warm-up{stopped}"
    yield f"{made}; {_describe_machine(report.machine)}."
    if report.left_out:
        yield f"Left out, as no test is of them: {', '.join(report.left_out)}."
    if not has_level(max(1, report.rounds)):
        yield "So few rounds can't tell a gain from noise; 5 are the fewest (--rounds 5)."
    elif wide := _list_wide(report):
        yield f"Medians not known within 10%: {', '.join(wide)}; the machine was not quiet enough."
    if report.others_share >= SHOWN_OTHERS:
        yield f"Other processes took {report.others_share:.0%} of the processors meanwhile."


def _list_wide(report: Report) -> Sequence[str]:
    return [row.spec.name for row in report.rows if not row.wall.is_settled]


def _describe_machine(machine: Mapping[str, object]) -> str:
    return (
        f"{machine['cores']} cores, Python {machine['python']}, pytest {machine['pytest']}, "
        f"xdist {machine['xdist'] or 'not installed'}"
    )
