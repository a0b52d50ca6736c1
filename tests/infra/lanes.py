"""From markers to lanes: what may run beside a test, and which markers contradict each other.

Pure: it takes marks and gives routings; sending tests anywhere is left to `dispatch`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pytest

from .options import EXCLUSIVE
from .rate_limits import MARKER as RATE_LIMIT
from .rate_limits import RateLimitTable
from .records import Routing

CONTRADICTIONS: Final = (("serial", "parallel_safe"),)


class LaneTable:
    """The lanes of one collection: those of the settings, and those that `lane` markers name.

    It is asked for each test in turn and gathers on the way what the whole collection has:
    `widths` of the lanes in use, and `conflicts`, a sentence for each contradiction.
    """

    def __init__(self, marker_widths: Mapping[str, int]) -> None:
        self._marker_widths = marker_widths
        self._rate_limits = RateLimitTable()
        self.widths: dict[str, int] = {}
        self.conflicts: list[str] = []

    def route(self, nodeid: str, marks: Iterable[pytest.Mark]) -> Routing | None:
        """Return the routing of a test with these marks; None if it runs anywhere, any time."""
        lanes: set[str] = set()
        groups: set[str] = set()
        names: set[str] = set()
        for mark in marks:
            names.add(mark.name)
            if mark.name == "xdist_group":
                groups.add(_get_group_name(mark))
            elif mark.name == "lane":
                lanes.update(self._read_lane(nodeid, mark))
            elif mark.name == RATE_LIMIT:
                conflict = self._rate_limits.find_conflict(nodeid, mark)
                self.conflicts += [conflict] if conflict else []
            elif mark.name in self._marker_widths:
                lanes.add(mark.name)
        self._note_contradiction(nodeid, names)
        if not (lanes or groups):
            return None
        for name in lanes:
            self.widths.setdefault(name, self._marker_widths.get(name, EXCLUSIVE))
        limited = sorted(name for name in lanes if self.widths[name] != EXCLUSIVE)
        return Routing(tuple(limited), tuple(sorted(groups)), len(limited) < len(lanes))

    def _read_lane(self, nodeid: str, mark: pytest.Mark) -> Iterable[str]:
        """Read `lane("name", width=2)`; a width that is not given is that of the name, or 1."""
        arguments = {**dict(zip(("name", "width"), mark.args, strict=False)), **mark.kwargs}
        name, width = arguments.pop("name", ""), arguments.pop("width", None)
        known = self._marker_widths.get(str(name), self.widths.get(str(name)))
        width = (1 if known is None else known) if width is None else width
        is_width = isinstance(width, int) and not isinstance(width, bool) and width >= 0
        if not name or not isinstance(name, str) or arguments or len(mark.args) > 2 or not is_width:  # noqa: PLR2004  name and width
            self.conflicts.append(
                f"{nodeid} has the marker {_render(mark)}, which is no lane: "
                'write lane("name") or lane("name", width=2), or width=0 for an exclusive one'
            )
            return ()
        if known is not None and width != known:
            self.conflicts.append(
                f"{nodeid} gives lane {name!r} the width {width}, which is {known} elsewhere"
            )
            return ()
        self.widths[name] = width
        return (name,)

    def _note_contradiction(self, nodeid: str, names: set[str]) -> None:
        for one, other in CONTRADICTIONS:
            if one in names and other in names:
                self.conflicts.append(f"{nodeid} is marked both {one} and {other}")


def join_groups(groups: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Return, for each test in a group, the one name under which it is sent.

    A test in two groups ties them together, because each of the two stays on one worker; tied
    groups go by the first of their names in alphabetical order.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for names in groups.values():
        for name in names[1:]:
            first, second = sorted((find(names[0]), find(name)))
            leader[second] = first
    return {index: find(names[0]) for index, names in groups.items() if names}


def _get_group_name(mark: pytest.Mark) -> str:
    """Name an `xdist_group` as xdist does: by its first argument, by `name`, or `default`."""
    return str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))


def _render(mark: pytest.Mark) -> str:
    arguments = [*map(repr, mark.args), *(f"{key}={value!r}" for key, value in mark.kwargs.items())]
    return f"{mark.name}({', '.join(arguments)})"
