"""The words of `mark`: categories, borders between them, what is known of a test, and decisions.

How they are found out is left to `timing` and `doing`, how they are decided to `deciding`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Category(StrEnum):
    """What a test is, from the quickest to the slowest."""

    UNIT = "unit"
    INTEGRATION = "integration"
    SLOW = "slow"


NAMES: Final = frozenset(category.value for category in Category)


def has_category(markers: Iterable[str]) -> bool:
    """Tell whether a category is among the names of a test's markers."""
    return not NAMES.isdisjoint(markers)


@dataclass(frozen=True, slots=True)
class Borders:
    """Up to where a test is `unit`, and from where on it is `slow`, in seconds."""

    unit_s: float = 0.1
    slow_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Timing:
    """What one test took, as often as it was measured."""

    durations_s: tuple[float, ...]
    waited_s: float | None = None
    """How much of it passed in sleeping, at least; None where nobody looked."""
    connections: int = 0
    """How often it bound or connected a socket."""
    processes: int = 0
    """How many processes it started."""
    is_skipped: bool = False

    @property
    def median_s(self) -> float | None:
        """The median, or None where it never ran to its end."""
        if not self.durations_s:
            return None
        ordered = sorted(self.durations_s)
        middle = len(ordered) // 2
        return (ordered[middle] + ordered[-1 - middle]) / 2


@dataclass(frozen=True, slots=True)
class Doing:
    """What the source of a test does, as far as it can be read."""

    calls: int = 0
    """Calls on the system under test."""
    operations: tuple[str, ...] = ()
    """The different ones among them, by name."""
    steps: tuple[str, ...] = ()
    """Those that are steps of a life, such as `create` and `delete`, in order."""
    turns: tuple[str, ...] = ()
    """Operations that look and act, in order, where it acts after it has looked and more."""
    waits_s: float = 0.0
    """How long it waits in real time, as far as numbers in the source tell."""
    waits: tuple[str, ...] = ()
    """How it waits: one expression each; some may be of unknown length."""
    wire: tuple[str, ...] = ()
    """Servers, sockets and processes that it uses."""
    concurrency: tuple[str, ...] = ()
    """Threads, pools and gatherings of tasks that it uses."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The category of the tests of one function, and why."""

    category: Category
    reasons: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    """What speaks for another category; empty where nothing does."""

    @property
    def is_unsure(self) -> bool:
        """Whether a person should look at it."""
        return bool(self.doubts)
