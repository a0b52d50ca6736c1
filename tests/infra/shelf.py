"""Where the schedules of the last runs lie: in pytest's cache, one file for each run.

What is in them is told by `schedules`.
"""

import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .archive import DIRECTORY, find_directory
from .durations import write_whole
from .errors import RecordError, UnknownRunError
from .schedules import SHOWN_ID, Schedule, parse_schedule

if TYPE_CHECKING:
    import pytest

RUNS: Final = "runs"

KEPT: Final = 20
"""How many runs are kept, and how many with failures."""

HEAD_BYTES: Final = 200
"""Enough of a file to tell whether a test of the run failed."""

LAST: Final = "last"
LAST_FAILED: Final = "last-failed"


def find_shelf(config: "pytest.Config") -> Path | None:
    """Find the directory of schedules, or None where pytest's cache is off; makes nothing."""
    directory = find_directory(config)
    return directory / RUNS if directory else None


def name_file(run_id: str) -> str:
    """Name a run's file; a user's own id may hold anything."""
    return re.sub(r"[^\w.-]", "_", run_id) + ".json"


def keep_schedule(config: "pytest.Config", schedule: Schedule) -> bool:
    """Write a run's schedule, and remove those that are too old; tell whether it could be done."""
    shelf = find_shelf(config)
    if shelf is None or not schedule.workers:
        return False
    with contextlib.suppress(OSError):
        # It makes the files, too, that keep the cache out of version control and backups.
        config.cache.mkdir(DIRECTORY)
        shelf.mkdir(exist_ok=True)
        write_whole(shelf / name_file(schedule.run_id), schedule.to_json())
        remove_old(shelf)
        return True
    return False


def remove_old(shelf: Path) -> None:
    """Keep the last runs, and the last ones with failures."""
    paths = list_paths(shelf)
    kept = {*paths[:KEPT], *[path for path in paths if has_failures(path)][:KEPT]}
    for path in paths:
        if path not in kept:
            path.unlink(missing_ok=True)


def list_paths(shelf: Path) -> list[Path]:
    """List the schedules, the newest first."""
    dated = []
    for path in shelf.glob("*.json"):
        # Another run may remove it meanwhile.
        with contextlib.suppress(FileNotFoundError):
            dated.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)]


def has_failures(path: Path) -> bool:
    """Tell whether a test of the run failed, from the begin of its file."""
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return bool(re.search(r'"bad":[1-9]', file.read(HEAD_BYTES)))
    return False


def find_path(shelf: Path | None, name: str) -> Path:
    """Find the schedule that a user names: an id's begin, `last`, `last-failed`, or a path.

    :raises UnknownRunError: there is none, or more than one.
    """
    paths = list_paths(shelf) if shelf else []
    if name in (LAST, LAST_FAILED):
        found = [path for path in paths if name == LAST or has_failures(path)][:1]
    else:
        prefix = name_file(name).removesuffix(".json")
        found = [path for path in paths if path.stem == prefix]
        found = found or [path for path in paths if path.stem.startswith(prefix)]
    if not found and Path(name).is_file():
        return Path(name)
    if len(found) != 1:
        raise UnknownRunError(name, name_runs(found), name_runs(paths))
    return found[0]


def name_runs(paths: Iterable[Path]) -> Sequence[str]:
    """Return ids as short as tells them apart."""
    stems = [path.stem for path in paths]
    short = [stem[:SHOWN_ID] for stem in stems]
    return short if len(set(short)) == len(short) else stems


def read_schedule(path: Path) -> Schedule:
    """Read a schedule.

    :raises RecordError: it can't be read, or is something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RecordError("schedule", str(error)) from error
    return parse_schedule(text)
