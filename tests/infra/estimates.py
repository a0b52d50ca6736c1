"""What tests are expected to take: their own past, or that of the tests nearest to them; pure.

Where the past comes from is left to `history`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNKNOWN_COST_S: Final = 0.01
"""The cost of a test where nothing at all is known."""

REPEAT: Final = re.compile(r"([\[-])(\d+)-(\d+)\]$")
"""What `--count` of pytest-repeat appends to a node id: `[2-10]`; `-2-10]` after parameters."""


class Source(StrEnum):
    """Whose past an estimate was taken from."""

    MEASURED = "measured"
    FUNCTION = "function"
    FILE = "file"
    SUITE = "suite"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a test is expected to take, and how that is known."""

    cost_s: float
    source: Source


def compute_median(values: Sequence[float]) -> float:
    """Compute the median of at least one value."""
    ranked = sorted(values)
    middle = len(ranked) // 2
    if len(ranked) % 2:
        return ranked[middle]
    return (ranked[middle - 1] + ranked[middle]) / 2


def get_file(nodeid: str) -> str:
    """Return the file of a node id."""
    return nodeid.partition("::")[0]


def get_function(nodeid: str) -> str:
    """Return a node id without its parameters; a bracket in the file's name is none of them."""
    file, separator, rest = nodeid.partition("::")
    return file + separator + rest.partition("[")[0]


def strip_repeat(nodeid: str, count: int | None = None) -> str:
    """Return the node id of the test that `--count` repeats; others come back as they are.

    :param count: the number of repeats, where it is known; ids of another number stay.
    """
    match = REPEAT.search(nodeid) if nodeid.endswith("]") else None
    if not match or (count is not None and int(match[3]) != count):
        return nodeid
    if not 1 <= int(match[2]) <= int(match[3]):
        return nodeid
    return nodeid[: match.start()] + ("" if match[1] == "[" else "]")


def build_estimates(nodeids: Iterable[str], costs: Mapping[str, float]) -> list[Estimate]:
    """Estimate each test from the known costs, by its own, else by the nearest ones; linear."""
    wanted = list(nodeids)
    near = _build_near(costs) if any(nodeid not in costs for nodeid in wanted) else {}
    return [
        Estimate(costs[nodeid], Source.MEASURED) if nodeid in costs else _guess(nodeid, costs, near)
        for nodeid in wanted
    ]


def _guess(nodeid: str, costs: Mapping[str, float], near: Mapping[str, Estimate]) -> Estimate:
    original = strip_repeat(nodeid)
    if original in costs:
        return Estimate(costs[original], Source.FUNCTION)
    for name in (get_function(nodeid), get_file(nodeid), ""):
        if name in near:
            return near[name]
    return Estimate(UNKNOWN_COST_S, Source.NONE)


def _build_near(costs: Mapping[str, float]) -> dict[str, Estimate]:
    """Map functions, files and the suite (the empty string) to the means of their tests."""
    totals: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for nodeid, cost_s in costs.items():
        for name in {get_function(nodeid), get_file(nodeid), ""}:
            total = totals[name]
            total[0] += cost_s
            total[1] += 1
    return {
        name: Estimate(total_s / count, _name_source(name))
        for name, (total_s, count) in totals.items()
    }


def _name_source(name: str) -> Source:
    if not name:
        return Source.SUITE
    return Source.FUNCTION if "::" in name else Source.FILE
