"""What a test does, read from its source, with the functions and fixtures that it leads to.

Followed are functions of its file and of the conftests above it, methods of its class, and
fixtures by name; what a name means is told by `vocabulary`, whose it is by `origins`.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from . import vocabulary as words
from .categories import Doing
from .notes import Notes
from .origins import FunctionNode, Module, Origin, get_dotted, is_wide

DEPTH: Final = 3
"""How many calls deep functions are followed."""

SHOWN_SOURCE: Final = 50


@dataclass(frozen=True, slots=True)
class Stage:
    """The sources in which names are looked up, the test's own file first."""

    modules: Sequence[Module]
    methods: Mapping[str, FunctionNode] = field(default_factory=dict)
    """The methods of the test's class."""

    def find_function(self, name: str) -> tuple[FunctionNode, Module] | None:
        """Find a function, or a fixture by the name that is asked for."""
        for module in self.modules:
            if name in module.functions:
                return module.functions[name], module
        return None


def read_doing(node: FunctionNode, stage: Stage, fixtures: Iterable[str]) -> Doing:
    """Read what a test does.

    :param fixtures: the names of all fixtures that it has, those of fixtures included.
    """
    notes = Notes()
    asked = frozenset(fixtures)
    module = stage.modules[0]
    own = {name: _judge_parameter(name) for name in _list_parameters(node)}
    _Reading(notes, stage, module, own).read(node.body)
    for name in sorted(asked):
        _note_fixture(name, notes, stage)
    for name, method in stage.methods.items():
        if name in words.SET_UPS:
            _Reading(notes, stage, module, {}, is_arranging=True).read(method.body)
    return notes.build()


def _judge_parameter(name: str) -> Origin:
    is_tool = name in words.TOOL_FIXTURES | {"self", "cls"} or words.STAND_IN.search(name)
    return Origin.TOOL if is_tool else Origin.SUBJECT


def _list_parameters(node: FunctionNode) -> list[str]:
    arguments = node.args
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _note_fixture(name: str, notes: Notes, stage: Stage) -> None:
    if name in words.WIRE_FIXTURES:
        notes.wire[f"fixture {name}"] = None
    notes.is_time_replaced |= name in words.STANDING_CLOCKS
    found = stage.find_function(name)
    if found is None:
        return
    node, module = found
    own = dict.fromkeys(_list_parameters(node), Origin.TOOL)
    kept = (notes.slept_s, notes.bound_s, dict(notes.waits))
    _Reading(notes, stage, module, own, is_arranging=True).read(node.body)
    if is_wide(node):
        # Its first test pays for all; the others don't wait.
        notes.slept_s, notes.bound_s, notes.waits = kept


class _Reading(ast.NodeVisitor):
    """Walks over the body of one function."""

    def __init__(  # noqa: PLR0913  what a body is read with: where, by which names, how
        self,
        notes: Notes,
        stage: Stage,
        module: Module,
        names: Mapping[str, Origin],
        *,
        depth: int = 0,
        is_arranging: bool = False,
    ) -> None:
        self._notes = notes
        self._stage = stage
        self._module = module
        self._names = dict(names)
        self._depth = depth
        self._is_arranging = is_arranging
        self._refused = 0
        self._inner: set[int] = set()
        self._clocked: set[str] = set()

    def read(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)

    # --- names -----------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._bind(target, node.value)
            if isinstance(target, ast.Attribute) and target.attr == "sleep":
                self._notes.is_time_replaced = True

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._bind(node.target, node.value)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._bind(node.target, node.iter)
        self.read([*node.body, *node.orelse])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        refused = any(_is_refusal(item.context_expr) for item in node.items)
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, item.context_expr)
        self._refused += refused
        self.read(node.body)
        self._refused -= refused

    visit_AsyncWith = visit_With  # noqa: N815  ast's own name

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        origin = self._judge(value)
        is_clocked = any(self._is_clock(child) for child in ast.walk(value))
        for child in ast.walk(target):
            if isinstance(child, ast.Name):
                self._names[child.id] = origin
                if is_clocked:
                    self._clocked.add(child.id)

    def _judge(self, value: ast.expr) -> Origin:
        """Tell whose an object is; what the tests' own code makes stands for what it wraps."""
        root = get_dotted(value).split(".")[0]
        origin = self._names.get(root) or self._module.origins.get(root, Origin.LIBRARY)
        if origin is Origin.OWN and words.STAND_IN.search(root):
            return Origin.TOOL
        is_made = any(isinstance(child, ast.Call) for child in ast.walk(value))
        return Origin.SUBJECT if origin is Origin.OWN and is_made else origin

    def _resolve(self, dotted: str) -> str:
        root, dot, rest = dotted.partition(".")
        if root in self._names:
            return dotted
        return f"{self._module.targets.get(root, root)}{dot}{rest}"

    # --- calls -----------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        dotted = get_dotted(node.func)
        target = self._resolve(dotted)
        self._note_time(node, target)
        self._note_surroundings(target)
        if not self._is_arranging and id(node) not in self._inner:
            self._note_call(node, dotted)
        self._inner.update(id(child) for child in _walk_chain(node.func))
        self._follow(node, dotted)
        self.generic_visit(node)

    def _note_call(self, node: ast.Call, dotted: str) -> None:
        root, _, rest = dotted.partition(".")
        name = rest.rpartition(".")[2] or root
        first = _split_words(name)[0]
        origin = self._judge(node.func)
        is_attribute_of_self = root == "self" and rest.count(".") >= 1
        if origin is not Origin.SUBJECT and not is_attribute_of_self:
            return
        if first in words.PREPARING:
            return
        self._notes.calls += 1
        self._notes.operations[name] = None
        if self._refused:
            return
        if first in words.STEPS:
            self._notes.steps[first] = None
        is_look = first in words.LOOKS and name != first and bool(rest)
        if first in words.STEPS or is_look:
            self._notes.sequence.append((name, first in words.STEPS))

    def _note_surroundings(self, target: str) -> None:
        name = target.rpartition(".")[2]
        is_method = "." in target and name in words.WIRE_METHODS
        if target in words.WIRE or target.startswith(words.WIRE_MODULES) or is_method:
            self._notes.wire[target] = None
        if target in words.CONCURRENCY:
            self._notes.concurrency[target] = None

    def _follow(self, node: ast.Call, dotted: str) -> None:
        if self._depth >= DEPTH:
            return
        root, _, rest = dotted.partition(".")
        if root == "self" and rest in self._stage.methods:
            self._read_inside(node, self._stage.methods[rest], self._module)
        elif not rest and root not in self._names and isinstance(node.func, ast.Name):
            found = self._stage.find_function(root)
            if found is not None:
                self._read_inside(node, *found)

    def _read_inside(self, call: ast.Call, function: FunctionNode, module: Module) -> None:
        parameters = [name for name in _list_parameters(function) if name not in ("self", "cls")]
        given = dict(zip(parameters, call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        names = dict.fromkeys(parameters, Origin.LIBRARY)
        names |= {name: self._judge(value) for name, value in given.items()}
        inside = _Reading(
            self._notes,
            self._stage,
            module,
            names,
            depth=self._depth + 1,
            is_arranging=self._is_arranging,
        )
        inside._refused = self._refused
        inside.read(function.body)

    # --- time ------------------------------------------------------------------------------------

    def _note_time(self, node: ast.Call, target: str) -> None:
        if any(isinstance(one, ast.Constant) and _names_sleep(one.value) for one in node.args):
            self._notes.is_time_replaced = True
        if target not in words.SLEEPS or not node.args:
            return
        length_s = _read_number(node.args[0])
        if length_s != 0:
            self._notes.waits[ast.unparse(node)[:SHOWN_SOURCE]] = None
            self._notes.slept_s += length_s or 0.0

    def visit_Compare(self, node: ast.Compare) -> None:
        """Note that at least so much time must have passed: it is waited for."""
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides[:-1], sides[1:], strict=True):
            if isinstance(operator, ast.Gt | ast.GtE):
                self._note_bound(left, right, node)
            elif isinstance(operator, ast.Lt | ast.LtE):
                self._note_bound(right, left, node)
        self.generic_visit(node)

    def _note_bound(self, more: ast.expr, less: ast.expr, node: ast.Compare) -> None:
        bound_s = _read_number(less)
        if bound_s and any(self._is_clock(child) for child in ast.walk(more)):
            self._notes.bound_s = max(self._notes.bound_s, bound_s)
            self._notes.waits[ast.unparse(node)[:SHOWN_SOURCE]] = None

    def _is_clock(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._clocked
        return isinstance(node, ast.Call) and self._resolve(get_dotted(node.func)) in words.CLOCKS


def _walk_chain(node: ast.expr) -> Iterator[ast.Call]:
    """Yield the calls on whose results a call is made: of `a().b().c()`, those of a and b."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript | ast.Await):
        if isinstance(node, ast.Call):
            yield node
        node = node.func if isinstance(node, ast.Call) else node.value


def _is_refusal(node: ast.expr) -> bool:
    name = get_dotted(node).rpartition(".")[2]
    return name in ("raises", "assertRaises", "assertRaisesRegex")


def _split_words(name: str) -> list[str]:
    found = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    return found or [name]


def _names_sleep(value: object) -> bool:
    return isinstance(value, str) and re.search(r"(^|\.)sleep$", value) is not None


def _read_number(node: ast.expr) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    return None
