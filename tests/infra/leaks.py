"""What a test, a wide fixture or the import of a test module left changed: record, book and text.

How it is found is left to `guard`; the book is kept by the one process that makes a run's report.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from .errors import RecordError

if TYPE_CHECKING:
    import pytest

FORMAT_VERSION: Final = 1

OFF: Final = "off"
ERROR: Final = "error"
"""Two of the values of `isolation`: nothing is looked at, a leak fails its test."""

FILE: Final = "leaks.json"
"""In our directory of pytest's cache: the leaks of the last run, and which tests were watched."""

SHOWN: Final = 20
"""Leaks that the summary shows."""

MANY: Final = 5
"""Tests with the same leak from which they share a line."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One change that outlived its test."""

    kind: str
    """`test`, `fixture` or `import`."""
    culprit: str
    """Node id of the test, name of the fixture, or path of the module."""
    nodeid: str
    """The test at whose end it was seen; for an import the module's node id."""
    resource: str
    path: str
    """The expression by which it is reached, such as `os.environ['X']`."""
    before: str
    after: str
    remedy: str
    is_restored: bool = False
    worker_id: str = "master"

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, "record": "leak", **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        try:
            found: dict[str, Any] = json.loads(text)  # Any: JSON of any shape.
            if found.pop("version") != FORMAT_VERSION or found.pop("record") != "leak":
                raise RecordError("leak", "another record")
            return cls(**found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError("leak", f"no leak ({error})") from error

    def render(self) -> str:
        """Render who left what, from what to what."""
        back = "; put back" if self.is_restored else ""
        return f"{self.path}: {self.before} before, {self.after} after{back}"

    def render_culprit(self) -> str:
        """Render who it was."""
        if self.kind == "fixture":
            return f"fixture {self.culprit}, ended with {self.nodeid}"
        return f"import of {self.culprit}" if self.kind == "import" else self.culprit


def read_leaks(path: Path) -> Sequence[Leak]:
    """Read the leaks of a run's book; none where there is no book, or one of another version."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        is_ours = found["version"] == FORMAT_VERSION
        return tuple(Leak(**leak) for leak in found["leaks"]) if is_ours else ()
    except (OSError, ValueError, TypeError, KeyError):
        return ()


@dataclass(slots=True)
class Book:
    """The leaks of a run, in the order in which they were told."""

    leaks: dict[tuple[str, str, str, str], Leak] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)
    """Tests that the second tier watched."""
    stale: dict[str, str] = field(default_factory=dict)
    """Test to the resources that its marker exempts although nothing of them leaked."""
    defects: dict[str, str] = field(default_factory=dict)
    """Test to the error that kept the guard from comparing after it."""

    @property
    def has_notes(self) -> bool:
        """Whether there is anything in it but leaks."""
        return bool(self.watched or self.stale or self.defects)

    def add(self, leak: Leak) -> None:
        """Add a leak; a worker that takes the place of the first one tells of imports again."""
        where = leak.nodeid if leak.kind == "test" else ""
        self.leaks.setdefault((leak.culprit, leak.resource, leak.path, where), leak)

    def to_json(self) -> str:
        """Write all but the leaks, which are told one by one."""
        return json.dumps(
            {
                "version": FORMAT_VERSION,
                "watched": sorted(self.watched),
                "stale": self.stale,
                "defects": self.defects,
            }
        )

    def merge(self, text: str) -> None:
        """Take in what `to_json` of another book wrote.

        :raises RecordError: it is something else.
        """
        try:
            found = json.loads(text)
            self.watched.update(found["watched"])
            self.stale.update(found["stale"])
            self.defects.update(found["defects"])
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError("book of leaks", f"no book ({error})") from error

    def to_text(self) -> str:
        """Write all, for the file of the run."""
        found = {
            "version": FORMAT_VERSION,
            "leaks": [asdict(leak) for leak in self.leaks.values()],
            "watched": sorted(self.watched),
            "stale_exemptions": dict(sorted(self.stale.items())),
            "defects": dict(sorted(self.defects.items())),
        }
        return json.dumps(found, indent=1)


def render_leak(leaks: Sequence[Leak]) -> str:
    """Render the leaks of one test for its own report."""
    lines = [f"isolation: {len(leaks)} thing{'s' * (len(leaks) > 1)} left changed"]
    for leak in leaks:
        by = f" (by the fixture {leak.culprit})" if leak.kind == "fixture" else ""
        lines += [f"  {leak.render()}{by}", f"    {leak.remedy}"]
    exempt = f'@pytest.mark.leaks({leaks[0].resource!r}, reason="...")'
    return "\n".join([*lines, f"  if it has to be: {exempt}"])


def render_book(book: Book) -> list[str]:
    """Render the leaks of a run for its summary, those that many tests share in one line."""
    lines: list[str] = []
    groups = _group(book.leaks.values())
    for leaks in groups[:SHOWN]:
        more = f" and {len(leaks) - 1} more" if len(leaks) > 1 else ""
        lines += [f"{leaks[0].render_culprit()}{more}", f"  {leaks[0].render()}"]
        lines += [f"  {leaks[0].remedy}"]
    if len(groups) > SHOWN:
        lines.append(f"and {len(groups) - SHOWN} more")
    lines += [
        f"{nodeid}: the marker leaks({resources}) exempts what did not leak; drop it"
        for nodeid, resources in sorted(book.stale.items())
    ]
    lines += [
        f"{nodeid}: not compared, for a defect of the guard's own: {error}"
        for nodeid, error in sorted(book.defects.items())
    ]
    return lines


def render_heading(book: Book) -> str:
    """Render how many leaks there are, and of which kinds."""
    if not book.leaks:
        return (
            f"isolation: {len(book.stale)} exempted for nothing, {len(book.defects)} not compared"
        )
    counts = Counter(leak.resource for leak in book.leaks.values())
    kinds = ", ".join(f"{name} {count}" for name, count in counts.most_common(4))
    return f"isolation: {len(book.leaks)} left changed ({kinds})"


def print_book(terminalreporter: "pytest.TerminalReporter", book: Book) -> None:
    """Print a section, where there is anything to say."""
    if book.leaks or book.stale or book.defects:
        terminalreporter.section(render_heading(book))
        for line in render_book(book):
            terminalreporter.write_line(line)


def _group(leaks: Iterable[Leak]) -> list[list[Leak]]:
    """Put together what many tests did alike; of few each has its own line."""
    groups: dict[tuple[str, str, str], list[Leak]] = {}
    for leak in leaks:
        groups.setdefault((leak.kind, leak.resource, leak.path), []).append(leak)
    found: list[list[Leak]] = []
    for some in groups.values():
        found += [some] if len(some) > MANY else [[leak] for leak in some]
    return found
