"""The journal of a pass: what was collected, and how each test went, line by line as it happens.

A line is flushed at once, so a pass that crashes, hangs or is interrupted keeps what it did.
Who writes is `rehearsal`, in the pass; who reads, what ran the pass.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ENDED: Final = "ended"
ENDED_MARK: Final = b'{"event": "ended"'
"""How a line begins that tells of a test's end; they are counted while a pass runs."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One run of one test in a pass."""

    nodeid: str
    number: int
    """1 for its first run in the pass, 2 for its second, …"""
    outcome: str
    """One of a span's, or `hung`; `passed after a rerun` where a plugin tried again."""
    duration_s: float = 0.0
    worker_id: str = "master"
    fingerprint: str = ""
    """Of a failure: the exception's type, the file and the line."""
    text: str = ""
    """Of a failure: its message, cut short."""

    @property
    def has_run(self) -> bool:
        """Whether the test's own code had the chance to do something, and came to its end."""
        return self.outcome not in ("skipped", "crashed", "hung")


@dataclass(frozen=True, slots=True)
class Account:
    """What a journal tells."""

    collected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Worker to its tests, in the order of its collection."""
    occurrences: Sequence[Occurrence] = ()
    """In the order of their ends."""
    open: Sequence[str] = ()
    """Tests that began and did not end."""
    single: Mapping[str, str] = field(default_factory=dict)
    """Tests that could not be run twice, and why."""
    notes: Sequence[str] = ()
    exit_code: int | None = None
    """None: the pass did not come to its end."""

    @property
    def nodeids(self) -> Sequence[str]:
        """The tests that the pass was to run, by the first process that told them."""
        return next(iter(self.collected.values()), ())


class Journal:
    """Writes the journal of a pass; in the controller, or the one process of a serial pass."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write_collected(self, worker_id: str, nodeids: Sequence[str]) -> None:
        """Note what a process collected, before the pass's order was put on it."""
        self._write("collected", worker_id=worker_id, nodeids=list(nodeids))

    def write_begun(self, nodeid: str) -> None:
        """Note that a test begins."""
        self._write("begun", nodeid=nodeid)

    def write_ended(self, occurrence: Occurrence) -> None:
        """Note how a test went."""
        self._write(ENDED, **asdict(occurrence))

    def write_single(self, nodeid: str, reason: str) -> None:
        """Note that a test can't be run twice."""
        self._write("single", nodeid=nodeid, reason=reason)

    def write_note(self, text: str) -> None:
        """Note what the pass does otherwise than the user's configuration says."""
        self._write("note", text=text)

    def close(self, exit_code: int) -> None:
        """Note that the pass came to its end."""
        self._write("closed", exit_code=exit_code)
        self._file.close()

    def _write(self, event: str, **facts: object) -> None:
        self._file.write(json.dumps({"event": event, **facts}) + "\n")
        self._file.flush()


def read_journal(path: Path) -> Account:
    """Read a journal; one that was never begun tells nothing."""
    collected: dict[str, Sequence[str]] = {}
    occurrences: list[Occurrence] = []
    # A dict keeps their order; a test that a plugin tries again begins more than once.
    begun: dict[str, None] = {}
    single: dict[str, str] = {}
    notes: list[str] = []
    exit_code = None
    for event in _read_events(path):
        match event.pop("event"):
            case "collected":
                collected[event["worker_id"]] = tuple(event["nodeids"])
            case "begun":
                begun[event["nodeid"]] = None
            case "ended":
                occurrences.append(Occurrence(**event))
                begun.pop(event["nodeid"], None)
            case "single":
                single[event["nodeid"]] = event["reason"]
            case "note":
                notes.append(event["text"])
            case "closed":
                exit_code = event["exit_code"]
    return Account(collected, tuple(occurrences), tuple(begun), single, tuple(notes), exit_code)


# Any: the values of an event are JSON of any shape.
def _read_events(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            # The last line of a process that was killed while it wrote.
            return
