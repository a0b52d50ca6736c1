"""The project's own objects as a resource: module globals, classes, defaults, caches, fixtures.

They are watched on demand.  `graph` walks them, `habits` tells which changes their own code makes
for whoever comes first.
"""

import gc
import os
import re
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from .graph import Walk, walk_modules
from .habits import is_cache_name, is_counter_name, is_pure, read_habits
from .resource import ABSENT, Change, Plain, Scene, render

FOREIGN: Final = frozenset({"site-packages", "dist-packages", ".venv", "venv", ".tox", ".nox"})
"""Directories below which nothing is the project's own."""

EMPTY: Final = ("NoneType", None)


class Objects(Plain):
    """Everything that hangs on the project's modules, and on the values of wide fixtures."""

    name = "objects"
    tier = 2

    def __init__(self, root: Path, extra: frozenset[str], own_package: str) -> None:
        """Watch the modules below `root`, those of `extra` top-level packages, but not our own."""
        self._root = root
        self._extra = extra
        self._own_package = own_package
        self._below: dict[str, bool] = {}
        self.fixtures: dict[str, object] = {}
        """Values of the wide fixtures that are set up, by name."""

    def is_own(self, name: str) -> bool:
        """Tell whether a module is the project's, and no module of tests."""
        module = sys.modules.get(name)
        if name.rpartition(".")[2].startswith(("test_", "conftest")) or module is None:
            return False
        return name.partition(".")[0] in self._extra or self._is_below_root(module)

    def read(self) -> object:
        """Walk all of it."""
        modules = dict(self._find_modules())
        packages = frozenset(name.partition(".")[0] for name in modules)
        tokens: dict[str, object] = dict(walk_modules(modules, packages))
        for name, value in list(self.fixtures.items()):
            walk = Walk(packages)
            walk.add(f"fixture {name}", value)
            tokens.update(walk.tokens)
        return tokens

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return tokens by path."""
        assert isinstance(state, dict)
        return state

    def settle(self, state: object, expected: Mapping[str, object]) -> object:
        """Let the collector take the classes that a test has defined."""
        assert isinstance(state, dict)
        paths = (path for path in state if path.endswith(".__subclasses__()"))
        if any(state[path] != expected.get(path) for path in paths):
            gc.collect()
            return self.read()
        return state

    def select(self, changes: list[Change], scene: Scene) -> list[Change]:
        """Leave out what is lawful, and what follows from another change.

        That is a number of entries, and what hangs on an object that is new or was filled in.
        """
        lasting = [change for change in changes if not self.is_lawful(change, scene)]
        sizes = {change.key for change in lasting if _is_size(change)}
        others = {change.key for change in changes if not _is_size(change)}
        filled = {parent for change in lasting for parent in _find_parents(change.key)}
        return [
            change
            for change in lasting
            if not (change.key in sizes and change.key in filled)
            and not others.intersection(_find_parents(change.key))
        ]

    def classify(self, change: Change) -> str:
        """Return the kind of object that changed."""
        if change.key.startswith("fixture "):
            return "fixtures"
        if change.key.endswith(".cache_info()"):
            return "caches"
        return "contextvars" if ".get()" in change.key else "objects"

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether the project's own code fills in, counts or keeps it for whoever is first."""
        module, name = self._split(change.key)
        if module is None:
            return _is_ended_fixture(change) or self._is_lazy(change, "", name)
        return (
            module in scene.imported
            or _is_made_by_asking(change, module)
            or (change.key in scene.credited and _is_of_test_class(change, module))
            or self._is_lazy(change, module, name)
            or _is_counted(change, module, name)
            or _is_less(change)
            or self._is_pure_result(change, module)
            or self._is_filled_cache(change)
        )

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the access path and both values."""
        return change.key, _render_token(change.before), _render_token(change.after)

    def advise(self, change: Change) -> str:
        """Return what helps against this kind of change."""
        kind = self.classify(change)
        if kind == "fixtures":
            return "hand out a copy, or narrow the fixture's scope to function"
        if kind == "caches":
            return f"call {change.key.removesuffix('.cache_info()')}.cache_clear() in a fixture"
        if kind == "contextvars":
            return "keep the token that set() returns, and reset() it in a finally"
        return "change it with monkeypatch.setattr or setitem, or put it back in a fixture"

    def _find_modules(self) -> Iterator[tuple[str, types.ModuleType]]:
        for name, module in sys.modules.copy().items():
            if name == "__main__" or not hasattr(module, "__dict__"):
                continue
            if name == self._own_package or name.startswith(f"{self._own_package}."):
                continue
            if name.partition(".")[0] in self._extra or self._is_below_root(module):
                yield name, module

    def _is_below_root(self, module: object) -> bool:
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            return False
        # Kept: it is asked of every module after each import of a test module.
        if file not in self._below:
            self._below[file] = _is_own_file(file, str(self._root))
        return self._below[file]

    def _split(self, path: str) -> tuple[str | None, str]:
        """Return the module of a path, if it is of one, and the last name in the path."""
        name = re.split(r"[.\[]", re.sub(r"\[[^]]*\]", "", path).removesuffix("()"))[-1]
        module = path
        while "." in module:
            module = module.rpartition(".")[0]
            if module in sys.modules:
                return module, name
        return None, name

    def _is_lazy(self, change: Change, module: str, name: str) -> bool:
        """Tell whether code that finds it empty fills it in; of a fixture's value, any code."""
        if change.before != EMPTY:
            return False
        modules = [module] if module else [known for known, _ in self._find_modules()]
        return any(name in read_habits(known).lazy for known in modules)

    def _is_pure_result(self, change: Change, module: str) -> bool:
        """Tell whether a function keeps more results of its arguments alone, or fewer of any."""
        path = change.key.removesuffix(".cache_info()")
        if path == change.key:
            return False
        if _as_number(change.after) <= _as_number(change.before):
            return True
        value: object = sys.modules.get(module)
        for name in path[len(module) + 1 :].split("."):
            value = getattr(value, name, None)
        return is_pure(getattr(value, "__wrapped__", None))

    def _is_filled_cache(self, change: Change) -> bool:
        """Tell whether an entry came into a mapping that keeps the results of a pure function."""
        container = change.key.rpartition("[")[0] if change.key.endswith("]") else change.key
        module, name = self._split(container)
        if module is None or not is_cache_name(name):
            return False
        is_new = change.before is ABSENT
        grows = _as_number(change.after) >= _as_number(change.before) >= 0
        if not (is_new or grows) or name not in read_habits(module).cached:
            return False
        functions = vars(sys.modules[module]).values()
        users = [
            one
            for one in functions
            if isinstance(one, types.FunctionType) and name in one.__code__.co_names
        ]
        return all(is_pure(one, depth=0) for one in users)


def _is_own_file(file: str, root: str) -> bool:
    """Tell whether a file lies below the root, and not with what is installed there.

    Not by `Path`, which takes 20 times as long, for a thousand modules and more.
    """
    path = os.path.normcase(os.path.normpath(file))
    above = os.path.normcase(os.path.join(root, ""))  # noqa: PTH118  see above
    parts = path[len(above) :].split(os.sep)  # noqa: PTH206  see above
    return path.startswith(above) and FOREIGN.isdisjoint(parts)


def _is_ended_fixture(change: Change) -> bool:
    return change.key.startswith("fixture ") and change.after is ABSENT


def _is_made_by_asking(change: Change, module: str) -> bool:
    """Tell whether a submodule was imported, or a module makes its attributes (PEP 562)."""
    kind = change.after[0] if isinstance(change.after, tuple) else ""
    is_top = change.key.count(".") == module.count(".") + 1
    is_made = kind == "module" or (is_top and read_habits(module).has_getattr)
    return change.before is ABSENT and is_made


def _is_of_test_class(change: Change, module: str) -> bool:
    """Tell whether the set-up of a test class gave it an attribute, which it does for each run."""
    owner = getattr(sys.modules[module], change.key[len(module) + 1 :].partition(".")[0], None)
    unittest: Any = sys.modules.get("unittest")  # Any: no import for the sake of looking.
    is_case = (
        unittest is not None and isinstance(owner, type) and issubclass(owner, unittest.TestCase)
    )
    is_collected = isinstance(owner, type) and owner.__name__.startswith("Test")
    return change.before is ABSENT and (is_case or is_collected)


def _is_less(change: Change) -> bool:
    """Tell whether subclasses have gone, as they do when the collector comes by."""
    if not change.key.endswith(".__subclasses__()") or change.before is ABSENT:
        return False
    before, after = (set(_get_names(token)) for token in (change.before, change.after))
    return after < before


def _get_names(token: object) -> tuple[str, ...]:
    return token[1] if isinstance(token, tuple) else ()


def _is_counted(change: Change, module: str, name: str) -> bool:
    grows = _as_number(change.after) > _as_number(change.before) >= 0
    return grows and name in read_habits(module).counted and is_counter_name(name)


def _find_parents(path: str) -> Iterator[str]:
    for match in re.finditer(r"[.\[]", path):
        yield path[: match.start()]


def _is_size(change: Change) -> bool:
    """Tell whether only the number of a container's entries changed."""
    before, after = change.before, change.after
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        return False
    return before[0] == after[0] and before[0] in (
        "dict",
        "list",
        "OrderedDict",
        "defaultdict",
        "deque",
    )


def _as_number(token: object) -> float:
    value = token[1] if isinstance(token, tuple) and len(token) == 2 else None  # noqa: PLR2004  a pair
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _render_token(token: object) -> str:
    if not isinstance(token, tuple):
        return render(token)
    kind, value = token
    if kind in ("dict", "list", "OrderedDict", "defaultdict", "deque", "tuple"):
        return f"{kind} of {value}"
    if kind in ("set", "frozenset"):
        return f"{kind} of {', '.join(value[0])}" if value[0] else f"an empty {kind}"
    if kind == "cache":
        return f"{value} results kept"
    if kind in ("int", "str", "bool", "bytes", "NoneType", "float", "complex"):
        return render(value)
    return f"<{kind}>" if isinstance(value, int) or not value else f"<{kind} {render(value)}>"
