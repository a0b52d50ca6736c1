"""What is tuned: all tests of a suite, and those of a category, with what limits them; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..estimates import strip_repeat
from ..history import UNSEEN, History, Past
from ..plan import Plan
from ..records import ANYWHERE, Routing

ALL: Final = "all"
CATEGORIES: Final = ("unit", "integration")
"""Markers whose tests are tuned by themselves, too: they are often run so."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Some tests of a suite, in the order in which they ran."""

    name: str
    """`all`, or the marker that all of them have."""
    nodeids: Sequence[str]
    routings: Sequence[Routing]
    widths: Mapping[str, int]
    """Lane to the number of its tests that run at a time, as the suite has it."""

    @property
    def category(self) -> str | None:
        """The marker to choose them by; None for all."""
        return None if self.name == ALL else self.name

    @property
    def lanes(self) -> frozenset[str]:
        """The lanes that any of them is in."""
        return frozenset(lane for routing in self.routings for lane in routing.lanes)

    def with_widths(self, widths: Mapping[str, int]) -> "Scope":
        """Return the same tests with other widths of lanes."""
        return replace(self, widths={**self.widths, **widths})

    def build_plan(self, costs_s: Mapping[str, float]) -> Plan:
        """Build the plan of a run in which each test takes what is given."""
        return Plan(
            self.nodeids,
            [costs_s[nodeid] for nodeid in self.nodeids],
            routings={
                index: routing for index, routing in enumerate(self.routings) if routing != ANYWHERE
            },
            widths=self.widths,
        )


def build_scopes(
    nodeids: Sequence[str], history: History, *, has_categories: bool
) -> Iterator[Scope]:
    """Build the scope of all tests that ran, then those of the categories that any of them has."""
    yield _build_scope(ALL, nodeids, history)
    for name in CATEGORIES if has_categories else ():
        chosen = [one for one in nodeids if name in (get_past(history, one).markers or ())]
        if chosen:
            yield _build_scope(name, chosen, history)


def get_past(history: History, nodeid: str) -> Past:
    """Return what is known of a test; of a repeat by `--count`, what is known of the test."""
    return history.tests.get(nodeid) or history.tests.get(strip_repeat(nodeid), UNSEEN)


def _build_scope(name: str, nodeids: Sequence[str], history: History) -> Scope:
    routings = [get_past(history, nodeid).routing for nodeid in nodeids]
    return Scope(name, tuple(nodeids), routings, history.widths)
