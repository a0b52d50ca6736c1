"""One source file, parsed once: its names, values, functions, classes, and what it is to pytest."""

import ast
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from .chains import get_constant, read_imports, resolve
from .scopes import KINDS, ClassScope, FunctionNode, Kind, Scope, read_function, read_import

TEST_FILES: Final = ("test_*.py", "*_test.py", "tests.py")
WIDE: Final = ("class", "module", "package", "session")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture as its decorator declares it."""

    name: str
    scope: Scope
    width: str
    """`function`, or one of `WIDE`."""
    is_autouse: bool
    decorator: ast.expr


@dataclass(slots=True)
class Module:
    """One source file."""

    path: str
    """As it is shown."""
    nodeid: str
    """As pytest names it: relative to the root directory, with slashes."""
    names: dict[str, str] = field(default_factory=dict)
    """Imported names, and what each stands for."""
    values: dict[str, ast.expr] = field(default_factory=dict)
    """What its statements assign to names, the first time."""
    scopes: list[Scope] = field(default_factory=list)
    """The import first, then functions and methods."""
    classes: dict[str, ClassScope] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    fixtures: list[Fixture] = field(default_factory=list)
    is_conftest: bool = field(init=False)
    """Whether its fixtures are visible in all files below its directory."""
    is_test_file: bool = field(init=False)
    """Whether pytest collects tests from it."""

    def __post_init__(self) -> None:
        name = PurePosixPath(self.nodeid).name
        self.is_conftest = name == "conftest.py"
        self.is_test_file = any(fnmatch.fnmatch(name, pattern) for pattern in TEST_FILES)

    @property
    def directory(self) -> str:
        """Where it lies, as a prefix of node ids."""
        parent = str(PurePosixPath(self.nodeid).parent)
        return "" if parent == "." else f"{parent}/"


def parse_module(text: str, path: str, nodeid: str) -> Module:
    """Parse a file's text.

    :raises SyntaxError: it is no Python of this interpreter's version.
    """
    tree = ast.parse(text, filename=path)
    module = Module(path, nodeid)
    imported, definitions = read_import(tree)
    module.scopes.append(imported)
    _read_names(module, imported)
    for node in definitions:
        if isinstance(node, ast.ClassDef):
            _read_class(module, node)
        else:
            module.functions.add(node.name)
            _add_function(module, node, None)
    return module


def _read_names(module: Module, imported: Scope) -> None:
    for spot in imported.spots:
        node = spot.node
        if isinstance(node, ast.Import | ast.ImportFrom):
            module.names.update(read_imports(node))
        for name, value in _read_values(node):
            module.values.setdefault(name, value)


def _read_class(module: Module, node: ast.ClassDef) -> None:
    bases = tuple(name for base in node.bases if (name := resolve(base, module.names)))
    owner = ClassScope(node.name, node, bases)
    module.classes[node.name] = owner
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            owner.methods.append(_add_function(module, statement, owner))
        else:
            owner.values.update(_read_values(statement))


def _read_values(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Read which names a statement assigns what."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, statement.value


def _add_function(module: Module, node: FunctionNode, owner: ClassScope | None) -> Scope:
    decorator = next((d for d in node.decorator_list if _is_fixture(d, module)), None)
    kind = Kind.FIXTURE if decorator is not None else _find_kind(node, owner, module)
    scope = read_function(node, kind, owner)
    module.scopes.append(scope)
    if decorator is not None:
        module.fixtures.append(_read_fixture(scope, decorator))
    return scope


def _find_kind(node: FunctionNode, owner: ClassScope | None, module: Module) -> Kind:
    if owner is not None and not _holds_tests(owner):
        return Kind.HELPER
    if node.name in KINDS:
        return KINDS[node.name]
    if not node.name.startswith("test") or not module.is_test_file:
        return Kind.HELPER
    return Kind.TEST


def _holds_tests(owner: ClassScope) -> bool:
    if owner.name.startswith("Test") or owner.name.endswith(("Test", "Tests", "TestCase")):
        return True
    return any("TestCase" in base or base.rpartition(".")[2].startswith("Test")
               for base in owner.bases)  # fmt: skip


def _is_fixture(decorator: ast.expr, module: Module) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = resolve(called, module.names) or ""
    return name.rpartition(".")[2] in ("fixture", "yield_fixture")


def _read_fixture(scope: Scope, decorator: ast.expr) -> Fixture:
    given = {}
    if isinstance(decorator, ast.Call):
        given = {keyword.arg: keyword.value for keyword in decorator.keywords}
        if decorator.args:
            given["scope"] = decorator.args[0]
    name = get_constant(given.get("name"))
    width = get_constant(given.get("scope"))
    return Fixture(
        name=name if isinstance(name, str) else scope.name,
        scope=scope,
        width=width if isinstance(width, str) else "function",
        is_autouse=get_constant(given.get("autouse")) is True,
        decorator=decorator,
    )
