"""All files that are checked, joined: which fixture a name means where, and who uses it."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from .chains import get_constant
from .modules import Fixture, Module
from .scopes import ClassScope, Kind, Scope


@dataclass(frozen=True, slots=True)
class Declared:
    """A fixture, with the file that it stands in."""

    fixture: Fixture
    module: Module


class Project:
    """The files of one check."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = modules
        self._closures: dict[int, list[tuple[str, Declared | None]]] = {}

    @cached_property
    def fixtures(self) -> dict[str, list[Declared]]:
        """All fixtures by name."""
        found: dict[str, list[Declared]] = defaultdict(list)
        for module in self.modules:
            for fixture in module.fixtures:
                found[fixture.name].append(Declared(fixture, module))
        return found

    @cached_property
    def classes(self) -> dict[str, list[tuple[Module, ClassScope]]]:
        """All classes by name."""
        found: dict[str, list[tuple[Module, ClassScope]]] = defaultdict(list)
        for module in self.modules:
            for name, owner in module.classes.items():
                found[name].append((module, owner))
        return found

    @cached_property
    def autouse(self) -> list[Declared]:
        """All fixtures that nobody has to ask for."""
        return [
            declared
            for several in self.fixtures.values()
            for declared in several
            if declared.fixture.is_autouse
        ]

    def find_fixture(self, name: str, module: Module, scope: Scope) -> Declared | None:
        """Find what a parameter means: the nearest fixture of its name, as pytest looks for it."""
        visible = [
            declared
            for declared in self.fixtures.get(name, ())
            if declared.fixture.scope is not scope and is_visible(declared, module, scope)
        ]
        return max(visible, key=_get_nearness, default=None)

    def find_bases(self, module: Module, owner: ClassScope) -> Iterator[tuple[Module, ClassScope]]:
        """Find a class and those it inherits from, as far as they are among the files."""
        seen = {owner.name}
        queue = [(module, owner)]
        while queue:
            module, owner = queue.pop(0)
            yield module, owner
            for base in owner.bases:
                name = base.rpartition(".")[2]
                if name not in seen:
                    seen.add(name)
                    own = module.classes.get(name)
                    queue += [(module, own)] if own else self.classes.get(name, [])

    def find_closure(self, module: Module, scope: Scope) -> list[tuple[str, Declared | None]]:
        """Find all fixtures around a test or fixture, asked for or not; None for unknown ones."""
        key = id(scope)
        if key not in self._closures:
            self._closures[key] = list(self._find_closure(module, scope))
        return self._closures[key]

    def _find_closure(self, module: Module, scope: Scope) -> Iterator[tuple[str, Declared | None]]:
        seen: set[str] = set()
        queue = [(name, module, scope) for name in (*scope.parameters, *find_used(module, scope))]
        if scope.kind is not Kind.FIXTURE or not _is_wide(module, scope):
            queue += [
                (declared.fixture.name, module, scope)
                for declared in self.autouse
                if is_visible(declared, module, scope) and declared.fixture.scope is not scope
            ]
        while queue:
            name, at, user = queue.pop()
            if name in seen:
                continue
            seen.add(name)
            found = self.find_fixture(name, at, user)
            yield name, found
            if found is not None:
                inner = found.fixture.scope
                queue += [(parameter, found.module, inner) for parameter in inner.parameters]

    def find_users(self, declared: Declared) -> Iterator[str]:
        """Find the tests that a fixture stands around."""
        for module in self.modules:
            if not module.nodeid.startswith(_get_reach(declared)):
                continue
            for scope in module.scopes:
                if scope.kind is Kind.TEST and any(
                    found is not None and found.fixture is declared.fixture
                    for _, found in self.find_closure(module, scope)
                ):
                    yield get_nodeid(module, scope)


def get_nodeid(module: Module, scope: Scope) -> str:
    """Return a test's node id, without parameters."""
    owner = f"{scope.owner.name}::" if scope.owner else ""
    return f"{module.nodeid}::{owner}{scope.name}"


def find_tests(module: Module, owner: ClassScope | None = None) -> Iterable[str]:
    """Find the tests of a class, or of a file."""
    return [
        get_nodeid(module, scope)
        for scope in module.scopes
        if scope.kind is Kind.TEST and (owner is None or scope.owner is owner)
    ]


def is_visible(declared: Declared, module: Module, scope: Scope) -> bool:
    """Whether a function can ask for a fixture."""
    if declared.module is module:
        owner = declared.fixture.scope.owner
        return owner is None or (
            scope.owner is not None
            and (
                owner is scope.owner
                or owner.name in {base.rpartition(".")[2] for base in scope.owner.bases}
            )
        )
    if declared.module.is_test_file:
        return declared.fixture.name in module.names
    return module.nodeid.startswith(_get_reach(declared))


def find_used(module: Module, scope: Scope) -> Iterator[str]:
    """Find the fixtures that `usefixtures` names, on a test, its class or its file."""
    decorators = list(scope.decorators)
    if scope.owner is not None:
        decorators += scope.owner.node.decorator_list
    if (mark := module.values.get("pytestmark")) is not None:
        decorators.append(mark)
    for decorator in decorators:
        if isinstance(decorator, ast.Name):
            yield from _read_used(module.values.get(decorator.id))
        else:
            yield from _read_used(decorator)


def _read_used(decorator: object) -> Iterator[str]:
    for call in getattr(decorator, "elts", [decorator]):
        if getattr(getattr(call, "func", None), "attr", "") == "usefixtures":
            for argument in call.args:
                if isinstance(name := get_constant(argument), str):
                    yield name


def _is_wide(module: Module, scope: Scope) -> bool:
    return any(f.scope is scope and f.width != "function" for f in module.fixtures)


def _get_reach(declared: Declared) -> str:
    """Return the prefix of the files that see a fixture.

    One that is in neither a test file nor a conftest is somebody's plugin, seen everywhere.
    """
    module = declared.module
    if module.is_conftest:
        return module.directory
    return module.nodeid if module.is_test_file else ""


def _get_nearness(declared: Declared) -> tuple[bool, bool, int]:
    module = declared.module
    is_own = module.is_test_file
    return declared.fixture.scope.owner is not None, is_own, len(_get_reach(declared))
