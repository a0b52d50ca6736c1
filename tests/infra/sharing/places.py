"""What is on disk of a once-per-run fixture: who asked for it, and how far its keeper is.

All of it lies in the run's directory.  The keeper's lock lies where the locks of the workers lie,
so that a run counts as alive while one of its keepers does.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Self, TypeAlias

from ..durations import write_whole
from ..records import read_object

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

DIRECTORY: Final = "once"
"""Directory in a run's, with a directory for each once-per-run fixture in it."""

OUTPUT_LINES: Final = 20
"""Lines of a keeper's output that an error quotes."""


class Phase(Enum):
    """How far a keeper is."""

    SETTING_UP = "setting up"
    READY = "ready"
    FAILED = "failed"
    SKIPPED = "skipped"
    DONE = "torn down"
    BROKEN = "teardown failed"


@dataclass(frozen=True, slots=True)
class Order:
    """What a keeper is told: which function to call, with what, for how long."""

    fixture: str
    module: str
    file: str
    function: str
    param: Json
    values: Mapping[str, Json]
    """What other fixtures gave to the one who asked first."""
    run_id: str
    asked_by: str
    sys_path: tuple[str, ...]
    timeout_s: float
    teardown_timeout_s: float

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": 1, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = read_object("order of a once-per-run fixture", text)
        return cls(**{**found, "sys_path": tuple(found["sys_path"])})


@dataclass(frozen=True, slots=True)
class State:
    """How far a keeper is, and how it is reached."""

    phase: Phase
    pid: int
    group: int
    """Its process group, in which its children are, too; 0 where there are none."""
    port: int
    token: str
    since: float
    """When it began, since the epoch: fixtures are torn down in the opposite order."""
    value: Json = None
    text: str = ""
    """What went wrong."""

    def to_json(self) -> str:
        """Write the record with its format version."""
        return json.dumps({"version": 1, **asdict(self), "phase": self.phase.value})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = read_object("state of a once-per-run fixture", text)
        return cls(**{**found, "phase": Phase(found["phase"])})


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one once-per-run fixture."""

    root: Path

    @property
    def run_path(self) -> Path:
        """The directory of the run."""
        return self.root.parent.parent

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts the keeper."""
        return self.root.with_name(f"{self.root.name}.start.lock")

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.run_path / f"once-{self.root.name}.lock"

    @property
    def order_path(self) -> Path:
        """Where the order is."""
        return self.root / "order.json"

    @property
    def output_path(self) -> Path:
        """Where the keeper's output goes."""
        return self.root / "output"

    @property
    def work_path(self) -> Path:
        """The directory that the fixture has for itself."""
        return self.root / "work"

    def read_order(self) -> Order | None:
        """Read the order, or None where nobody has given one."""
        try:
            return Order.from_json(self.order_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def read_state(self) -> State | None:
        """Read the state, or None where no keeper has begun."""
        try:
            return State.from_json((self.root / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def write_order(self, order: Order) -> None:
        """Write the order."""
        write_whole(self.order_path, order.to_json())

    def write_state(self, state: State) -> None:
        """Write the state, after which its readers are told to read it."""
        write_whole(self.root / "state.json", state.to_json())

    def quote_output(self) -> str:
        """Return the last lines that the keeper wrote, as part of an error's text."""
        try:
            lines = self.output_path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\nits output ends with:\n" + "\n".join(lines[-OUTPUT_LINES:]) if lines else ""


def build_place(run_path: Path, fixture: str, identity: str) -> Place:
    """Build the place of a fixture; `identity` is all that tells it from others of its name."""
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return Place(run_path / DIRECTORY / f"{fixture}-{digest}")


def list_places(run_path: Path) -> list[Place]:
    """List the places of a run, those whose keeper began last first."""
    directory = run_path / DIRECTORY
    if not directory.is_dir():
        return []
    places = [Place(path) for path in sorted(directory.iterdir()) if path.is_dir()]
    states = {place: place.read_state() for place in places}

    def since(place: Place) -> float:
        state = states[place]
        return state.since if state else 0.0

    return sorted(places, key=since, reverse=True)
