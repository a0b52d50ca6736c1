"""Resources of the process itself: variables, directory, umask, `sys`, collector, locale, zone."""

import contextlib
import functools
import gc
import locale
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from .resource import ABSENT, Change, Plain, Scene, is_secret, render

PYTEST_OWN: Final = "PYTEST_CURRENT_TEST"
"""Pytest sets it for each phase, and leaves it where a teardown fails."""

# Any: the table behind os.environ is CPython's own, and maps bytes (on Windows text) to the same.
TABLE: Final[Any] = getattr(os.environ, "_data", None)
OWN_KEY: Final[Any] = os.environ.encodekey(PYTEST_OWN) if hasattr(os.environ, "encodekey") else None


class Environ(Plain):
    """Environment variables, as Python sees them."""

    name = "environ"
    remedy = "set it with monkeypatch.setenv or monkeypatch.delenv, which undo it"

    def __init__(self) -> None:
        self._environ = os.environ
        self._last: object = None

    def read(self) -> object:
        """Copy the table behind os.environ if it differs: a hundred times as fast as through it."""
        if os.environ is not self._environ or TABLE is None:
            found = dict(os.environ)
            found.pop(PYTEST_OWN, None)
            return {**found, "os.environ": type(os.environ).__name__}
        if self._last == TABLE:
            return self._last
        table = TABLE.copy()
        table.pop(OWN_KEY, None)
        self._last = table
        return table

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return names and values as text."""
        assert isinstance(state, dict)
        if "os.environ" in state:
            return state
        return {_decode(name): _decode(value) for name, value in state.items()}

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression, and the values unless they look like secrets."""
        if change.key == "os.environ":
            return "os.environ", "os._Environ", str(change.after)
        hidden = is_secret(change.key)
        before, after = (
            "unset" if value is ABSENT else "***" if hidden else render(value)
            for value in (change.before, change.after)
        )
        return f"os.environ[{change.key!r}]", before, after

    def restore(self, change: Change) -> bool:
        """Set or delete it."""
        if os.environ is not self._environ:
            os.environ = self._environ  # noqa: B003  it is the object that a test replaced
        if change.key == "os.environ":
            return True
        if change.before is ABSENT:
            os.environ.pop(change.key, None)
        else:
            os.environ[change.key] = str(change.before)
        return True


class WorkingDirectory(Plain):
    """The current directory."""

    name = "cwd"
    remedy = "change it with monkeypatch.chdir or contextlib.chdir, which undo it"

    def read(self) -> object:
        """Return its path, or a note that it was removed."""
        try:
            return os.getcwd()  # noqa: PTH109  four times as fast as Path.cwd
        except OSError:
            return "a removed directory"

    def restore(self, change: Change) -> bool:
        """Go back, unless it is gone."""
        with contextlib.suppress(OSError):
            os.chdir(str(change.before))
            return True
        return False


class Umask(Plain):
    """The permissions that new files don't get."""

    name = "umask"
    remedy = "keep what os.umask returns, and set it again in a finally"

    def read(self) -> object:
        """Set the safest one for a moment: there is no other way to read it portably."""
        mask = os.umask(0o77)
        os.umask(mask)
        return mask

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return both in octal digits."""
        return "os.umask", f"{change.before:#o}", f"{change.after:#o}"

    def restore(self, change: Change) -> bool:
        """Set it."""
        assert isinstance(change.before, int)
        os.umask(change.before)
        return True


class Arguments(Plain):
    """The program's arguments."""

    name = "sys.argv"
    remedy = "replace it with monkeypatch.setattr(sys, 'argv', [...])"

    def __init__(self) -> None:
        self._list = sys.argv

    def read(self) -> object:
        """Copy the list."""
        return tuple(sys.argv)

    def restore(self, change: Change) -> bool:
        """Put back the list and what was in it."""
        assert isinstance(change.before, tuple)
        self._list[:] = change.before
        sys.argv = self._list
        return True


class Settable(Plain):
    """Values that are read together, each set by a function of its own."""

    def __init__(
        self,
        name: str,
        remedy: str,
        read: Callable[[], Sequence[object]],
        writers: Mapping[str, Callable[[Any], object]],  # Any: each takes what it is for.
    ) -> None:
        """Name it; `writers` are in the order of what `read` returns."""
        self.name = name
        self.remedy = remedy
        self.read = read  # one call less for each test
        self._writers = writers

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the values under the names of what sets them."""
        assert isinstance(state, Sequence)
        return dict(zip(self._writers, state, strict=True))

    def restore(self, change: Change) -> bool:
        """Call the function that sets it."""
        try:
            self._writers[change.key](change.before)
        except Exception:  # noqa: BLE001  a value that its own module refuses can't be put back
            return False
        return True


def build_streams() -> Settable:
    """Watch the standard streams; with capture on, pytest itself mends stdout and stderr."""
    streams = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
    remedy = "use the capsys fixture, contextlib.redirect_stdout or monkeypatch.setattr"
    writers = {f"sys.{name}": _assign(sys, name) for name in streams}
    return Settable("streams", remedy, functools.partial(attrgetter(*streams), sys), writers)


def build_hooks() -> Settable:
    """Watch the functions that the interpreter calls at certain moments."""

    def read() -> Sequence[object]:
        return (
            sys.excepthook,
            sys.displayhook,
            sys.unraisablehook,
            sys.breakpointhook,
            threading.excepthook,
            sys.gettrace(),
            sys.getprofile(),
            threading.gettrace(),
            sys.get_asyncgen_hooks(),
        )

    names = ("excepthook", "displayhook", "unraisablehook", "breakpointhook")
    writers = {
        **{f"sys.{name}": _assign(sys, name) for name in names},
        "threading.excepthook": _assign(threading, "excepthook"),
        "sys.settrace": sys.settrace,
        "sys.setprofile": sys.setprofile,
        "threading.settrace": threading.settrace,
        "sys.set_asyncgen_hooks": lambda hooks: sys.set_asyncgen_hooks(*hooks),
    }
    remedy = "replace it with monkeypatch.setattr, or put it back in a finally"
    return Settable("sys.hooks", remedy, read, writers)


def build_limits() -> Settable:
    """Watch the limits and switches of the interpreter."""

    def read() -> Sequence[object]:
        return (
            sys.getrecursionlimit(),
            sys.getswitchinterval(),
            sys.get_int_max_str_digits(),
            sys.dont_write_bytecode,
            vars(sys).get("tracebacklimit", ABSENT),
        )

    writers = {
        "sys.setrecursionlimit": sys.setrecursionlimit,
        "sys.setswitchinterval": sys.setswitchinterval,
        "sys.set_int_max_str_digits": sys.set_int_max_str_digits,
        "sys.dont_write_bytecode": _assign(sys, "dont_write_bytecode"),
        "sys.tracebacklimit": _assign(sys, "tracebacklimit"),
    }
    remedy = "put it back in a finally, or in a fixture after yield"
    return Settable("sys.limits", remedy, read, writers)


def build_collector() -> Settable:
    """Watch the settings of the garbage collector."""
    writers = {
        "gc.isenabled": lambda is_on: gc.enable() if is_on else gc.disable(),
        "gc.set_threshold": lambda numbers: gc.set_threshold(*numbers),
        "gc.set_debug": gc.set_debug,
    }
    remedy = "put it back in a finally, or in a fixture after yield"

    def read() -> Sequence[object]:
        return (gc.isenabled(), gc.get_threshold(), gc.get_debug())

    return Settable("gc", remedy, read, writers)


def build_locale() -> Settable:
    """Watch the locale of the C library."""
    remedy = "keep what locale.setlocale(LC_ALL) returns, and set it again in a finally"
    # The module below `locale` tells the same, without the search for an alias.
    ask = getattr(sys.modules.get("_locale"), "setlocale", locale.setlocale)
    every = locale.LC_ALL
    writers = {"locale.setlocale": functools.partial(locale.setlocale, every)}
    return Settable("locale", remedy, lambda: (ask(every, None),), writers)


class TimeZone(Plain):
    """The time zone as the C library has it, which a variable put back doesn't change."""

    name = "timezone"
    remedy = "call time.tzset() once TZ is put back, in a fixture after yield"

    def read(self) -> object:
        """Return names and offsets."""
        return (time.tzname, time.timezone, time.altzone, time.daylight)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return both zones' names."""
        return "time.tzname", _render_zone(change.before), _render_zone(change.after)

    def restore(self, change: Change) -> bool:
        """Read TZ anew; the variables are put back before."""
        if hasattr(time, "tzset"):
            time.tzset()
        return bool(self.read() == change.before)

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell that each change counts."""
        return False


def _render_zone(state: object) -> str:
    return render(state[0]) if isinstance(state, tuple) else render(state)


def _assign(module: object, name: str) -> Callable[[object], None]:
    def write(value: object) -> None:
        if value is ABSENT:
            delattr(module, name)
        else:
            setattr(module, name, value)

    return write


def _decode(value: object) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)
