"""Tests that measure speed: exclusive, and left out of runs with workers unless asked for.

Such a test has the marker `benchmark`, or uses the fixture of that name where pytest-benchmark is
loaded.  What makes it exclusive is the lane of the marker, in `options`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import pytest

from . import identity
from .expressions import parse_expression
from .options import EXCLUSIVE
from .selection import CommandLine, Known, Selection, read_command_line, select
from .settings import Settings

MARKER: Final = "benchmark"

FIXTURES: Final = frozenset({"benchmark", "benchmark_weave"})

PLUGINS: Final = ("benchmark", "pytest_benchmark.plugin")
"""pytest-benchmark, as its entry point and as `-p` register it."""

LEFT_OUT: Final = "left_out"
"""Topic of how many tests a worker left out; told by one worker for all."""

ONLY: Final = "-n is taken as 0: --benchmark-only measures, and nothing runs beside it"


class BenchmarkRule:
    """Marks the tests that measure and, in a run with workers, leaves them out."""

    def __init__(self, config: pytest.Config, *, is_distributed: bool) -> None:
        self._has_fixture = any(config.pluginmanager.hasplugin(name) for name in PLUGINS)
        self._is_distributed = is_distributed
        self.left_out = 0

    # tryfirst: against pytest's `-m`, which is to know the marker, and against pytest-benchmark,
    # which warns of each such test that it sees in a worker.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Mark tests by their fixture, and drop those that this run is not about."""
        if self._has_fixture:
            mark_users(items)
        if not self._is_distributed or is_asked_for(config):
            return
        command = read_command_line(config)
        known = {item.nodeid: list_names(item) for item in find_measuring(items)}
        left_out = find_left_out(command, known)
        if not left_out:
            return
        self.left_out = len(set(select(command, known, ()).nodeids) & left_out)
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
        items[:] = [item for item in items if item.nodeid not in left_out]


def register(config: pytest.Config, settings: Settings) -> BenchmarkRule | None:
    """Register the rule in a process that collects, unless the marker is no exclusive lane."""
    if settings.lane_widths.get(MARKER) != EXCLUSIVE:
        return None
    rule = BenchmarkRule(config, is_distributed=is_distributed(config))
    config.pluginmanager.register(rule, "infra-benchmarks")
    return rule


def is_distributed(config: pytest.Config) -> bool:
    """Tell whether workers run the tests, or would, were they not only collected."""
    has_workers = config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))
    return identity.is_worker(config) or has_workers


def is_asked_for(config: pytest.Config) -> bool:
    """Tell whether an option is about the tests that measure; `-m` decides then by itself."""
    options = ("benchmark_only", "benchmark_enable")
    if any(config.getoption(name, default=False) for name in options):
        return True
    return is_word_of(MARKER, str(config.getoption("markexpr", "")))


def is_word_of(word: str, text: str) -> bool:
    """Tell whether an expression of `-m` asks for a marker, be it to leave it out."""
    asked: set[str] = set()

    def ask(name: str) -> bool | None:
        asked.add(name)
        return None

    if (expression := parse_expression(text)) is not None:
        expression(ask)
    return word in asked


def find_left_out(command: CommandLine, known: Known) -> set[str]:
    """Find which of these tests a command line doesn't name one by one, or by their class."""
    args = tuple(arg for arg in command.args if "::" in arg)
    named = replace(command, args=args, keyword="", markers="", is_failed_only=False)
    return set(known) - set(select(named, known, ()).nodeids)


def leave_out(config: pytest.Config, selection: Selection, known: Known) -> Selection:
    """Leave out of a prediction what workers will not run."""
    if is_asked_for(config):
        return selection
    measuring = {name: names for name, names in known.items() if names and MARKER in names}
    left_out = find_left_out(read_command_line(config), measuring)
    kept = tuple(nodeid for nodeid in selection.nodeids if nodeid not in left_out)
    return replace(selection, nodeids=kept)


def force_one_process(config: pytest.Config) -> str:
    """Take workers from a run that only measures; return the reason, or an empty string."""
    has_workers = config.getoption("numprocesses", None) not in (None, 0, "0")
    if not (config.getoption("benchmark_only", default=False) and has_workers):
        return ""
    config.option.numprocesses = 0
    # Where xdist has read its options before us.
    config.option.dist, config.option.tx = "no", []
    return ONLY


def render_left_out(count: int) -> list[str]:
    """Render what was left out, and how to run it."""
    if not count:
        return []
    tests = "1 benchmark test was" if count == 1 else f"{count} benchmark tests were"
    return [
        f"infra: {tests} left out, since beside others nothing can be measured; "
        "-n 0 runs all, -m benchmark or a test's name asks for them here"
    ]


def mark_users(items: Iterable[pytest.Item]) -> None:
    """Give the marker to tests that use the fixture and have none."""
    for item in items:
        is_user = not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        if is_user and item.get_closest_marker(MARKER) is None:
            item.add_marker(MARKER)


def find_measuring(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Find the tests with the marker; what is above them is asked once, as there are many."""
    above: dict[pytest.Collector | None, bool] = {None: False}
    for item in items:
        parent = item.parent
        if parent is not None and parent not in above:
            above[parent] = parent.get_closest_marker(MARKER) is not None
        if above[parent] or any(mark.name == MARKER for mark in item.own_markers):
            yield item


def list_names(item: pytest.Item) -> tuple[str, ...]:
    """List a test's markers, as the history keeps them."""
    return tuple(sorted({mark.name for mark in item.iter_markers()}))
