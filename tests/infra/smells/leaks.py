"""Changes of shared state that nothing takes back: rules PTI1xx, PTI2xx and PTI301."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from . import processwide
from .changes import Change, Form
from .effects import Called
from .modules import Fixture, Module
from .project import Project, find_tests, get_nodeid
from .scopes import Kind, Scope
from .sightings import Sighting
from .undoing import Judge

EXPECTING: Final = ("raises", "assertRaises", "assertRaisesRegex")
REPORTED: Final = (Kind.IMPORT, Kind.TEST, Kind.FIXTURE, Kind.SETUP, Kind.WIDE_SETUP)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule looks at: one function of one file, among all files."""

    project: Project
    module: Module
    scope: Scope
    judge: Judge

    @property
    def names(self) -> Mapping[str, str]:
        """What names stand for in the function."""
        return self.judge.find_effects(self.module, self.scope).names

    @property
    def calls(self) -> Sequence[Called]:
        """All calls of the function."""
        return self.judge.find_effects(self.module, self.scope).calls

    def find_fixture(self) -> Fixture | None:
        """Return the fixture that the function is, if it is one."""
        return next((f for f in self.module.fixtures if f.scope is self.scope), None)


def find_leaks(context: Context) -> Iterator[Sighting]:
    """Find what one function leaves behind."""
    module, scope = context.module, context.scope
    if scope.kind not in REPORTED or (scope.kind is Kind.IMPORT and not module.is_test_file):
        return
    seen = set()
    for change in context.judge.find_effects(module, scope).changes:
        what = (change.rule_id, change.path, change.write.key)
        if what in seen or not _is_meant(change, context):
            continue
        if not context.judge.is_undone(change, module, scope):
            seen.add(what)
            yield Sighting(change.rule_id, change.write.node, _describe(change, context))


def _is_meant(change: Change, context: Context) -> bool:
    """Whether a change of this kind, made here, hurts at all."""
    is_sure = change.is_certain and not change.write.method.startswith("remove")
    if not is_sure or is_refused(change.write.spot.place.contexts):
        return False
    if change.is_process:
        return _runs_here(change, context) and _is_process_change_meant(change, context)
    return _is_state_change_meant(change, context.scope.kind)


def _runs_here(change: Change, context: Context) -> bool:
    """Whether the change happens in this process, as far as can be seen.

    A nested function or lambda that the test doesn't call itself runs in a child, or never.
    """
    nested = change.write.spot.place.nested
    if nested and nested not in _find_called(context.scope):
        return False
    return not {"fork", "_exit"} & context.scope.attributes


def _is_process_change_meant(change: Change, context: Context) -> bool:
    if change.rule_id == processwide.WARNINGS:
        # pytest itself takes filters back after each test, and after collection.
        return _is_wide(context)
    return not (_is_configuration(context) or _is_usual(change, context))


def _is_state_change_meant(change: Change, kind: Kind) -> bool:
    if kind is Kind.IMPORT or change.write.is_reset or change.write.form == Form.DELETE:
        return False
    if kind in (Kind.WIDE_SETUP, Kind.SETUP):
        return change.rule_id in ("PTI204", "PTI301")
    if kind is Kind.FIXTURE and change.rule_id in ("PTI202", "PTI203"):
        # A fixture that gives a class or module its attribute does so for each test anew.
        return change.write.method != "" or change.write.key is not None
    return True


def _is_usual(change: Change, context: Context) -> bool:
    """Whether it is what test code does without harm."""
    if change.path == processwide.LOOP:
        # The loop of an asynchronous test, or of a fixture, is closed and unset by its plugin.
        names = [name for name, _ in context.project.find_closure(context.module, context.scope)]
        call = change.write.node
        is_unset = isinstance(call, ast.Call) and any(
            isinstance(argument, ast.Constant) and argument.value is None for argument in call.args
        )
        is_async = isinstance(context.scope.node, ast.AsyncFunctionDef)
        return is_unset or is_async or any("loop" in name for name in names)
    if change.path == processwide.MODULES and change.write.key is None:
        # What is taken out by a computed name was put there before.
        return change.write.form == Form.DELETE or change.write.method == "pop"
    return False


def is_refused(contexts: Sequence[ast.expr]) -> bool:
    """Whether what stands below these contexts is expected to fail, and so changes nothing."""
    return any(
        isinstance(context, ast.Call)
        and getattr(context.func, "attr", getattr(context.func, "id", "")) in EXPECTING
        for context in contexts
    )


def _find_called(scope: Scope) -> set[str]:
    return {
        spot.node.func.id
        for spot in scope.spots
        if isinstance(spot.node, ast.Call) and isinstance(spot.node.func, ast.Name)
    }


def _is_wide(context: Context) -> bool:
    if context.scope.kind is Kind.WIDE_SETUP:
        return True
    fixture = context.find_fixture()
    return fixture is not None and fixture.width != "function"


def _is_configuration(context: Context) -> bool:
    """Whether it holds for all tests from the first one on, on each worker."""
    fixture = context.find_fixture()
    return (
        fixture is not None
        and fixture.is_autouse
        and fixture.width == "session"
        and context.module.is_conftest
    )


def _describe(change: Change, context: Context) -> str:
    kind = context.scope.kind
    where = {
        Kind.IMPORT: "when the module is imported",
        Kind.TEST: "in a test",
        Kind.SETUP: f"in {context.scope.name}",
        Kind.WIDE_SETUP: f"in {context.scope.name}",
    }.get(kind, "")
    if (fixture := context.find_fixture()) is not None:
        width = "" if fixture.width == "function" else f" of {fixture.width} scope"
        where = f"in fixture {fixture.name}{width}"
    what = change.shown
    if change.path.startswith("fixture "):
        what = f"{what}, part of a wide fixture's value,"
    return f"{what} is {change.write.form} {where} and not taken back"


def find_concerned(context: Context) -> tuple[str, ...]:
    """Find the tests that what a function does concerns."""
    module, scope = context.module, context.scope
    if scope.kind is Kind.TEST:
        return (get_nodeid(module, scope),)
    if (fixture := context.find_fixture()) is not None:
        for declared in context.project.fixtures[fixture.name]:
            if declared.fixture is fixture:
                return tuple(context.project.find_users(declared))
    return tuple(find_tests(module, scope.owner))
