"""What a hunt asks of the process that has collected the tests, and what it answers.

One request is a few *casts*, each a list of tests that a fork of that process runs under its
conditions; they run one after the other, two at a time, or all together in step.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from .conditions import ORDINARY, Conditions, build_conditions

PATIENCE_S: Final = 20.0


class Ending(StrEnum):
    """How a fork came to its end."""

    COMPLETE = "complete"
    DIED = "died"
    HUNG = "hung"
    CUT = "cut"
    """Another cast of the request was faster; what it was running says nothing."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What one fork runs."""

    tests: tuple[int, ...]
    """Positions in the collection, in the order of the run; one may come twice."""
    conditions: Conditions = ORDINARY
    is_watched: bool = False
    """Whether to tell which files, ports and databases each test touches."""
    is_brief: bool = False
    """Whether passed tests but the last are left out of the answer."""
    probes: tuple[int, ...] = ()
    """Places, from 1 on, before which the last test is tried, each in a fork that is gone then;
    the first failure of it ends the cast."""

    def to_data(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "tests": self.tests,
            "conditions": self.conditions.to_data(),
            "is_watched": self.is_watched,
            "is_brief": self.is_brief,
            "probes": self.probes,
        }


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked at once."""

    casts: tuple[Cast, ...]
    in_step: bool = False
    """All casts run at the same time, and each test waits until all have come as far."""
    is_race: bool = False
    """Whether the first cast whose last test fails ends the others."""
    at_once: int = 1
    """How many casts run at the same time where they need not."""
    busy: int = 0
    """How many processes keep processors busy meanwhile."""
    writing: int = 0
    """How many processes write to the disk meanwhile."""
    patience_s: float = PATIENCE_S
    """After that a fork is ended."""

    def to_json(self) -> str:
        """Write it as one line."""
        return json.dumps(
            {
                "casts": [cast.to_data() for cast in self.casts],
                "in_step": self.in_step,
                "is_race": self.is_race,
                "at_once": self.at_once,
                "busy": self.busy,
                "writing": self.writing,
                "patience_s": self.patience_s,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        found = json.loads(text)
        casts = tuple(_read_cast(one) for one in found.pop("casts"))
        return cls(casts, **found)


@dataclass(frozen=True, slots=True)
class Error:
    """The exception of a failure."""

    types: tuple[str, ...] = ()
    """Its class and those above it, with their modules, but for `object`."""
    errno: int = 0
    modules: tuple[str, ...] = ()
    """Where it came from, the innermost last."""
    path: str = ""
    """Of the project's innermost line that was running."""
    line: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One test in one fork."""

    test: int
    outcome: str
    """As of a `Span`, or `hung`, or `crashed`."""
    start_s: float = 0.0
    """By a clock that all forks share, like the next one."""
    stop_s: float = 0.0
    fingerprint: str = ""
    text: str = ""
    error: Error = Error()
    touches: tuple[tuple[str, str], ...] = ()
    probe: int = 0
    """The place before which it was tried out of its turn; 0: it had its turn."""

    @property
    def is_failure(self) -> bool:
        """Whether the test failed, in whatever way."""
        return self.outcome in ("failed", "hung", "crashed")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one cast did."""

    sightings: tuple[Sighting, ...]
    ending: Ending
    applied: Mapping[str, int] = field(default_factory=dict)
    """How often each condition made a difference."""

    @property
    def last(self) -> Sighting | None:
        """The last test that was seen, if any."""
        return self.sightings[-1] if self.sightings else None


# Any: the values are JSON of any shape.
def read_sighting(found: dict[str, Any]) -> Sighting:
    """Read one line of a fork."""
    error: dict[str, Any] = found.pop("error", None) or {}
    touches = tuple((kind, target) for kind, target in found.pop("touches", ()))
    for name in ("types", "modules"):
        error[name] = tuple(error.get(name, ()))
    built = Error(**error)
    return Sighting(**found, error=built, touches=touches)


def read_answer(lines: Sequence[str], ending: Ending) -> Answer:
    """Read what a fork wrote, line by line; the last one may be cut."""
    sightings: list[Sighting] = []
    applied: Mapping[str, int] = {}
    begun: int | None = None
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            break
        if "begun" in found:
            begun = found["begun"]
        elif "applied" in found:
            applied = found["applied"]
        else:
            sightings.append(read_sighting(found))
            begun = None
    if begun is not None and ending is not Ending.CUT:
        # A test may end its process as if all were well.
        ending = Ending.DIED if ending is Ending.COMPLETE else ending
        outcome = "hung" if ending is Ending.HUNG else "crashed"
        sightings.append(Sighting(begun, outcome, fingerprint=outcome, text=f"the test {outcome}"))
    return Answer(tuple(sightings), ending, applied)


def _read_cast(found: Mapping[str, Any]) -> Cast:
    conditions = build_conditions(found["conditions"])
    return Cast(
        tuple(found["tests"]),
        conditions,
        found["is_watched"],
        found["is_brief"],
        tuple(found["probes"]),
    )
