"""What kind of value an expression makes: a container, an object, something that can't change."""

import ast
from collections.abc import Mapping
from enum import Enum
from typing import Final

from .chains import resolve

CONTAINER_NODES: Final = (
    ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp,
)  # fmt: skip
CONTAINER_CALLS: Final = frozenset({
    "list", "dict", "set", "bytearray", "collections.defaultdict", "collections.OrderedDict",
    "collections.Counter", "collections.deque", "collections.ChainMap", "queue.Queue",
})  # fmt: skip


class Sort(Enum):
    """How a value can change."""

    CONTAINER = "container"
    OBJECT = "object"
    """Made by a call of something unknown."""
    OTHER = "other"


def find_sort(value: ast.expr | None, names: Mapping[str, str]) -> Sort:
    """Tell what an expression makes."""
    if isinstance(value, ast.Await):
        value = value.value
    if isinstance(value, CONTAINER_NODES):
        return Sort.CONTAINER
    if isinstance(value, ast.Call):
        name = resolve(value.func, names) or ""
        return Sort.CONTAINER if name in CONTAINER_CALLS else Sort.OBJECT
    return Sort.OTHER


def is_empty(value: ast.expr | None) -> bool:
    """Whether it is a bare beginning: an empty container, None, zero, an empty text."""
    if isinstance(value, ast.List | ast.Set | ast.Tuple):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.Call):
        return not value.args and not value.keywords
    return isinstance(value, ast.Constant) and not value.value
