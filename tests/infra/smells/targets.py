"""Which files are checked: paths from the command line, or pytest's `testpaths`."""

import configparser
import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..errors import InfraError

INI_FILES: Final = ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""In pytest's order."""

OWN: Final = Path(__file__).resolve().parents[1]
"""Ourselves, who lie among a project's tests and are none."""

SKIPPED: Final = frozenset({
    "__pycache__", "node_modules", "build", "dist", "venv", "site-packages",
})  # fmt: skip


class PathUnreadableError(InfraError):
    """A path that was asked for can't be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} can't be checked: {self.reason}; name a file or directory that exists"


def find_root(start: Path) -> Path:
    """Find pytest's root directory: the nearest one above that holds its configuration."""
    for directory in (start, *start.parents):
        if any(_read_section(directory / name) is not None for name in INI_FILES):
            return directory
    return start


def read_testpaths(root: Path) -> list[str]:
    """Read `testpaths`; without it, `tests`."""
    for name in INI_FILES:
        section = _read_section(root / name)
        if section is not None:
            found = section.get("testpaths", [])
            paths = found.split() if isinstance(found, str) else [str(path) for path in found]
            return paths or ["tests"]
    return ["tests"]


def read_setting(root: Path, name: str) -> str:
    """Read one of pytest's settings as text, of a list its lines; without it, nothing."""
    sections = (_read_section(root / file) for file in INI_FILES)
    found = next((section for section in sections if section is not None), {}).get(name, "")
    return found if isinstance(found, str) else "\n".join(map(str, found))


def _read_section(path: Path) -> dict[str, str | list[str]] | None:
    """Read pytest's section of a file, or None where it has none."""
    try:
        if path.suffix == ".toml":
            with path.open("rb") as file:
                data = tomllib.load(file)
            if path.name == "pytest.toml":
                return dict(data.get("pytest", {}))
            tool = data.get("tool", {}).get("pytest")
            return None if tool is None else dict(tool.get("ini_options", tool))
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error):
        return None
    section = "tool:pytest" if path.name == "setup.cfg" else "pytest"
    return dict(parser[section]) if parser.has_section(section) else None


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Find the Python files below some paths, sorted, each once.

    :raises PathUnreadableError: one of them doesn't exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(_walk(path))))
        elif path.is_file():
            found[path] = None
        else:
            raise PathUnreadableError(str(path), "there is no such file or directory")
    return list(found)


def _walk(top: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(top):
        names[:] = [
            name
            for name in names
            if name not in SKIPPED
            and not name.startswith(".")
            and Path(directory, name).resolve() != OWN
        ]
        yield from (Path(directory, name) for name in files if name.endswith(".py"))


def get_shown(path: Path, base: Path) -> str:
    """Return a path relative to a directory where it lies below that."""
    try:
        return path.resolve().relative_to(base.resolve()).as_posix()
    except ValueError:
        return str(path)
