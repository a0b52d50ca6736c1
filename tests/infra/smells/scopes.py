"""A source file as scopes: its import, its functions and methods, and where in them things stand.

One pass over the tree notes the statements and calls that rules look at, each with its place:
below which `with`, in a `finally`, in a loop, after a `yield`.  Rules never walk a tree again.
"""

import ast
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Kind(Enum):
    """What a scope is for pytest."""

    IMPORT = "import"
    TEST = "test"
    FIXTURE = "fixture"
    SETUP = "setup"
    WIDE_SETUP = "setup of a class or module"
    TEARDOWN = "teardown"
    WIDE_TEARDOWN = "teardown of a class or module"
    HELPER = "helper"


KINDS: Final = {
    **dict.fromkeys(("setUp", "asyncSetUp", "setup_method", "setup_function"), Kind.SETUP),
    **dict.fromkeys(("setUpClass", "setup_class", "setUpModule", "setup_module"), Kind.WIDE_SETUP),
    **dict.fromkeys(
        ("tearDown", "asyncTearDown", "teardown_method", "teardown_function"), Kind.TEARDOWN
    ),
    **dict.fromkeys(
        ("tearDownClass", "teardown_class", "tearDownModule", "teardown_module"),
        Kind.WIDE_TEARDOWN,
    ),
    "setup": Kind.SETUP,
    "teardown": Kind.TEARDOWN,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its scope a node stands."""

    is_final: bool = False
    is_looped: bool = False
    nested: str = ""
    """The nested function's name, `<lambda>`, or empty."""
    contexts: tuple[ast.expr, ...] = ()
    """What the `with`s around it enter, the outermost first."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A node with its place."""

    node: ast.AST
    place: Place
    is_after_yield: bool
    order: int
    """Position in the scope, in reading order."""


@dataclass(slots=True)
class Scope:
    """A function, a method, or the part of a module that runs when it is imported."""

    name: str
    kind: Kind
    node: ast.AST
    owner: "ClassScope | None" = None
    decorators: tuple[ast.expr, ...] = ()
    parameters: tuple[str, ...] = ()
    spots: list[Spot] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    """Names that it binds itself, parameters included."""
    globals: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    """All attribute names that it mentions."""
    has_yield: bool = False

    @property
    def locals(self) -> set[str]:
        """Names that mean something of its own here."""
        return set() if self.kind is Kind.IMPORT else self.stored - self.globals


@dataclass(slots=True)
class ClassScope:
    """A class at module level."""

    name: str
    node: ast.ClassDef
    bases: tuple[str, ...]
    values: dict[str, ast.expr] = field(default_factory=dict)
    """What its body assigns."""
    methods: list[Scope] = field(default_factory=list)


NOTED: Final = frozenset({
    ast.Call, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Assert, ast.Return,
    ast.Yield, ast.Import, ast.ImportFrom, ast.With, ast.AsyncWith, ast.For, ast.Expr,
    ast.FunctionDef, ast.AsyncFunctionDef,
})  # fmt: skip
LOOPS: Final = frozenset({ast.For, ast.AsyncFor, ast.While})
WITHS: Final = frozenset({ast.With, ast.AsyncWith})
FUNCTIONS: Final = frozenset({ast.FunctionDef, ast.AsyncFunctionDef})
TRIES: Final = frozenset({ast.Try, ast.TryStar})
YIELDS: Final = frozenset({ast.Yield, ast.YieldFrom})
TOP: Final = Place()


class _Walker:
    """Fills one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.order = 0
        self.definitions: list[FunctionNode | ast.ClassDef] = []
        """Of a module: what is read as a scope of its own."""

    def walk(self, node: ast.AST, place: Place) -> None:
        """Note a node and all below it."""
        kind = type(node)
        if kind is ast.Name:
            if type(node.ctx) is not ast.Load:  # type: ignore[attr-defined]  # a Name, see above
                self.scope.stored.add(node.id)  # type: ignore[attr-defined]  # a Name, see above
            return
        if kind is ast.Constant:
            return
        if kind in NOTED:
            self.order += 1
            is_after = self.scope.has_yield
            self.scope.spots.append(Spot(node, place, is_after, self.order))
        if kind is ast.Attribute:
            self.scope.attributes.add(node.attr)  # type: ignore[attr-defined]  # see above
        self._descend(node, kind, place)

    def _descend(self, node: ast.AST, kind: type[ast.AST], place: Place) -> None:
        if self.scope.kind is Kind.IMPORT and (kind in FUNCTIONS or kind is ast.ClassDef):
            self.definitions.append(node)  # type: ignore[arg-type]  # its kind says so
        elif kind in FUNCTIONS:
            self._enter_function(node, place)  # type: ignore[arg-type]  # its kind says so
        elif kind in WITHS:
            self._enter_with(node, place)  # type: ignore[arg-type]  # its kind says so
        elif kind in TRIES:
            self._enter_try(node, place)  # type: ignore[arg-type]  # its kind says so
        elif kind in (ast.Import, ast.ImportFrom) or _is_never_run(node):
            pass
        elif kind is ast.Lambda:
            inside = Place(nested="<lambda>", contexts=place.contexts)
            self._walk_fields(node, inside)
        else:
            if kind in LOOPS:
                place = replace(place, is_looped=True)
            elif kind is ast.Global:
                self.scope.globals.update(node.names)  # type: ignore[attr-defined]  # see above
            self._walk_fields(node, place)
            if kind in YIELDS and not place.nested:
                self.scope.has_yield = True

    def _walk_fields(self, node: ast.AST, place: Place) -> None:
        walk = self.walk
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        walk(item, place)
            elif isinstance(value, ast.AST):
                walk(value, place)

    def _enter_function(self, node: FunctionNode, place: Place) -> None:
        self.scope.stored.update((node.name, *get_parameters(node)))
        inside = Place(nested=node.name, contexts=place.contexts)
        for statement in node.body:
            self.walk(statement, inside)

    def _enter_with(self, node: ast.With | ast.AsyncWith, place: Place) -> None:
        for item in node.items:
            self.walk(item.context_expr, place)
            if item.optional_vars is not None:
                self.walk(item.optional_vars, place)
        entered = tuple(item.context_expr for item in node.items)
        inside = replace(place, contexts=place.contexts + entered)
        for statement in node.body:
            self.walk(statement, inside)

    def _enter_try(self, node: ast.Try, place: Place) -> None:
        for part in (*node.body, *node.handlers, *node.orelse):
            self.walk(part, place)
        final = replace(place, is_final=True)
        for statement in node.finalbody:
            self.walk(statement, final)


def _is_never_run(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "value", True) in (0, False)


def get_parameters(node: FunctionNode) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    arguments = node.args
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return tuple(
        argument.arg for argument in (*found, arguments.vararg, arguments.kwarg) if argument
    )


def read_function(node: FunctionNode, kind: Kind, owner: ClassScope | None) -> Scope:
    """Read one function or method, with all that is nested in it."""
    parameters = get_parameters(node)
    scope = Scope(node.name, kind, node, owner, tuple(node.decorator_list), parameters)
    scope.stored.update(parameters)
    walker = _Walker(scope)
    for statement in node.body:
        walker.walk(statement, TOP)
    return scope


def read_import(node: ast.Module) -> tuple[Scope, list[FunctionNode | ast.ClassDef]]:
    """Read what runs when a module is imported, and what it defines."""
    scope = Scope("", Kind.IMPORT, node)
    walker = _Walker(scope)
    for statement in node.body:
        if not _is_script(statement):
            walker.walk(statement, TOP)
    return scope, walker.definitions


def _is_script(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__"`."""
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.Compare):
        return False
    left = statement.test.left
    return isinstance(left, ast.Name) and left.id == "__name__"
