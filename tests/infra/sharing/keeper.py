"""The keeper: a process of its own that holds one once-per-run fixture between its two halves.

It is started by the worker that asks first and belongs to none: a crash of any worker leaves it as
it is, and Ctrl+C does not reach it.  It tears down when it is told to, or when neither the run nor
a user of the fixture lives any more.

    python -c BOOTSTRAP DIRECTORY
"""

import contextlib
import faulthandler
import functools
import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Final

from .. import locks
from ..environment import get_run_lock
from ..errors import InfraError, LockTimeoutError
from .deadlines import call_within
from .errors import SharedFixtureError
from .once import Once, Run
from .places import Json, Order, Phase, Place, State
from .post import Post

GRACE_S: Final = 5.0
"""How long a set-up or teardown whose time is up may take to clear up, before it is killed."""


def main(root: str) -> None:
    """Keep the fixture whose order is in the directory, from its set-up to its teardown."""
    place = Place(Path(root))
    # Held until this process ends, and freed by the system.
    try:
        lock = locks.take(place.keeper_lock, timeout_s=0)
    except LockTimeoutError:
        return
    order = place.read_order()
    if order is None or place.read_state():
        locks.give_back(lock)
        return
    post = Post(functools.partial(locks.is_free, get_run_lock(place.run_path)))
    group = os.getpgrp() if hasattr(os, "getpgrp") else 0
    born = State(Phase.SETTING_UP, os.getpid(), group, post.port, post.token, time.time())
    place.write_state(born)
    post.open()
    Keeper(place, order, born, post).keep()


class Keeper:
    """One fixture between its set-up and its teardown."""

    def __init__(self, place: Place, order: Order, born: State, post: Post) -> None:
        self._place = place
        self._order = order
        self._state = born
        self._post = post
        self._generator: Generator[object, object, object] | None = None

    def keep(self) -> None:
        """Set up, hand the value out, wait, tear down, and say how that went."""
        self._write(*self._judge(self._set_up, self._order.timeout_s))
        self._post.tell_users()
        if self._state.phase is not Phase.READY:
            return
        self._post.stop.wait()
        phase, _, text = self._judge(self._tear_down, self._order.teardown_timeout_s)
        self._write(Phase.DONE if phase is Phase.READY else Phase.BROKEN, None, text)
        self._post.tell_stoppers()

    def _judge(self, action: Callable[[], Json], timeout_s: float) -> tuple[Phase, Json, str]:
        """Call within the deadline; whoever doesn't even heed that is ended by the watchdog."""
        faulthandler.dump_traceback_later(timeout_s + GRACE_S, exit=True)
        try:
            return Phase.READY, call_within(action, timeout_s), ""
        except BaseException as error:  # noqa: BLE001  also what ends a process, such as sys.exit
            if _is_skip(error):
                return Phase.SKIPPED, None, str(error)
            return Phase.FAILED, None, render_error(error)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _set_up(self) -> Json:
        order = self._order
        once = load(order)
        run = Run(order.run_id, self._place.work_path, order.param)
        value = (
            once.function(run, **order.values) if once.has_run else once.function(**order.values)
        )
        if isinstance(value, Generator):
            self._generator = value
            value = next(value)
        try:
            return _as_json(order.fixture, value)
        except SharedFixtureError:
            self._tear_down()
            raise

    def _tear_down(self) -> None:
        if self._generator is None:
            return
        with contextlib.suppress(StopIteration):
            next(self._generator)
            raise SharedFixtureError(
                self._order.fixture, "it yields more than once", "leave one yield in it"
            )

    def _write(self, phase: Phase, value: Json, text: str) -> None:
        self._state = replace(self._state, phase=phase, value=value, text=text)
        self._place.write_state(self._state)


def load(order: Order) -> Once:
    """Import the module and find the fixture in it.

    :raises SharedFixtureError: the function can't be reached by a name in its module.
    """
    module = import_module(order.module, Path(order.file))
    once = getattr(getattr(module, order.function, None), "once", None)
    if not isinstance(once, Once):
        raise SharedFixtureError(
            order.fixture,
            f"{order.file} has no once-per-run fixture {order.function} at its top level",
            "define it there, under the name of its function",
        )
    return once


def import_module(name: str, file: Path) -> ModuleType:
    """Import a module by name where that finds this file, else from the file.

    Pytest imports conftest modules of the same name from many directories.
    """
    if _find_file(name) == file:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def render_error(error: BaseException) -> str:
    """Render an error as Python does, without the frames of this package."""
    if isinstance(error, InfraError):
        return f"{type(error).__name__}: {error}"
    found = traceback.TracebackException.from_exception(error)
    here = str(Path(__file__).parent)
    while found.stack and found.stack[0].filename.startswith(here):
        del found.stack[0]
    return "".join(found.format()).rstrip()


def _find_file(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _as_json(fixture: str, value: object) -> Json:
    try:
        # What the first one gets is what all get: tuples are lists, keys are strings.
        read: Json = json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise SharedFixtureError(
            fixture,
            f"its value is no JSON ({error})",
            "yield text, numbers, lists and dictionaries, or the path of a file",
        ) from error
    return read


def _is_skip(error: BaseException) -> bool:
    """Tell whether it is pytest's way to skip a test."""
    pytest = sys.modules.get("pytest")
    return pytest is not None and isinstance(error, pytest.skip.Exception)
