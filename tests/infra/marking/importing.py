"""By which name a file reaches pytest's marks, and where an import goes where there is none.

The place is isort's: after docstring and `__future__`, among the other packages' imports.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import libcst as cst
from libcst.metadata import CodeRange

from .sources import SourceFile

PYTEST: Final = "pytest"
SPARE_NAMES: Final = ("_pytest_marks", "_pytest_marks_")
"""Under one of these it is imported where its own name stands for something else."""

STDLIB, THIRD, FIRST, LOCAL = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Insertion:
    """Whole lines to put before a line, which counts from 0."""

    index: int
    lines: tuple[str, ...]
    """Without line ends; an empty one separates."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An import at the top level: its lines, counted from 1, and its place in isort's order."""

    first_line: int
    last_line: int
    key: tuple[int, bool, str]

    @property
    def section(self) -> int:
        """The group of imports that it belongs to."""
        return self.key[0]


OWN_KEY: Final = (THIRD, False, PYTEST)


def find_mark(source: SourceFile, first_line: int, scopes: Sequence[ast.ClassDef]) -> str | None:
    """Return what stands for `pytest.mark` at a line, or None where nothing does for certain."""
    bindings = list(_find_bindings(source.tree))
    hidden = {name for scope in scopes for name, _ in _find_bindings(scope)}
    for node in source.tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom) or node.lineno >= first_line:
            continue
        for name, mark in _read_marks(node):
            same = [meaning for bound, meaning in bindings if bound == name]
            if name not in hidden and len(set(same)) == 1:
                return mark
    return None


def choose_import(source: SourceFile) -> tuple[str, str]:
    """Return an import to add, and what it lets stand for `pytest.mark`."""
    names = [name for scope in _list_scopes(source.tree) for name, _ in _find_bindings(scope)]
    meanings = {meaning for name, meaning in _find_bindings(source.tree) if name == PYTEST}
    if meanings <= {PYTEST} and names.count(PYTEST) == len(
        [name for name, _ in _find_bindings(source.tree) if name == PYTEST]
    ):
        return f"import {PYTEST}", f"{PYTEST}.mark"
    spare = next(name for name in (*SPARE_NAMES, "_" + SPARE_NAMES[-1]) if name not in names)
    return f"import {PYTEST} as {spare}", f"{spare}.mark"


def place_import(
    source: SourceFile, statements: Sequence[tuple[cst.CSTNode, CodeRange]], root: Path, text: str
) -> Insertion:
    """Return where the import goes.

    :param statements: those of the module's body, with their positions.
    """
    docstring_line, block = _read_block(source, statements, root)
    position = next((at for at, one in enumerate(block) if one.key > OWN_KEY), len(block))
    before = block[position - 1] if position else None
    after = block[position] if position < len(block) else None
    if before is not None and before.section == THIRD:
        return Insertion(before.last_line, (text,))
    if after is not None and after.section == THIRD:
        return Insertion(_skip_comments(source, after.first_line), (text,))
    if before is not None:
        return Insertion(before.last_line, ("", text))
    if after is not None:
        return Insertion(_skip_comments(source, after.first_line), (text, ""))
    if docstring_line:
        is_apart = not "".join(source.lines[docstring_line : docstring_line + 1]).strip()
        return Insertion(docstring_line, ("", text) if is_apart else ("", text, ""))
    first = source.tree.body[0]
    decorators: list[ast.expr] = getattr(first, "decorator_list", [])
    line = min([first.lineno, *(node.lineno for node in decorators)])
    return Insertion(line - 1, (text, ""))


def _read_block(
    source: SourceFile, statements: Sequence[tuple[cst.CSTNode, CodeRange]], root: Path
) -> tuple[int, list[Statement]]:
    """Return the last line of the docstring, or 0, and the imports that follow at once."""
    by_line = {node.lineno: node for node in source.tree.body}
    docstring_line = 0
    block: list[Statement] = []
    for node, place in statements:
        found = by_line.get(place.start.line)
        if not block and not docstring_line and _is_docstring(found):
            docstring_line = place.end.line
        elif isinstance(node, cst.SimpleStatementLine) and isinstance(
            found, ast.Import | ast.ImportFrom
        ):
            block.append(Statement(place.start.line, place.end.line, _build_key(found, root)))
        else:
            break
    return docstring_line, block


def _is_docstring(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _build_key(node: ast.Import | ast.ImportFrom, root: Path) -> tuple[int, bool, str]:
    is_from = isinstance(node, ast.ImportFrom)
    level = node.level if isinstance(node, ast.ImportFrom) else 0
    name = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
    top = name.split(".")[0]
    if top == "__future__":
        section = 0
    elif level:
        section = LOCAL
    elif top in sys.stdlib_module_names:
        section = STDLIB
    else:
        is_first = any(
            (root / at / leaf).exists() for at in ("", "src") for leaf in (top, f"{top}.py")
        )
        section = FIRST if is_first else THIRD
    return section, is_from, name.lower()


def _skip_comments(source: SourceFile, line: int) -> int:
    """Return the index before a line and the comments that belong to it; never the file's first."""
    index = line - 1
    while index > 0 and source.lines[index - 1].lstrip().startswith("#"):
        index -= 1
    return index if index > 0 or not source.lines[0].startswith("#") else line - 1


def _list_scopes(tree: ast.Module) -> list[ast.Module | ast.ClassDef]:
    return [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]


def _read_marks(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield names that an import binds, and how marks are reached by them."""
    for alias in node.names:
        name = alias.asname or alias.name
        if isinstance(node, ast.Import) and alias.name == PYTEST:
            yield name, f"{name}.mark"
        elif isinstance(node, ast.ImportFrom) and (node.module, alias.name) == (PYTEST, "mark"):
            yield name, name


def _find_bindings(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield every name that is bound in a scope, and for imports what it stands for."""
    pending: list[ast.AST] = list(scope.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, ""
            # What a function declares global, it may rebind.
            yield from (
                (name, "")
                for child in ast.walk(node)
                if isinstance(child, ast.Global)
                for name in child.names
            )
            continue
        if isinstance(node, ast.Import):
            yield from ((one.asname or one.name.split(".")[0], one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.id, ""
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, ""
        if not isinstance(node, ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
