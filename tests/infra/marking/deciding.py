"""From what a test takes and does to its category, with reasons; pure.

Waiting in real time makes a test `slow` however short it is, being above the slow border as well;
above the unit border, or with several parts or steps, it is `integration`; else `unit`.
"""

from collections.abc import Iterator
from typing import Final

from .categories import Borders, Category, Decision, Doing, Timing

MANY_OPERATIONS: Final = 12
"""So many different operations in one test exercise several parts, whatever they are called."""

SEVERAL_STEPS: Final = 2

NEAR: Final = 1.5
"""A median within this factor of a border could fall on its other side another time."""

SHOWN: Final = 4


def decide(timing: Timing | None, doing: Doing, borders: Borders, name: str = "") -> Decision:
    """Decide for the tests of one function.

    :param timing: of its slowest parameter set, which `name` names.
    """
    median_s = timing.median_s if timing else None
    waiting = explain_waiting(timing, doing, borders)
    parts = explain_parts(timing, doing)
    time = describe_time(timing, name)
    calls = describe_calls(doing)
    reasons: tuple[str, ...]
    if waiting:
        category, reasons = Category.SLOW, (waiting, time)
    elif median_s is not None and median_s > borders.slow_s:
        category, reasons = Category.SLOW, (f"{time}, over {render_s(borders.slow_s)}",)
    elif parts:
        category, reasons = Category.INTEGRATION, (*parts, time)
    elif median_s is not None and median_s > borders.unit_s:
        category, reasons = (
            Category.INTEGRATION,
            (f"{time}, over {render_s(borders.unit_s)}", calls),
        )
    else:
        category, reasons = Category.UNIT, (time, calls)
    doubts = tuple(_doubt(category, timing, doing, borders))
    return Decision(category, reasons, doubts)


def explain_waiting(timing: Timing | None, doing: Doing, borders: Borders) -> str:
    """Say how the tests wait in real time, or nothing where they don't.

    Where it took no time, what its source waits for is replaced, or never reached.
    """
    median_s = timing.median_s if timing else None
    if timing is not None and (timing.waited_s or 0.0) >= borders.unit_s:
        return f"waits {render_s(timing.waited_s or 0.0)} in real time"
    if not doing.waits or (median_s is not None and median_s < borders.unit_s):
        return ""
    is_long = doing.waits_s >= borders.unit_s or not doing.waits_s
    return f"waits in real time: {doing.waits[0]}" if is_long else ""


def explain_parts(timing: Timing | None, doing: Doing) -> tuple[str, ...]:
    """Say what makes it more than one operation in one process."""
    return tuple(_find_parts(timing, doing))


def _find_parts(timing: Timing | None, doing: Doing) -> Iterator[str]:
    if timing is not None and timing.connections:
        yield f"uses sockets ({timing.connections} times bound or connected)"
    elif timing is not None and timing.processes:
        yield f"starts {timing.processes} processes"
    elif doing.wire:
        yield f"leaves the process: {_enumerate(doing.wire)}"
    if len(doing.steps) >= SEVERAL_STEPS:
        yield f"a workflow of {len(doing.steps)} steps: {_enumerate(doing.steps)}"
    elif doing.turns:
        yield f"acts on what it saw: {_enumerate(doing.turns)}"
    if doing.concurrency and doing.calls:
        yield f"does things at the same time: {_enumerate(doing.concurrency)}"
    if len(doing.operations) >= MANY_OPERATIONS:
        yield f"{len(doing.operations)} different operations on the system under test"


def describe_time(timing: Timing | None, name: str = "") -> str:
    """Say what was measured."""
    if timing is None or timing.median_s is None:
        return "skipped when measured" if timing and timing.is_skipped else "not measured"
    count = len(timing.durations_s)
    times = f"median of {count}" if count > 1 else "measured once"
    slowest = f", slowest parameter set {name}" if name else ""
    return f"{render_s(timing.median_s)} ({times}{slowest})"


def describe_calls(doing: Doing) -> str:
    """Say how much it asks of the system under test."""
    return f"{doing.calls} call{'' if doing.calls == 1 else 's'} on the system under test"


def render_s(duration_s: float) -> str:
    """Render a time as a person would say it."""
    if duration_s >= 1:
        return f"{duration_s:.3g} s"
    return f"{duration_s * 1000:.0f} ms" if duration_s >= 0.001 else "under 1 ms"  # noqa: PLR2004  a millisecond


def is_near(duration_s: float, border_s: float, factor: float = NEAR) -> bool:
    """Tell whether a duration could as well be on the other side of a border."""
    return border_s / factor < duration_s < border_s * factor


def _doubt(
    category: Category, timing: Timing | None, doing: Doing, borders: Borders
) -> Iterator[str]:
    """Yield what speaks for another category."""
    median_s = timing.median_s if timing else None
    if median_s is None:
        yield from _doubt_source(category, doing)
        return
    for border_s, sides in (
        (borders.unit_s, (Category.UNIT, Category.INTEGRATION)),
        (borders.slow_s, (Category.INTEGRATION, Category.SLOW)),
    ):
        is_by_time = not (explain_parts(timing, doing) or explain_waiting(timing, doing, borders))
        if category in sides and is_near(median_s, border_s) and (is_by_time or border_s > 1):
            other = sides[0] if category is sides[1] else sides[1]
            yield f"{other}: {render_s(median_s)} is near the border of {render_s(border_s)}"
    if category is Category.INTEGRATION and median_s < borders.unit_s:
        yield from _doubt_parts(timing, doing)
    if category is not Category.INTEGRATION or explain_parts(timing, doing):
        return
    if timing is not None and timing.waited_s is None and len(timing.durations_s) == 1:
        yield f"{Category.UNIT}: measured once only; it may have paid for what is imported late"
    elif doing.calls <= 1:
        yield f"{Category.UNIT}: {describe_calls(doing)}, it may be only its set-up that takes long"


def _doubt_parts(timing: Timing | None, doing: Doing) -> Iterator[str]:
    """Doubt what only its source makes a test of several parts, though it is quick."""
    is_seen = timing is not None and (timing.connections or timing.processes)
    if is_seen or doing.concurrency or len(doing.steps) > SEVERAL_STEPS:
        return
    if len(doing.steps) == SEVERAL_STEPS:
        yield f"{Category.UNIT}: quick, and only {SEVERAL_STEPS} steps"
    elif doing.turns:
        yield f"{Category.UNIT}: quick, and acts in one way only"
    elif doing.wire and timing is not None and timing.waited_s is not None:
        yield f"{Category.UNIT}: no socket and no process was seen in use"


def _doubt_source(category: Category, doing: Doing) -> Iterator[str]:
    if category is Category.SLOW and not doing.waits_s:
        yield f"{Category.INTEGRATION}: how long it waits can't be read from the source"
    if category is Category.INTEGRATION and len(doing.steps) == SEVERAL_STEPS and not doing.wire:
        yield f"{Category.UNIT}: only {SEVERAL_STEPS} steps, and never measured"


def _enumerate(words: tuple[str, ...]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more
