"""The journal of what outlives the process that made it, written before it is made.

A line is appended for each thing, and one when it is gone; what has no such second line is left to
whoever reads the journal.  Nothing is kept open, so a test sees no descriptor of ours.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from ..environment import make_directory
from .places import Json

DIRECTORY: Final = "leftovers"
"""Directory in the machine-wide one, with a directory for each run that has something to clean."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that outlives its process."""

    number: int
    kind: str
    name: str
    """Path, PID, or what the kind's remover needs to find it."""
    owner: str
    """The test that it was made for."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    remover: str = ""
    """Import path of the kind's remover; empty for our own kinds."""
    root: str = ""
    """Directory from which the remover's package is imported."""

    def render(self) -> str:
        """Render what it is, and whose."""
        return f"{self.kind} {self.name} of {self.owner}"

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """Read a line, or return None for half of one: its writer was killed."""
        try:
            found = json.loads(text)
            return cls(**found) if isinstance(found, dict) and "kind" in found else None
        except (ValueError, TypeError):
            return None


class Journal:
    """The journal of one process; without living entries it has no file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._living: dict[int, Entry] = {}
        self._last = 0
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> int:
        """Write an entry down, and return its number; that of `entry` doesn't count."""
        with self._lock:
            self._last += 1
            numbered = replace(entry, number=self._last)
            self._living[self._last] = numbered
            self._append(json.dumps(asdict(numbered)))
            return self._last

    def strike(self, number: int) -> None:
        """Note that a thing is gone."""
        with self._lock:
            if self._living.pop(number, None) is None:
                return
            if self._living:
                self._append(json.dumps({"gone": number}))
            else:
                # The directory stays: other workers of the run write into it.
                self.path.unlink(missing_ok=True)

    def _append(self, line: str) -> None:
        make_directory(self.path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{line}\n")


def build_journal_path(infra_dir: Path, run_path: Path, worker_id: str) -> Path:
    """Build where a process keeps its journal; workers of one name follow each other in a hunt."""
    return infra_dir / DIRECTORY / run_path.name / f"{worker_id}-{os.getpid()}.jsonl"


def read_living(path: Path) -> list[Entry]:
    """Read what a journal says is still there, the last one first."""
    living: dict[int, Entry] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if entry := Entry.from_json(line):
            living[entry.number] = entry
        else:
            living.pop(_read_gone(line), None)
    return list(reversed(living.values()))


def rewrite(path: Path, entries: list[Entry]) -> None:
    """Keep only these entries, the last one first, or remove the journal."""
    if entries:
        lines = [json.dumps(asdict(entry)) for entry in reversed(entries)]
        draft = path.with_suffix(".tmp")
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        draft.replace(path)
    else:
        path.unlink(missing_ok=True)


def list_journals(directory: Path) -> Iterator[Path]:
    """Yield the journals of a run."""
    yield from sorted(directory.glob("*.jsonl"))


def remove_empty(directory: Path) -> None:
    """Remove a run's directory of journals and the one above it, where nothing is in them."""
    for path in (directory, directory.parent):
        with contextlib.suppress(OSError):
            path.rmdir()


def _read_gone(line: str) -> int:
    try:
        return int(json.loads(line)["gone"])
    except (ValueError, TypeError, KeyError):
        return 0
