"""Where the markers of a file go, as whole lines to insert; the only door to libcst.

A marker is the topmost decorator of a function.  One on the class, or in the list `pytestmark`,
takes the place of many where the file has such ones already and all tests get the same.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from .categories import Category
from .importing import Insertion, choose_import, find_mark, place_import
from .origins import FunctionNode, get_dotted
from .sources import Definition, SourceFile, SourceUnusableError

TEST: Final = "test"


class Layout:
    """The places of a file's statements, as libcst sees them."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        try:
            wrapper = MetadataWrapper(cst.parse_module(source.text), unsafe_skip_copy=True)
        except (cst.ParserSyntaxError, RecursionError) as error:
            raise SourceUnusableError(
                source.path, str(error).splitlines()[0], "mark its tests by hand"
            ) from error
        # It loses some form feeds; what is made of the places is compared at the end.
        places: Mapping[cst.CSTNode, CodeRange] = wrapper.resolve(PositionProvider)
        self.statements = [(node, places[node]) for node in wrapper.module.body]
        self._tops: dict[int, CodeRange] = {}
        for node, place in places.items():
            if isinstance(node, cst.FunctionDef | cst.ClassDef):
                top = node.decorators[0] if node.decorators else node
                self._tops[place.start.line] = places[top]

    def place_decorator(self, line: int, text: str) -> Insertion:
        """Return the insertion above the definition that begins at a line, and its decorators."""
        top = self._tops[line].start
        indent = self._source.lines[top.line - 1][: top.column].rpartition("\f")[2]
        if indent.strip():
            raise SourceUnusableError(
                self._source.path,
                f"line {top.line} holds more than a definition",
                "mark its tests by hand",
            )
        return Insertion(top.line - 1, (f"{indent}@{text}",))


def place_markers(
    source: SourceFile,
    decided: Mapping[int, tuple[Definition, Category]],
    bases: Collection[str],
    root: Path,
) -> list[Insertion]:
    """Return the lines that give each test its category.

    :param decided: by the line of the `def`.
    :param bases: classes of this file from which classes with tests inherit.
    :raises SourceUnusableError: libcst can't read the file.
    """
    layout = Layout(source)
    found = list(_choose_places(source, layout, decided, bases))
    first_line = min(insertion.index for _, _, insertion in found) + 1
    scopes = [scope for _, scopes, _ in found for scope in scopes]
    mark = find_mark(source, first_line, scopes)
    insertions = []
    if mark is None:
        statement, mark = choose_import(source)
        insertions.append(place_import(source, layout.statements, root, statement))
    for category, _, insertion in found:
        lines = tuple(line.format(mark=f"{mark}.{category}") for line in insertion.lines)
        insertions.append(Insertion(insertion.index, lines))
    return sorted(insertions, key=lambda one: one.index)


Place = tuple[Category, Sequence[ast.ClassDef], Insertion]
"""A marker, the classes in whose bodies it stands, and its line, with `{mark}` in it."""


def _choose_places(
    source: SourceFile,
    layout: Layout,
    decided: Mapping[int, tuple[Definition, Category]],
    bases: Collection[str],
) -> Iterator[Place]:
    if (insertion := _place_in_list(source, decided)) is not None:
        _, category = next(iter(decided.values()))
        yield category, (), insertion
        return
    covered: set[int] = set()
    for scope, category in _choose_classes(source, decided, bases):
        # The decorator of a class stands in the body around it.
        around = next(one.classes for one, _ in decided.values() if scope in one.classes)
        outer = around[: around.index(scope)]
        yield category, outer, layout.place_decorator(scope.lineno, "{mark}")
        covered |= {node.lineno for node in scope.body if isinstance(node, FunctionNode)}
    for line, (definition, category) in decided.items():
        if line not in covered:
            yield category, definition.classes, layout.place_decorator(line, "{mark}")


def _choose_classes(
    source: SourceFile,
    decided: Mapping[int, tuple[Definition, Category]],
    bases: Collection[str],
) -> Iterator[tuple[ast.ClassDef, Category]]:
    """Yield classes that get a marker of their own, in a file that has such ones."""
    if not any(_has_mark(node) for node in source.module.classes.values()):
        return
    for scope in source.module.classes.values():
        tests = [node for node in scope.body if _is_test(node)]
        categories = {decided[node.lineno][1] for node in tests if node.lineno in decided}
        is_whole = all(node.lineno in decided for node in tests) and len(tests) > 1
        has_nested = any(isinstance(node, ast.ClassDef) for node in scope.body)
        if is_whole and len(categories) == 1 and not has_nested and scope.name not in bases:
            yield scope, categories.pop()


def _place_in_list(
    source: SourceFile, decided: Mapping[int, tuple[Definition, Category]]
) -> Insertion | None:
    """Return a line for `pytestmark`, where that is a list of one marker a line for the file."""
    tests = [one for one in source.definitions if _is_test(one.node)]
    categories = {category for _, category in decided.values()}
    if len(categories) > 1 or len(tests) < 2 or any(t.node.lineno not in decided for t in tests):  # noqa: PLR2004  one is no more than a decorator
        return None
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and [get_dotted(one) for one in node.targets] == [
            "pytestmark"
        ]:
            return _place_first(source, node.value)
    return None


def _place_first(source: SourceFile, value: ast.expr) -> Insertion | None:
    """Return a line before the first element of a list that begins on a line of its own."""
    if not isinstance(value, ast.List) or not value.elts:
        return None
    first = value.elts[0]
    line = source.lines[first.lineno - 1]
    indent = line[: len(line) - len(line.lstrip())]
    if first.lineno == value.lineno or len(indent.encode()) != first.col_offset:
        return None
    return Insertion(first.lineno - 1, (f"{indent}{{mark}},",))


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, FunctionNode) and node.name.startswith(TEST)


def _has_mark(scope: ast.ClassDef) -> bool:
    names = [get_dotted(one) for one in scope.decorator_list]
    names += [
        get_dotted(target)
        for node in scope.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    ]
    return any(name == "pytestmark" or ".mark." in f".{name}" for name in names)
