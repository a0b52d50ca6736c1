"""Frozen, versioned records that travel between modules, processes and runs.

What they mean is decided elsewhere; here is only their shape, their JSON and their one-line text.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from .errors import RecordError

FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Block:
    """The range of VMIDs, first and last included, that one process owns."""

    first: int
    last: int
    pid: int
    source: str = "pid"
    """How it came about: `pid` (derived), `recorded` (given back by option) or `leased`."""

    def __contains__(self, vmid: object) -> bool:
        return isinstance(vmid, int) and self.first <= vmid <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1

    def overlaps(self, other: "Block") -> bool:
        """Tell whether the two blocks share a VMID."""
        return self.first <= other.last and other.first <= self.last

    def render(self) -> str:
        """Render range and PID."""
        return f"{self.first}-{self.last} (pid {self.pid})"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as its note tells it to those who wait."""

    worker_id: str
    pid: int
    host: str
    purpose: str
    since: str
    """Local time, ISO 8601, to the second."""

    def render(self) -> str:
        """Render what for, where and since when."""
        return f"{self.purpose} on {self.worker_id} (pid {self.pid}, {self.host}, {self.since})"

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        return cls(**_read_object("holder's note", text))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a worker tells the controller once it has collected its tests."""

    worker_id: str
    block: Block
    groups: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Position in the collection to sorted group names; tests without a group are left out."""
    conflicts: tuple[str, ...] = ()
    """One sentence for each test whose markers contradict each other."""

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = _read_object("manifest", text)
        return cls(
            worker_id=found["worker_id"],
            block=Block(**found["block"]),
            groups={int(index): tuple(names) for index, names in found["groups"].items()},
            conflicts=tuple(found["conflicts"]),
        )


@dataclass(frozen=True, slots=True)
class Directories:
    """Where one worker keeps its files; all of it goes when the worker ends."""

    root: Path
    temp: Path
    config: Path
    cache: Path


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """Where the current test runs."""

    worker_id: str
    """xdist's name (`gw0`), or `master` when no workers run."""
    worker_count: int
    is_parallel: bool
    process_id: int
    thread_id: int
    """`threading.get_ident()` of the thread that set the test up."""
    run_id: str
    """The same in the controller and in all workers of one run."""
    directories: Directories


# The values are JSON of any shape; each record picks and converts its own.
def _read_object(kind: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise RecordError(kind, f"no JSON ({error})") from error
    if not isinstance(found, dict) or found.pop("version", None) != FORMAT_VERSION:
        raise RecordError(kind, f"no object of version {FORMAT_VERSION}")
    return found
