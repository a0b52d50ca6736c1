"""What a project's own code does with its state, read from its source: lazy, counting, caching.

By it `objects` tells a value that code fills in once, whoever comes first, from one that a test
leaves behind.  Reads source; runs nothing.
"""

import ast
import functools
import inspect
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

IMPURE: Final = frozenset(
    {"environ", "getenv", "getcwd", "open", "read_text", "read_bytes", "listdir", "scandir"}
    | {"time", "monotonic", "now", "today", "utcnow", "random", "randint", "choice", "uuid4"}
    | {"urlopen", "socket", "gethostname", "getuser", "argv", "stdin", "gettempdir", "exists"}
)
"""Names by which a function looks at what its arguments don't tell."""

DEPTH: Final = 2
"""How many calls deep a function's callees are looked at."""

CACHE_NAME: Final = re.compile(r"cache|memo", re.IGNORECASE)
COUNTER_NAME: Final = re.compile(r"^_|count|next|seq|serial|total|calls", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Habits:
    """Names that a module's own functions treat in a certain way."""

    lazy: frozenset[str]
    """Globals and attributes that a function fills in where it finds them empty."""
    counted: frozenset[str]
    """Globals and attributes that a function adds to."""
    cached: frozenset[str]
    """Mappings in which a function keeps its results, and functions that do."""
    has_getattr: bool
    """Whether the module makes attributes when they are asked for (PEP 562)."""


NOTHING: Final = Habits(frozenset(), frozenset(), frozenset(), has_getattr=False)


@functools.cache
def read_habits(module: str) -> Habits:
    """Read a module's source; what has none has no habits."""
    found = sys.modules.get(module)
    try:
        tree = ast.parse(inspect.getsource(found)) if found else ast.Module([], [])
    except (OSError, TypeError, SyntaxError, ValueError):
        return NOTHING
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return Habits(
        lazy=frozenset(name for one in functions for name in _find_lazy(one)),
        counted=frozenset(name for one in functions for name in _find_counted(one)),
        cached=frozenset(name for one in functions for name in _find_cached(one)),
        has_getattr="__getattr__" in vars(found),
    )


def is_pure(function: object, depth: int = DEPTH) -> bool:
    """Tell whether a function seems to depend on its arguments only.

    It is judged by the names that it and its callees use, so a clever one is judged wrongly.
    """
    if not isinstance(function, types.FunctionType):
        return True
    names = set(_find_names(function.__code__))
    if names & IMPURE:
        return False
    callees = (function.__globals__.get(name) for name in names) if depth else ()
    return all(
        is_pure(getattr(callee, "__wrapped__", callee), depth - 1)
        and not isinstance(callee, (list, dict, set))
        for callee in callees
    )


def is_cache_name(name: str) -> bool:
    """Tell whether a container says by its name that it keeps results."""
    return bool(CACHE_NAME.search(name))


def is_counter_name(name: str) -> bool:
    """Tell whether a number is private, or says by its name that it counts."""
    return bool(COUNTER_NAME.search(name))


def _find_names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _find_names(constant)


def _find_lazy(function: ast.AST) -> Iterator[str]:
    """Yield names that are tested for emptiness and assigned in one function."""
    tested = {
        name
        for node in ast.walk(function)
        if isinstance(node, ast.If | ast.IfExp)
        for name in _find_stored(node.test)
    }
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = [node.target]
        yield from (name for target in targets for name in _find_stored(target) if name in tested)


def _find_counted(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.AugAssign):
            yield from _find_stored(node.target)


def _find_cached(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield mappings that a function looks into and adds to, as one that keeps its results does."""
    returns = any(isinstance(node, ast.Return) and node.value for node in ast.walk(function))
    looked: set[str] = set()
    filled: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            looked.update(_find_stored(node.comparators[0]))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
        ):
            looked.update(_find_stored(node.func.value))
        elif isinstance(node, ast.Subscript):
            names = set(_find_stored(node.value))
            (filled if isinstance(node.ctx, ast.Store) else looked).update(names)
    if returns:
        yield from looked & filled


def _find_stored(node: ast.expr) -> Iterator[str]:
    """Yield the last names of what an expression names: `X` and `self.x` alike."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
