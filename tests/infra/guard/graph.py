"""Walks the objects that a project keeps, and gives each value a path and a token.

Pure apart from reading: it calls no method of the objects that it meets, imports nothing, and
keeps none of them alive.  Mappings are copied before they are gone through: the collector may run
in between, and take entries away.  Which changes matter is decided in `objects`.
"""

import functools
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

MOST_DEPTH: Final = 8
MOST_ENTRIES: Final = 300
"""Entries of one container that are looked at; of the rest the number counts."""
MOST_NODES: Final = 20_000
"""Values of one module that are looked at."""
LONG: Final = 200
"""Characters from which a text is told by its hash."""

SCALARS: Final = (type(None), bool, int, float, complex, str, bytes)
MAPPINGS: Final = (dict, OrderedDict, defaultdict, types.MappingProxyType)
SEQUENCES: Final = (list, tuple, deque)
SETS: Final = (set, frozenset)
CACHE: Final = functools._lru_cache_wrapper  # noqa: SLF001  the only name of the type

TOOLS: Final = ("__", "_hypothesis_")
"""How attributes begin that tools put on functions."""

IGNORED_NAMES: Final = frozenset({"pytestmark", "pytest_plugins"})

Token = tuple[str, object]


@dataclass(slots=True)
class Walk:
    """One walk: what was found so far."""

    packages: frozenset[str]
    """Top-level names of the modules whose classes and functions are the project's own."""
    tokens: dict[str, Token] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def add(self, path: str, value: object, depth: int = 0) -> None:
        """Add a value and what hangs on it."""
        if len(self.tokens) >= MOST_NODES:
            return
        if isinstance(value, SCALARS):
            self.tokens[path] = (type(value).__name__, _shorten(value))
            return
        if id(value) in self._seen or depth > MOST_DEPTH:
            # A reference to what has a path already, or lies too deep.
            self.tokens.setdefault(path, (type(value).__name__, "elsewhere"))
            return
        self._seen.add(id(value))
        self._add_object(path, value, depth)

    def _add_object(self, path: str, value: object, depth: int) -> None:
        kind = type(value)
        if isinstance(value, MAPPINGS) and kind in MAPPINGS:
            self._add_mapping(path, value, depth)
        elif isinstance(value, SEQUENCES) and (kind in SEQUENCES or hasattr(value, "_fields")):
            self._add_sequence(path, value, depth)
        elif isinstance(value, SETS) and kind in SETS:
            self.tokens[path] = (kind.__name__, _hash_members(value))
        elif isinstance(value, CACHE):
            self._add_cache(path, value, depth)
        elif isinstance(value, ContextVar):
            self.add(f"{path}.get()", value.get(None), depth + 1)
        elif isinstance(value, (staticmethod, classmethod)):
            self.add(path, value.__func__, depth)
        elif isinstance(value, types.FunctionType):
            self._add_function(path, value, depth)
        elif isinstance(value, type):
            self._add_class(path, value, depth)
        elif self.is_own(kind):
            self._add_instance(path, value, depth)
        else:
            # Its own business; only another object in its place is noticed.
            self.tokens[path] = (kind.__name__, id(value))

    def is_own(self, kind: type) -> bool:
        """Tell whether the project has defined a class, or it is a bare namespace."""
        top = str(getattr(kind, "__module__", "")).partition(".")[0]
        return top in self.packages or kind is types.SimpleNamespace

    def _add_mapping(self, path: str, value: Mapping[Any, object], depth: int) -> None:
        self.tokens[path] = (type(value).__name__, len(value))
        for key, one in list(dict(value).items())[:MOST_ENTRIES]:
            self.add(f"{path}[{_render_key(key)}]", one, depth + 1)

    def _add_sequence(self, path: str, value: Sequence[object], depth: int) -> None:
        self.tokens[path] = (type(value).__name__, len(value))
        for index, one in enumerate(list(value)[:MOST_ENTRIES]):
            self.add(f"{path}[{index}]", one, depth + 1)

    def _add_cache(self, path: str, value: "functools._lru_cache_wrapper[Any]", depth: int) -> None:
        self.tokens[f"{path}.cache_info()"] = ("cache", value.cache_info().currsize)
        wrapped: object = value.__wrapped__
        if isinstance(wrapped, types.FunctionType):
            self._add_function(path, wrapped, depth)

    def _add_function(self, path: str, value: types.FunctionType, depth: int) -> None:
        if str(value.__module__).partition(".")[0] not in self.packages:
            self.tokens[path] = ("function", id(value))
            return
        self.tokens[path] = ("function", value.__qualname__)
        if value.__defaults__:
            self.add(f"{path}.__defaults__", value.__defaults__, depth + 1)
        if value.__kwdefaults__:
            self.add(f"{path}.__kwdefaults__", value.__kwdefaults__, depth + 1)
        for name, one in dict(vars(value)).items():
            if not name.startswith(TOOLS) and name not in IGNORED_NAMES:
                self.add(f"{path}.{name}", one, depth + 1)
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            try:
                held = cell.cell_contents
            except ValueError:  # Not filled yet.
                continue
            if not callable(held) or isinstance(held, types.FunctionType | CACHE):
                self.add(f"{path}.<{name}>", held, depth + 1)

    def _add_class(self, path: str, value: type, depth: int) -> None:
        if not self.is_own(value):
            self.tokens[path] = ("class", id(value))
            return
        self.tokens[path] = ("class", value.__qualname__)
        known: list[type] = type.__subclasses__(value)
        subclasses = sorted(one.__qualname__ for one in known)
        if subclasses:
            self.tokens[f"{path}.__subclasses__()"] = ("classes", tuple(subclasses))
        for name, one in dict(vars(value)).items():
            if not _is_dunder(name) and name not in IGNORED_NAMES and not name.startswith("_abc_"):
                self.add(f"{path}.{name}", one, depth + 1)

    def _add_instance(self, path: str, value: object, depth: int) -> None:
        self.tokens[path] = (type(value).__name__, "")
        for name, one in _read_attributes(value):
            self.add(f"{path}.{name}", one, depth + 1)


def walk_modules(
    modules: Mapping[str, types.ModuleType], packages: frozenset[str]
) -> dict[str, Token]:
    """Give each value that hangs on the modules its path and its token."""
    tokens: dict[str, Token] = {}
    seen: set[int] = set()
    for name in sorted(modules):
        walk = Walk(packages, _seen=seen)
        for key, value in dict(vars(modules[name])).items():
            if _is_dunder(key) or key.startswith("@") or key in IGNORED_NAMES:
                continue
            if isinstance(value, types.ModuleType):
                walk.tokens[f"{name}.{key}"] = ("module", id(value))
                continue
            if _is_imported(value, name):
                walk.tokens[f"{name}.{key}"] = ("import", id(value))
                continue
            walk.add(f"{name}.{key}", value)
        tokens.update(walk.tokens)
    return tokens


def _is_imported(value: object, module: str) -> bool:
    """Tell whether a module has only imported a class or function from elsewhere."""
    is_definition = isinstance(value, (type, types.FunctionType, CACHE))
    return is_definition and str(getattr(value, "__module__", None)) != module


def _read_attributes(value: object) -> Iterator[tuple[str, object]]:
    """Yield an instance's attributes, without what `cached_property` has filled in."""
    found = getattr(value, "__dict__", None)
    if isinstance(found, dict):
        for name, one in dict(found).items():
            if not isinstance(getattr(type(value), str(name), None), functools.cached_property):
                yield name, one
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            if not _is_dunder(name):
                # The slot itself, past any __getattr__.
                slot = kind.__dict__.get(name)
                if isinstance(slot, types.MemberDescriptorType):
                    try:
                        yield name, slot.__get__(value, kind)
                    except AttributeError:
                        continue


def _render_key(key: object) -> str:
    if isinstance(key, SCALARS):
        text = repr(key)
        return text if len(text) <= LONG else f"{text[:LONG]}…"
    if isinstance(key, tuple) and all(isinstance(one, SCALARS) for one in key):
        return repr(key)
    return f"<{getattr(key, '__qualname__', type(key).__name__)}>"


def _hash_members(members: Collection[object]) -> object:
    """Return the members in a stable order, without calling anything of theirs."""
    return tuple(sorted(_render_key(member) for member in list(members)[:MOST_ENTRIES])), len(
        members
    )


def _shorten(value: object) -> object:
    if isinstance(value, (str, bytes)) and len(value) > LONG:
        return (value[:LONG], len(value), hash(value))
    # Texts of floats: NaN differs from itself.
    return repr(value) if isinstance(value, (float, complex)) else value


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
