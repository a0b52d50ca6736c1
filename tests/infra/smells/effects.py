"""What one function changes, and what it takes back.

Whether a change is taken back by what stands around the function is decided in `undoing`.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from . import processwide
from .chains import resolve
from .changes import Change, Form, find_process_change
from .guards import CLEANUPS, Guard, is_guarding, is_patch, read_guards
from .modules import Module
from .ownership import Reader
from .project import Project
from .scopes import Kind, Scope, Spot


class Called(NamedTuple):
    """One call: many rules look at all of them, so the callee is resolved once."""

    spot: Spot
    call: ast.Call
    name: str
    """The callee by the names of the imports; empty where it doesn't begin with a name."""


@dataclass(slots=True)
class Effects:
    """What one function changes, and what it takes back."""

    names: Mapping[str, str]
    calls: list[Called] = field(default_factory=list)

    changes: list[Change] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """Lower-case names of contexts around its yield, and of its decorators."""
    registered: set[str] = field(default_factory=set)
    """Nested functions that it registered as clean-ups."""
    imports: list[int] = field(default_factory=list)
    """Where it imports, in reading order."""

    def is_undo(self, change: Change) -> bool:
        """Whether a change runs when the function is done."""
        spot = change.write.spot
        if spot.place.is_final or (spot.is_after_yield and not spot.place.nested):
            return True
        return bool(spot.place.nested) and spot.place.nested in self.registered

    def takes_back(self, change: Change) -> bool:
        """Whether the function takes back a change that was made in it or around it."""
        if any(is_guarded(change, guard) for guard in self.guards):
            return True
        if not change.is_process and self._calls_owner_late(change):
            return True
        return any(
            other is not change and self.is_undo(other) and is_same(change, other)
            for other in self.changes
        ) or any(is_named_after(word, change.path) for word in self.words)

    def _calls_owner_late(self, change: Change) -> bool:
        """Whether the function ends by calling a method of what owns the changed object."""
        owner = change.path.rpartition(".")[0]
        return any(
            (called.spot.is_after_yield or called.spot.place.is_final)
            and called.name.rpartition(".")[0] == owner
            for called in self.calls
        )

    def resets(self, change: Change) -> bool:
        """Whether each call of the function makes the changed object anew."""
        if change.is_process:
            return False
        return any(
            (other.write.is_reset or other.write.form == Form.ASSIGN)
            and is_same(change, other) and other.path == change.path
            for other in self.changes
        )  # fmt: skip

    def pairs(self, change: Change) -> bool:
        """Whether a change is the first or second half of a pair within the function."""
        order = change.write.spot.order
        if change.path == processwide.MODULES and self._is_unloading(change):
            return True
        for other in self.changes:
            if other is change or not is_same(change, other):
                continue
            if other.is_restoring and other.write.spot.order > order:
                return True
            if change.is_restoring and other.write.spot.order < order:
                return True
            if other.write.method == "clear" and other.write.spot.order < order:
                return True
        return False

    def _is_unloading(self, change: Change) -> bool:
        """Whether it takes out of `sys.modules` what the function imported before."""
        is_removal = change.write.form == Form.DELETE or change.write.method == "pop"
        return is_removal and any(order < change.write.spot.order for order in self.imports)


def read_effects(project: Project, module: Module, scope: Scope) -> Effects:
    """Read what a function changes and takes back."""
    reader = Reader(project, module, scope)
    effects = Effects(reader.names)
    decorators = [*scope.decorators]
    if scope.owner is not None:
        decorators += scope.owner.node.decorator_list
    for decorator in decorators:
        _read_decorator(decorator, reader, effects)
    for spot in scope.spots:
        name = ""
        if isinstance(spot.node, ast.Call):
            name = resolve(spot.node.func, reader.names) or ""
            effects.calls.append(Called(spot, spot.node, name))
            if is_guarding(spot.node, name):
                _read_guarding(spot.node, reader, effects)
        effects.changes += [
            _note_saved(change, reader) for change in find_process_change(spot, name, reader.names)
        ]
        if _imports(spot.node):
            effects.imports.append(spot.order)
        if isinstance(spot.node, ast.Yield) and scope.kind is Kind.FIXTURE:
            for context in spot.place.contexts:
                _read_decorator(context, reader, effects)
    targets = {id(change.write.node) for change in effects.changes}
    effects.changes += [
        change for change in reader.read_changes() if id(change.write.node) not in targets
    ]
    return effects


def _note_saved(change: Change, reader: Reader) -> Change:
    """Note where a change puts back what the function read from the same module before."""
    node = change.write.node
    given: list[ast.expr] = [*node.args] if isinstance(node, ast.Call) else []
    if change.write.value is not None and not given:
        given = [change.write.value]
    home = change.shown.partition(".")[0]
    for value in given:
        name = value.value if isinstance(value, ast.Starred) else value
        if isinstance(name, ast.Name) and reader.saved.get(name.id, "").startswith(f"{home}."):
            return replace(change, is_restoring=True)
    return change


def _read_guarding(call: ast.Call, reader: Reader, effects: Effects) -> None:
    effects.guards += read_guards(call, reader.names)
    if getattr(call.func, "attr", "") in CLEANUPS:
        for argument in call.args:
            if isinstance(argument, ast.Name):
                effects.registered.add(argument.id)
            if isinstance(argument, ast.Call) and (name := resolve(argument.func, reader.names)):
                effects.words.append(name.lower())


def _imports(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name in ("__import__", "import_module")
    if isinstance(node, ast.Import):
        return any(alias.name != "sys" for alias in node.names)
    return isinstance(node, ast.ImportFrom)


def _read_decorator(decorator: ast.expr, reader: Reader, effects: Effects) -> None:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = resolve(called, reader.names) or ""
    if ".mark." in name or name.rpartition(".")[2] == "fixture":
        return
    if isinstance(decorator, ast.Call):
        effects.guards += read_guards(decorator, reader.names)
    effects.words.append(name.lower())


def is_named_after(name: str, path: str) -> bool:
    """Whether a fixture's or context's name tells that it restores something."""
    words: Iterable[str] = processwide.WORDS.get(path, ())
    if is_patch(name):
        return False
    return any(word in name for word in (*words, *processwide.RESTORERS))


def is_guarded(change: Change, guard: Guard) -> bool:
    """Whether a guard covers a change."""
    if not _fits(change.write.key, guard.key):
        return False
    if change.is_process:
        found = processwide.find_call(guard.text) or processwide.find_target(guard.text)
        return found == change.path
    return _overlaps(change.path, guard.text) or _overlaps(
        change.path.removeprefix("fixture "), guard.text
    )


def is_same(change: Change, other: Change) -> bool:
    """Whether two changes are of the same thing."""
    if change.is_process or other.is_process:
        return change.path == other.path and _fits(change.write.key, other.write.key)
    return _overlaps(change.path, other.path)


def _fits(key: object, other: object) -> bool:
    return key is None or other is None or key == other


def _overlaps(path: str, other: str) -> bool:
    """Whether one chain leads to what the other one is part of."""
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")
