"""Keeps what files were before the gates changed them, in `.parallel_test_backup/`.

Which files a gate may change is known before it is judged; all of them are saved, so that the way
back is open also where the gate is killed.  What it has not changed is let go of afterwards.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from ..durations import write_whole
from ..errors import PhaseError, RecordError
from .shapes import Shape, read_shape, write_shape

NAME: Final = ".parallel_test_backup"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: what it was before anything, and what the last gate left."""

    original: Shape | None
    """None: it was not there."""
    left: Shape | None
    is_open: bool = False
    """Whether a gate is at it; if none is, it was killed, and nobody knows what it left."""


class Backup:
    """The saved files of one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._directory = root / NAME
        self._entries = self._read()
        self._prior: Mapping[str, Entry] = dict(self._entries)
        self._before: dict[str, Shape | None] = {}

    def begin(self, paths: Iterable[Path]) -> None:
        """Save what a gate may change."""
        self._prior = dict(self._entries)
        self._before = {}
        for path in paths:
            name = path.relative_to(self._root).as_posix()
            shape = self._before[name] = read_shape(path)
            entry = self._entries.get(name) or Entry(shape, shape)
            self._entries[name] = replace(entry, is_open=True)
            if name not in self._prior and shape is not None and not shape.link:
                self._keep(path, shape.digest)
        self._write()

    def end(self) -> list[str]:
        """Note what the gate left; return the files that it changed or made.

        `settle` or `forget` follows.
        """
        changed = []
        for name, before in self._before.items():
            left = read_shape(self._root / name)
            if left != before:
                changed.append(name)
            entry = Entry(self._entries[name].original, left)
            self._entries[name] = entry
            if entry.original == left:
                del self._entries[name]
        self._write()
        return sorted(changed)

    def settle(self) -> None:
        """Keep the way back from what the last gate changed."""
        self._prior = dict(self._entries)
        self._write()

    def forget(self) -> None:
        """Let go of what the last gate changed: it is in a commit."""
        self._entries = dict(self._prior)
        self._write()

    def restore(self, names: Iterable[str]) -> list[str]:
        """Make some files what they were; return what is worth a word about it.

        :raises PhaseError: somebody has changed one since; nothing is restored then.
        """
        chosen = [name for name in names if name in self._entries]
        if conflicts := [name for name in chosen if self._is_foreign(name)]:
            raise PhaseError(
                "changed since the phases left them",
                ", ".join(conflicts),
                f"take your changes out and ask again, or delete {NAME} to keep all as it is; "
                f"the originals are {self._list_originals(conflicts)}",
            )
        told = self._set_aside(chosen)
        for name in chosen:
            original = self._entries[name].original
            write_shape(self._root / name, original, self._read_content(original))
            del self._entries[name]
            self.settle()
        return told

    def list_files(self) -> list[str]:
        """Return the files that are not what they were."""
        return sorted(self._entries)

    def _is_foreign(self, name: str) -> bool:
        entry = self._entries[name]
        return not entry.is_open and read_shape(self._root / name) not in (
            entry.left,
            entry.original,
        )

    def _set_aside(self, names: Iterable[str]) -> list[str]:
        """Copy what a killed gate left: a person may have gone on with it."""
        unknown = [
            name
            for name in names
            if self._entries[name].is_open
            and read_shape(self._root / name) not in (None, self._entries[name].original)
        ]
        if not unknown:
            return []
        aside = Path(tempfile.mkdtemp(prefix="phase-aside-"))
        for name in unknown:
            target = aside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._root / name, target, follow_symlinks=False)
        return [f"a gate was killed at {', '.join(unknown)}; what they were then is in {aside}"]

    def _list_originals(self, names: Iterable[str]) -> str:
        originals = ((name, self._entries[name].original) for name in names)
        return ", ".join(
            f"{name}: {f'{NAME}/{shape.digest}' if shape else 'none'}" for name, shape in originals
        )

    def _keep(self, path: Path, digest: str) -> None:
        self._directory.mkdir(exist_ok=True)
        # As pytest's cache directory does: no file of it shall ever be added to a repository.
        (self._directory / ".gitignore").write_text("*\n", encoding="utf-8")
        copy = self._directory / digest
        if not copy.exists():
            shutil.copyfile(path, copy)

    def _read_content(self, shape: Shape | None) -> bytes:
        if shape is None or shape.link:
            return b""
        return (self._directory / shape.digest).read_bytes()

    def _write(self) -> None:
        """Write the state, and remove what it no longer needs."""
        entries = [*self._entries.values(), *self._prior.values()]
        if not entries:
            shutil.rmtree(self._directory, ignore_errors=True)
            return
        self._directory.mkdir(exist_ok=True)
        (self._directory / ".gitignore").write_text("*\n", encoding="utf-8")
        data = {name: asdict(entry) for name, entry in self._entries.items()}
        state = json.dumps({"version": VERSION, "entries": data}, indent=1)
        write_whole(self._directory / "state.json", state)
        needed = {entry.original.digest for entry in entries if entry.original}
        for path in self._directory.iterdir():
            if path.name not in {"state.json", ".gitignore", *needed}:
                path.unlink()

    def _read(self) -> dict[str, Entry]:
        path = self._directory / "state.json"
        if not path.exists():
            return {}
        try:
            return parse_entries(path.read_text(encoding="utf-8"))
        except (OSError, RecordError) as error:
            raise PhaseError(
                "what was saved can't be read",
                f"{path}: {error}",
                f"put back by hand what is in {NAME}, then delete it",
            ) from error


def parse_entries(text: str) -> dict[str, Entry]:
    """Read the state.

    :raises RecordError: it is something else.
    """
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise RecordError("state of a backup", f"version {data['version']}")
        return {
            name: Entry(_build_shape(raw["original"]), _build_shape(raw["left"]), raw["is_open"])
            for name, raw in data["entries"].items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError("state of a backup", str(error)) from error


def _build_shape(raw: dict[str, str | int] | None) -> Shape | None:
    if raw is None:
        return None
    return Shape(str(raw["digest"]), int(raw["mode"]), str(raw["link"]))
