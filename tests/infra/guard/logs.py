"""The resource of the logging system."""

import logging
from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

from .resource import ABSENT, Change, Plain, Scene, render


class Loggers(Plain):
    """The logging system: its switches, and each logger's level, handlers and filters."""

    name = "logging"
    remedy = "use caplog.set_level, or put level, handlers and switches back in a fixture"
    ROOT: Final = "root"
    SWITCHES: Final = attrgetter("level", "propagate", "disabled")
    HANDLERS: Final = attrgetter("handlers")
    FILTERS: Final = attrgetter("filters")

    def __init__(self) -> None:
        self._count = -1
        self._names: tuple[str, ...] = ()
        self._loggers: tuple[logging.Logger, ...] = ()

    def read(self) -> object:
        """Return the switches, and what differs from logger to logger."""
        manager = logging.root.manager
        if len(manager.loggerDict) != self._count:
            self._find()
        return (
            manager.disable,
            logging.raiseExceptions,
            logging.getLoggerClass(),
            logging.getLogRecordFactory(),
            self._names,
            # Column by column: three loops in C for all loggers, and none of ours for each.
            list(map(self.SWITCHES, self._loggers)),
            list(map(tuple, map(self.HANDLERS, self._loggers))),
            list(map(tuple, map(self.FILTERS, self._loggers))),
        )

    def unfold(self, state: object) -> Mapping[str, object]:
        """Return switches under the names of their functions, loggers under theirs."""
        assert isinstance(state, tuple)
        disable, raises, logger_class, factory, names, *columns = state
        loggers = {
            name: (*switches, handlers, filters)
            for name, switches, handlers, filters in zip(names, *columns, strict=True)
        }
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
        name = change.key[len("logging.getLogger('") : -2]
        logger = logging.root if name == self.ROOT else logging.getLogger(name)
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
        loggers = {name: one for name, one in known.items() if isinstance(one, logging.Logger)}
        loggers[self.ROOT] = logging.root
        self._names, self._loggers = tuple(loggers), tuple(loggers.values())


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
