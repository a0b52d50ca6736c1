"""Repeats what pytest-repeat runs once: methods of `unittest.TestCase`, and doctests.

Each repetition is an item of its own, named as pytest-repeat names those of a function, so that
`-k`, `--lf`, node ids on a command line and pytest-xdist treat all alike.
"""

import contextlib
import copy
import functools
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final
from unittest import TestCase

import pytest

from .repeats import REPETITION, Repeats, Repetition, find_repeats, find_repetition

MARKER: Final = "repeat"

Maker = Callable[[str], pytest.Item]
"""Makes a further item, given its label."""


def register(config: pytest.Config) -> "Repeater":
    """Register the repeater where pytest-repeat is loaded; without it, there is no `--count`."""
    repeater = Repeater(config)
    if hasattr(config.option, "repeat_scope"):
        config.pluginmanager.register(repeater, "infra-repeater")
    return repeater


class Repeater:
    """Makes the repetitions that pytest-repeat doesn't, in each process that collects."""

    def __init__(self, config: pytest.Config) -> None:
        self._count = int(config.getoption("count", 1))
        self._scope = str(config.getoption("repeat_scope", "function"))
        self.has_made_any = False
        self.single: Counter[str] = Counter()
        """Type of item to how many run once only."""

    # wrapper, trylast: innermost, against pytest's cacheprovider, which for --lf drops doctests
    # from what a file holds by their node ids.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Put repetitions in the place of what a class or a file holds."""
        report = yield
        # What a command line names is told once more by the session, as it was told by its class.
        if isinstance(collector, pytest.Session):
            return report
        if any(_is_left_alone(node) for node in report.result or ()):
            report.result = [one for node in report.result for one in self._repeat(node)]
        return report

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep `--repeat-scope`: pytest sorts by parameters, and our repetitions have none."""
        if self.has_made_any and self._scope != "function":
            items[:] = sort_by_scope(items, self._scope)

    def find_repeats(self, items: Sequence[pytest.Item]) -> Repeats:
        """Find all repetitions in the collection, pytest-repeat's as well."""
        return find_repeats(items, self.single, has_noted=self.has_made_any)

    def _repeat(self, node: pytest.Item | pytest.Collector) -> Sequence[pytest.Item]:
        # Collectors are passed on, too: only items are looked at.
        if not isinstance(node, pytest.Item) or not _is_left_alone(node):
            return [node]  # type: ignore[list-item]  # one list holds both, as pytest's does
        count = get_count(node, self._count)
        if count <= 1:
            return [node]
        maker = find_maker(node)
        if maker is None:
            self.single[type(node).__name__] += 1
            return [node]
        self.has_made_any = True
        return [make_repetition(node, maker, step, count) for step in range(count)]


def get_count(item: pytest.Item, usual: int) -> int:
    """Return how often an item shall run; its marker wins, as with pytest-repeat."""
    marker = item.get_closest_marker(MARKER)
    return int(marker.args[0]) if marker is not None and marker.args else usual


def find_maker(item: pytest.Item) -> Maker | None:
    """Return what makes further items like this one; None where nothing is known about it."""
    # Any: the attributes of doctests, which pytest doesn't publish the class of.
    source: Any = item
    if isinstance(item, pytest.Function):
        cls, parent = _derive(type(item)), item.parent
        return lambda label: cls.from_parent(
            parent, name=f"{item.originalname}{label}", originalname=item.originalname
        )
    if hasattr(item, "dtest") and hasattr(item, "runner"):
        return lambda label: type(source).from_parent(
            item.parent,
            name=f"{item.name}{label}",
            runner=source.runner,
            dtest=_copy_doctest(source.dtest),
        )
    return None


def make_repetition(item: pytest.Item, maker: Maker, step: int, count: int) -> pytest.Item:
    """Make one repetition, and note what it repeats."""
    label = f"[{step + 1}-{count}]"
    made = maker(label)
    if hasattr(made, "_id"):
        # From pytest 9.2 on a node id comes from parameters alone, and these items have none.
        made._id = type(made._id).parse(f"{item.nodeid}{label}")  # noqa: SLF001  see above
    made.stash[REPETITION] = Repetition(item.nodeid, step)
    return made


def sort_by_scope(items: Sequence[pytest.Item], scope: str) -> list[pytest.Item]:
    """Sort so that all of a scope is repeated before its next repetition begins."""
    places: dict[object, int] = {}

    def rank(pair: tuple[int, pytest.Item]) -> tuple[int, int]:
        index, item = pair
        found = find_repetition(item)
        return places.setdefault(_find_scope(item, scope), index), found.step if found else 0

    return [item for _, item in sorted(enumerate(items), key=rank)]


class MethodItem(pytest.Function):
    """Mixed into pytest's item of a test method, which takes its name for the method's name."""

    def _getinstance(self) -> object:
        with self._named_like_method():
            return super()._getinstance()  # type: ignore[no-untyped-call]  # pytest's own

    def runtest(self) -> None:
        """Run the method."""
        with self._named_like_method():
            super().runtest()

    @contextlib.contextmanager
    def _named_like_method(self) -> Iterator[None]:
        name, self.name = self.name, self.originalname
        try:
            yield
        finally:
            self.name = name


@functools.cache
def _derive(base: type[pytest.Function]) -> type[pytest.Function]:
    return type(f"Repeated{base.__name__}", (MethodItem, base), {})


def _is_left_alone(node: pytest.Item | pytest.Collector) -> bool:
    """Tell whether pytest-repeat leaves an item alone."""
    if type(node) is pytest.Function or not isinstance(node, pytest.Item):
        return False
    if isinstance(node, pytest.Function):
        return isinstance(node.cls, type) and issubclass(node.cls, TestCase)
    return True


# Any: doctest's own type, without importing it for suites that have none.
def _copy_doctest(dtest: Any) -> Any:  # noqa: ANN401  see above
    """Copy a doctest with names of its own: running it clears them."""
    second = copy.copy(dtest)
    second.globs = dict(dtest.globs)
    return second


def _find_scope(item: pytest.Item, scope: str) -> object:
    if scope == "session":
        return None
    own_class = item.getparent(pytest.Class) if scope == "class" else None
    return own_class or item.getparent(pytest.Module)
