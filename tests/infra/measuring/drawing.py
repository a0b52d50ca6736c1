"""The report's picture, as SVG: a bar for each configuration, its spread, and its bound; pure.

It stands for itself, in a page or as a file: its style is inside, on a light ground.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from .rendering import count_rounds, describe_row, render_analysis, render_s
from .report import Report, Row

WIDTH: Final = 960
LEFT: Final = 210
RIGHT: Final = 640
"""Where the longest time ends; behind it are the figures in words."""
WORDS: Final = 660
HEAD: Final = 64
ROW: Final = 46
GROUP_GAP: Final = 26
BAR: Final = 22
AXIS: Final = 34
LEGEND: Final = 60
LONGEST_NAME: Final = 28
TICKS: Final = 6

STYLE: Final = """
text { font: 13px "DejaVu Sans", Verdana, sans-serif; fill: #1d2430; }
.title { font-size: 17px; font-weight: 700; }
.faint { fill: #5b6675; font-size: 12px; }
.tick { text-anchor: middle; fill: #5b6675; font-size: 12px; }
.name { text-anchor: end; }
.time { font-weight: 700; }
.grid { stroke: #e3e7ec; }
.start { fill: #b9c3d0; } .tests { fill: #3d7ab8; } .rest { fill: #dde3ea; }
.range { stroke: #1d2430; stroke-width: 1.5; fill: none; }
.run { fill: #ffffff; stroke: #1d2430; stroke-width: 1; }
.bound { stroke: #b3261e; stroke-width: 3; }
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds to pixels."""

    longest_s: float

    def place(self, seconds: float) -> float:
        """Return the x of a time."""
        return LEFT + (RIGHT - LEFT) * seconds / self.longest_s

    def iterate_ticks(self) -> Iterator[float]:
        """Yield round times from 0 on."""
        step = choose_step(self.longest_s / TICKS)
        for number in range(math.floor(self.longest_s / step) + 1):
            yield number * step


def draw_report(report: Report) -> str:
    """Draw all configurations of a report, categories below the whole suite."""
    tops = list(_place_rows(report.rows))
    bottom = tops[-1] + ROW
    scale = Scale(max(_list_times(report.rows)) * 1.02)
    height = bottom + AXIS + LEGEND
    parts = [
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *_draw_head(report),
        *_draw_axis(scale, bottom),
        *(
            part
            for row, top in zip(report.rows, tops, strict=True)
            for part in _draw_row(row, top, scale)
        ),
        *_draw_legend(bottom + AXIS),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_quote(describe(report))}">'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def describe(report: Report) -> str:
    """Say what is in the picture, for those who don't see it."""
    rows = "; ".join(f"{describe_row(row)} {render_s(row.wall.median)}" for row in report.rows)
    return f"Time of the test suite by number of workers: {rows}"


def choose_step(least: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * 0.999)


def _place_rows(rows: Sequence[Row]) -> Iterator[float]:
    """Yield the top of each row; a new category begins after a gap."""
    top: float = HEAD
    before = None
    for row in rows:
        if row.spec.category != before:
            top += GROUP_GAP
            before = row.spec.category
        yield top
        top += ROW


def _list_times(rows: Sequence[Row]) -> Iterator[float]:
    for row in rows:
        yield max(run.wall_s for run in row.runs)
        if row.floor:
            yield row.floor.total_s


def _draw_head(report: Report) -> Iterator[str]:
    facts = report.machine
    yield f'<text class="title" x="16" y="28">{_quote("Time by number of workers")}</text>'
    text = (
        f"{report.baseline.test_count} tests, {count_rounds(report.rounds)}, "
        f"{facts['cores']} cores, Python {facts['python']}, pytest {facts['pytest']}"
    )
    yield f'<text class="faint" x="16" y="48">{_quote(text)}</text>'


def _draw_axis(scale: Scale, bottom: float) -> Iterator[str]:
    for seconds in scale.iterate_ticks():
        x = scale.place(seconds)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD}" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{seconds:g} s</text>'


def _draw_row(row: Row, top: float, scale: Scale) -> Iterator[str]:
    middle = top + ROW / 2
    yield f'<text class="name" x="{LEFT - 10}" y="{middle + 4:.1f}">{_quote(_name(row))}</text>'
    yield from _draw_parts(row, middle, scale)
    yield from _draw_spread(row, middle, scale)
    if row.floor:
        x = scale.place(row.floor.total_s)
        yield (
            f'<line class="bound" x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 17:.1f}" '
            f'y2="{middle + 17:.1f}"><title>at least {row.floor.total_s:.2f} s</title></line>'
        )
    yield from _draw_words(row, middle)


def _draw_parts(row: Row, middle: float, scale: Scale) -> Iterator[str]:
    """Draw the bar: to the first test, the tests, and what is left to the median."""
    started_s = min(row.get_median("startup_s"), row.wall.median)
    tested_s = min(started_s + row.get_median("tests_s"), row.wall.median)
    edges = (0.0, started_s, tested_s, row.wall.median)
    for kind, begin_s, end_s in zip(("start", "tests", "rest"), edges, edges[1:], strict=False):
        left, right = scale.place(begin_s), scale.place(end_s)
        yield (
            f'<rect class="{kind}" x="{left:.1f}" y="{middle - BAR / 2:.1f}" '
            f'width="{right - left:.1f}" height="{BAR}">'
            f"<title>{kind} {end_s - begin_s:.2f} s</title></rect>"
        )


def _draw_spread(row: Row, middle: float, scale: Scale) -> Iterator[str]:
    low, high = scale.place(row.wall.low), scale.place(row.wall.high)
    yield (
        f'<path class="range" d="M{low:.1f} {middle - 6:.1f}v12M{low:.1f} {middle:.1f}'
        f'H{high:.1f}M{high:.1f} {middle - 6:.1f}v12"/>'
    )
    for run in row.runs:
        yield (
            f'<circle class="run" cx="{scale.place(run.wall_s):.1f}" cy="{middle:.1f}" r="2.5">'
            f"<title>{run.wall_s:.2f} s</title></circle>"
        )


def _draw_words(row: Row, middle: float) -> Iterator[str]:
    if row.analysis is None:
        yield f'<text class="time" x="{WORDS}" y="{middle + 4:.1f}">{row.wall.median:.2f} s</text>'
        return
    yield f'<text class="time" x="{WORDS}" y="{middle - 4:.1f}">{row.wall.median:.2f} s</text>'
    # What is saved stands in the report; a line has room for less.
    text = render_analysis(row.analysis).rpartition(", ")[0] or render_analysis(row.analysis)
    yield f'<text class="faint" x="{WORDS}" y="{middle + 13:.1f}">{_quote(text)}</text>'


def _draw_legend(top: float) -> Iterator[str]:
    y = top + 20
    kinds = (
        ("start", "until the first test", 170),
        ("tests", "tests", 80),
        ("rest", "end of the run", 140),
    )
    x = 16
    for kind, text, width in kinds:
        yield f'<rect class="{kind}" x="{x}" y="{y - 11}" width="14" height="14"/>'
        yield f'<text class="faint" x="{x + 20}" y="{y}">{text}</text>'
        x += width
    yield f'<circle class="run" cx="{x + 6}" cy="{y - 4}" r="2.5"/>'
    yield f'<text class="faint" x="{x + 16}" y="{y}">one run</text>'
    x += 84
    yield f'<path class="range" d="M{x} {y - 10}v12M{x} {y - 4}h20M{x + 20} {y - 10}v12"/>'
    yield f'<text class="faint" x="{x + 28}" y="{y}">where the median is, at 90%</text>'
    x += 220
    yield f'<line class="bound" x1="{x}" x2="{x}" y1="{y - 12}" y2="{y + 4}"/>'
    yield f'<text class="faint" x="{x + 10}" y="{y}">no order of the tests is faster</text>'


def _name(row: Row) -> str:
    name = describe_row(row)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _quote(text: str) -> str:
    return escape(text)
