"""Whether a change is taken back: where it stands, or by what stands around it.

That is a fixture, a teardown, a context or a decorator.
"""

import ast
from collections.abc import Iterator, Mapping

from . import processwide
from .chains import resolve
from .changes import Change
from .effects import Effects, is_guarded, is_named_after, is_same, read_effects
from .guards import is_patch, read_guards
from .modules import Module
from .project import Declared, Project
from .scopes import ClassScope, Kind, Scope

_SETUPS = (Kind.SETUP, Kind.WIDE_SETUP, Kind.TEARDOWN, Kind.WIDE_TEARDOWN)


class Judge:
    """Finds the changes that nothing takes back."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._effects: dict[int, Effects] = {}

    def find_effects(self, module: Module, scope: Scope) -> Effects:
        """Read a function once."""
        key = id(scope)
        if key not in self._effects:
            self._effects[key] = read_effects(self._project, module, scope)
        return self._effects[key]

    def is_undone(self, change: Change, module: Module, scope: Scope) -> bool:
        """Whether anything takes a change back."""
        effects = self.find_effects(module, scope)
        place = change.write.spot.place
        if effects.is_undo(change) or effects.takes_back(change) or effects.pairs(change):
            return True
        if any(is_restoring_context(context, change, module.names) for context in place.contexts):
            return True
        if scope.kind is Kind.IMPORT:
            return any(
                self.find_effects(module, other).takes_back(change)
                or (other.kind is Kind.WIDE_TEARDOWN and self._changes_same(module, other, change))
                for other in module.scopes[1:]
                if other.kind in (Kind.FIXTURE, Kind.WIDE_TEARDOWN) and other.owner is None
            )
        return self._is_undone_around(change, module, scope)

    def _is_undone_around(self, change: Change, module: Module, scope: Scope) -> bool:
        fixtures = self._project.find_closure(module, scope)
        if any(self._is_undone_by(change, name, declared) for name, declared in fixtures):
            return True
        return any(
            self._is_undone_beside(change, other_module, other, scope)
            for other_module, other in self._find_neighbours(module, scope)
        )

    def _is_undone_by(self, change: Change, name: str, declared: Declared | None) -> bool:
        if declared is None:
            known = processwide.KNOWN_FIXTURES.get(name)
            if known is not None:
                return change.path in known
            return any(word in name.lower() for word in processwide.RESTORERS)
        effects = self.find_effects(declared.module, declared.fixture.scope)
        return effects.takes_back(change) or effects.resets(change)

    def _is_undone_beside(self, change: Change, module: Module, other: Scope, scope: Scope) -> bool:
        effects = self.find_effects(module, other)
        is_wide = scope.kind is Kind.WIDE_SETUP
        if other.kind is Kind.WIDE_TEARDOWN or (other.kind is Kind.TEARDOWN and not is_wide):
            return any(is_same(change, found) for found in effects.changes) or (
                effects.takes_back(change)
            )
        if other.kind is Kind.SETUP and not is_wide and other is not scope:
            return effects.takes_back(change) or effects.resets(change)
        return False

    def _find_neighbours(self, module: Module, scope: Scope) -> Iterator[tuple[Module, Scope]]:
        """Find the setups and teardowns around a function."""
        for other in module.scopes:
            if other.owner is None and other.kind in _SETUPS:
                yield module, other
        if scope.owner is not None:
            yield from self.find_class_scopes(module, scope.owner)

    def find_class_scopes(
        self, module: Module, owner: ClassScope
    ) -> Iterator[tuple[Module, Scope]]:
        """Find the setups and teardowns of a class, inherited ones too."""
        for base_module, base in self._project.find_bases(module, owner):
            for method in base.methods:
                if method.kind in _SETUPS:
                    yield base_module, method

    def _changes_same(self, module: Module, scope: Scope, change: Change) -> bool:
        return any(is_same(change, other) for other in self.find_effects(module, scope).changes)


def is_restoring_context(context: ast.expr, change: Change, names: Mapping[str, str]) -> bool:
    """Whether a `with` takes back the change below it."""
    called = context.func if isinstance(context, ast.Call) else context
    name = (resolve(called, names) or "").lower()
    if isinstance(context, ast.Call):
        if any(is_guarded(change, guard) for guard in read_guards(context, names)):
            return True
        if is_patch(name):
            return False
    return is_named_after(name, change.path)
