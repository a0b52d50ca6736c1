"""Credits each fixture wider than a test with what its set-up changed, until that is undone.

It knows numbers of resources and keys; what a state is, `watch` knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .resource import Change

Changes = Mapping[int, list[Change]]
"""Changes by the number of their resource."""

Spot = tuple[int, str]
"""A resource's number, and a key of it."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What one fixture's set-up has changed."""

    label: str
    """The fixture's name."""
    changes: Changes

    def find_spots(self) -> set[Spot]:
        """Return where it changed something."""
        return find_spots(self.changes)


@dataclass(slots=True)
class Ledger:
    """What the wide fixtures that are set up have changed, and those that ended just now."""

    _open: dict[int, Credit] = field(default_factory=dict)
    _ended: list[tuple[str, set[Spot]]] = field(default_factory=list)
    _nested: list[set[Spot]] = field(default_factory=list)
    """For each set-up or finaliser that is under way, what those within it changed."""

    def enter(self) -> None:
        """Note that a set-up or a finaliser begins."""
        self._nested.append(set())

    def leave(self, changes: Changes) -> Changes:
        """Note that it ends, and return of what changed meanwhile what was its own doing."""
        inner = self._nested.pop()
        own = {
            number: [change for change in some if (number, change.key) not in inner]
            for number, some in changes.items()
        }
        if self._nested:
            self._nested[-1] |= find_spots(changes)
        return {number: some for number, some in own.items() if some}

    def credit(self, key: int, label: str, changes: Changes) -> None:
        """Note what a fixture's set-up changed."""
        self._open[key] = Credit(label, changes)

    def take_back(self, key: int, touched: Changes) -> Changes:
        """Note that a fixture has ended; return what its set-up had changed.

        :param touched: what its finaliser changed; it answers for that, too.
        """
        credit = self._open.pop(key, None)
        if credit is None:
            return {}
        self._ended.append((credit.label, credit.find_spots() | find_spots(touched)))
        return credit.changes

    def find_culprit(self, spot: Spot) -> str | None:
        """Return the fixture, of those that ended since the last boundary, that answers for it."""
        return next((label for label, spots in self._ended if spot in spots), None)

    def find_keys(self, number: int) -> frozenset[str]:
        """Return the keys of a resource that fixtures which ended answer for."""
        spots = (spot for _, spots in self._ended for spot in spots)
        return frozenset(key for owner, key in spots if owner == number)

    def forget_ended(self) -> None:
        """Begin anew at a boundary."""
        self._ended.clear()


def find_spots(changes: Changes) -> set[Spot]:
    """Return the places of changes."""
    return {(number, change.key) for number, some in changes.items() for change in some}


def invert(changes: Iterable[Change]) -> list[Change]:
    """Return the changes that lead back."""
    return [Change(change.key, change.after, change.before) for change in changes]
