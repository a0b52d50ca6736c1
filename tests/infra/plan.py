"""What is to be run: every test's expected time and routing, cut into units.

Pure.  A unit is sent to one worker as a whole if nothing forbids it; which worker gets which unit
when is left to `dispatch`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .lanes import join_groups
from .records import ANYWHERE, Routing

SHARES: Final = 25
"""A unit of several tests takes no more than one part in this many of a worker's whole share.

Small enough that the last units even out, large enough that the tests of a file stay together,
whose fixtures they share.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The tests of a run; each is known by its position in the collection."""

    nodeids: Sequence[str]
    costs_s: Sequence[float]
    """Expected time of each."""
    routings: Mapping[int, Routing] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)
    failed: Collection[int] = ()
    """Tests that failed when they last ran; they come first."""
    dist: str = "load"
    """xdist's `--dist`: `loadscope` and `loadfile` keep the tests of a scope on one worker."""

    def get_lanes(self, index: int) -> tuple[str, ...]:
        """Return the lanes that limit a test; asked three times for each."""
        routing = self.routings.get(index)
        return routing.lanes if routing else ()

    def is_exclusive(self, index: int) -> bool:
        """Tell whether nothing else may run beside a test."""
        return self.routings.get(index, ANYWHERE).is_exclusive


class Unit:
    """Tests that share lanes, group and file, in the order in which they run."""

    __slots__ = ("cost_s", "group", "has_failed", "indices", "is_taken", "lanes")

    def __init__(
        self,
        indices: Sequence[int],
        cost_s: float,
        *,
        lanes: tuple[str, ...] = (),
        group: str = "",
        has_failed: bool = False,
    ) -> None:
        self.indices = list(indices)
        self.cost_s = cost_s
        self.lanes = lanes
        self.group = group
        self.has_failed = has_failed
        self.is_taken = False
        """Set when it is taken by another way than from the queue it still stands in."""

    def get_rank(self) -> tuple[bool, float, int]:
        """Return the key by which units are sorted: failed first, then longest first."""
        return (not self.has_failed, -self.cost_s, self.indices[0])


def get_scope(dist: str, nodeid: str) -> str:
    """Return what the user's `--dist` keeps together: a scope, a file, or nothing."""
    if dist == "loadscope":
        return nodeid.rsplit("::", 1)[0]
    if dist == "loadfile":
        return nodeid.split("::", 1)[0]
    return ""


def find_groups(plan: Plan) -> dict[int, str]:
    """Return the group of each test that has to stay on one worker with others."""
    groups = {index: routing.groups for index, routing in plan.routings.items() if routing.groups}
    if plan.dist in ("loadscope", "loadfile"):
        groups = {
            # The scope is one more group of the test: a blank can't begin an xdist_group's scope.
            index: (*groups.get(index, ()), f" {get_scope(plan.dist, nodeid)}")
            for index, nodeid in enumerate(plan.nodeids)
        }
    return join_groups(groups)


def build_units(plan: Plan, groups: Mapping[int, str], *, workers: int) -> list[Unit]:
    """Cut all tests that are not exclusive into units, in the order of `Unit.get_rank`."""
    longest_s = sum(plan.costs_s) / (SHARES * max(workers, 1))
    unlimited: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    open_units: dict[tuple[str, tuple[str, ...]], Unit] = {}
    units: list[Unit] = []
    for index, nodeid in enumerate(plan.nodeids):
        routing = plan.routings.get(index, ANYWHERE)
        if routing.is_exclusive:
            continue
        if index in groups:
            unlimited.setdefault((groups[index], routing.lanes), []).append(index)
            continue
        cost_s, key = plan.costs_s[index], (nodeid.partition("::")[0], routing.lanes)
        unit = open_units.get(key)
        if index in plan.failed:
            unit = Unit([], 0.0, lanes=routing.lanes, has_failed=True)
            units.append(unit)
        elif unit is None or unit.cost_s + cost_s > longest_s:
            unit = open_units[key] = Unit([], 0.0, lanes=routing.lanes)
            units.append(unit)
        unit.indices.append(index)
        unit.cost_s += cost_s
    units.extend(_build_group_units(plan, unlimited))
    return sorted(units, key=Unit.get_rank)


def _build_group_units(
    plan: Plan, members: Mapping[tuple[str, tuple[str, ...]], list[int]]
) -> Iterator[Unit]:
    for (group, lanes), indices in members.items():
        cost_s = sum(plan.costs_s[index] for index in indices)
        has_failed = any(index in plan.failed for index in indices)
        yield Unit(indices, cost_s, lanes=lanes, group=group, has_failed=has_failed)
