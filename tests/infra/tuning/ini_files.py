"""The files that hold a suite's configuration, and what they say of workers and lanes.

pytest reads one of them; which one is asked here as pytest does it.  Writing is left to `ini_edit`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import iniconfig

from ..errors import SettingError
from ..measuring.specs import PARALLEL_INI, split_arguments
from ..settings import parse_lanes

CANDIDATES: Final = (
    ("pytest.toml", "pytest"),
    (".pytest.toml", "pytest"),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
"""Files and sections in the order in which pytest looks for them."""


@dataclass(frozen=True, slots=True)
class IniFile:
    """A file of pytest's settings, as it is."""

    path: Path
    section: str
    text: str
    values: Mapping[str, str]
    """Keys to raw values."""

    @property
    def is_editable(self) -> bool:
        """Whether we write to its kind."""
        return self.path.suffix in (".ini", ".cfg")

    @property
    def lanes(self) -> str:
        """What it says of lanes, as it stands there."""
        return self.values.get("lanes", "")


@dataclass(frozen=True, slots=True)
class IniPair:
    """The configurations of a suite: what one process reads, and what workers do."""

    sequential: IniFile | None
    parallel: IniFile | None
    """None: there is no file of its own."""

    @property
    def known_lanes(self) -> frozenset[str]:
        """The lanes that either file gives a width."""
        found = [file for file in (self.sequential, self.parallel) if file is not None]
        return frozenset(name for file in found for name in read_lanes(file.lanes))

    @property
    def lanes(self) -> str:
        """What workers read of lanes."""
        file = self.parallel or self.sequential
        return file.lanes if file else ""


def find_inis(directory: Path, arguments: Sequence[str]) -> IniPair:
    """Find the files that runs in a directory read; `-c` names one for all of them.

    :raises SettingError: the file that `-c` names can't be read.
    """
    named = _find_named(split_arguments(arguments)[0])
    if named is not None:
        file = _read_named(directory / named)
        return IniPair(file, file)
    sequential = next(_list_files(directory, CANDIDATES), None)
    parallel = next(_list_files(directory, ((PARALLEL_INI, "pytest"),)), None)
    return IniPair(sequential, parallel)


def read_lanes(text: str) -> dict[str, int]:
    """Read which lanes a file names, with their widths; not those that it leaves to the default.

    :raises SettingError: a line is no lane.
    """
    names = {line.partition("=")[0].strip() for line in text.splitlines()}
    return {name: width for name, width in parse_lanes("lanes", text).items() if name in names}


def _list_files(directory: Path, candidates: Sequence[tuple[str, str]]) -> Iterator[IniFile]:
    for name, section in candidates:
        file = _read_file(directory / name, section)
        # pytest takes a file of its own name even when that is empty.
        if file is not None and (file.values or name in ("pytest.ini", ".pytest.ini")):
            yield file


def _find_named(arguments: Sequence[str]) -> str | None:
    """Return the file that `-c` names, in any of the ways to write it."""
    for position, argument in enumerate(arguments):
        if argument in ("-c", "--config-file"):
            return next(iter(arguments[position + 1 :]), None)
        # `-cFILE`, `--config-file=FILE`; pytest's other options that begin so have two dashes.
        if found := re.match(r"(?:-c|--config-file=)(.+)", argument):
            return found[1]
    return None


def _read_named(path: Path) -> IniFile:
    section = {"pyproject.toml": "tool.pytest", "setup.cfg": "tool:pytest"}.get(path.name, "pytest")
    file = _read_file(path, section)
    if file is None:
        raise SettingError("-c", str(path), "can't be read", "name a file that is there")
    return file


def _read_file(path: Path, section: str) -> IniFile | None:
    try:
        # Not `read_text`, which would turn the ends of the lines into others.
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    read = _read_toml if path.suffix == ".toml" else _read_ini
    return IniFile(path, section, text, read(text, section))


def _read_ini(text: str, section: str) -> dict[str, str]:
    try:
        return dict(iniconfig.IniConfig("", data=text).sections.get(section, {}))
    except iniconfig.ParseError:
        # pytest itself tells what is wrong, in the first run.
        return {}


def _read_toml(text: str, section: str) -> dict[str, str]:
    try:
        # object: TOML of any shape.
        found: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    for name in section.split("."):
        found = found.get(name, {}) if isinstance(found, dict) else {}
    if isinstance(found, dict) and isinstance(found.get("ini_options"), dict):
        found = found["ini_options"]
    values = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in values if isinstance(value, str)}
