"""Puts lines into a file, makes sure that nothing else has changed, shows it and writes it.

Which lines is decided by `placing`.
"""

import ast
import contextlib
import difflib
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .importing import Insertion
from .sources import SourceFile, SourceUnusableError, split_lines


@dataclass(frozen=True, slots=True)
class Edit:
    """A file and what it is to become."""

    source: SourceFile
    text: str
    added: tuple[int, ...]
    """The lines that are new, counted from 1."""

    @property
    def content(self) -> bytes:
        """The bytes to write."""
        return self.source.encode(self.text)


def build_edit(source: SourceFile, insertions: Sequence[Insertion]) -> Edit:
    """Put the lines in.

    :raises SourceUnusableError: the outcome would be another program.
    """
    lines: list[str] = []
    added: list[int] = []
    by_index: dict[int, list[str]] = {}
    for insertion in insertions:
        by_index.setdefault(insertion.index, []).extend(insertion.lines)
    for index, line in enumerate([*source.lines, ""]):
        end = find_line_end(source.lines, index)
        for new in by_index.get(index, ()):
            lines.append(f"{new}{end}")
            added.append(len(lines))
        lines.append(line)
    edit = Edit(source, "".join(lines), tuple(added))
    check(edit)
    return edit


def find_line_end(lines: Sequence[str], index: int) -> str:
    """Return the line end that a line put in at an index should have: its neighbour's."""
    for line in (*lines[max(0, index - 1) : index], *lines[index : index + 1]):
        for end in ("\r\n", "\n", "\r"):
            if line.endswith(end):
                return end
    return "\n"


def check(edit: Edit) -> None:
    """Make sure that the file means what it did, but for what was put in.

    :raises SourceUnusableError: it doesn't.
    """
    new = set(edit.added)
    kept = [line for number, line in enumerate(split_lines(edit.text), 1) if number not in new]
    remover = _Remover(new)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = remover.visit(ast.parse(edit.content))
        is_same = ast.dump(tree) == ast.dump(edit.source.tree)
    except (SyntaxError, ValueError, RecursionError):
        is_same = False
    written = sum(bool(line.strip()) for line in _get_lines(edit))
    if kept != edit.source.lines or not is_same or remover.removed != written:
        raise SourceUnusableError(
            edit.source.path, "lines put into it would change it", "mark its tests by hand"
        )


def render_diff(edit: Edit, shown: str) -> str:
    """Render a unified diff."""
    lines = difflib.unified_diff(
        edit.source.lines, split_lines(edit.text), f"a/{shown}", f"b/{shown}"
    )
    return "".join(_end_lines(lines))


def write(edit: Edit) -> None:
    """Replace the file by rename, with the mode that it had.

    :raises SourceUnusableError: it has been changed meanwhile, or can't be written.
    """
    target = Path(os.path.realpath(edit.source.path))
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        if target.read_bytes() != edit.source.content:
            raise SourceUnusableError(
                edit.source.path, "it has been changed meanwhile", "run this again"
            )
        draft.write_bytes(edit.content)
        shutil.copymode(target, draft)
        draft.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        problem = f"it can't be written ({error.strerror})"
        raise SourceUnusableError(
            edit.source.path, problem, "make it and its directory writable"
        ) from error


def _get_lines(edit: Edit) -> Iterator[str]:
    lines = split_lines(edit.text)
    return (lines[number - 1] for number in edit.added)


def _end_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"


class _Remover(ast.NodeTransformer):
    """Takes out what stands on the new lines: decorators, imports, elements of a list."""

    def __init__(self, lines: set[int]) -> None:
        self._lines = lines
        self.removed = 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("decorator_list", "body", "elts"):
            children = getattr(node, name, None)
            if isinstance(children, list):
                kept = [child for child in children if child.lineno not in self._lines]
                self.removed += len(children) - len(kept)
                setattr(node, name, kept)
        return super().generic_visit(node)
