"""The file of known flaky tests: who owns each, why it is tolerated, and until when.

A flaky outcome of such a test doesn't fail a run, until the day its entry names.  Only being flaky
is excused: a test that fails every time is broken, whoever listed it, and where a test runs once
nobody can tell the two apart, so there it fails as ever.  After its day an entry excuses nothing;
what it does to a run is left to `flake_watch`.
"""

import functools
import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Final

from .errors import KnownFlakyError

FILE: Final = "known-flaky.toml"

TABLE: Final = "flaky"

EXAMPLE: Final = (
    'write [[flaky]], then test = "tests/t.py::test_a", owner = "who mends it", '
    'expires = 2030-01-31 and reason = "issue 12" on lines of their own'
)


@dataclass(frozen=True, slots=True)
class KnownFlaky:
    """One entry of the file."""

    test: str
    """Node id of a test as it is without `--count`; `*` and `?` stand for any text."""
    owner: str
    expires: date
    """The last day on which it excuses."""
    reason: str

    def covers(self, nodeid: str) -> bool:
        """Tell whether it is about this test; brackets are no wildcards, parameters have them."""
        return self.test == nodeid or _compile(self.test).fullmatch(nodeid) is not None

    def is_expired(self, today: date) -> bool:
        """Tell whether its day is over."""
        return today > self.expires

    def render(self, today: date) -> str:
        """Render who owns it, until when, and why."""
        day = "was excused until" if self.is_expired(today) else "until"
        return f"known flaky, {self.owner}, {day} {self.expires.isoformat()}: {self.reason}"


def read_known(path: Path) -> tuple[KnownFlaky, ...]:
    """Read the file.

    :raises KnownFlakyError: it is not there, or there is something wrong in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"can't be read ({error})"
        remedy = "name another file with known_flaky in the ini file, or drop that key"
        raise KnownFlakyError(path, 0, problem, remedy) from error
    return parse_known(text, path)


def parse_known(text: str, path: Path) -> tuple[KnownFlaky, ...]:
    """Read the text of such a file.

    :param path: where the text is from, for an error.
    :raises KnownFlakyError: something in it is wrong.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = int(line[1]) if line else len(text.splitlines())
        problem = f"is no TOML ({error})"
        raise KnownFlakyError(path, number, problem, EXAMPLE) from error
    for key in found:
        if key != TABLE:
            raise KnownFlakyError(path, _find_line(text, key), f"has the key {key}", EXAMPLE)
    entries = found.get(TABLE, [])
    if not isinstance(entries, list):
        problem = f"has a table [{TABLE}] in place of a list"
        raise KnownFlakyError(path, _find_line(text, TABLE), problem, EXAMPLE)
    return tuple(_Entry(text, path, number).read(entry) for number, entry in enumerate(entries))


def find_entry(known: Iterable[KnownFlaky], nodeid: str) -> KnownFlaky | None:
    """Return the entry about a test: the one that names it, else the first whose pattern does."""
    covering = [entry for entry in known if entry.covers(nodeid)]
    named = [entry for entry in covering if entry.test == nodeid]
    return next(iter(named or covering), None)


def find_unused(known: Sequence[KnownFlaky], nodeids: Collection[str]) -> list[KnownFlaky]:
    """Return the entries that are about none of these tests."""
    names = set(nodeids)
    return [
        entry
        for entry in known
        if entry.test not in names and not any(entry.covers(nodeid) for nodeid in names)
    ]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry while it is read, so that an error can tell its line."""

    text: str
    path: Path
    number: int

    def read(self, found: object) -> KnownFlaky:
        if not isinstance(found, dict):
            raise self._refuse("", f"has an entry that is no table ({found!r})")
        names = [field.name for field in fields(KnownFlaky)]
        for key in found:
            if key not in names:
                raise self._refuse(key, f"has the key {key}")
        for name in names:
            if name not in found:
                raise self._refuse("", f"lacks the key {name}")
            self._check(name, found[name])
        return KnownFlaky(**found)

    def _check(self, name: str, value: object) -> None:
        if name == "expires":
            if isinstance(value, datetime) or not isinstance(value, date):
                raise self._refuse(name, f"has expires = {value!r}, which is no day")
        elif not isinstance(value, str) or not value.strip():
            raise self._refuse(name, f"has {name} = {value!r}, which is no text")

    def _refuse(self, key: str, problem: str) -> KnownFlakyError:
        line = _find_line(self.text, key, entry=self.number)
        return KnownFlakyError(self.path, line, problem, EXAMPLE)


@functools.cache
def _compile(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern)
    return re.compile(escaped.replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _find_line(text: str, key: str, *, entry: int = -1) -> int:
    """Find the line of a key, or of the head of the entry that lacks it; TOML's parser tells none.

    :param entry: number of the entry; -1 for a key outside all.
    """
    head, current, begin = re.compile(rf"\s*\[\[?\s*{TABLE}\s*\]"), -1, 1
    wanted = re.compile(rf"""\s*(\[*\s*)?["']?{re.escape(key)}["']?\s*[=.\]]""") if key else None
    for number, line in enumerate(text.splitlines(), start=1):
        if head.match(line):
            current += 1
            begin = number if current == entry else begin
        if wanted is not None and wanted.match(line) and entry in (-1, current):
            return number
    return begin
