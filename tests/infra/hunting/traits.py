"""What the sources of a suite say about which runs can tell something: their text alone is read.

What follows from it is decided in `survey`.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNORDERED: Final = frozenset(
    (
        *("set", "frozenset", "hash", "id", "WeakSet", "union", "intersection", "difference"),
        *("symmetric_difference", "keys", "items"),
    )
)
"""Names of what makes a set, or of what has the methods of one."""

TIMED: Final = frozenset(
    (
        *("time", "timeit", "datetime", "sched", "signal", "asyncio", "threading", "_thread"),
        *("concurrent", "multiprocessing", "subprocess", "queue", "socket", "socketserver"),
        *("select", "selectors", "ssl", "http", "urllib", "xmlrpc", "anyio", "trio", "curio"),
        *("aiohttp", "httpx", "requests", "tornado", "twisted", "gevent", "greenlet", "zmq"),
    )
)
"""Top-level modules of those who wait, read clocks or let others run at the same time."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What may matter to a suite; all of it, where its sources can't be read."""

    has_sets: bool = True
    """Whether the order of a set may matter, which follows from the hashes of texts."""
    has_time: bool = True
    """Whether it may matter how fast the machine is."""
    has_files: bool = True
    """Whether there are several files of tests, and so an order in which they are imported."""


ANYTHING: Final = Traits()


def read_traits(paths: Iterable[str], tests: Sequence[str]) -> Traits:
    """Read the sources of a suite; one that can't be parsed may do anything.

    :param tests: the file of each test.
    """
    has_files = len(set(tests)) > 1
    has_sets = has_time = is_known = False
    for path in paths:
        try:
            tree = ast.parse(Path(path).read_bytes())
        except (OSError, SyntaxError, ValueError):
            return Traits(has_files=has_files)
        is_known = True
        found = find_traits(tree)
        has_sets |= found.has_sets
        has_time |= found.has_time
    return Traits(has_sets or not is_known, has_time or not is_known, has_files)


def find_traits(tree: ast.AST) -> Traits:
    """Return what one module may be sensitive to."""
    nodes = list(ast.walk(tree))
    return Traits(
        any(map(_makes_set, nodes)), any(name in TIMED for name in _iterate_imports(nodes))
    )


def _makes_set(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in UNORDERED
    if isinstance(node, ast.BinOp):
        # The views of a mapping are sets to an operator, and nowhere else.
        return any(_is_view(side) for side in (node.left, node.right))
    if isinstance(node, ast.Attribute):
        return node.attr in UNORDERED and node.attr not in ("keys", "items")
    return isinstance(node, ast.Set | ast.SetComp)


def _is_view(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="keys" | "items")):
            return True
    return False


def _iterate_imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
