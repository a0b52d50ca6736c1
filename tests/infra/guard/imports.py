"""Resources of the import system, and of the functions that tests like to replace."""

import builtins
import sys
import weakref
from collections.abc import Callable, Mapping
from operator import itemgetter
from types import ModuleType
from typing import Any, Final

from .resource import ABSENT, Change, Plain, Scene, render

FUNCTIONS: Final[Mapping[str, str]] = {
    "time": "time sleep monotonic perf_counter",
    "datetime": "datetime date",
    "random": "random randint choice shuffle",
    "os": "environ getcwd listdir remove getenv getpid system stat",
    "os.path": "exists isfile isdir expanduser",
    "pathlib": "Path PurePath",
    "socket": "socket getaddrinfo create_connection gethostname",
    "subprocess": "Popen run check_output call",
    "shutil": "rmtree which",
    "tempfile": "mkdtemp gettempdir",
    "uuid": "uuid1 uuid4",
    "json": "dumps loads",
    "urllib.request": "urlopen Request",
    "threading": "Thread Timer",
    "asyncio": "sleep run",
    "logging": "getLogger basicConfig",
    "platform": "system node",
}
"""Standard functions that tests like to replace, by module."""

MORE_FUNCTIONS: Final[Mapping[str, str]] = {
    "time": "time_ns localtime gmtime strftime process_time",
    "random": "choices sample uniform seed randrange getrandbits Random",
    "os": "open scandir walk rename mkdir makedirs urandom kill cpu_count path",
    "os.path": "join abspath getsize",
    "io": "open StringIO BytesIO",
    "socket": "gethostbyname create_server",
    "subprocess": "check_call getoutput",
    "shutil": "copy copyfile copytree move",
    "tempfile": "mkstemp NamedTemporaryFile TemporaryDirectory",
    "json": "dump load",
    "http.client": "HTTPConnection HTTPSConnection",
    "ssl": "create_default_context SSLContext",
    "threading": "Lock RLock Event current_thread",
    "asyncio": "gather wait_for create_task get_event_loop",
    "secrets": "token_hex token_bytes token_urlsafe choice",
    "smtplib": "SMTP SMTP_SSL",
    "getpass": "getpass getuser",
    "platform": "machine python_version",
    "importlib": "import_module reload",
    "sys": "exit platform version_info getsizeof modules path",
}
"""Those that they replace now and then: for the second tier, as each costs a cache miss or two."""

BUILTINS: Final = ("open", "print", "input", "__import__", "exec", "eval", "id", "hash")
"""Builtins that tests like to replace; of the others, the second tier tells."""

DISPLAYED: Final = "_"
"""What the interpreter's display hook puts into builtins, in doctests, for one."""


class ImportPath(Plain):
    """Where modules are looked for, and by whom."""

    name = "sys.path"
    remedy = "use monkeypatch.syspath_prepend, or put it back in a finally"
    LISTS: Final = ("path", "meta_path", "path_hooks")

    def __init__(self) -> None:
        self._lists = {name: getattr(sys, name) for name in self.LISTS}

    def read(self) -> object:
        """Copy the three lists."""
        return (tuple(sys.path), tuple(sys.meta_path), tuple(sys.path_hooks))

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the lists under their names."""
        assert isinstance(state, tuple)
        return dict(zip(self.LISTS, state, strict=True))

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a library that was just imported added its own finder."""
        if change.key == "path" or not scene.imported:
            return False
        before, after = _as_tuples(change)
        return all(any(entry is one for one in after) for entry in before)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return which entries came and went."""
        before, after = _as_tuples(change)
        gone = [entry for entry in before if entry not in after]
        come = [entry for entry in after if entry not in before]
        if not gone and not come:
            return f"sys.{change.key}", render(before), render(after)
        return f"sys.{change.key}", f"{len(before)} entries", _render_moves(come, gone)

    def restore(self, change: Change) -> bool:
        """Put back the list and what was in it."""
        before, _ = _as_tuples(change)
        original = self._lists[change.key]
        original[:] = before
        setattr(sys, change.key, original)
        return True


class Modules(Plain):
    """Modules that were replaced, removed or planted; a first import is no change.

    Looking at all of them costs a cache miss or two for each, so as long as their number stays,
    only those are looked at that tests replace: `is_own` modules, top-level ones of libraries, and
    of the standard library those in the table above.
    """

    name = "sys.modules"
    remedy = "use monkeypatch.setitem(sys.modules, ...) or mock.patch.dict(sys.modules, ...)"

    def __init__(self, is_own: Callable[[str], bool] = lambda _: True) -> None:
        self._is_own = is_own
        self._last: dict[str, Any] = {}  # Any: anything can lie in sys.modules.
        # Any: a getter of many items returns a tuple of them.
        self._get: Callable[[Any], Any] = len
        self._watched: object = None
        self._verdicts: dict[str, bool] = {}

    def read(self) -> object:
        """Return the last copy where nothing has changed."""
        if len(sys.modules) == len(self._last):
            try:
                if self._get(sys.modules) == self._watched:
                    return self._last
            except Exception:  # noqa: BLE001, S110  one has gone, or can't be compared
                pass
        last, self._last = self._last, sys.modules.copy()
        # Only what is new is judged: a collection of many files comes by for each of them.
        for name, module in self._last.items():
            if last.get(name, ABSENT) is not module:
                self._verdicts[name] = self._is_worth_watching(name)
        self._get = itemgetter(*(name for name in self._last if self._verdicts[name]))
        self._watched = self._get(self._last)
        return self._last

    def _is_worth_watching(self, name: str) -> bool:
        if "." in name or name in sys.stdlib_module_names:
            return name in FUNCTIONS or self._is_own(name)
        return not name.startswith("_")

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a module was imported for the first time, given a second name, or died.

        One that says nothing of its origin may still come from an extension module.
        """
        if change.before is not ABSENT:
            return type(change.before) in weakref.ProxyTypes
        if _is_real(change.after) or _is_alias(change):
            return True
        others = (sys.modules.get(name) for name in scene.imported - {change.key})
        return isinstance(change.after, ModuleType) and any(map(_is_real, others))

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression and the two modules."""
        return f"sys.modules[{change.key!r}]", render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Put the module back, or take the planted one away."""
        if change.before is ABSENT:
            sys.modules.pop(change.key, None)
        else:
            sys.modules[change.key] = change.before  # type: ignore[assignment]  # whatever it was
        return True


class Builtins(Plain):
    """The names that every module sees: some of them, or all in the second tier."""

    name = "builtins"
    remedy = "replace it with monkeypatch.setattr or mock.patch, which undo it"

    def __init__(self, *, is_whole: bool = False) -> None:
        self.tier = 2 if is_whole else 1
        self._last: dict[str, object] = {}
        # Any: a getter of many items returns a tuple of them.
        self._get: Callable[[Any], Any] = itemgetter(*BUILTINS)
        self._watched: object = None

    def read(self) -> object:
        """Return the last copy where nothing has changed."""
        known = vars(builtins)
        if self.tier == 1 and len(known) == len(self._last):
            if self._get(known) == self._watched:
                return self._last
        elif known == self._last:
            return self._last
        self._last = known.copy()
        self._watched = self._get(known)
        return self._last

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether it is what the interpreter displayed last."""
        return change.key == DISPLAYED

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression and the two values."""
        return f"builtins.{change.key}", render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Assign or delete it."""
        if change.before is ABSENT:
            delattr(builtins, change.key)
        else:
            setattr(builtins, change.key, change.before)
        return True


class Functions(Plain):
    """Functions and classes of the standard library, by identity."""

    name = "stdlib"
    remedy = "replace it with monkeypatch.setattr or mock.patch, which undo it"

    def __init__(self, table: Mapping[str, str] = FUNCTIONS, *, tier: int = 1) -> None:
        self._table = table
        self.tier = tier
        # Any: functions and classes of all kinds, and the namespaces that they are read from.
        self._getters: tuple[tuple[Callable[[Any], Any], Any], ...] = ()
        self._names: tuple[str, ...] = ()
        self._module_count = 0

    def read(self) -> object:
        """Return the objects, of those modules that are there, and their names."""
        if len(sys.modules) != self._module_count:
            self._find()
        try:
            return (self._names, [getter(space) for getter, space in self._getters])
        except KeyError:  # A test has deleted one.
            self._find()
            return (self._names, [getter(space) for getter, space in self._getters])

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the objects under their dotted names."""
        assert isinstance(state, tuple)
        names, values = state
        return dict(zip(names, (one for some in values for one in some), strict=True))

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether its module was imported just now."""
        return change.before is ABSENT

    def restore(self, change: Change) -> bool:
        """Assign it."""
        module, _, name = change.key.rpartition(".")
        setattr(sys.modules[module], name, change.before)
        return True

    def _find(self) -> None:
        """Look which modules and names are there; at least two of each, so that a tuple comes."""
        self._module_count = len(sys.modules)
        found = []
        names: list[str] = []
        for module_name, wanted in self._table.items():
            module = sys.modules.get(module_name)
            if not isinstance(module, ModuleType):
                continue
            # Half the cost of asking the module, which asks its class first.
            space = vars(module)
            here = [name for name in wanted.split() if name in space]
            if len(here) > 1:
                found.append((itemgetter(*here), space))
                names += [f"{module_name}.{name}" for name in here]
        self._getters, self._names = tuple(found), tuple(names)


def _is_real(module: object) -> bool:
    """Tell whether the import system has made a module, or one that goes with its owner."""
    if type(module) in weakref.ProxyTypes:
        return True
    if not isinstance(module, ModuleType):
        return hasattr(module, "__spec__") and type(module).__module__ != "unittest.mock"
    return bool(getattr(module, "__spec__", None) or getattr(module, "__file__", None))


def _is_alias(change: Change) -> bool:
    return any(
        module is change.after for name, module in sys.modules.copy().items() if name != change.key
    )


def _as_tuples(change: Change) -> tuple[tuple[object, ...], tuple[object, ...]]:
    before, after = change.before, change.after
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    return before, after


def _render_moves(come: list[object], gone: list[object]) -> str:
    parts = [f"with {', '.join(map(render, come))}"] if come else []
    parts += [f"without {', '.join(map(render, gone))}"] if gone else []
    return ", ".join(parts)
