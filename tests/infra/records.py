"""Frozen, versioned records that travel between modules, processes and runs.

What they mean is decided elsewhere; here is only their shape, their JSON and their one-line text.
"""

import json
from collections.abc import Mapping, Sequence
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
        return cls(**read_object("holder's note", text))


@dataclass(frozen=True, slots=True)
class Routing:
    """What may run beside a test, and where it runs."""

    lanes: tuple[str, ...] = ()
    """Sorted names of the lanes that limit it; the exclusive one is told by `is_exclusive`."""
    groups: tuple[str, ...] = ()
    """Sorted names of its `xdist_group`s; all tests of one stay on one worker."""
    is_exclusive: bool = False
    """Whether nothing else may run, on any worker, while it runs."""


ANYWHERE: Final = Routing()
"""The routing of a test that runs beside any other, on any worker."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a worker tells the controller once it has collected its tests."""

    worker_id: str
    block: Block
    routings: Mapping[int, Routing] = field(default_factory=dict)
    """Position in the collection to routing; tests that run anywhere, any time, are left out."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Lane to the number of its tests that may run at the same time."""
    conflicts: tuple[str, ...] = ()
    """One sentence for each test whose markers contradict each other."""
    markers: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Position in the collection to sorted names of markers; told by one worker for all."""
    hash_seed: str = ""
    """What its hashes are seeded with; empty where nobody knows."""

    def to_json(self) -> str:
        """Write the record with its format version; equal tests share an entry."""
        routings: dict[Routing, list[int]] = {}
        for index, routing in self.routings.items():
            routings.setdefault(routing, []).append(index)
        markers: dict[tuple[str, ...], list[int]] = {}
        for index, names in self.markers.items():
            markers.setdefault(names, []).append(index)
        return json.dumps(
            {
                "version": FORMAT_VERSION,
                "worker_id": self.worker_id,
                "block": asdict(self.block),
                "routings": [[asdict(routing), indices] for routing, indices in routings.items()],
                "widths": dict(self.widths),
                "conflicts": self.conflicts,
                "markers": list(markers.items()),
                "hash_seed": self.hash_seed,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = read_object("manifest", text)
        return cls(
            worker_id=found["worker_id"],
            block=Block(**found["block"]),
            routings=_read_routings(found["routings"]),
            widths=found["widths"],
            conflicts=tuple(found["conflicts"]),
            markers=_read_markers(found["markers"]),
            hash_seed=found["hash_seed"],
        )


@dataclass(frozen=True, slots=True)
class Span:
    """One test on one worker, from the begin of its set-up to the end of its teardown."""

    index: int
    """Position in the collection, because node ids may repeat; -1 where it is not known."""
    nodeid: str
    worker_id: str
    start: float
    """Seconds since the epoch by the worker's clock."""
    stop: float
    duration_s: float
    """Sum of the three phases by a clock that is never set; 0 for a test that crashed."""
    outcome: str
    """`passed`, `failed`, `skipped`, `xfailed`, `xpassed`, `rerun` or `crashed`."""


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """What a worker tells about itself when it ends; a crashed one tells nothing."""

    worker_id: str
    slot: int
    startup_s: float
    """Wall time from the start of its process to the end of its collection."""
    startup_cpu_s: float
    """Processor time of its process until the end of its collection."""
    peak_rss_bytes: int
    """The most memory that it held; 0 where the system doesn't tell."""

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        return cls(**read_object("worker's record", text))


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What happened in one run."""

    run_id: str
    worker_count: int
    """0 for a run in one process without workers."""
    started: float
    """When pytest was configured; seconds since the epoch, like the next two."""
    ready: float
    """When the first test could be sent: all workers had collected."""
    finished: float
    nodeids: Sequence[str]
    """All tests of the run, in the order of the collection."""
    routings: Mapping[int, Routing]
    widths: Mapping[str, int]
    spans: Sequence[Span]
    workers: Sequence[WorkerRecord]


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


# Any: the values are JSON of any shape.
def _read_routings(found: Sequence[tuple[dict[str, Any], list[int]]]) -> dict[int, Routing]:
    routings: dict[int, Routing] = {}
    for entry, indices in found:
        lanes, groups = tuple(entry["lanes"]), tuple(entry["groups"])
        routings |= dict.fromkeys(indices, Routing(lanes, groups, entry["is_exclusive"]))
    return dict(sorted(routings.items()))


def _read_markers(found: Sequence[tuple[list[str], list[int]]]) -> dict[int, tuple[str, ...]]:
    markers: dict[int, tuple[str, ...]] = {}
    for names, indices in found:
        markers |= dict.fromkeys(indices, tuple(names))
    return dict(sorted(markers.items()))


# Any: the values are JSON of any shape; each record picks and converts its own.
def read_object(kind: str, text: str) -> dict[str, Any]:
    """Read a JSON object with our format version, and return it without that.

    :raises RecordError: it is something else.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise RecordError(kind, f"no JSON ({error})") from error
    if not isinstance(found, dict) or found.pop("version", None) != FORMAT_VERSION:
        raise RecordError(kind, f"no object of version {FORMAT_VERSION}")
    return found
