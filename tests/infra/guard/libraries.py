"""Resources of standard libraries, looked at only where somebody else has imported them."""

import logging
import os
import random
import sys
import tempfile
import warnings
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .resource import ABSENT, Change, Plain, Scene, render

if TYPE_CHECKING:
    import asyncio

TWISTS: Final = 3000
"""How many times the generator's 624 words may have been renewed between two tests, to be told from
a new seed: that is 900,000 calls of `random.random`, and takes about 60 ms to find out."""

FEW_TWISTS: Final = 100
"""The same, where one test after the other sets a seed."""

OFTEN: Final = 3
"""Seeds in a row from which a suite is one that sets them always."""

WORDS: Final = 624
"""Words of the Mersenne Twister's state (Matsumoto and Nishimura, 1998)."""


class Patches(Plain):
    """Patches of `unittest.mock` that were started and not stopped."""

    name = "mock"
    remedy = "stop it: self.addCleanup(patcher.stop), or use mock.patch as a context manager"

    def read(self) -> object:
        """Copy mock's own list."""
        # Any: private classes of the standard library; without them there is nothing to look at.
        mock: Any = sys.modules.get("unittest.mock")
        patch = getattr(mock, "_patch", None)
        return tuple(getattr(patch, "_active_patches", ()))

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return the patches under their targets."""
        assert isinstance(state, tuple)
        return {f"{_render_target(patch)} #{id(patch):x}": patch for patch in state}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether a patch has gone: that is as it should be."""
        return change.after is ABSENT

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the patch's target."""
        target = change.key.partition(" #")[0]
        return f"mock.patch({target!r})", "not patched", "still patched"

    def restore(self, change: Change) -> bool:
        """Stop it."""
        patch: Any = change.after  # Any: a private class of the standard library.
        patch.stop()
        return True


class Loggers(Plain):
    """The logging system: its switches, and each logger's level, handlers and filters."""

    name = "logging"
    remedy = "use caplog.set_level, or put level, handlers and switches back in a fixture"
    ROOT: Final = "root"

    def __init__(self) -> None:
        self._count = -1
        self._loggers: list[tuple[str, logging.Logger]] = []

    def read(self) -> object:
        """Return the switches, and what differs from logger to logger."""
        known = logging.root.manager.loggerDict
        if len(known) != self._count:
            self._find()
        return (
            logging.root.manager.disable,
            logging.raiseExceptions,
            logging.getLoggerClass(),
            logging.getLogRecordFactory(),
            {
                name: (
                    one.level,
                    one.propagate,
                    one.disabled,
                    (*one.handlers,),
                    (*one.filters,),
                )
                for name, one in self._loggers
            },
        )

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return switches under the names of their functions, loggers under theirs."""
        assert isinstance(state, tuple)
        disable, raises, logger_class, factory, loggers = state
        return {
            "logging.disable": disable,
            "logging.raiseExceptions": raises,
            "logging.setLoggerClass": logger_class,
            "logging.setLogRecordFactory": factory,
            **{f"logging.getLogger({name!r})": _leave_own(one) for name, one in loggers.items()},
        }

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a logger is new, and as it is made, or made by a library just imported."""
        if change.before is not ABSENT or change.after is ABSENT:
            return False
        assert isinstance(change.after, tuple)
        level, propagate, disabled, handlers, filters = change.after
        if (level, propagate, disabled, filters) == (logging.NOTSET, True, False, ()) and all(
            isinstance(handler, logging.NullHandler) for handler in handlers
        ):
            return True
        owner = change.key.partition("'")[2].partition("'")[0].partition(".")[0]
        return any(name.partition(".")[0] == owner for name in scene.imported)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the first of a logger's attributes that differs."""
        before, after = change.before, change.after
        if not isinstance(before, tuple) or not isinstance(after, tuple):
            return change.key, render(before), render(after)
        names = ("level", "propagate", "disabled", "handlers", "filters")
        for name, old, new in zip(names, before, after, strict=True):
            if old != new:
                return (
                    f"{change.key}.{name}",
                    render(_name_level(name, old)),
                    render(_name_level(name, new)),
                )
        return change.key, render(before), render(after)

    def restore(self, change: Change) -> bool:
        """Put a logger's attributes back; a new one becomes as it would have been made."""
        if change.key.startswith("logging.getLogger("):
            return self._restore_logger(change)
        if change.key == "logging.raiseExceptions":
            logging.raiseExceptions = bool(change.before)
            return True
        write: Any = getattr(logging, change.key.removeprefix("logging."))  # Any: three functions.
        write(change.before)
        return True

    def _restore_logger(self, change: Change) -> bool:
        logger = dict(self._loggers)[change.key[len("logging.getLogger('") : -2]]
        values = change.before if isinstance(change.before, tuple) else (0, True, False, (), ())
        level, logger.propagate, logger.disabled, handlers, filters = values
        logger.setLevel(level)
        own = [handler for handler in logger.handlers if _is_own(handler)]
        logger.handlers[:] = [*handlers, *own]
        logger.filters[:] = filters
        return True

    def _find(self) -> None:
        known = logging.root.manager.loggerDict
        self._count = len(known)
        self._loggers = [
            (name, one) for name, one in known.items() if isinstance(one, logging.Logger)
        ]
        self._loggers.append((self.ROOT, logging.root))


class WarningFilters(Plain):
    """Warnings filters, where pytest's own plugin doesn't put them back after each test."""

    name = "warnings"
    remedy = "use warnings.catch_warnings(), which undoes it"

    def __init__(self) -> None:
        # Any: entries as the module makes them; typed as a sequence, but a list.
        self._list: Any = warnings.filters

    def read(self) -> object:
        """Copy the filters."""
        return (tuple(warnings.filters), warnings.showwarning)

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return both under their names."""
        assert isinstance(state, tuple)
        return {"warnings.filters": state[0], "warnings.showwarning": state[1]}

    def is_lawful(self, change: Change, scene: Scene) -> bool:
        """Tell whether a library that was just imported added filters of its own."""
        if change.key != "warnings.filters" or not scene.imported:
            return False
        assert isinstance(change.before, tuple)
        assert isinstance(change.after, tuple)
        return set(change.before) <= set(change.after)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return how many filters there were, and which came."""
        before, after = change.before, change.after
        if not isinstance(before, tuple) or not isinstance(after, tuple):
            return change.key, render(before), render(after)
        come = [entry for entry in after if entry not in before]
        gone = [entry for entry in before if entry not in after]
        text = ", ".join(
            [f"with {render(one)}" for one in come[:2]]
            + [f"without {render(one)}" for one in gone[:2]]
        )
        return change.key, f"{len(before)} filters", text or "another order"

    def restore(self, change: Change) -> bool:
        """Put them back."""
        if change.key == "warnings.showwarning":
            hook: Any = change.before  # Any: the function that was read.
            warnings.showwarning = hook
            return True
        assert isinstance(change.before, tuple)
        self._list[:] = change.before
        warnings.filters = self._list
        # The module compares a version with what it has cached; private, and the only way.
        getattr(warnings, "_filters_mutated", lambda: None)()
        return True


class RandomState(Plain):
    """Whether the shared generator of `random` was seeded anew; drawing from it is no change.

    A drawn-from Mersenne Twister has the words that it would have after some number of renewals
    of the words it had; a seeded one has others.
    """

    name = "random"
    remedy = "draw from random.Random(seed) of your own, or put random.getstate() back"

    def __init__(self) -> None:
        self._seen = random.getstate()
        self._seeds = self._in_a_row = 0

    def read(self) -> object:
        """Return how many times it was seeded anew."""
        state = random.getstate()
        words, seen = state[1], self._seen[1]
        # Two words and the position tell a state whose words are the same: no need for all 624.
        is_near = words[0] == seen[0] and words[-2] == seen[-2] and words[-1] >= seen[-1]
        if not is_near and words != seen:
            twists = FEW_TWISTS if self._in_a_row >= OFTEN else TWISTS
            is_seeded = not _is_drawn(self._seen, state, twists)
            self._seeds += is_seeded
            self._in_a_row = self._in_a_row + 1 if is_seeded else 0
        self._seen = state
        return self._seeds

    def describe(self, _change: Change) -> tuple[str, str, str]:
        """Tell what happened: numbers would say nothing."""
        return "random.seed", "not seeded by a test", "seeded anew, or set to another state"

    def restore(self, _change: Change) -> bool:
        """Seed it from the system, as it was when the process began."""
        random.seed()
        self._seen = random.getstate()
        return True


class Decimals(Plain):
    """The decimal context of the main thread."""

    name = "decimal"
    remedy = "use decimal.localcontext(), which undoes it"
    NAMES: Final = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "traps")

    def __init__(self) -> None:
        self._traps: dict[object, bool] = {}

    def read(self) -> object:
        """Return what calculations depend on; flags only tell what happened."""
        decimal: Any = sys.modules.get("decimal")  # Any: a module that may not be there.
        if decimal is None:
            return None
        context = decimal.getcontext()
        # Only mappings of all signals can be compared.
        if not self._traps or context.traps != self._traps:
            self._traps = dict(context.traps)
        return (
            context.prec,
            context.rounding,
            context.Emin,
            context.Emax,
            context.capitals,
            context.clamp,
            self._traps,
        )

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return them under their names."""
        return dict(zip(self.NAMES, state, strict=True)) if isinstance(state, tuple) else {}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether the module was imported just now."""
        return change.before is ABSENT

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression and the values."""
        path = f"decimal.getcontext().{change.key}"
        return path, render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Set it in the context that is in force."""
        decimal: Any = sys.modules["decimal"]  # Any: typed attributes need no more than setattr.
        context = decimal.getcontext()
        if change.key == "traps":
            assert isinstance(change.before, dict)
            for signal in context.traps:
                context.traps[signal] = change.before[signal]
        else:
            setattr(context, change.key, change.before)
        return True


class SocketTimeout(Plain):
    """The timeout of new sockets."""

    name = "socket.timeout"
    remedy = "give the timeout to each socket, or put socket.getdefaulttimeout() back"

    def read(self) -> object:
        """Return it."""
        socket = sys.modules.get("socket")
        return None if socket is None else socket.getdefaulttimeout()

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function and both values."""
        return "socket.setdefaulttimeout", render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Set it."""
        sys.modules["socket"].setdefaulttimeout(change.before)
        return True


class TempDirectory(Plain):
    """Where `tempfile` puts its files."""

    name = "tempdir"
    remedy = "set it with monkeypatch.setattr(tempfile, 'tempdir', ...)"

    def read(self) -> object:
        """Return it; None until it is needed for the first time."""
        return tempfile.tempdir

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether it was found for the first time, where tempfile looks."""
        variables = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        usual = {"/tmp", "/var/tmp", "/usr/tmp", *variables}  # noqa: S108  where tempfile looks
        return change.before is None and change.after in usual

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the expression and the values."""
        return "tempfile.tempdir", render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Assign it."""
        tempfile.tempdir = None if change.before is None else str(change.before)
        return True


class AsyncioState(Plain):
    """The event loop policy, the loop of the main thread, and tasks that nobody awaited."""

    name = "asyncio"
    remedy = "use asyncio.Runner or asyncio.run; await or cancel each task; close each loop"

    def read(self) -> object:
        """Return policy, open loop and pending tasks, without making any of them."""
        events: Any = sys.modules.get("asyncio.events")  # Any: private names of the library.
        if events is None:
            return None
        policy = getattr(events, "_event_loop_policy", None)
        loop = getattr(getattr(policy, "_local", None), "_loop", None)
        if loop is not None and loop.is_closed():
            loop = None
        return (policy, loop, _read_tasks())

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return each part under the function that makes it."""
        if not isinstance(state, tuple):
            return {}
        policy, loop, tasks = state
        found = {"asyncio.set_event_loop_policy": policy, "asyncio.set_event_loop": loop}
        return {**found, **{f"task {id(ref):x}": ref for ref in tasks}}

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether the default policy was made, a loop has gone, or a task has ended."""
        if change.key == "asyncio.set_event_loop_policy":
            return change.before in (None, ABSENT) and _is_default_policy(change.after)
        if change.key == "asyncio.set_event_loop":
            return change.after is None or change.after is ABSENT
        return change.after is ABSENT or _get_task(change.after) is None

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function, or the task's name and coroutine."""
        if not change.key.startswith("task "):
            return change.key, render(change.before), render(change.after)
        task = _get_task(change.after)
        coroutine = getattr(task.get_coro(), "__qualname__", "?") if task else "?"
        return f"task of {coroutine}", "no such task", "pending"

    def restore(self, change: Change) -> bool:
        """Put the policy or the loop back; a task's loop is over, so nothing can end it."""
        asyncio: Any = sys.modules["asyncio"]  # Any: no import for the sake of looking.
        if change.key == "asyncio.set_event_loop_policy":
            asyncio.set_event_loop_policy(None if change.before is ABSENT else change.before)
            return True
        if change.key == "asyncio.set_event_loop":
            asyncio.set_event_loop(None if change.before is ABSENT else change.before)
            return True
        return False


class StartMethod(Plain):
    """How `multiprocessing` starts processes."""

    name = "multiprocessing"
    remedy = "use multiprocessing.get_context(...), which changes nothing for others"

    def read(self) -> object:
        """Return the method's name; None until it is needed for the first time."""
        context: Any = sys.modules.get("multiprocessing.context")  # Any: a private object.
        default = getattr(context, "_default_context", None)
        return getattr(getattr(default, "_actual_context", None), "_name", None)

    def is_lawful(self, change: Change, scene: Scene) -> bool:  # noqa: ARG002  for the others
        """Tell whether the platform's own method was chosen by its first use."""
        context: Any = sys.modules.get("multiprocessing.context")  # Any: a private object.
        usual = context._default_context._default_context  # noqa: SLF001  it tells the platform's
        return change.before is None and change.after == getattr(usual, "_name", None)

    def describe(self, change: Change) -> tuple[str, str, str]:
        """Return the function and both names."""
        path = "multiprocessing.set_start_method"
        return path, render(change.before), render(change.after)

    def restore(self, change: Change) -> bool:
        """Set it."""
        sys.modules["multiprocessing"].set_start_method(change.before, force=True)
        return True


# A state of `random` is a version, words and a position, and a value kept for the next gauss().
def _is_drawn(before: tuple[Any, ...], after: tuple[Any, ...], twists: int) -> bool:
    """Tell whether drawing leads from one state to the other."""
    walker = random.Random()  # noqa: S311  it walks the path that the shared generator went
    walker.setstate(before)
    wanted = after[1][:-1]
    for _ in range(twists):
        walker.getrandbits(32 * WORDS)
        if walker.getstate()[1][:-1] == wanted:
            return True
    return False


def _render_target(patch: object) -> str:
    getter = getattr(patch, "getter", None)
    target = getattr(patch, "target", None)
    if target is None and getter is not None:
        try:
            target = getter()
        except Exception:  # noqa: BLE001  a target that can't be imported any more
            target = None
    owner = getattr(target, "__name__", None) or type(target).__name__
    return f"{owner}.{getattr(patch, 'attribute', '?')}"


def _is_own(handler: object) -> bool:
    """Tell whether a handler is pytest's own, which comes and goes with the phases of a run."""
    return type(handler).__module__ == "_pytest.logging"


# A logger's values are what `Loggers.read` has put together.
def _leave_own(values: tuple[Any, ...]) -> tuple[Any, ...]:
    level, propagate, disabled, handlers, filters = values
    others = tuple(handler for handler in handlers if not _is_own(handler))
    return (level, propagate, disabled, others, filters)


def _name_level(attribute: str, value: object) -> object:
    if attribute == "level" and isinstance(value, int):
        return logging.getLevelName(value)
    return value


def _read_tasks() -> tuple[weakref.ref[Any], ...]:
    """Return the tasks that have not ended; the sets' names changed in Python 3.12."""
    tasks: Any = sys.modules.get("asyncio.tasks")  # Any: private sets of the library.
    known = getattr(tasks, "_scheduled_tasks", None)
    if known is None:
        known = getattr(tasks, "_all_tasks", None)
    if known is None or not getattr(known, "data", True):
        return ()
    # Weak: a snapshot must not keep a task alive that its test has dropped.
    return tuple(weakref.ref(task) for task in list(known) if not task.done())


def _get_task(ref: object) -> "asyncio.Task[object] | None":
    return ref() if isinstance(ref, weakref.ref) else None


def _is_default_policy(policy: object) -> bool:
    events: Any = sys.modules.get("asyncio")  # Any: no import for the sake of looking.
    usual = getattr(events, "DefaultEventLoopPolicy", None)
    usual = usual or getattr(events, "_DefaultEventLoopPolicy", None)
    return usual is not None and type(policy) is usual
