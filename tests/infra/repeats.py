"""Which items of a collection are repetitions of the same test: record, and how it is found.

Making the repetitions is left to pytest-repeat and `repetition`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import pytest

from .errors import RecordError
from .records import FORMAT_VERSION, read_object

PARAMETER: Final = "__pytest_repeat_step_number"
"""The parameter by which pytest-repeat repeats a function; its value counts from 0."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """Which test an item repeats, and for the how manieth time."""

    test: str
    """Node id of the test, as it is without `--count`."""
    step: int
    """From 0 on."""


REPETITION: Final = pytest.StashKey[Repetition]()
"""Put into an item's stash by who makes one that pytest-repeat doesn't."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """All repetitions in a collection."""

    places: Mapping[int, Repetition] = field(default_factory=dict)
    """Position in the collection to what is repeated there."""
    single: Mapping[str, int] = field(default_factory=dict)
    """Type of item to how many run once, because nothing is known on how to repeat them."""

    def to_json(self) -> str:
        """Write the record with its format version; each test's name once."""
        tests: dict[str, tuple[list[int], list[int]]] = {}
        for index, found in self.places.items():
            indices, steps = tests.setdefault(found.test, ([], []))
            indices.append(index)
            steps.append(found.step)
        rows = [[test, *columns] for test, columns in tests.items()]
        return json.dumps({"version": FORMAT_VERSION, "tests": rows, "single": dict(self.single)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = read_object("list of repetitions", text)
        try:
            places = {
                index: Repetition(test, step)
                for test, indices, steps in found["tests"]
                for index, step in zip(indices, steps, strict=True)
            }
            return cls(dict(sorted(places.items())), dict(found["single"]))
        except (ValueError, TypeError, KeyError) as error:
            raise RecordError("list of repetitions", str(error)) from error

    def by_nodeid(self, nodeids: Sequence[str]) -> dict[str, Repetition]:
        """Return the repetitions by their own node ids; items of one node id repeat one test."""
        return {nodeids[index]: found for index, found in self.places.items()}


def find_repeats(
    items: Iterable[pytest.Item], single: Mapping[str, int], *, has_noted: bool = True
) -> Repeats:
    """Find the repetitions among the items of a collection.

    :param single: type of item to how many could not be repeated.
    :param has_noted: whether any item has a note in its stash; looking into 100,000 for nothing
        takes a tenth of a second.
    """
    find = find_repetition if has_noted else find_parameter
    places = {}
    for index, item in enumerate(items):
        if (found := find(item)) is not None:
            places[index] = found
    return Repeats(places, dict(single))


def find_repetition(item: pytest.Item) -> Repetition | None:
    """Return what an item repeats, or None where it stands for itself."""
    return find_parameter(item) or item.stash.get(REPETITION, None)


def find_parameter(item: pytest.Item) -> Repetition | None:
    """Return what an item made by pytest-repeat repeats."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return None
    step = callspec.params.get(PARAMETER)
    if step is None:
        return None
    function = item.nodeid.removesuffix(f"[{callspec.id}]")
    rest = drop_step(callspec.id, step)
    return Repetition(f"{function}[{rest}]" if rest is not None else function, step)


def drop_step(parameters: str, step: int) -> str | None:
    """Return a test's parameters without what pytest-repeat appended; None if nothing is left.

    It appends `3-10` to the third of ten, so the last such pair is its own: in `1-2-3`, the second
    of three, the test's own parameter is 1.
    """
    parts = parameters.split("-")
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == str(step + 1) and parts[place + 1].isdigit():
            rest = [*parts[:place], *parts[place + 2 :]]
            return "-".join(rest) if rest else None
    return parameters
