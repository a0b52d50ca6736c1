"""The records of what a worker's tests touched that other workers can reach, too."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Self

from .records import FORMAT_VERSION, read_object


class AccessKind(StrEnum):
    """What was done to what, as far as it decides whether two may do it at once."""

    FILE = "file"
    APPENDED = "appended file"
    DATABASE = "database"
    DIRECTORY = "directory"
    FOUND = "found directory"
    """One that was to be made, but was there already."""
    REMOVED = "removed path"
    PORT = "port"
    SOCKET = "socket"


@dataclass(frozen=True, slots=True)
class Access:
    """Something that other workers can reach, too, and how long a test or a fixture held it."""

    worker_id: str
    kind: AccessKind
    target: str
    """An absolute path without links, or protocol, address and port, such as `tcp ::1 8080`."""
    nodeid: str
    """The test that ran."""
    fixture: str
    """The wide fixture that was set up for it or torn down; empty for the test itself."""
    start: float
    """Seconds since the epoch by the worker's clock."""
    stop: float | None
    """None: to the end of the test; of a fixture's until that is told, or the worker ends."""
    locks: tuple[str, ...] = ()
    """Paths of the lock files that the process held whenever it touched the target."""

    @property
    def owner(self) -> str:
        """Who it was, in words."""
        return f"fixture {self.fixture} of {self.nodeid}" if self.fixture else self.nodeid


@dataclass(frozen=True, slots=True)
class AccessList:
    """What a worker tells about a test that has ended."""

    accesses: Sequence[Access]

    def to_json(self) -> str:
        """Write the record with its format version."""
        rows = [astuple(access) for access in self.accesses]
        return json.dumps({"version": FORMAT_VERSION, "accesses": rows})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        rows = read_object("list of accesses", text)["accesses"]
        return cls(
            [
                Access(worker, AccessKind(kind), target, nodeid, fixture, start, stop, tuple(locks))
                for worker, kind, target, nodeid, fixture, start, stop, locks in rows
            ]
        )
