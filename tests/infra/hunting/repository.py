"""The only door to git: what differs from a revision, and the files of the project.

Which tests that reaches is decided in `changed`.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..errors import RepositoryError
from .changed import Change, Reached, find_reached

HUNK: Final = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")

DIFF: Final = (
    "-c", "core.quotePath=off", "diff", "--unified=0", "--no-renames", "--no-color",
    "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
"""With all that a user's own configuration may have changed."""


def find_changed_tests(directory: Path, since: str = "HEAD") -> Reached:
    """Find the tests that the work in a directory reaches, committed or not, new files included.

    :param directory: where pytest starts; node ids are relative to it.
    :param since: a revision; what counts is what came after it branched off.
    :raises RepositoryError: there is no git, no repository, or no such revision.
    """
    top = Path(_ask(directory, "rev-parse", "--show-toplevel").rstrip("\n"))
    base = _ask(top, "merge-base", "HEAD", since).strip()
    untracked = _ask_paths(top, "ls-files", "--others", "--exclude-standard")
    changes = {path: Change(path) for path in untracked}
    changes |= {path: Change(path) for path in _ask_paths(top, "diff", "--name-only", base)}
    changes |= {change.path: change for change in parse_diff(_ask(top, *DIFF, base, "--"))}
    sources = dict(_iterate_sources(top, [*_ask_paths(top, "ls-files"), *untracked]))
    reached = find_reached(list(changes.values()), sources)
    nodeids = (os.path.relpath(top / nodeid, directory.resolve()) for nodeid in reached.nodeids)
    return Reached(tuple(sorted(map(_with_slashes, nodeids))), reached.unreached)


def parse_diff(text: str) -> list[Change]:
    """Read which lines of which files differ; files without lines of text are left out."""
    found: dict[str, list[range]] = {}
    path = ""
    skipped = 0
    for line in text.splitlines():
        if skipped and line[:1] in ("+", "-"):
            skipped -= 1
        elif line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").rstrip("\t")
        elif line.startswith("+++ "):
            path = ""
        elif hunk := HUNK.match(line):
            removed, start, added = (int(one or "1") for one in hunk.groups())
            skipped = removed + added
            if path:
                first = start if added else start + 1
                found.setdefault(path, []).append(range(first, first + added))
    return [Change(path, tuple(lines)) for path, lines in found.items()]


def _with_slashes(nodeid: str) -> str:
    return nodeid.replace(os.sep, "/")


def _iterate_sources(top: Path, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if path.endswith(".py"):
            try:
                yield path, (top / path).read_text(encoding="utf-8")
            except (OSError, UnicodeError):
                # Deleted, or not Python 3: nothing of it will be collected.
                continue


def _ask_paths(directory: Path, *arguments: str) -> list[str]:
    verb, *rest = arguments
    return list(filter(None, _ask(directory, verb, "-z", *rest).split("\0")))


def _ask(directory: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  arguments of our own, and a revision behind them
            ["git", *arguments],  # noqa: S607  the user's own git
            cwd=directory,
            env=os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
    except OSError as error:
        raise RepositoryError(directory, f"git can't be started ({error})") from error
    except subprocess.CalledProcessError as error:
        raise RepositoryError(directory, error.stderr.decode(errors="replace")) from error
    return done.stdout.decode(errors="surrogateescape")
