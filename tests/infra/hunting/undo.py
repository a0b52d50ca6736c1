"""Takes back what a test does to files, so that no run of a hunt meets another one's leavings.

Memory goes with the process; a file that one run leaves would make all later ones fail alike.
An audit hook hears of a file before it is opened for writing, renamed or removed: one that is not
there yet is noted, one that is there is copied first.  What other programs write, and what C
libraries write without telling, is not seen; SQLite's databases are.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..access_records import AccessKind
from ..touches import READERS, Arguments, Effect, is_reading, read_event

LIMIT_BYTES: Final = 64 << 20
"""Larger files are not copied."""

UNTOUCHED: Final = ("/proc/", "/dev/", "/sys/")

SQLITE_SUFFIXES: Final = ("", "-journal", "-wal", "-shm")

READ: Final = "read"
"""Kind of a touch that changes nothing."""

NOTES: Final = "undo.jsonl"


class Keeper:
    """Hears what this process does to files, and keeps what is needed to take it back.

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
        copy = ""
        if os.path.lexists(path):
            if not Path(path).is_file() or Path(path).stat().st_size > LIMIT_BYTES:
                return
            copy = f"{len(self._known)}.copy"
            shutil.copy2(path, self._directory / copy)
        self._notes.write(json.dumps({"path": path, "copy": copy}) + "\n")
        self._notes.flush()


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
