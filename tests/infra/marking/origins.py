"""Where the names of a module come from: the standard library, pytest, the tests' own, elsewhere.

Read from its source; what is done with the objects behind the names is left to `doing`.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

TEST_DIRECTORIES: Final = frozenset({"tests", "test", "testing", "conftest"})

TEST_TOOLS: Final = frozenset({
    "pytest", "_pytest", "py", "hypothesis", "mock", "freezegun", "time_machine", "responses",
    "faker", "factory", "pytest_asyncio", "pytest_mock",
})  # fmt: skip

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Origin(Enum):
    """Whose an object is."""

    LIBRARY = "the standard library"
    TOOL = "pytest and its like"
    OWN = "the tests' own"
    SUBJECT = "the system under test"


@dataclass(frozen=True, slots=True)
class Module:
    """A module's names at its top level."""

    origins: Mapping[str, Origin]
    targets: Mapping[str, str]
    """Name to what it stands for, dotted: `sleep` to `time.sleep`."""
    functions: Mapping[str, FunctionNode]
    """Functions at the top level, by name; fixtures by the name that they are asked for by."""
    classes: Mapping[str, ast.ClassDef]


def read_module(tree: ast.Module) -> Module:
    """Read the names of a module."""
    origins: dict[str, Origin] = {}
    targets: dict[str, str] = {}
    functions: dict[str, FunctionNode] = {}
    classes: dict[str, ast.ClassDef] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, target, origin in _read_import(node):
                origins[name] = origin
                targets[name] = target
    for node in iterate_top(tree):
        if isinstance(node, FunctionNode):
            functions[get_fixture_name(node) or node.name] = node
            origins.setdefault(node.name, Origin.OWN)
        elif isinstance(node, ast.ClassDef):
            classes[node.name] = node
            origins.setdefault(node.name, Origin.OWN)
    return Module(origins, targets, functions, classes)


def iterate_top(tree: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """Yield the statements of a body, and of what is conditional in it."""
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop(0)
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            nested = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            pending = nested + pending


def get_fixture_name(node: FunctionNode) -> str | None:
    """Return the name by which tests ask for a fixture, or None where it is none."""
    decorator = find_fixture(node)
    if decorator is None:
        return None
    if isinstance(decorator, ast.Call):
        for keyword in decorator.keywords:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return node.name


def find_fixture(node: FunctionNode) -> ast.expr | None:
    """Return the decorator that makes a function a fixture."""
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if get_dotted(function).rpartition(".")[2] in ("fixture", "yield_fixture"):
            return decorator
    return None


def is_wide(node: FunctionNode) -> bool:
    """Tell whether a fixture lives longer than one test."""
    decorator = find_fixture(node)
    if not isinstance(decorator, ast.Call):
        return False
    return any(
        keyword.arg == "scope"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value != "function"
        for keyword in decorator.keywords
    )


def get_dotted(node: ast.expr) -> str:
    """Return `a.b.c` for such an expression; calls and subscripts between are passed over."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript | ast.Await | ast.Starred):
            node = node.value
        else:
            break
    if isinstance(node, ast.Name):
        names.append(node.id)
        return ".".join(reversed(names))
    return "." + ".".join(reversed(names)) if names else ""


def judge_module(name: str, level: int = 0) -> Origin:
    """Tell whose a module is, by its name and the dots before it."""
    parts = name.split(".") if name else []
    if parts and not level and parts[0] in TEST_TOOLS | {"unittest"}:
        return Origin.TOOL
    if parts and not level and parts[0] in sys.stdlib_module_names:
        return Origin.LIBRARY
    is_of_tests = any(_is_of_tests(part) for part in parts)
    return Origin.OWN if level == 1 or is_of_tests else Origin.SUBJECT


def _is_of_tests(part: str) -> bool:
    return part in TEST_DIRECTORIES or part.startswith("test_") or part.endswith("_test")


def _read_import(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str, Origin]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.split(".")[0]
            target = alias.name if alias.asname else bound
            yield bound, target, judge_module(alias.name)
        return
    module = node.module or ""
    for alias in node.names:
        origin = judge_module(module, node.level)
        if origin is Origin.SUBJECT and _is_of_tests(alias.name) and alias.name != "test":
            origin = Origin.OWN
        yield alias.asname or alias.name, f"{module}.{alias.name}", origin
