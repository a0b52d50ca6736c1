"""What is planted in each suite: its flaky tests, why they fail, and the recipe that shows it.

The table is spread over the suites, one `planted.toml` in each.  Running a recipe is left to
`trials`, judging a hunter to `judging`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
PLANTED: Final = HERE / "planted"
SOUND: Final = HERE / "sound"
TABLE: Final = "planted.toml"

ORDER_KINDS: Final = frozenset({"victim", "brittle", "second run"})


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to run a suite."""

    order: tuple[str, ...] = ()
    """Node ids, in this order; empty: all, in their natural order."""
    beside: tuple[str, ...] = ()
    """What a second process runs meanwhile."""
    repeat: int = 1
    """How often a process goes through its list."""
    args: tuple[str, ...] = ()
    """What is given to pytest: the files to import, and in which order."""
    env: tuple[tuple[str, str], ...] = ()
    env_each: str = ""
    """A variable that is the number of the try."""
    load: int = 0
    """How many processes keep the processors busy."""
    per_run: bool = False
    """Whether the share is one of all runs of the test in all tries; else of the tries."""
    tries: int = 3
    share: float = 0.9
    """The least share of the tries that must turn out as the recipe says."""


@dataclass(frozen=True, slots=True)
class Flaky:
    """A test that passes and fails, and why."""

    test: str
    kinds: tuple[str, ...]
    """Values of `Kind`; more than one where reality is ambiguous."""
    culprits: tuple[tuple[str, ...], ...]
    """The minimal sets of polluters, setters, neighbours or files; any one of them is right."""
    says: str
    """A pattern that is found in the text of its failure."""
    needs: tuple[str, ...]
    """What a run must have, beyond another order, for the failure to show."""
    cleaners: tuple[str, ...]
    fails: tuple[Recipe, ...]
    """Recipes; at least one must show the failure."""
    passes: Recipe | None

    @property
    def is_order_dependent(self) -> bool:
        """Whether the order of tests alone decides."""
        return bool(ORDER_KINDS.intersection(self.kinds))


@dataclass(frozen=True, slots=True)
class Plant:
    """A planted suite."""

    name: str
    directory: Path
    story: str
    natural: float
    """The least share of whole runs, in the natural order, in which the flaky tests pass."""
    flaky: tuple[Flaky, ...]

    @property
    def tests(self) -> frozenset[str]:
        """The node ids of the flaky tests."""
        return frozenset(one.test for one in self.flaky)

    @property
    def kinds(self) -> frozenset[str]:
        """All kinds that are right for some flaky test."""
        return frozenset(kind for one in self.flaky for kind in one.kinds)


def read_plants(pattern: str = "*") -> list[Plant]:
    """Read the planted suites whose names match, in the order of their names."""
    tables = sorted(PLANTED.glob(f"*/{TABLE}"))
    return [read_plant(table) for table in tables if fnmatch(table.parent.name, pattern)]


def list_sound(pattern: str = "*") -> list[Path]:
    """List the directories of the sound suites whose names match."""
    found = sorted(path for path in SOUND.iterdir() if any(path.glob("**/test_*.py")))
    return [path for path in found if fnmatch(path.name, pattern)]


def read_plant(table: Path) -> Plant:
    """Read one suite's table."""
    found = tomllib.loads(table.read_text(encoding="utf-8"))
    return Plant(
        name=table.parent.name,
        directory=table.parent,
        story=found["story"],
        natural=found.get("natural", 0.8),
        flaky=tuple(_read_flaky(one) for one in found["flaky"]),
    )


# Any: the values are TOML of any shape; so below.
def _read_flaky(found: Mapping[str, Any]) -> Flaky:
    fails = found.get("fails_any", [found["fails"]] if "fails" in found else [])
    return Flaky(
        test=found["test"],
        kinds=tuple(found["kinds"]),
        culprits=tuple(tuple(one) for one in found.get("culprits", ())),
        says=found["says"],
        needs=tuple(found.get("needs", ())),
        cleaners=tuple(found.get("cleaners", ())),
        fails=tuple(_read_recipe(one) for one in fails),
        passes=_read_recipe(found["passes"]) if "passes" in found else None,
    )


def _read_recipe(found: Mapping[str, Any]) -> Recipe:
    lists: Mapping[str, Sequence[str]] = {
        name: tuple(found[name]) for name in ("order", "beside", "args") if name in found
    }
    env = tuple(sorted(found.get("env", {}).items()))
    return Recipe(**{**found, **lists, "env": env})
