"""Planted and lawful suites on disk, and runs of pytest over them in surroundings of their own.

Each run has its own home, temp directory and cache, so that two at a time do not meet.  Who judges
what was found is left to `judging`.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_runs import Finished, Python, run_pytest

LAWFUL: Final = Path(__file__).with_name("lawful")
NEIGHBOURS: Final = (
    "-p",
    "xdist.plugin",
    "-p",
    "pytest_asyncio.plugin",
    "-p",
    "pytest_repeat",
)
QUIET: Final = ("-q", "-rA", "--tb=short", "--show-capture=no")


@dataclass(frozen=True, slots=True)
class Place:
    """The directories of one run."""

    root: Path

    @property
    def suite(self) -> Path:
        """Where the suite lies, and where pytest is run."""
        return self.root / "suite"

    @property
    def cache(self) -> Path:
        """Pytest's cache directory, outside of the suite."""
        return self.root / "cache"

    def build_environ(self) -> dict[str, str]:
        """Build the variables of a run; the directories in them exist already."""
        return {
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "APP_GIVEN": "given",
            "APP_NOTES": str(self.root / "notes"),
            "PROXMOX_TEST_INFRA_DIR": str(self.root / "infra"),
        }


def make_place(root: Path, files: Mapping[str, str]) -> Place:
    """Write a suite into new directories."""
    shutil.rmtree(root, ignore_errors=True)
    place = Place(root)
    for name in ("suite", "home", "tmp", "notes"):
        (root / name).mkdir(parents=True)
    for name, text in files.items():
        path = place.suite / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return place


def read_lawful() -> dict[str, str]:
    """Read the control suite."""
    paths = [path for path in sorted(LAWFUL.rglob("*")) if path.suffix in (".py", ".ini", ".txt")]
    return {str(path.relative_to(LAWFUL)): path.read_text(encoding="utf-8") for path in paths}


def run_suite(
    python: Python, place: Place, args: Sequence[str], *, timeout_s: float = 90
) -> Finished:
    """Run pytest over the suite in a place."""
    own = ("-o", f"cache_dir={place.cache}")
    return run_pytest(
        python,
        [*QUIET, *own, *args],
        place.suite,
        timeout_s=timeout_s,
        environ=place.build_environ(),
    )


def read_outcomes(output: str) -> dict[str, str]:
    """Read each test's outcome from the summary that `-rA` prints, by node id."""
    outcomes = {}
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("PASSED", "FAILED", "ERROR", "XFAIL", "XPASS"):
            outcomes[rest.split(" - ")[0].strip()] = word
    return outcomes
