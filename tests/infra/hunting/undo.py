"""Takes back what a test does to files, so that no run of a hunt meets another one's leavings.

Memory goes with the process; a file that one run leaves would make all later ones fail alike.
An audit hook hears of a file before it is opened for writing, renamed or removed: one that is not
there yet is noted, one that is there is copied first; a directory, and what is too large to be
copied, is moved back where it was moved.  What other programs write outside new directories, and
what C libraries write without telling, is not seen; SQLite's databases are.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..access_records import AccessKind
from ..touches import READERS, Arguments, Effect, Touch, is_reading, read_event

LIMIT_BYTES: Final = 64 << 20
"""Larger files are not copied."""

PATIENCE_S: Final = 1.0

UNTOUCHED: Final = ("/proc/", "/dev/", "/sys/")

COVERAGE_DATA: Final = f"{os.sep}.coverage."
"""What coverage writes at the end of each process: taken back, it would be lost."""

SQLITE_SUFFIXES: Final = ("", "-journal", "-wal", "-shm")

READ: Final = "read"
"""Kind of a touch that changes nothing."""

NOTES: Final = "undo.jsonl"

DIRECTORY: Final = "/"
"""In a note, in place of the name of a copy: there was a directory."""


class Keeper:
    """Hears what this process does to files, and keeps what is needed to take it back.

    Several processes may share a directory: whoever touches a file first keeps it, and the others
    wait until that is done, so that no copy is made of what one of them has begun to change.

    :param directory: where notes and copies go.
    :param ignored: directories whose files don't matter.
    """

    def __init__(self, directory: Path, ignored: Sequence[str]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._ignored = (*UNTOUCHED, *(f"{one}{os.sep}" for one in (*ignored, directory)))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._notes = os.open(directory / NOTES, flags, 0o600)
        self._known: set[str] = set()
        self._hearing = threading.local()
        self.touches: list[tuple[str, str]] = []
        """Kind and target of all that was touched since somebody emptied the list."""

    def install(self) -> None:
        """Listen from now on; there is no way back."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: Arguments) -> None:
        # What we do to files ourselves is heard, too; other threads go on meanwhile.
        if event not in READERS or getattr(self._hearing, "is_busy", False):
            return
        self._hearing.is_busy = True
        try:
            if not is_reading(event, args):
                self._take_in(event, args)
            elif isinstance(args[0], str) and not args[0].endswith((".py", ".pyc")):
                self._note_touch(READ, os.path.abspath(args[0]))  # noqa: PTH100  as text, fast
        except (OSError, ValueError, AttributeError):
            # What can't be looked at can't be kept; the test goes on as if nobody listened.
            pass
        finally:
            self._hearing.is_busy = False

    def _take_in(self, event: str, args: Arguments) -> None:
        touches = list(read_event(event, args))
        self._take_in_touches(touches)
        if event == "os.rename":
            source, target = (os.path.abspath(one.target) for one in touches)  # noqa: PTH100  as text, fast
            if not self._is_ignored(source) and not can_copy(Path(source)):
                self._note(target, moved_from=source)

    def _take_in_touches(self, touches: Sequence[Touch]) -> None:
        for kind, target in touches:
            if isinstance(kind, Effect):
                continue
            is_path = kind not in (AccessKind.PORT, AccessKind.SOCKET)
            name = os.path.abspath(target) if is_path else target  # noqa: PTH100  as text, fast
            self._note_touch(kind.value, name)
            if is_path:
                suffixes = SQLITE_SUFFIXES if kind is AccessKind.DATABASE else ("",)
                for suffix in suffixes:
                    self._keep(name + suffix)
                    if os.path.islink(name):  # noqa: PTH114  as text, fast
                        self._keep(os.path.realpath(name) + suffix)

    def _note_touch(self, kind: str, target: str) -> None:
        if not self._is_ignored(target):
            self.touches.append((kind, target))

    def _is_ignored(self, path: str) -> bool:
        if path.startswith(self._ignored):
            return True
        return "__pycache__" in path or COVERAGE_DATA in path

    def _keep(self, path: str) -> None:
        if path in self._known or self._is_ignored(path):
            return
        self._known.add(path)
        name = hashlib.sha256(path.encode()).hexdigest()[:24]
        claim, done = self._directory / f"{name}.claim", self._directory / f"{name}.done"
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            _wait_for(done)
            return
        copy = _copy(Path(path), self._directory / f"{name}.copy")
        if copy is not None:
            self._note(path, copy=copy)
        done.touch()

    def _note(self, path: str, **facts: str) -> None:
        # In one piece, as other threads and processes write there, too.
        os.write(self._notes, f"{json.dumps({'path': path, **facts})}\n".encode())


def can_copy(path: Path) -> bool:
    """Tell whether there is a link, or a file that is not too large."""
    return path.is_symlink() or (path.is_file() and path.stat().st_size <= LIMIT_BYTES)


def _copy(path: Path, copy: Path) -> str | None:
    """Copy what is there; return the copy's name, "" where nothing is, None where it can't be."""
    if not os.path.lexists(path):
        return ""
    if can_copy(path):
        shutil.copy2(path, copy, follow_symlinks=False)
        return copy.name
    return DIRECTORY if path.is_dir() else None


def _wait_for(path: Path) -> None:
    until = time.clock_gettime(time.CLOCK_MONOTONIC) + PATIENCE_S
    while not path.exists() and time.clock_gettime(time.CLOCK_MONOTONIC) < until:
        os.sched_yield()


def take_back(directory: Path) -> int:
    """Take back what the processes did whose keepers had this directory; return how many files.

    Called once the processes have ended.  The directory is removed.
    """
    count = 0
    for note in reversed(list(_read_notes(directory / NOTES))):
        with contextlib.suppress(OSError):
            count += _take_back_one(note, directory)
    shutil.rmtree(directory, ignore_errors=True)
    return count


def _take_back_one(note: Mapping[str, str], directory: Path) -> bool:
    path = Path(note["path"])
    if "moved_from" in note:
        return _move_back(path, Path(note["moved_from"]))
    if note["copy"] == DIRECTORY:
        is_gone = not os.path.lexists(path)
        if is_gone:
            path.mkdir(parents=True)
        return is_gone
    if note["copy"]:
        return _put_back(directory / note["copy"], path)
    return _remove(path)


def _move_back(path: Path, origin: Path) -> bool:
    can_move = os.path.lexists(path) and not os.path.lexists(origin)
    if can_move:
        origin.parent.mkdir(parents=True, exist_ok=True)
        path.rename(origin)
    return can_move


def _put_back(copy: Path, path: Path) -> bool:
    if _is_same(copy, path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # Else a link that stands in its place would be followed.
    _remove(path)
    shutil.copy2(copy, path, follow_symlinks=False)
    return True


def _is_same(copy: Path, path: Path) -> bool:
    if copy.is_symlink() or path.is_symlink():
        return copy.is_symlink() and path.is_symlink() and copy.readlink() == path.readlink()
    return path.is_file() and path.read_bytes() == copy.read_bytes()


def _remove(path: Path) -> bool:
    """Remove what was not there, a directory with all that came into it."""
    if not os.path.lexists(path):
        return False
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return True


def _read_notes(path: Path) -> Iterator[Mapping[str, str]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)
