"""Which test is in which lanes and groups, and why; how long each lane takes; what is wrong.

Pure: it takes tests and their routings, and gives records, text and data.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Protocol

from .lanes import join_groups
from .records import Routing
from .report import render_bound, render_width
from .settings import EXCLUSIVE
from .timeline import Bound, Load, find_bound

EXCLUSIVE_ROW: Final = "(exclusive)"

HEADINGS: Final = ("lane", "width", "tests", "expected", "at least")


class Estimate(Protocol):
    """How long a test is expected to take, and how that is known."""

    @property
    def cost_s(self) -> float:
        """Seconds."""

    @property
    def source(self) -> str:
        """`measured`, or what it was estimated from; `none` where nothing is known."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One test, and why it is routed as it is."""

    nodeid: str
    routing: Routing
    reasons: tuple[str, ...] = ()
    """One for each of its markers that is a lane or a group."""
    expected_s: float | None = None
    """None where nothing is known."""
    source: str = "none"

    @property
    def load(self) -> Load:
        """The test as a bound sees it."""
        return Load(self.nodeid, self.expected_s or 0.0, self.routing)


@dataclass(frozen=True, slots=True)
class Row:
    """One lane, all exclusive tests, or one group, in the table of what limits a run."""

    name: str
    width: int
    tests: int
    expected_s: float | None
    """Sum of its tests; None where nothing is known of any of them."""

    @property
    def least_s(self) -> float | None:
        """The least time that it takes, on any number of workers."""
        return None if self.expected_s is None else self.expected_s / max(self.width, 1)


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole suite."""

    tests: Sequence[Listed]
    widths: Mapping[str, int]
    workers: int | None
    """As given by `-n`; None where it isn't, or is left to be found out."""
    findings: Sequence[str] = ()
    """Contradictory markers, markers that are no lanes, lanes that are no markers."""

    def get_rows(self) -> list[Row]:
        """Return what limits a run: exclusive tests, then lanes, then groups, by name."""
        return [*_sum_exclusive(self), *_sum_lanes(self), *_sum_groups(self)]

    def find_bound(self) -> Bound:
        """Return what the run takes at least, and why."""
        loads = [test.load for test in self.tests]
        return find_bound(loads, self.widths, workers=self.workers)

    def count_unknown(self) -> int:
        """Return how many tests have no expected time."""
        return sum(test.expected_s is None for test in self.tests)

    def to_data(self) -> dict[str, object]:
        """Return all of it as what JSON can hold."""
        bound = self.find_bound()
        return {
            "tests": [asdict(test) for test in self.tests],
            "lanes": [asdict(row) | {"least_s": row.least_s} for row in self.get_rows()],
            "bound": asdict(bound) | {"limit": bound.limit.value, "total_s": bound.total_s},
            "workers": self.workers,
            "findings": list(self.findings),
        }


def render_listing(listing: Listing) -> str:
    """Render a line for each test, the table of lanes, what bounds the run, and the findings."""
    rows = listing.get_rows()
    parts = [
        "\n".join(_render_test(test, listing.widths) for test in listing.tests),
        "\n".join(_render_table(rows)) if rows else "Every test runs anywhere, beside any other.",
        _render_least(listing),
        "\n".join(f"finding: {finding}" for finding in listing.findings),
    ]
    return "\n\n".join(part for part in parts if part)


def _build_row(name: str, width: int, tests: Sequence[Listed]) -> Row:
    known = [test.expected_s for test in tests if test.expected_s is not None]
    return Row(name, width, len(tests), sum(known) if known else None)


def _sum_exclusive(listing: Listing) -> Iterator[Row]:
    if tests := [test for test in listing.tests if test.routing.is_exclusive]:
        yield _build_row(EXCLUSIVE_ROW, EXCLUSIVE, tests)


def _sum_lanes(listing: Listing) -> Iterator[Row]:
    members: dict[str, list[Listed]] = defaultdict(list)
    for test in listing.tests:
        for lane in test.routing.lanes:
            members[lane].append(test)
    for lane in sorted(members):
        yield _build_row(lane, listing.widths[lane], members[lane])


def _sum_groups(listing: Listing) -> Iterator[Row]:
    groups = join_groups({i: test.routing.groups for i, test in enumerate(listing.tests)})
    members: dict[str, list[Listed]] = defaultdict(list)
    for index, group in groups.items():
        members[group].append(listing.tests[index])
    for group in sorted(members):
        yield _build_row(f"group {group}", 1, members[group])


def _render_test(test: Listed, widths: Mapping[str, int]) -> str:
    places = ["exclusive"] if test.routing.is_exclusive else []
    places += [f"{lane} ({render_width(widths[lane])})" for lane in test.routing.lanes]
    places += [f"group {group}" for group in test.routing.groups]
    time = "" if test.expected_s is None else f"; {test.expected_s:.2f} s ({test.source})"
    why = f"; {', '.join(test.reasons)}" if test.reasons else ""
    return f"{test.nodeid}: {', '.join(places) or 'anywhere'}{time}{why}"


def _render_table(rows: Sequence[Row]) -> Iterator[str]:
    cells = [
        (
            row.name,
            "one worker" if row.name.startswith("group ") else render_width(row.width),
            str(row.tests),
            _render_time(row.expected_s),
            _render_time(row.least_s),
        )
        for row in rows
    ]
    columns = [max(map(len, column)) for column in zip(HEADINGS, *cells, strict=True)]
    for line in (HEADINGS, *cells):
        left = [f"{cell:<{size}}" for cell, size in zip(line[:2], columns[:2], strict=True)]
        right = [f"{cell:>{size}}" for cell, size in zip(line[2:], columns[2:], strict=True)]
        yield "  ".join([*left, *right])


def _render_time(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.2f} s"


def _render_least(listing: Listing) -> str:
    unknown = listing.count_unknown()
    if unknown == len(listing.tests):
        return "No expected times are known: they are learnt from runs, by pytest's cache."
    where = "any number of" if listing.workers is None else listing.workers
    count = "1 test" if unknown == 1 else f"{unknown} tests"
    more = f", apart from {count} without an expected time" if unknown else ""
    return f"The tests take at least {render_bound(listing.find_bound())} on {where} workers{more}."
