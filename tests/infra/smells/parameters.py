"""Parameters in an order that differs between processes (PTI501)."""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from .chains import get_argument, get_constant, resolve
from .leaks import Context
from .scopes import Kind
from .sightings import Sighting

LISTINGS: Final = frozenset({"os.listdir", "os.scandir", "glob.glob", "glob.iglob", "os.walk"})
LISTING_METHODS: Final = frozenset({"glob", "rglob", "iterdir"})
SETS: Final = frozenset({"set", "frozenset"})
KEEPERS: Final = frozenset({"list", "tuple", "enumerate", "reversed", "zip", "map", "filter"})
"""Calls that keep the order of what they are given."""

DEEP: Final = 5


def find_unordered(context: Context) -> Iterator[Sighting]:
    """Find parametrisations over a set or an unsorted listing."""
    module, scope = context.module, context.scope
    if scope.kind is Kind.TEST:
        decorators = list(scope.decorators)
        for decorator in decorators:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") == (
                "parametrize"
            ):
                yield from _check(get_argument(decorator, 1, "argvalues"), context)
    elif (fixture := context.find_fixture()) and isinstance(fixture.decorator, ast.Call):
        for keyword in fixture.decorator.keywords:
            if keyword.arg == "params":
                yield from _check(keyword.value, context)
    elif scope.kind is Kind.IMPORT:
        for owner in module.classes.values():
            for decorator in owner.node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") == (
                    "parametrize"
                ):
                    yield from _check(get_argument(decorator, 1, "argvalues"), context)


def _check(values: ast.expr | None, context: Context) -> Iterator[Sighting]:
    if values is not None and (what := find_disorder(values, context)) is not None:
        yield Sighting("PTI501", values, f"parameters come from {what}")


def find_disorder(node: ast.expr | None, context: Context, depth: int = 0) -> str | None:
    """Tell what makes the order of a value uncertain, or None."""
    if depth > DEEP:
        return None
    if isinstance(node, ast.Name):
        return find_disorder(context.module.values.get(node.id), context, depth + 1)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return find_disorder(node.generators[0].iter, context, depth + 1)
    if isinstance(node, ast.BinOp):
        return _find_operation(node, context, depth)
    if isinstance(node, ast.Call):
        return _find_called(node, context, depth, context.names)
    is_set = isinstance(node, ast.SetComp) or (isinstance(node, ast.Set) and not _is_numeric(node))
    return "a set" if is_set else None


def _find_operation(node: ast.BinOp, context: Context, depth: int) -> str | None:
    """Tell it of a sum of sequences, or of an operation on sets."""
    found = find_disorder(node.left, context, depth + 1)
    found = found or find_disorder(node.right, context, depth + 1)
    if found is None and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub | ast.BitXor):
        called = {getattr(getattr(n, "func", None), "attr", "") for n in (node.left, node.right)}
        return "a set of a dict's keys" if called & {"keys", "items"} else None
    return found


def _find_called(
    node: ast.Call, context: Context, depth: int, names: Mapping[str, str]
) -> str | None:
    name = resolve(node.func, names) or ""
    if name in LISTINGS:
        return "an unsorted listing"
    if isinstance(node.func, ast.Attribute) and node.func.attr in LISTING_METHODS:
        return "an unsorted listing"
    if name in SETS:
        return "a set" if node.args else None
    if name in KEEPERS and node.args:
        return find_disorder(node.args[-1], context, depth + 1)
    return None


def _is_numeric(node: ast.Set) -> bool:
    """Whether all are numbers, whose hashes are the same in each process."""
    return all(isinstance(get_constant(e), int | float) for e in node.elts)
