"""What dead runs and dead workers left: read from their journals, and removed.

Which journals belong to the dead is decided here; how a thing is removed, in `removal`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .. import locks
from ..environment import is_dead
from ..errors import InfraError
from .deadlines import call_within
from .journal import DIRECTORY, Entry, list_journals, read_living, remove_empty, rewrite
from .removal import remove_entry

REMOVAL_S: Final = 30.0
"""How long the removal of one thing may take."""

SHOWN: Final = 10


@dataclass(slots=True)
class Sweep:
    """What was removed, and what could not be."""

    removed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def render(self) -> list[str]:
        """Render both, for the summary of the run; nothing where there was nothing."""
        lines = []
        if self.removed:
            lines.append(f"infra: removed what a run or worker left: {_render(self.removed)}")
        if self.failed:
            lines.append(
                f"infra: could not remove what a run or worker left: {_render(self.failed)}; "
                "the next run tries again"
            )
        return lines


def sweep_dead(
    infra_dir: Path, remove: Callable[[Entry], None] = remove_entry, timeout_s: float = REMOVAL_S
) -> Sweep:
    """Remove what the dead runs of this machine left, unless another run is at it."""
    sweep = Sweep()
    directory = infra_dir / DIRECTORY
    if not directory.is_dir():
        return sweep
    try:
        lock = locks.take(infra_dir / "locks" / "leftovers.lock", timeout_s=0)
    except InfraError:
        return sweep
    try:
        for path in sorted(directory.iterdir()):
            if is_dead(infra_dir / "runs" / path.name):
                _sweep_run(path, sweep, remove, timeout_s)
    finally:
        locks.give_back(lock)
    return sweep


def sweep_own(
    infra_dir: Path,
    run_path: Path,
    remove: Callable[[Entry], None] = remove_entry,
    timeout_s: float = REMOVAL_S,
) -> Sweep:
    """Remove what this run's workers left, all of which have ended."""
    sweep = Sweep()
    directory = infra_dir / DIRECTORY / run_path.name
    if directory.is_dir():
        _sweep_run(directory, sweep, remove, timeout_s)
    return sweep


def _sweep_run(
    directory: Path, sweep: Sweep, remove: Callable[[Entry], None], timeout_s: float
) -> None:
    for path in list_journals(directory):
        kept = []
        for entry in read_living(path):
            if problem := _try_to_remove(entry, remove, timeout_s):
                kept.append(entry)
                sweep.failed.append(f"{entry.render()} ({problem})")
            else:
                sweep.removed.append(entry.render())
        rewrite(path, kept)
    # Of a sweep that was killed while it wrote a journal anew.
    for draft in directory.glob("*.tmp"):
        draft.unlink(missing_ok=True)
    remove_empty(directory)


def _try_to_remove(entry: Entry, remove: Callable[[Entry], None], timeout_s: float) -> str:
    try:
        call_within(lambda: remove(entry), timeout_s)
    except Exception as error:  # noqa: BLE001  a plugin's remover may raise anything
        return f"{type(error).__name__}: {error}"
    return ""


def _render(things: list[str]) -> str:
    more = len(things) - SHOWN
    return ", ".join(things[:SHOWN]) + (f", and {more} more" if more > 0 else "")
