"""From markers to groups: which tests go to the same worker, and which markers contradict.

Pure: it takes marks and gives names; sending tests anywhere is left to `scheduler`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pytest

from .settings import GROUP_MARKERS

CONTRADICTIONS: Final = (("serial", "parallel_safe"),)


def read_groups(marks: Iterable[pytest.Mark]) -> tuple[str, ...]:
    """Return the sorted names of all groups that a test with these marks belongs to.

    An `xdist_group` is named as xdist names it: by its first argument, by `name`, or `default`.
    """
    names = {_get_group_name(mark) for mark in marks}
    return tuple(sorted(name for name in names if name))


def find_contradiction(nodeid: str, mark_names: Iterable[str]) -> str | None:
    """Return a sentence on two marks of one test that contradict each other, or None."""
    present = set(mark_names)
    for one, other in CONTRADICTIONS:
        if {one, other} <= present:
            return f"{nodeid} is marked both {one} and {other}"
    return None


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
    if mark.name == "xdist_group":
        return str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))
    return mark.name if mark.name in GROUP_MARKERS else ""
