"""The door to git's writing side: one commit per gate, and the revert of all of them.

Reading what has changed for the hunt is in `hunting/repository`.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import PhaseError

GATE_TRAILER: Final = "Parallel-Phase-Gate"
ROLLBACK_TRAILER: Final = "Parallel-Phase-Rollback"
"""By which our commits are found again, also after a rebase."""

REMEDY: Final = "try it by hand, and mend the repository"

UNDER_WAY: Final = (
    "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """What a git command said."""

    exit_code: int
    output: str
    errors: str


class Repository:
    """The repository that a directory is in; paths are relative to that directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def is_there(self) -> bool:
        """Tell whether there is a git, and a repository."""
        return self._run("rev-parse", "--is-inside-work-tree").output.strip() == "true"

    def get_head(self) -> str:
        """Return the short name of the commit that is checked out; empty where there is none."""
        return self._run("rev-parse", "--verify", "--quiet", "--short", "HEAD").output.strip()

    def find_changed(self, paths: Iterable[str] = ()) -> list[str]:
        """Return the files that differ from the commit, those that git doesn't know included.

        Nothing differs where there is no repository.
        """
        done = self._run(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *paths
        )
        names = [line[3:] for line in done.output.split("\0") if line]
        prefix = self._ask("rev-parse", "--show-prefix").strip() if names else ""
        return [name.removeprefix(prefix) for name in names]

    def check_ready(self, paths: Iterable[str], are_ours: Iterable[str]) -> None:
        """Check that commits can be made, and of nothing but what the gates change.

        :param paths: where the gates may change files.
        :param are_ours: the files that they write themselves.
        :raises PhaseError: they can't.
        """
        self.check_calm()
        if self._run("symbolic-ref", "--quiet", "HEAD").exit_code:
            raise PhaseError(
                "HEAD is on no branch, where commits get lost", "", "git switch -c NAME, then again"
            )
        self.check_index()
        ours = set(are_ours)
        dirty = self.find_changed([*paths, *ours])
        if touched := [name for name in dirty if name.endswith(".py") or name in ours]:
            raise PhaseError(
                "not committed, and a gate may change it",
                ", ".join(touched),
                "commit or stash it first (what phases without --commit left: --rollback)",
            )

    def check_calm(self) -> None:
        """Check that git can commit here at all.

        :raises PhaseError: it can't; with the way out.
        """
        if not self.is_there():
            raise PhaseError(
                "no git repository", str(self._root), "git init, or leave --commit out"
            )
        if not self.get_head():
            raise PhaseError("there is no commit yet", "", "commit what is there first")
        for name in UNDER_WAY:
            path = self._ask("rev-parse", "--git-path", name).strip()
            if (self._root / path).exists():
                raise PhaseError("git is in the middle of something", name, "end it first")
        for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            if self._run("var", name).exit_code:
                raise PhaseError(
                    "git doesn't know who you are", name, "git config user.name and .email"
                )

    def check_index(self) -> None:
        """Check that nothing is staged.

        :raises PhaseError: something is, and would come along.
        """
        if self._run("diff", "--cached", "--quiet").exit_code:
            names = self._ask("diff", "--cached", "--name-only").split("\n")
            raise PhaseError(
                "the index is dirty",
                ", ".join(filter(None, names)),
                "commit it, or git restore --staged it",
            )

    def commit(self, names: Sequence[str], message: str) -> str:
        """Commit some files and nothing else; return the commit's short name.

        :raises PhaseError: git, or a hook of the user's, refuses; nothing is staged then.
        """
        # Forced: the record of the gates is part of each commit, also where it is ignored.
        self._ask("add", "--force", "--", *names)
        done = self._run("commit", "--quiet", f"--message={message}", "--only", "--", *names)
        if done.exit_code:
            self._run("reset", "--quiet", "--", *names)
            raise PhaseError(
                "git refuses the commit",
                (done.errors or done.output).strip(),
                "mend what it or the hook says; --rollback takes back what was done until here",
            )
        return self.get_head()

    def list_gate_commits(self) -> list[str]:
        """Return the commits of gates since the last rollback, the newest first."""
        form = "%H%x1f" + "%x1f".join(
            f"%(trailers:key={key},valueonly)" for key in (GATE_TRAILER, ROLLBACK_TRAILER)
        )
        pattern = f"--grep=^({GATE_TRAILER}|{ROLLBACK_TRAILER}): "
        output = self._ask("log", "-z", "--extended-regexp", pattern, f"--format={form}")
        found = []
        for record in filter(None, output.split("\0")):
            name, gate, rollback = (part.strip() for part in record.split("\x1f"))
            if rollback:
                break
            if gate:
                found.append(name)
        return found

    def list_files(self, commits: Iterable[str]) -> list[str]:
        """Return the files that some commits change."""
        names: dict[str, None] = {}
        for name in commits:
            output = self._ask(
                "diff-tree", "-r", "-z", "--no-commit-id", "--name-only", "--relative", name
            )
            names.update(dict.fromkeys(filter(None, output.split("\0"))))
        return list(names)

    def revert(self, commits: Sequence[str]) -> str:
        """Take back some commits in one new one; return its short name.

        File modes that git doesn't know come back, too: it writes files anew.

        :raises PhaseError: the same lines have been changed since; all is as it was then.
        """
        names = self.list_files(commits)
        if dirty := self.find_changed(names):
            raise PhaseError(
                "not committed, and part of what is taken back",
                ", ".join(dirty),
                "commit, stash or restore it first",
            )
        modes = {
            path: path.stat().st_mode for name in names if (path := self._root / name).exists()
        }
        done = self._run("revert", "--no-commit", *commits)
        if not done.exit_code:
            done = self._run("commit", "--quiet", f"--message={_build_rollback_message(commits)}")
        if done.exit_code:
            conflicts = self._run("diff", "--name-only", "--diff-filter=U", "--relative").output
            self._run("revert", "--quit")
            self._run("reset", "--quiet", "--merge", "HEAD")
            self._restore_modes(modes)
            raise PhaseError(
                "can't be taken back, changed since in the same lines, or a hook refuses",
                ", ".join(conflicts.split()) or done.errors.strip(),
                f"take your changes of those lines out first, or by hand: "
                f"git revert {' '.join(name[:10] for name in commits)}",
            )
        self._restore_modes(modes)
        return self.get_head()

    @staticmethod
    def _restore_modes(modes: dict[Path, int]) -> None:
        for path, mode in modes.items():
            if path.exists() and path.stat().st_mode != mode:
                path.chmod(mode & 0o7777)

    def _ask(self, *arguments: str) -> str:
        """Return what git answers.

        :raises PhaseError: it can't.
        """
        done = self._run(*arguments)
        if done.exit_code:
            raise PhaseError("git can't answer", f"{arguments[0]}: {done.errors.strip()}", REMEDY)
        return done.output

    def _run(self, *arguments: str) -> Done:
        try:
            done = subprocess.run(  # noqa: S603  arguments of our own, and names of files
                ["git", "--literal-pathspecs", *arguments],  # noqa: S607  the user's own git
                cwd=self._root,
                env=os.environ | {"LC_ALL": "C", "GIT_EDITOR": "true"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            return Done(1, "", f"git can't be started ({error})")
        output = done.stdout.decode(errors="surrogateescape")
        return Done(done.returncode, output, done.stderr.decode(errors="replace"))


def build_message(title: str, verdict: str, figure: str) -> str:
    """Build the message of a gate's commit."""
    return f"{title}: {verdict}, {figure}\n\n{GATE_TRAILER}: {title}\n"


def _build_rollback_message(commits: Sequence[str]) -> str:
    first, last = commits[-1][:10], commits[0][:10]
    return (
        f"Take back what the phases changed\n\nThis reverts {len(commits)} commits of gates.\n\n"
        f"{ROLLBACK_TRAILER}: {first}..{last}\n"
    )
