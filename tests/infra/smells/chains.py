"""Expressions as chains: `app.cache.REG['k']` is `app`, `.cache`, `.REG`, `[]`.

Local names are replaced by what they were imported as, so that `env['A']` after
`from os import environ as env` is `os.environ[]`.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

CALL = "()"
ITEM = "[]"


@dataclass(frozen=True, slots=True)
class Chain:
    """A name and the steps that lead on from it."""

    root: str
    """The name as it stands in the source."""
    steps: tuple[str, ...]
    """Attributes by name, `[]` for an item, `()` for a call."""

    def render(self, root: str | None = None) -> str:
        """Render as dotted text, from another root where one is given."""
        text = self.root if root is None else root
        for step in self.steps:
            text += step if step in (CALL, ITEM) else f".{step}"
        return text


def read_chain(node: ast.AST) -> Chain | None:
    """Read an expression, or None where it doesn't begin with a name."""
    steps: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            steps.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript):
            steps.append(ITEM)
            node = node.value
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1:
                steps.append("__class__")
                node = node.args[0]
                continue
            steps.append(CALL)
            node = node.func
        elif isinstance(node, ast.Name):
            return Chain(node.id, tuple(reversed(steps)))
        else:
            return None


def resolve(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """Render an expression by the names that its root was imported as."""
    chain = read_chain(node)
    return chain.render(names.get(chain.root)) if chain else None


def read_imports(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Read which local names an import makes, and what each stands for."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: (
                alias.name if alias.asname else alias.name.split(".")[0]
            )
            for alias in node.names
        }
    prefix = "." * node.level + (node.module or "")
    joint = "" if not prefix or prefix.endswith(".") else "."
    return {
        alias.asname or alias.name: _shorten(f"{prefix}{joint}{alias.name}") for alias in node.names
    }


def _shorten(name: str) -> str:
    # The backport and pytest's plugin say the same as the standard library.
    if name == "mock" or name.startswith("mock."):
        return f"unittest.{name}"
    return name


def get_constant(node: ast.AST | None) -> object:
    """Return a literal's value, or None; a negative number counts as one."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = get_constant(node.operand)
        return -value if isinstance(value, int | float) else None
    return None


def is_own_logger(node: ast.AST) -> bool:
    """Whether it is `getLogger` with a name that only tests use."""
    while isinstance(node, ast.Attribute):
        node = node.value
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = node.args[0]
    if isinstance(name, ast.Name):
        return name.id == "__name__"
    return isinstance(name, ast.Constant) and "test" in str(name.value)


def get_argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """Return an argument by position or keyword."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if len(call.args) > position else None
