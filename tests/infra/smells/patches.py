"""Patches that are started and never stopped (PTI302), and setups without teardown (PTI303)."""

import ast
from collections.abc import Iterator
from typing import Final

from .chains import read_chain, resolve
from .guards import is_patch
from .leaks import REPORTED, Context
from .scopes import Kind, Scope
from .sightings import Sighting

OPENERS: Final = frozenset({
    "tempfile.mkdtemp", "tempfile.TemporaryDirectory", "tempfile.NamedTemporaryFile",
    "tempfile.mkstemp", "subprocess.Popen", "socket.socket", "sqlite3.connect", "open",
    "socket.create_server", "threading.Thread", "multiprocessing.Process",
    "http.server.HTTPServer", "socketserver.TCPServer",
})  # fmt: skip


def find_started_patches(context: Context) -> Iterator[Sighting]:
    """Find `patch(...).start()` whose patch nobody stops."""
    scope, names = context.scope, context.names
    if scope.kind not in REPORTED or "start" not in scope.attributes:
        return
    patchers = _find_patchers(context)
    for spot in scope.spots:
        node = spot.node
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr != "start" or node.args:
            continue
        receiver = node.func.value
        name = resolve(receiver, names) or ""
        is_inline = isinstance(receiver, ast.Call) and is_patch(resolve(receiver.func, names) or "")
        if (is_inline or name in patchers) and not _is_stopped(name, context, is_inline=is_inline):
            yield Sighting(
                "PTI302",
                node,
                f"a patch is started in {scope.name or 'the module'} and never stopped",
            )


def _find_patchers(context: Context) -> set[str]:
    """Find the names that a patch is kept under, here and in the class."""
    found: set[str] = set()
    for scope in _find_siblings(context):
        for spot in scope.spots:
            if not isinstance(spot.node, ast.Assign) or not isinstance(spot.node.value, ast.Call):
                continue
            if is_patch(resolve(spot.node.value.func, context.names) or ""):
                found.update(filter(None, (resolve(target, {}) for target in spot.node.targets)))
    return found


def _find_siblings(context: Context) -> list[Scope]:
    owner = context.scope.owner
    others = [] if owner is None else [m for m in owner.methods if m is not context.scope]
    return [context.scope, *others]


def _is_stopped(name: str, context: Context, *, is_inline: bool) -> bool:
    module, scope = context.module, context.scope
    around = [declared for _, declared in context.project.find_closure(module, scope) if declared]
    beside = [s for _, s in context.judge.find_class_scopes(module, scope.owner)] if (
        scope.owner is not None) else []  # fmt: skip
    beside += [s for s in module.scopes if s.owner is None and "stopall" in s.attributes]
    scopes = [*_find_siblings(context), *beside, *(d.fixture.scope for d in around)]
    if any({"stopall", "stop_all"} & other.attributes for other in scopes):
        return True
    return any(
        is_inline is False and _stops(other, name, context)
        for other in scopes
        if "stop" in other.attributes
    ) or (is_inline and "stop" in scope.attributes and _keeps(scope))


def _stops(scope: Scope, name: str, context: Context) -> bool:
    """Whether a function mentions the patcher's `stop`, by its name or as one of several."""
    stopped = {
        chain.render()
        for node in ast.walk(scope.node)
        if isinstance(node, ast.Attribute) and node.attr == "stop"
        and (chain := read_chain(node.value))
    }  # fmt: skip
    looped = {
        spot.node.target.id
        for spot in scope.spots
        if isinstance(spot.node, ast.For) and isinstance(spot.node.target, ast.Name)
    }
    other_names = {
        target
        for spot in context.scope.spots
        if isinstance(spot.node, ast.Assign) and resolve(spot.node.value, {}) == name
        for node in spot.node.targets
        if (target := resolve(node, {}))
    }
    return bool({name, *other_names, *looped} & stopped)


def _keeps(scope: Scope) -> bool:
    """Whether patches are kept in a list and stopped in a loop."""
    return any(isinstance(spot.node, ast.For) for spot in scope.spots)


def find_lonely_setups(context: Context) -> Iterator[Sighting]:
    """Find what a setup of a class or module opens where there is no teardown."""
    scope, module = context.scope, context.module
    if scope.kind is not Kind.WIDE_SETUP or _has_teardown(context):
        return
    for spot in scope.spots:
        node = spot.node
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        name = resolve(node.value.func, module.names) or ""
        is_kept = isinstance(node.targets[0], ast.Attribute) or (
            isinstance(node.targets[0], ast.Name) and node.targets[0].id in scope.globals
        )
        if name in OPENERS and is_kept and not spot.place.contexts:
            message = f"{scope.name} opens {name}(...), and no teardown closes it"
            yield Sighting("PTI303", node.value, message)


def _has_teardown(context: Context) -> bool:
    module, scope = context.module, context.scope
    if {"addClassCleanup", "addModuleCleanup", "enterClassContext"} & scope.attributes:
        return True
    if scope.owner is None:
        return any(other.kind is Kind.WIDE_TEARDOWN for other in module.scopes)
    return any(
        other.kind is Kind.WIDE_TEARDOWN
        for _, other in context.judge.find_class_scopes(module, scope.owner)
    )
