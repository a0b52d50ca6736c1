"""The history on disk: one file of our own, and the file of durations shared with pytest-split.

Nothing here raises because of a file: what is wrong is the history's `problem`, and the run goes
on.  Only the process that makes a run's report writes, under a lock, by rename.
What a run teaches is decided in `history`.
"""

import contextlib
import functools
import itertools
import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from . import durations, locks
from .errors import InfraError, LockTimeoutError, LockUnusableError, RecordError
from .history import History, Past, Startup
from .records import Routing

if TYPE_CHECKING:
    import pytest

DIRECTORY: Final = "infra"
"""What pytest's `config.cache.mkdir` is called with."""

FILE: Final = "history.json"
DURATIONS_FILE: Final = ".test_durations"

FORMAT: Final = "test history"
VERSION: Final = 1

LOCK_TIMEOUT_S: Final = 10.0
"""Runs that end together write one after the other, each in far less than a second."""

Shared = TypeVar("Shared", bound=Hashable)


def find_directory(config: "pytest.Config") -> Path | None:
    """Find our directory in pytest's cache, or None where the cache is off.

    It is what `config.cache.mkdir` returns, but makes nothing, and answers before
    `pytest_configure`, when there is no `config.cache` yet.
    """
    if not config.pluginmanager.hasplugin("cacheprovider"):
        return None
    # As pytest reads it: first the user's home, then variables.
    text = os.path.expandvars(Path(str(config.getini("cache_dir"))).expanduser())
    return config.rootpath / text / "d" / DIRECTORY


def keep_file(config: "pytest.Config", name: str, text: str) -> None:
    """Write a file into our directory, where other tools find it; where that fails, they don't."""
    directory = find_directory(config)
    if directory is not None:
        with contextlib.suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
            durations.write_whole(directory / name, text)


def read_history(directory: Path | None, durations_file: Path | None) -> History:
    """Read what past runs left; an empty history where there is none.

    :param directory: what `find_directory` found.
    :param durations_file: the user's, or None for the one in `directory`.
    """
    history = _read_own(directory / FILE) if directory else History()
    path = durations_file or (directory and directory / DURATIONS_FILE)
    if path is None:
        return history
    foreign, problem = _read_durations(path, is_ours=durations_file is None)
    # The user's file first: ours mends itself.
    return replace(history, foreign=foreign, problem=problem or history.problem)


def write_history(
    history: History, directory: Path | None, durations_file: Path | None
) -> str | None:
    """Write both files, and return the problem where that can't be done; hold the lock before.

    A file of the user's that can't be read as one of durations is left as it is.
    """
    try:
        if directory is not None:
            durations.write_whole(directory / FILE, render_history(history))
        if durations_file is None and directory is not None:
            known = {**history.foreign, **history.get_medians()}
            durations.write_whole(directory / DURATIONS_FILE, durations.render_durations(known))
        if durations_file is not None:
            found, problem = _read_durations(durations_file, is_ours=False)
            if problem:
                return problem
            known = {**found, **history.get_medians()}
            durations.write_whole(durations_file, durations.render_durations(known))
    except OSError as error:
        return _explain_unwritable(error.filename, error.strerror or str(error))
    return None


def update_history(
    directory: Path | None, durations_file: Path | None, update: Callable[[History], History]
) -> History:
    """Replace what is on disk by `update` of it, under a lock; two runs that end lose nothing.

    :param update: called with the history as it is by now; usually its `merge` with a run.
    """
    with contextlib.ExitStack() as held:
        problem = _lock(held, directory, durations_file)
        history = update(read_history(directory, durations_file))
        if problem is None:
            problem = write_history(history, directory, durations_file)
    return replace(history, problem=problem or history.problem)


def render_history(history: History) -> str:
    """Render our file: tests as columns, and what many share told once, so that it stays small."""
    pasts = history.tests.values()
    routings, routing_of = _intern(past.routing for past in pasts)
    markers, markers_of = _intern(past.markers for past in pasts)
    columns = {
        "format": FORMAT,
        "version": VERSION,
        "widths": dict(history.widths),
        "startups": [astuple(startup) for startup in history.startups],
        "routings": [astuple(routing) for routing in routings],
        "markers": markers,
        "nodeids": list(history.tests),
        "durations": [past.durations_us for past in pasts],
        "failed": [position for position, past in enumerate(pasts) if past.is_failed],
        "skipped": [
            (position, past.skipped_us)
            for position, past in enumerate(pasts)
            if past.skipped_us is not None
        ],
        "days": [past.day for past in pasts],
        "routing_of": routing_of,
        "markers_of": markers_of,
    }
    return json.dumps(columns, separators=(",", ":"))


def parse_history(text: str) -> History:
    """Read what `render_history` wrote.

    :raises RecordError: it is something else.
    """
    try:
        found = json.loads(text)
        if (found["format"], found["version"]) == (FORMAT, VERSION):
            return _build_history(found)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise RecordError(FORMAT, f"{type(error).__name__}: {error}") from error
    raise RecordError(FORMAT, f"it is of version {found['version']!r}, not {VERSION}")


# Any: JSON of any shape; whatever doesn't fit raises on the way.
def _build_history(found: dict[str, Any]) -> History:
    _check_values(found)
    nodeids: list[str] = found["nodeids"]
    routings = [
        Routing(tuple(lanes), tuple(groups), bool(is_exclusive))
        for lanes, groups, is_exclusive in found["routings"]
    ]
    markers = [None if names is None else tuple(names) for names in found["markers"]]
    failed = set(found["failed"])
    skips = dict(found["skipped"])
    columns = zip(
        map(tuple, found["durations"]),
        (position in failed for position in range(len(nodeids))),
        map(skips.get, range(len(nodeids))),
        found["days"],
        map(routings.__getitem__, found["routing_of"]),
        map(markers.__getitem__, found["markers_of"]),
        strict=True,
    )
    return History(
        # What `Past._make` does, without a call of a Python function for each of 30,000 tests.
        tests=dict(zip(nodeids, map(functools.partial(tuple.__new__, Past), columns), strict=True)),
        startups=tuple(Startup(*values) for values in found["startups"]),
        widths=found["widths"],
    )


# Any: as above.  Sums and joins look at every value and raise at one of a wrong type, quickly.
def _check_values(found: dict[str, Any]) -> None:
    durations_us = [
        *itertools.chain.from_iterable(found["durations"]),
        *dict(found["skipped"]).values(),
    ]
    numbers = [
        min(durations_us, default=0),
        sum(durations_us),
        sum(found["days"]),
        *itertools.chain.from_iterable(found["startups"]),
        *found["widths"].values(),
    ]
    if not all(0 <= number < float("inf") for number in numbers):
        raise ValueError("a number is out of range")
    names = [name for shared in found["markers"] if shared for name in shared]
    names += [name for lanes, groups, _ in found["routings"] for name in (*lanes, *groups)]
    "".join(found["nodeids"]).join(names)


def _intern(values: Iterable[Shared]) -> tuple[list[Shared], list[int]]:
    """Return the different values in the order of their first use, and each one's position.

    Most tests share the very object, and an id is compared ten times as fast as a record.
    """
    objects = list(values)
    distinct = dict(zip(map(id, objects), objects, strict=True))
    positions: dict[Shared, int] = {}
    position_of = {
        key: positions.setdefault(value, len(positions)) for key, value in distinct.items()
    }
    return list(positions), [position_of[id(value)] for value in objects]


def _read_own(path: Path) -> History:
    try:
        return parse_history(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return History()
    except (OSError, UnicodeDecodeError, RecursionError, RecordError) as error:
        return History(problem=_explain_ours(path, error))


def _read_durations(path: Path, *, is_ours: bool) -> tuple[dict[str, float], str | None]:
    try:
        return durations.parse_durations(path.read_text(encoding="utf-8")), None
    except (FileNotFoundError, NotADirectoryError):
        return {}, None
    except (OSError, UnicodeDecodeError, RecursionError, RecordError) as error:
        explain = _explain_ours if is_ours else _explain_users
        return {}, explain(path, error)


@contextlib.contextmanager
def _hold(path: Path) -> Iterator[None]:
    lock = locks.take(path, timeout_s=LOCK_TIMEOUT_S)
    try:
        yield
    finally:
        locks.give_back(lock)


def _lock(
    held: contextlib.ExitStack, directory: Path | None, durations_file: Path | None
) -> str | None:
    """Take the locks, always in this order, and return the problem where that can't be done."""
    try:
        for path in (directory and directory / FILE, durations_file):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(_hold(path.with_name(f"{path.name}.lock")))
    except LockTimeoutError as error:
        return _explain_unwritable(error.path, "other runs hold its lock")
    except LockUnusableError as error:
        return _explain_unwritable(error.path, error.reason)
    except InfraError as error:
        return str(error)
    except OSError as error:
        return _explain_unwritable(error.filename, error.strerror or str(error))
    return None


def _explain_ours(path: Path, error: Exception) -> str:
    return f"{path} is passed over ({_get_reason(error)}); it is written anew when the run ends"


def _explain_users(path: Path, error: Exception) -> str:
    return (
        f"{path} is passed over and left as it is ({_get_reason(error)}); "
        "mend it, remove it, or name another with --durations-file"
    )


def _explain_unwritable(path: object, reason: str) -> str:
    return (
        f"{path} can't be written ({reason}), so this run teaches the next one nothing; make its "
        "directory writable, or choose others with -o cache_dir=DIR and --durations-file=FILE"
    )


def _get_reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return error.problem if isinstance(error, RecordError) else str(error)
