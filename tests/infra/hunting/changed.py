"""Which tests a diff reaches: the changed ones, and those that need a changed file; pure.

What has changed is asked of git in `repository`.
"""

import ast
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ..smells.modules import TEST_FILES
from .imports import ImportMap, Users

LONGEST_PATH: Final = 300
"""Characters; a longer string in a source file names no file."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs."""

    path: str
    """Relative to the top of the repository, with slashes."""
    lines: tuple[range, ...] | None = None
    """Line numbers in the new text; an empty range is a place at which lines were taken out,
    before its number.  None: all of it."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a diff reaches."""

    nodeids: tuple[str, ...]
    """Files, classes and functions as pytest's command line takes them, sorted."""
    unreached: tuple[str, ...]
    """Changed files that no test was seen to need."""

    def holds(self, nodeid: str) -> bool:
        """Tell whether a collected test is among them."""
        parts = nodeid.partition("[")[0].split("::")
        return any("::".join(parts[: count + 1]) in self.nodeids for count in range(len(parts)))


def find_reached(
    changes: Sequence[Change],
    sources: Mapping[str, str],
    *,
    patterns: Sequence[str] = TEST_FILES,
) -> Reached:
    """Find the tests that a diff reaches.

    :param sources: the text of each Python file of the project, by its path.
    :param patterns: the names of test files, as `python_files` has them.
    """
    trees = {path: tree for path, text in sources.items() if (tree := _parse(text)) is not None}
    users = Users(_find_needs(changes, trees))
    nodeids: set[str] = set()
    unreached = []
    for change in changes:
        found = {path for path in users.find(change.path) if _is_test_file(path, patterns)}
        if change.path in sources and _is_test_file(change.path, patterns):
            found |= set(_iterate_own(change, trees.get(change.path)))
        nodeids |= found
        if not found:
            unreached.append(change.path)
    return Reached(tuple(sorted(_drop_covered(nodeids))), tuple(sorted(unreached)))


def _find_needs(changes: Sequence[Change], trees: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Find for each file what it needs; files that are gone are needed still."""
    known = ImportMap({*trees, *(change.path for change in changes)})
    needs = {path: known.find_needed(path, tree) for path, tree in trees.items()}
    names = {
        PurePosixPath(change.path).name: change.path
        for change in changes
        if not change.path.endswith(".py")
    }
    if names:
        for path, tree in trees.items():
            needs[path] |= {names[name] for name in _find_file_names(tree) & names.keys()}
    return needs


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _is_test_file(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(PurePosixPath(path).name, pattern) for pattern in patterns)


def _find_file_names(tree: ast.Module) -> set[str]:
    texts = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {
        text.replace("\\", "/").rpartition("/")[2] for text in texts if len(text) <= LONGEST_PATH
    }


def _iterate_own(change: Change, tree: ast.Module | None) -> Iterator[str]:
    """Yield the changed tests of a test file; the file where something else in it changed."""
    if change.lines is None or tree is None:
        yield change.path
        return
    for lines in change.lines:
        yield from _place(lines, tree.body, change.path)


def _place(lines: range, body: Sequence[ast.stmt], nodeid: str) -> Iterator[str]:
    """Yield which parts of a file or class some lines belong to; it itself where that's unclear."""
    touched = [node for node in body if _is_touched(node, lines)]
    if not touched and not lines:
        yield nodeid
    for node in touched:
        if isinstance(node, ast.ClassDef) and _is_test_class(node, body):
            yield from _place_in_class(lines, node, f"{nodeid}::{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(node):
            yield f"{nodeid}::{node.name}"
        else:
            yield nodeid


def _place_in_class(lines: range, node: ast.ClassDef, nodeid: str) -> Iterator[str]:
    if lines.start < _get_first_line(node.body[0]):
        yield nodeid
    else:
        yield from _place(lines, node.body, nodeid)


def _is_touched(node: ast.stmt, lines: range) -> bool:
    first, last = _get_first_line(node), node.end_lineno or node.lineno
    if not lines:
        return first < lines.start <= last
    return lines.start <= last and first < lines.stop


def _get_first_line(node: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(one.lineno for one in decorators)])


def _is_test(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    is_fixture = any("fixture" in ast.unparse(one) for one in node.decorator_list)
    return node.name.startswith("test") and not is_fixture


def _is_test_class(node: ast.ClassDef, body: Sequence[ast.stmt]) -> bool:
    """Tell whether pytest collects a class, and nobody beside it inherits from it."""
    others = [one for one in body if isinstance(one, ast.ClassDef)]
    bases = {_get_last_name(base) for one in others for base in one.bases}
    is_collected = node.name.startswith("Test") or any(
        _get_last_name(base).endswith("TestCase") for base in node.bases
    )
    return is_collected and node.name not in bases


def _get_last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def _drop_covered(nodeids: set[str]) -> Iterator[str]:
    for nodeid in nodeids:
        parts = nodeid.split("::")
        if not any("::".join(parts[:count]) in nodeids for count in range(1, len(parts))):
            yield nodeid
