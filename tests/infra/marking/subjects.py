"""The tests without a category, each with the function that defines it; one for all its items.

Items come from `gathering`; what the function does is read by `doing`.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from .categories import Category, has_category
from .doing import Stage
from .origins import get_dotted
from .sources import Definition, SourceFile, SourceUnusableError, read_source

CONFTEST: Final = "conftest.py"


@dataclass(frozen=True, slots=True)
class Subject:
    """A test function without a category, and the tests that are made of it."""

    source: SourceFile
    definition: Definition
    nodeids: tuple[str, ...]
    fixtures: frozenset[str]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A test that has no category and that `mark` can't give one."""

    nodeid: str
    reason: str


class Library:
    """Source files, each read once."""

    def __init__(self) -> None:
        self._sources: dict[Path, SourceFile | SourceUnusableError] = {}

    def read(self, path: Path) -> SourceFile:
        """Read a file.

        :raises SourceUnusableError: that can't be done.
        """
        if path not in self._sources:
            try:
                self._sources[path] = read_source(path)
            except SourceUnusableError as error:
                self._sources[path] = error
        found = self._sources[path]
        if isinstance(found, SourceUnusableError):
            raise found
        return found

    def build_stage(self, subject: Subject, root: Path) -> Stage:
        """Return where the names of a test are looked up: its file, and the conftests above it."""
        modules = [subject.source.module]
        for directory in subject.source.path.parents:
            path = directory / CONFTEST
            if path.is_file() and path != subject.source.path:
                modules.append(self.read(path).module)
            if directory == root:
                break
        classes = subject.definition.classes
        own = {
            one.node.name: one.node
            for one in subject.source.definitions
            if classes and one.classes == classes
        }
        return Stage(modules, own)


def find_subjects(
    items: Iterable[pytest.Item], root: Path, library: Library
) -> tuple[list[Subject], list[Orphan]]:
    """Return the functions to mark, in the order of the collection, and what a person has to."""
    groups: dict[tuple[Path, int], list[pytest.Function]] = {}
    found: dict[tuple[Path, int], tuple[SourceFile, Definition]] = {}
    orphans: list[Orphan] = []
    for item in items:
        place = find_source(item, root, library)
        if isinstance(place, str):
            if not is_marked(item):
                orphans.append(Orphan(item.nodeid, place))
            continue
        assert isinstance(item, pytest.Function)
        source, definition = place
        key = (source.path, definition.node.lineno)
        groups.setdefault(key, []).append(item)
        found[key] = (source, definition)
    subjects = []
    for key, group in groups.items():
        bare = [item for item in group if not is_marked(item)]
        if bare and len(bare) < len(group):
            orphans += [Orphan(item.nodeid, _explain_mixed(group)) for item in bare]
        elif bare and is_marked_in_source(found[key][1]):
            orphans += [
                Orphan(item.nodeid, "its function's marker doesn't reach it") for item in bare
            ]
        elif bare:
            subjects.append(_build_subject(*found[key], bare))
    return subjects, orphans


def is_marked(item: pytest.Item) -> bool:
    """Tell whether a test has a category, from wherever."""
    return has_category(mark.name for mark in item.iter_markers())


def find_source(
    item: pytest.Item, root: Path, library: Library
) -> tuple[SourceFile, Definition] | str:
    """Find the function that defines a test, also where it was imported or inherited.

    Returned is why there is none, else.
    """
    if not isinstance(item, pytest.Function):
        return f"it is a {type(item).__name__}, not a function"
    function = unwrap(item.function)
    code = getattr(function, "__code__", None)
    if code is None:
        return "what it calls has no source"
    path = Path(code.co_filename).resolve()
    found = _look_up(path, root, library)
    definition = found.find_definition(code.co_name, code.co_firstlineno) if found else None
    if found is not None and definition is not None:
        is_itself = definition.node.name == item.originalname
        return (found, definition) if is_itself else f"it is generated from {definition.qualname}"
    # A decorator may have put a function of its own in its place.
    outside = f"it is defined in {path.name}, which is not among this project's"
    generated = f"it is generated (by {path.name}:{code.co_firstlineno})"
    return _find_by_name(item, root, library) or (generated if found else outside)


def _look_up(path: Path, root: Path, library: Library) -> SourceFile | None:
    """Read a file of the project's; None where it is none, or can't be used."""
    if not path.is_relative_to(root) or "site-packages" in path.parts:
        return None
    try:
        return library.read(path)
    except SourceUnusableError:
        return None


def _find_by_name(
    item: pytest.Function, root: Path, library: Library
) -> tuple[SourceFile, Definition] | None:
    """Find the only definition of a test's name in its module, or in the class that has it."""
    name = item.originalname
    owner = next((one for one in item.cls.__mro__ if name in vars(one)), None) if item.cls else None
    module = sys.modules.get(owner.__module__) if owner else item.module
    path = getattr(module, "__file__", None)
    source = _look_up(Path(path).resolve(), root, library) if path else None
    if source is None:
        return None
    qualname = f"{owner.__qualname__}.{name}" if owner else name
    matching = [one for one in source.definitions if one.qualname == qualname]
    return (source, matching[0]) if len(matching) == 1 else None


def unwrap(function: object) -> object:
    """Return the function below decorators, partials and methods."""
    seen: set[int] = set()
    while id(function) not in seen:
        seen.add(id(function))
        inner = getattr(function, "hypothesis", None)
        function = getattr(inner, "inner_test", function)
        function = getattr(function, "__func__", function)
        function = inspect.unwrap(function) if callable(function) else function
        function = getattr(function, "func", function)
    return function


def is_marked_in_source(definition: Definition) -> bool:
    """Tell whether a function has a marker of a category, whatever became of it."""
    names = [get_dotted(one) for one in definition.node.decorator_list]
    return has_category(name.rpartition(".")[2] for name in names if "mark." in name)


def list_without(items: Iterable[pytest.Item]) -> list[str]:
    """Return the tests without a category, for `--check`."""
    return [item.nodeid for item in items if not is_marked(item)]


def count_categories(items: Iterable[pytest.Item]) -> Mapping[str, int]:
    """Count the tests of each category; one with several counts in each."""
    counts = {category.value: 0 for category in Category}
    for item in items:
        for name in {mark.name for mark in item.iter_markers()} & counts.keys():
            counts[name] += 1
    return counts


def find_bases(items: Iterable[pytest.Item]) -> set[tuple[Path, str]]:
    """Return file and name of every class that classes with tests inherit from."""
    classes = {item.cls for item in items if isinstance(item, pytest.Function) and item.cls}
    above = {base for one in classes for base in one.__mro__[1:-1]}
    paths = {base: getattr(sys.modules.get(base.__module__), "__file__", None) for base in above}
    return {(Path(path).resolve(), base.__qualname__) for base, path in paths.items() if path}


def _build_subject(
    source: SourceFile, definition: Definition, items: Sequence[pytest.Function]
) -> Subject:
    names = frozenset(name for item in items for name in item.fixturenames)
    return Subject(source, definition, tuple(item.nodeid for item in items), names)


def _explain_mixed(group: Sequence[pytest.Item]) -> str:
    marked = next(_name_marked(group))
    return (
        f"{marked} of the same function has a category already, so a marker on the function would "
        "give it a second one"
    )


def _name_marked(group: Iterable[pytest.Item]) -> Iterator[str]:
    return (item.nodeid for item in group if is_marked(item))
