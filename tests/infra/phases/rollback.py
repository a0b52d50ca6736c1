"""Takes back what the phases changed: saved files are restored, commits of gates are reverted."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import PhaseError
from .backup import Backup
from .commits import Repository


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back."""

    files: tuple[str, ...]
    """Restored from what was saved."""
    commits: tuple[str, ...]
    """Of gates, the newest first."""
    commit: str
    """The one that reverts them."""
    remarks: tuple[str, ...] = ()


def roll_back(root: Path) -> Undone:
    """Give back what was there before the phases.

    Files that differ from what is committed come first, or git could not revert; the others, such
    as those that were changed and then committed by the user, come after it.

    :raises PhaseError: somebody has changed the same files, or lines, since; or git can't commit.
    """
    backup, repository = Backup(root), Repository(root)
    is_versioned = bool(repository.get_head())
    commits = repository.list_gate_commits() if is_versioned else []
    committed = set(repository.list_files(commits))
    late = committed.difference(repository.find_changed(committed)) if committed else committed
    late &= set(backup.list_files())
    early = [name for name in backup.list_files() if name not in late]
    if commits:
        repository.check_calm()
        repository.check_index()
    remarks = backup.restore(early)
    commit = repository.revert(commits) if commits else ""
    remarks += backup.restore(sorted(late))
    if not commits and not early:
        raise PhaseError(
            "there is nothing to take back", str(root), "phases that changed something come first"
        )
    return Undone((*early, *sorted(late)), tuple(commits), commit, tuple(remarks))
