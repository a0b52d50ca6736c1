"""The schedule around a failure as SVG: a row for each worker, a bar for each test; pure.

Its colours and patterns are in `page_style`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from .timescale import TimeScale, build_scale, render_moment
from .verdicts import Bar

WIDTH: Final = 960
ROW_HEIGHT: Final = 44
BAR_TOP: Final = 20
"""Below the top of a row; the letters of the roles stand above."""
BAR_HEIGHT: Final = 18
AXIS_HEIGHT: Final = 40
GUTTER_LETTER: Final = 8.0
"""Pixels for a letter of a row's name."""
LONGEST_NAME: Final = 16
"""Letters of a row's name that are shown."""
LEAST_WIDTH: Final = 2.0
THIN: Final = 4.0
"""Narrower bars have no edge, which would cover them."""
SIGN_LETTER: Final = 9.0
SIGN_AIR: Final = 5.0
SIDE: Final = 40
"""Bars that are drawn on each side of the victim."""

ROLES: Final[Mapping[str, str]] = {
    "victim": "V",
    "polluter": "P",
    "setter": "S",
    "cleaner": "C",
    "neighbour": "N",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A bar with a role, and the sign that stands at it in the drawing."""

    sign: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class Drawing:
    """A schedule, and what its signs stand for."""

    svg: str
    named: tuple[Named, ...]
    drawn: int
    left_out: int


def draw_schedule(bars: Sequence[Bar]) -> Drawing:
    """Draw the tests around the victim; those with a role are drawn wherever they are."""
    chosen = choose_bars(bars)
    if not chosen:
        return Drawing("", (), 0, len(bars))
    named = tuple(_name_bars(chosen))
    rows = sorted({bar.row for bar in chosen}, key=_sort_key)
    gutter = GUTTER_LETTER * (min(max(map(len, rows)), LONGEST_NAME) + 2)
    spans = [(bar.start_s, bar.stop_s) for bar in chosen]
    scale = build_scale(spans, left=gutter, right=WIDTH - 30.0)
    height = len(rows) * ROW_HEIGHT
    parts = [
        *_draw_gaps(scale, height),
        *_draw_axis(scale, height),
        *_draw_rows(rows),
        *(_draw_bar(bar, rows.index(bar.row), scale) for bar in chosen),
        *_draw_signs(named, rows, scale),
    ]
    svg = (
        f'<svg class="schedule" viewBox="0 0 {WIDTH} {height + AXIS_HEIGHT}" role="img" '
        f'aria-label="{_quote(_describe(named))}">{"".join(parts)}</svg>'
    )
    return Drawing(svg, named, len(chosen), len(bars) - len(chosen))


def choose_bars(bars: Iterable[Bar]) -> list[Bar]:
    """Choose the bars nearest to the victim, in the order of time."""
    ordered = sorted(bars, key=lambda bar: (bar.start_s, bar.stop_s, bar.row))
    victims = [place for place, bar in enumerate(ordered) if bar.role == "victim"]
    failed = [place for place in victims if ordered[place].outcome == "failed"]
    middle = (failed or victims or [len(ordered) // 2])[-1]
    return [bar for place, bar in enumerate(ordered) if bar.role or abs(place - middle) <= SIDE]


def _name_bars(bars: Sequence[Bar]) -> Iterator[Named]:
    """Give each bar with a role a letter, and a number where there are several."""
    counts = Counter(bar.role for bar in bars)
    seen: Counter[str] = Counter()
    for bar in bars:
        if bar.role:
            seen[bar.role] += 1
            number = str(seen[bar.role]) if counts[bar.role] > 1 else ""
            yield Named(f"{ROLES.get(bar.role, '?')}{number}", bar)


def _sort_key(row: str) -> list[tuple[bool, int, str]]:
    """Sort as people do: gw2 before gw10."""
    parts = re.split(r"(\d+)", row)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _draw_rows(rows: Sequence[str]) -> Iterator[str]:
    for index, row in enumerate(rows):
        middle = index * ROW_HEIGHT + BAR_TOP + BAR_HEIGHT / 2
        shown = row if len(row) <= LONGEST_NAME else f"{row[: LONGEST_NAME - 1]}…"
        bottom = (index + 1) * ROW_HEIGHT
        yield f'<text class="row" x="4" y="{middle + 4:.1f}">{_quote(shown)}</text>'
        yield f'<line class="rule" x1="0" x2="{WIDTH}" y1="{bottom}" y2="{bottom}"/>'


def _draw_bar(bar: Bar, row: int, scale: TimeScale) -> str:
    left, right = scale.place(bar.start_s), scale.place(bar.stop_s)
    role = bar.role if bar.role in ROLES else "bystander"
    failed = " failed" if bar.outcome == "failed" else ""
    thin = " thin" if right - left < THIN else ""
    return (
        f'<rect class="bar {role}{failed}{thin}" x="{left:.1f}" y="{row * ROW_HEIGHT + BAR_TOP}" '
        f'width="{max(right - left, LEAST_WIDTH):.1f}" height="{BAR_HEIGHT}">'
        f"<title>{_quote(render_bar(bar))}</title></rect>"
    )


def render_bar(bar: Bar) -> str:
    """Render a bar in words."""
    step = max((bar.stop_s - bar.start_s) / 10, 0.001)
    start, stop = render_moment(bar.start_s, step), render_moment(bar.stop_s, step)
    return f"{bar.nodeid} {bar.outcome} on {bar.row}, {start} to {stop}"


def _draw_signs(named: Sequence[Named], rows: Sequence[str], scale: TimeScale) -> Iterator[str]:
    """Draw the signs above their bars, moved apart where they would touch."""
    by_row: dict[str, list[Named]] = defaultdict(list)
    for one in named:
        by_row[one.bar.row].append(one)
    for row, several in by_row.items():
        top = rows.index(row) * ROW_HEIGHT
        several.sort(key=lambda one: one.bar.start_s + one.bar.stop_s)
        centres = [
            (scale.place(one.bar.start_s) + scale.place(one.bar.stop_s)) / 2 for one in several
        ]
        widths = [SIGN_AIR + SIGN_LETTER * len(one.sign) for one in several]
        for one, centre, x in zip(several, centres, spread(centres, widths), strict=True):
            yield (
                f'<line class="lead" x1="{x:.1f}" y1="{top + 15}" '
                f'x2="{centre:.1f}" y2="{top + BAR_TOP}"/>'
            )
            yield f'<text class="sign" x="{x:.1f}" y="{top + 13}">{_quote(one.sign)}</text>'


def spread(centres: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Move labels apart, to both sides alike, and keep them on the drawing; in ascending order."""
    to_right = _push(centres, widths)
    to_left = [-one for one in reversed(_push([-one for one in reversed(centres)], widths[::-1]))]
    # Both keep the distances, so what lies half way between them does as well.
    middles = [(one + other) / 2 for one, other in zip(to_right, to_left, strict=True)]
    excess = max(0.0, middles[-1] + widths[-1] / 2 - WIDTH)
    return [middle - excess for middle in middles]


def _push(centres: Sequence[float], widths: Sequence[float]) -> list[float]:
    places = [centres[0]]
    for index, centre in enumerate(centres[1:], 1):
        places.append(max(centre, places[-1] + (widths[index - 1] + widths[index]) / 2))
    return places


def _draw_gaps(scale: TimeScale, height: float) -> Iterator[str]:
    for gap in scale.stretches:
        if gap.is_gap:
            width = gap.right - gap.left
            text = render_moment(gap.stop_s - gap.start_s, (gap.stop_s - gap.start_s) / 10)
            yield (
                f'<rect class="gap" x="{gap.left:.1f}" y="0" width="{width:.1f}" '
                f'height="{height}"><title>nothing ran for {text}</title></rect>'
            )
            yield (
                f'<text class="idle" x="{gap.left + width / 2:.1f}" y="{height + 34}">'
                f"idle {text}</text>"
            )


def _draw_axis(scale: TimeScale, height: float) -> Iterator[str]:
    for tick in scale.iterate_ticks():
        yield (f'<line class="tick" x1="{tick.x:.1f}" x2="{tick.x:.1f}" y1="0" y2="{height + 4}"/>')
        yield f'<text class="time" x="{tick.x:.1f}" y="{height + 17}">{tick.label}</text>'


def _describe(named: Sequence[Named]) -> str:
    texts = [f"{one.sign}: {render_bar(one.bar)}" for one in named]
    return f"What ran around the failure. {'; '.join(texts)}"


def _quote(text: str) -> str:
    return escape(make_printable(text))


def make_printable(text: str) -> str:
    """Put a mark in place of what no page may hold: control characters, halves of surrogates."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)
