"""Takes back what a test does to files, so that no run of a hunt meets another one's leavings.

Memory goes with the process; a file that one run leaves would make all later ones fail alike.
An audit hook hears of a file before it is opened for writing, renamed or removed: one that is not
there yet is noted, one that is there is copied first.  What other programs write, and what C
libraries write without telling, is not seen; SQLite's databases are.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..access_records import AccessKind
from ..touches import READERS, Arguments, Effect, is_reading, read_event

LIMIT_BYTES: Final = 64 << 20
"""Larger files are not copied."""

PATIENCE_S: Final = 1.0

UNTOUCHED: Final = ("/proc/", "/dev/", "/sys/")

SQLITE_SUFFIXES: Final = ("", "-journal", "-wal", "-shm")

READ: Final = "read"
"""Kind of a touch that changes nothing."""

NOTES: Final = "undo.jsonl"


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
        self._notes = (directory / NOTES).open("a", encoding="utf-8")
        self._known: set[str] = set()
        self._is_busy = False
        self.touches: list[tuple[str, str]] = []
        """Kind and target of all that was touched since somebody emptied the list."""

    def install(self) -> None:
        """Listen from now on; there is no way back."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: Arguments) -> None:
        if event not in READERS or self._is_busy:
            return
        self._is_busy = True
        try:
            if not is_reading(event, args):
                self._take_in(event, args)
            elif isinstance(args[0], str) and not args[0].endswith((".py", ".pyc")):
                self._note_touch(READ, os.path.abspath(args[0]))  # noqa: PTH100  as text, fast
        except (OSError, ValueError, AttributeError):
            # What can't be looked at can't be kept; the test goes on as if nobody listened.
            pass
        finally:
            self._is_busy = False

    def _take_in(self, event: str, args: Arguments) -> None:
        for kind, target in read_event(event, args):
            if isinstance(kind, Effect):
                continue
            is_path = kind not in (AccessKind.PORT, AccessKind.SOCKET)
            name = os.path.abspath(target) if is_path else target  # noqa: PTH100  as text, fast
            self._note_touch(kind.value, name)
            if is_path:
                suffixes = SQLITE_SUFFIXES if kind is AccessKind.DATABASE else ("",)
                for suffix in suffixes:
                    self._keep(name + suffix)

    def _note_touch(self, kind: str, target: str) -> None:
        if not self._is_ignored(target):
            self.touches.append((kind, target))

    def _is_ignored(self, path: str) -> bool:
        return path.startswith(self._ignored) or "__pycache__" in path

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
            self._notes.write(json.dumps({"path": path, "copy": copy}) + "\n")
            self._notes.flush()
        done.touch()


def _copy(path: Path, copy: Path) -> str | None:
    """Copy what is there; return the copy's name, "" where nothing is, None where it can't be."""
    if not os.path.lexists(path):
        return ""
    if not path.is_file() or path.stat().st_size > LIMIT_BYTES:
        return None
    shutil.copy2(path, copy)
    return copy.name


def _wait_for(path: Path) -> None:
    until = time.clock_gettime(time.CLOCK_MONOTONIC) + PATIENCE_S
    while not path.exists() and time.clock_gettime(time.CLOCK_MONOTONIC) < until:
        os.sched_yield()


def take_back(directory: Path) -> int:
    """Take back what the process did whose keeper had this directory; return how many files.

    Called once the process has ended.  The directory is removed.
    """
    count = 0
    for note in reversed(list(_read_notes(directory / NOTES))):
        path = Path(note["path"])
        with contextlib.suppress(OSError):
            if note["copy"]:
                count += _put_back(directory / note["copy"], path)
            elif path.is_dir() and not path.is_symlink():
                path.rmdir()
                count += 1
            elif os.path.lexists(path):
                path.unlink()
                count += 1
    shutil.rmtree(directory, ignore_errors=True)
    return count


def _put_back(copy: Path, path: Path) -> bool:
    if path.is_file() and path.read_bytes() == copy.read_bytes():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(copy, path)
    return True


def _read_notes(path: Path) -> Iterator[Mapping[str, str]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)
