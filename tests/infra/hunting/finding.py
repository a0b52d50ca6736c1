"""What experiments on one test have shown, before it is confirmed and put into words."""

from dataclasses import dataclass, field

from .conditions import Conditions
from .trials import Sighting
from .verdicts import Evidence, Kind


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to run a test so that it fails, or so that it passes."""

    tests: tuple[int, ...]
    """In one process, in this order; the last one counts."""
    conditions: Conditions = field(default_factory=Conditions)
    hash_seed: int | None = None
    """None: whatever it is."""
    beside: tuple[int, ...] = ()
    """Tests that begin in other processes at the same time."""
    busy: int = 0
    """How many processes keep the machine busy."""
    tries: int = 1
    """How often to try until it fails."""
    files: tuple[str, ...] = ()
    """Files that are collected, too, though none of their tests runs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a test fails, as far as experiments in forks can tell."""

    kind: Kind
    test: int
    evidence: tuple[Evidence, ...]
    recipe: Recipe
    cure: Recipe | None
    """How to run it without the cause; None where the cause is not known."""
    sighting: Sighting
    """One failure."""
    culprits: tuple[int, ...] = ()
    neighbours: tuple[int, ...] = ()
    cleaners: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    is_minimal: bool = True
    is_shared: bool = False
    """Whether it fails because of something that two processes share."""
