"""Where a moment lies on a drawing: time to pixels, with long idle gaps cut short; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

GAP_WIDTH: Final = 72.0
"""Pixels that a gap gets which is cut short."""
GAP_SHARE: Final = 0.15
"""A gap is cut short where it takes more than this part of the time in which tests ran."""
TICK_WIDTH: Final = 80.0
"""Pixels between two ticks, at least: a label and some air."""
LETTER_WIDTH: Final = 6.5
"""Pixels of a letter of a label, rather more than less."""
MARGIN: Final = 28.0
"""Pixels behind the end of the axis into which a label may reach."""
LEAST_S: Final = 1e-3
"""A shorter test is drawn as if it took so long."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the time axis on which a second has one length."""

    start_s: float
    stop_s: float
    left: float
    right: float
    is_gap: bool = False

    def place(self, moment_s: float) -> float:
        """Return a moment's distance from the left, in pixels."""
        share = (moment_s - self.start_s) / (self.stop_s - self.start_s)
        return self.left + share * (self.right - self.left)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The whole axis."""

    stretches: tuple[Stretch, ...]

    def place(self, moment_s: float) -> float:
        """Return a moment's distance from the left, in pixels."""
        for stretch in self.stretches:
            if moment_s <= stretch.stop_s:
                return stretch.place(moment_s)
        return self.stretches[-1].right

    def iterate_ticks(self) -> Iterator[Tick]:
        """Yield ticks whose labels don't touch each other, nor those of the gaps."""
        busy = [one for one in self.stretches if not one.is_gap]
        rate = (busy[0].right - busy[0].left) / (busy[0].stop_s - busy[0].start_s)
        step = find_step(TICK_WIDTH / rate)
        free, end = 0.0, self.stretches[-1].right + MARGIN
        for stretch in busy:
            for count in range(ceil(stretch.start_s / step), floor(stretch.stop_s / step) + 1):
                x, label = stretch.place(count * step), render_moment(count * step, step)
                half = (len(label) * LETTER_WIDTH + LETTER_WIDTH) / 2
                if x - half >= free and x + half <= end:
                    yield Tick(x, label)
                    free = x + half


def build_scale(spans: Sequence[tuple[float, float]], *, left: float, right: float) -> TimeScale:
    """Build the axis of some spans of time, in seconds; there is one at least."""
    runs = _join_spans(spans)
    busy_s = sum(stop - start for start, stop in runs)
    pieces = list(_iterate_pieces(runs, busy_s * GAP_SHARE))
    gaps = sum(is_gap for *_, is_gap in pieces)
    open_s = sum(stop - start for start, stop, is_gap in pieces if not is_gap)
    gap_width = min(GAP_WIDTH, (right - left) / (2 * gaps)) if gaps else 0.0
    rate = (right - left - gaps * gap_width) / open_s
    stretches = []
    for start, stop, is_gap in pieces:
        end = left + (gap_width if is_gap else (stop - start) * rate)
        stretches.append(Stretch(start, stop, left, end, is_gap))
        left = end
    return TimeScale(tuple(stretches))


def find_step(least: float) -> float:
    """Find the next larger of 1, 2, 5, 10, 20, 50 … times a power of ten."""
    power = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def render_moment(moment_s: float, step_s: float) -> str:
    """Render a moment with as many digits as the step needs."""
    digits = max(0, -floor(log10(step_s) + 1e-9))
    if digits > 2:  # noqa: PLR2004  hundredths of a second
        return f"{moment_s * 1000:,.{max(0, digits - 3)}f} ms"
    return f"{moment_s:,.{digits}f} s"


def _join_spans(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join what overlaps to the spans in which anything ran."""
    joined: list[tuple[float, float]] = []
    for start, seen_stop in sorted(spans):
        stop = max(seen_stop, start + LEAST_S)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return joined


def _iterate_pieces(
    runs: Sequence[tuple[float, float]], longest_s: float
) -> Iterator[tuple[float, float, bool]]:
    """Yield the pieces of the axis: where tests ran with only short gaps, and the long gaps."""
    start, stop = runs[0]
    for next_start, next_stop in runs[1:]:
        if next_start - stop > longest_s:
            yield start, stop, False
            yield stop, next_start, True
            start = next_start
        stop = next_stop
    yield start, stop, False
