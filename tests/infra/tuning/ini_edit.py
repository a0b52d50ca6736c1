"""Puts a number of workers and widths of lanes into ini files, and keeps every other byte.

What to write is decided in `results`; which files there are is found in `ini_files`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import iniconfig

from ..durations import write_whole
from ..errors import InfraError, SettingError
from ..measuring.specs import PARALLEL_INI, Workers
from .ini_files import IniFile, IniPair

WORKERS: Final = re.compile(r"(?<![^\s=])(-n\s*=?\s*|--numprocesses(?:=|\s+))([^\s#]+)")
INDENT: Final = "    "


class IniWriteError(InfraError):
    """A file of settings can't be written; those written before have been put back."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} can't be written: {self.reason}; make it writable, or leave out --write"
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """A file with its new text."""

    file: IniFile
    text: str
    changes: Sequence[str]
    """A sentence for each change; none: the text is what it was."""


def check_writable(pair: IniPair) -> None:
    """Refuse, before any run, what `--write` could not do at the end.

    :raises SettingError: there is no file for workers, or it is none that we write.
    """
    if pair.parallel is None:
        raise SettingError(
            "--write", PARALLEL_INI, "is not there", "make one, or name another file with -c"
        )
    for file in _list_files(pair):
        if not file.is_editable:
            raise SettingError(
                "--write",
                file.path.name,
                "is no ini file, and no other kind is written",
                "leave out --write, and put in by hand what is recommended",
            )
        if not file.values:
            raise SettingError(
                "--write", file.path.name, f"has no [{file.section}]", "begin it with that line"
            )


def plan_edits(pair: IniPair, workers: Workers, widths: Mapping[str, int]) -> list[Edit]:
    """Plan what to write: the number of workers for workers only, lanes into both files.

    The two files say the same but for what workers need, and a lane limits a run in threads, too.

    :raises SettingError: the files differ in their lanes already, so what one says of them is not
        what the other one means.
    """
    files = list(_list_files(pair))
    if widths and len({tuple(file.lanes.split()) for file in files}) > 1:
        names = " and ".join(file.path.name for file in files)
        raise SettingError(
            "lanes", names, "differ, so widths can't be written to both", "make them equal first"
        )
    return [_edit(file, workers if file is pair.parallel else None, widths) for file in files]


def write_edits(edits: Sequence[Edit]) -> list[str]:
    """Write what has changed, all files or none, and return what has.

    :raises IniWriteError: a file can't be written.
    """
    changed = [edit for edit in edits if edit.text != edit.file.text]
    done: list[Edit] = []
    for edit in changed:
        try:
            write_whole(edit.file.path, edit.text)
        except OSError as error:
            for earlier in done:
                write_whole(earlier.file.path, earlier.file.text)
            reason = error.strerror or str(error)
            raise IniWriteError(str(edit.file.path), reason) from error
        done.append(edit)
    return [f"{edit.file.path.name}: {change}" for edit in changed for change in edit.changes]


def _list_files(pair: IniPair) -> Iterator[IniFile]:
    """Yield the files, once where workers and one process read the same one."""
    if pair.sequential is not None and pair.sequential is not pair.parallel:
        yield pair.sequential
    if pair.parallel is not None:
        yield pair.parallel


def _edit(file: IniFile, workers: Workers | None, widths: Mapping[str, int]) -> Edit:
    text, changes = file.text, []
    if workers is not None:
        text, change = set_workers(text, file.section, workers)
        changes += [change] if change else []
    for lane, width in widths.items():
        text, change = set_width(text, file.section, lane, width)
        changes += [change] if change else []
    return Edit(file, text, changes)


def set_workers(text: str, section: str, workers: Workers) -> tuple[str, str]:
    """Put `-n` into `addopts`; return the text, and what has changed or an empty string."""
    lines = text.splitlines(keepends=True)
    first, end = find_key(text, section, "addopts")
    for number in range(first, end):
        line = lines[number]
        if not _is_comment(line) and (found := WORKERS.search(line)):
            if found[2] == str(workers):
                return text, ""
            lines[number] = line[: found.start(2)] + str(workers) + line[found.end(2) :]
            return "".join(lines), f"-n {found[2]} is now -n {workers}"
    if first == end:
        place = find_end(text, section)
        _insert(lines, place, [f"addopts = -n {workers}"], _get_newline(text))
    else:
        last = _find_last_full(lines, first, end)
        body = lines[last].rstrip("\r\n")
        lines[last] = f"{body.rstrip()} -n {workers}{lines[last][len(body) :]}"
    return "".join(lines), f"-n {workers} is new"


def set_width(text: str, section: str, lane: str, width: int) -> tuple[str, str]:
    """Put a lane's width into `lanes`; return the text, and what has changed or an empty string."""
    lines = text.splitlines(keepends=True)
    first, end = find_key(text, section, "lanes")
    newline = _get_newline(text)
    for number in range(first, end):
        pattern = rf"^((?:lanes\s*[=:])?\s*{re.escape(lane)}\s*=\s*)(\w+)"
        if found := re.match(pattern, lines[number]):
            if found[2] == str(width):
                return text, ""
            lines[number] = found[1] + str(width) + lines[number][found.end(2) :]
            return "".join(lines), f"lane {lane} = {found[2]} is now {width}"
    if first == end:
        place = find_end(text, section)
        _insert(lines, place, ["lanes =", f"{INDENT}{lane} = {width}"], newline)
    else:
        last = _find_last_full(lines, first, end)
        _insert(lines, last + 1, [f"{INDENT}{lane} = {width}"], newline)
    return "".join(lines), f"lane {lane} = {width} is new"


def find_key(text: str, section: str, key: str) -> tuple[int, int]:
    """Return the lines of a key's value, from its first to behind its last; equal: none."""
    first = iniconfig.IniConfig("", data=text).lineof(section, key)
    if first is None:
        return 0, 0
    lines = text.splitlines()
    end = first
    # A value goes on as long as lines are indented or empty; `#` begins a comment anywhere.
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t#"):
        end += 1
    return first - 1, end


def find_end(text: str, section: str) -> int:
    """Return the line behind the last full one of a section."""
    lines = text.splitlines()
    first = iniconfig.IniConfig("", data=text).lineof(section) or 0
    end = first
    while end < len(lines) and not lines[end].startswith("["):
        end += 1
    return _find_last_full(lines, first - 1, end) + 1


def _find_last_full(lines: Sequence[str], first: int, end: int) -> int:
    """Return the last line that is neither empty nor a comment."""
    full = [n for n in range(first, end) if lines[n].strip() and not _is_comment(lines[n])]
    return full[-1] if full else first


def _insert(lines: list[str], place: int, new: Sequence[str], newline: str) -> None:
    """Insert lines; the one before may be a file's last one, which has no end."""
    if place and not lines[place - 1].endswith("\n"):
        lines[place - 1] += newline
    lines[place:place] = [line + newline for line in new]


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", ";"))


def _get_newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
