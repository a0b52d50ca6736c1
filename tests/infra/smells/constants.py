"""The constant behind an expression, through the names of its function and file."""

import ast

from .chains import get_constant
from .leaks import Context


def find_value(node: ast.expr | None, context: Context) -> ast.expr | None:
    """Follow a name to what is assigned to it once; anything else is returned as it is."""
    if not isinstance(node, ast.Name) or node.id == "__file__":
        return node
    own = find_assigned(node.id, context)
    if len(own) == 1:
        return own[0]
    if own or node.id in context.scope.locals:
        return None
    return context.module.values.get(node.id)


def find_assigned(name: str, context: Context) -> list[ast.expr]:
    """Find all that a function assigns to a name of its own."""
    return [
        spot.node.value
        for spot in context.scope.spots
        if isinstance(spot.node, ast.Assign)
        for target in spot.node.targets
        if isinstance(target, ast.Name) and target.id == name
    ]


def find_number(node: ast.expr | None, context: Context) -> int | None:
    """Return the whole number that an expression is known to be."""
    value = get_constant(find_value(node, context))
    return value if isinstance(value, int) and not isinstance(value, bool) else None
