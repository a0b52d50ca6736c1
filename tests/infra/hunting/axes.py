"""What was other than ever in a run, read from its record; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ..access_records import AccessKind
from .conditions import Conditions
from .lab import BASE_HASH_SEED, REVERSED_FILES, Run, Seen
from .undo import READ
from .verdicts import Kind

COMMON: Final = ("seeded", "generator seeded", "os.urandom called")
"""Effects of the seed, which every run has."""

HARMLESS: Final = (READ, AccessKind.FOUND)
"""Touches that two processes may have of the same thing at the same time."""


def is_plain(seen: Seen) -> bool:
    """Tell whether nothing but the order of a run can have mattered."""
    run = seen.run
    conditions = replace(run.cast.conditions, seed=0)
    is_ordinary = run.hash_seed == BASE_HASH_SEED and conditions == Conditions()
    return is_ordinary and not run.has_company and not run.has_load


def name_axis(run: Run) -> tuple[Kind | None, str]:
    """Return the kind that a change of a run tells, and the change in words."""
    conditions = run.cast.conditions
    if run.hash_seed == REVERSED_FILES:
        return Kind.IMPORT, "files imported in reverse order"
    if run.hash_seed != BASE_HASH_SEED:
        return Kind.UNORDERED, f"hash seed {run.hash_seed} instead of {BASE_HASH_SEED}"
    if conditions.zone:
        return Kind.TIME, f"time zone {conditions.zone}"
    if conditions.clock:
        return Kind.TIME, f"a clock that starts at {conditions.clock}"
    if conditions.listing:
        return Kind.UNORDERED, "directories listed in another order"
    return None, ""


def describe(run: Run) -> str:
    """Tell how often the conditions of a run made a difference."""
    counts = find_effects(run).items()
    return ", ".join(f"{what} {number} times" for what, number in counts)


def find_effects(run: Run) -> Mapping[str, int]:
    """Return how often conditions made a difference, but for random numbers, which all follow."""
    return {what: number for what, number in run.answer.applied.items() if what not in COMMON}


def has_effect(run: Run) -> bool:
    """Tell whether the conditions of a run made any difference."""
    return any(find_effects(run).values())


def distinct(seen: Sequence[Seen]) -> list[Seen]:
    """Leave out those that come from the same run."""
    return list({id(one.run): one for one in reversed(seen)}.values())[::-1]


def find_neighbours(seen: Seen) -> Iterator[int]:
    """Yield the tests that ran in the other processes while this one did, the closest first."""
    own = seen.sighting
    yield own.test
    near = seen.place
    for number, other in enumerate(seen.run.request.casts):
        if number != seen.run.number:
            for offset in (0, -1, 1):
                if 0 <= near + offset < len(other.tests):
                    yield other.tests[near + offset]


def name_hash_seed(kind: Kind, run: Run | None = None) -> int | None:
    """Return the hash seed for a recipe, where it matters."""
    if kind is not Kind.UNORDERED:
        return None
    return run.hash_seed if run else BASE_HASH_SEED


def has_machine_wide(runs: Sequence[Run]) -> bool:
    """Tell whether a test uses what two processes can't have at the same time."""
    return any(
        kind not in HARMLESS
        for run in runs
        for sighting in run.answer.sightings
        for kind, _ in sighting.touches
    )
