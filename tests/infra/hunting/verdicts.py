"""What a hunt found out: frozen, versioned records, with JSON in and out.

How a verdict is reached is decided in `diagnosis`; how it is shown, in `rendering` and `page`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from ..errors import RecordError
from ..records import FORMAT_VERSION, read_object


class Kind(StrEnum):
    """Why a test's outcome changes."""

    VICTIM = "victim"
    """Fails after other tests: its polluters."""
    BRITTLE = "brittle"
    """Fails unless other tests ran before it: its setters."""
    SECOND_RUN = "second run"
    """Passes, and fails when it runs again in the same process."""
    IMPORT = "import-time pollution"
    """Fails where another file is imported, though none of its tests runs."""
    FILE = "shared file or directory"
    PORT = "port"
    DATABASE = "database"
    ID_COLLISION = "id collision"
    RANDOM = "random"
    TIME = "time or time zone"
    ASYNC_WAIT = "asynchronous wait"
    DEADLINE = "deadline under load"
    CONCURRENCY = "concurrency"
    NETWORK = "network"
    EXHAUSTION = "resource exhaustion"
    UNORDERED = "unordered collection"
    FLOAT = "floating point"
    UNKNOWN = "unknown"
    BROKEN = "fails always"
    """No flaky test: it failed in every run."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a test ran under the same conditions, and failed."""

    runs: int = 0
    failures: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.runs + other.runs, self.failures + other.failures)

    def render(self) -> str:
        """Render as in `failed 3 of 5`."""
        return f"failed {self.failures} of {self.runs}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One change of the run, and what became of the test."""

    change: str
    """What was changed, as in `hash seed 1 instead of 0`; all else was the same."""
    before: Tally
    after: Tally
    applied: str = ""
    """How it is known that the change was really made, as in `time.sleep stretched 3 times`."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One test in the drawing of a run: what ran where, from when to when."""

    row: str
    """The worker, or the one process of a serial run."""
    nodeid: str
    start_s: float
    """Seconds after the begin of the drawing."""
    stop_s: float
    outcome: str
    role: str = ""
    """`victim`, `polluter`, `setter`, `cleaner`, `neighbour`, or empty for a bystander."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one test is flaky, how that is known, and how to see it again."""

    nodeid: str
    kind: Kind
    summary: str
    """One sentence: `fails after test_a, which leaves app.cache.REG['k']`."""
    tally: Tally
    """Over all runs of the hunt."""
    fingerprint: str = ""
    """Of the failure: the exception's type, the file and the line."""
    text: str = ""
    """Of the failure: its message, cut short."""
    culprits: tuple[str, ...] = ()
    """Node ids of the smallest set of polluters, setters or neighbours, in the order of the run;
    of import-time pollution, the files."""
    cleaners: tuple[str, ...] = ()
    """Node ids of tests that were seen to take the pollution back."""
    state: tuple[str, ...] = ()
    """What the culprits leave, or share: `app.cache.REG['k']`, `/tmp/x.db`, `port 8006`."""
    evidence: tuple[Evidence, ...] = ()
    command: str = ""
    """One command, for a shell in the root directory, that fails again; empty where none did."""
    confirmed: Tally = Tally()
    """How often the command failed, in fresh processes."""
    cleared: Tally = Tally()
    """How often the test failed in fresh processes when the cause was left out."""
    bars: tuple[Bar, ...] = ()
    """The run around the failure, to be drawn."""
    cluster: int = 0
    """Tests with the same number fail together; 0: alone."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the hunt showed of the tests that never failed."""

    tests: int
    fewest_runs: int
    """How often the one of them ran that ran least."""


@dataclass(frozen=True, slots=True)
class HuntRecord:
    """The result of a hunt."""

    hunt_id: str
    started: float
    """Seconds since the epoch, like the next one."""
    finished: float
    command: str
    """How to hunt again, with the same choices."""
    verdicts: tuple[Verdict, ...]
    sound: Shown
    axes: Mapping[str, int]
    """What was varied, and in how many runs: `random order`: 4."""
    left_out: tuple[str, ...] = ()
    """What was not tried, and why, a sentence each."""
    notes: tuple[str, ...] = ()
    is_complete: bool = True
    """Whether it came to its end; not so after an interrupt, or where the budget was spent."""

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": FORMAT_VERSION, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = read_object("record of a hunt", text)
        try:
            found["verdicts"] = tuple(read_verdict(one) for one in found["verdicts"])
            found["sound"] = Shown(**found["sound"])
            found["left_out"] = tuple(found["left_out"])
            found["notes"] = tuple(found["notes"])
            return cls(**found)
        except (ValueError, TypeError, KeyError) as error:
            raise RecordError("record of a hunt", str(error)) from error


# Any: the values are JSON of any shape.
def read_verdict(found: dict[str, Any]) -> Verdict:
    """Read one verdict from what `asdict` made of it."""
    return Verdict(
        **{
            **found,
            "kind": Kind(found["kind"]),
            "tally": Tally(**found["tally"]),
            "confirmed": Tally(**found["confirmed"]),
            "cleared": Tally(**found["cleared"]),
            "evidence": tuple(_read_evidence(one) for one in found["evidence"]),
            "bars": tuple(Bar(**one) for one in found["bars"]),
            **{name: tuple(found[name]) for name in ("culprits", "cleaners", "state")},
        }
    )


# Any: the values are JSON of any shape.
def _read_evidence(found: dict[str, Any]) -> Evidence:
    before, after = Tally(**found["before"]), Tally(**found["after"])
    return Evidence(found["change"], before, after, found["applied"])


def count_kinds(verdicts: Sequence[Verdict]) -> Mapping[Kind, int]:
    """Count the verdicts of each kind, in the order of `Kind`."""
    counts = {kind: sum(one.kind is kind for one in verdicts) for kind in Kind}
    return {kind: count for kind, count in counts.items() if count}
