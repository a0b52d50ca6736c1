"""A worker's side of once-per-run fixtures: finds the keeper or starts it, and waits for its value.

At the end of a run, whoever owns the run tells all keepers to stop.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

# The class below `socket.socket`: plugins that forbid sockets to tests replace that one.
from _socket import socket as Socket  # noqa: N812  a class, and named so elsewhere
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from .. import locks
from ..environment import make_directory
from ..errors import LockTimeoutError
from ..records import Directories
from ..session import SESSION, Session
from .deadlines import wait_until
from .errors import SharedFixtureError, SharedSetUpError
from .once import Once
from .places import Json, Order, Phase, Place, State, build_place, list_places

PATIENCE_S: Final = 15.0
"""How much longer than the keeper's own deadline others wait for it."""

BIRTH_S: Final = 30.0
"""How long a process may take from its start until it is a keeper."""

VARIABLES_DROPPED: Final = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")

BOOTSTRAP: Final = """
import os, sys
if hasattr(os, "fork") and os.fork():
    os._exit(0)  # The keeper is no child of the worker that starts it.
import importlib, json, pathlib
order = json.loads(pathlib.Path(sys.argv[1], "order.json").read_text(encoding="utf-8"))
sys.path[:] = order["sys_path"]
importlib.import_module(sys.argv[2]).main(sys.argv[1])
"""


@contextlib.contextmanager
def use(once: Once, request: pytest.FixtureRequest, values: Mapping[str, Json]) -> Iterator[Json]:
    """Give the fixture's value, and count as one of its users meanwhile.

    :raises SharedSetUpError: its set-up failed, for whoever asked.
    :raises SharedFixtureError: it has no keeper that answers.
    """
    session = request.config.stash.get(SESSION, None)
    if session is None:
        raise SharedFixtureError(
            once.name, "this run has no infrastructure", "load its plugin with -p or in a conftest"
        )
    param: Json = getattr(request, "param", None)
    identity = json.dumps([once.file, once.function.__qualname__, param])
    place = build_place(session.run_path, once.name, identity)
    order = build_order(once, session, param, values)
    directory = request.config.invocation_params.dir

    def launch() -> None:
        launch_keeper(place, directory, build_environ(place, session))

    state = find_or_start(place, order, launch)
    with hold_connection(state, once.timeout_s + PATIENCE_S):
        yield read_value(place, order)


@contextlib.contextmanager
def hold_connection(state: State, timeout_s: float) -> Iterator[None]:
    """Be a user of the fixture: wait until its set-up is over, and hold the keeper meanwhile."""
    connection = connect(state, "use")
    try:
        if connection is not None:
            wait_for_news(connection, timeout_s)
        yield
    finally:
        if connection is not None:
            connection.close()


def build_order(once: Once, session: Session, param: Json, values: Mapping[str, Json]) -> Order:
    """Build what the keeper will be told, if there is none yet."""
    return Order(
        fixture=once.name,
        module=once.function.__module__,
        file=once.file,
        function=once.function.__name__,
        param=param,
        values=values,
        run_id=session.run_id,
        asked_by=f"{session.worker_id} (pid {os.getpid()})",
        sys_path=tuple(sys.path),
        timeout_s=once.timeout_s,
        teardown_timeout_s=once.teardown_timeout_s,
    )


def find_or_start(place: Place, order: Order, launch: Callable[[], None]) -> State:
    """Return how far the keeper is; let `launch` start it where nobody has.

    :raises SharedFixtureError: it does not come up, or the first who asked gave other values.
    """
    state = place.read_state()
    if state is None:
        make_directory(place.root)
        try:
            lock = locks.take(place.start_lock, timeout_s=BIRTH_S + PATIENCE_S)
        except LockTimeoutError as error:
            raise SharedFixtureError(order.fixture, "nobody starts it", str(error)) from error
        try:
            state = place.read_state() or start(place, order, launch)
        finally:
            locks.give_back(lock)
    first = place.read_order()
    if first is not None and first.values != order.values:
        raise SharedFixtureError(
            order.fixture,
            f"it got {first.values} from {first.asked_by}, and would get {order.values} here",
            "let it ask only for fixtures that are the same in all workers",
        )
    return state


def start(place: Place, order: Order, launch: Callable[[], None]) -> State:
    """Start a keeper, and wait until it is one; the lock for starting is held.

    :raises SharedFixtureError: it isn't one in time.
    """
    # Of two keepers, when the first one's starter died, the first to get the lock is the keeper.
    place.write_order(order)
    launch()
    wait_until(lambda: place.read_state() is not None, BIRTH_S)
    if (state := place.read_state()) is None:
        raise SharedFixtureError(
            order.fixture,
            f"its keeper did not come up within {BIRTH_S:g} s{place.quote_output()}",
            "see what its interpreter does at its start",
        )
    return state


def launch_keeper(place: Place, directory: Path, environ: Mapping[str, str]) -> None:
    """Start the process of a keeper, in a session of its own, which Ctrl+C doesn't reach."""
    command = [sys.executable, "-c", BOOTSTRAP, str(place.root), f"{__package__}.keeper"]
    with place.output_path.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            env=environ,
            start_new_session=True,
        )
    if hasattr(os, "fork"):
        process.wait()


def build_environ(place: Place, session: Session) -> dict[str, str]:
    """Build a keeper's environment: this worker's, but for what is of this worker alone."""
    work = place.work_path
    own = Directories(work, work / "temp", work / "config", work / "cache")
    for path in (own.temp, own.config, own.cache):
        make_directory(path)
    environ = {name: one for name, one in os.environ.items() if name not in VARIABLES_DROPPED}
    if session.environment is None:
        return environ
    prefix = session.settings.env_prefix
    environ |= session.environment.build_variables(own)
    environ.pop(f"{prefix}_TEST_WORKER_SLOT", None)
    return {**environ, f"{prefix}_TEST_WORKER_ID": "once"}


def connect(state: State, verb: str) -> Socket | None:
    """Connect to a keeper and say what for; None where it isn't there any more."""
    connection = Socket()
    try:
        connection.settimeout(PATIENCE_S)
        connection.connect(("127.0.0.1", state.port))
        connection.sendall(f"{verb} {state.token}".encode())
    except OSError:
        connection.close()
        return None
    return connection


def wait_for_news(connection: Socket, timeout_s: float) -> bool:
    """Wait until the keeper tells something or ends; return whether either came in time."""
    connection.settimeout(timeout_s)
    try:
        connection.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
    connection.settimeout(None)
    return True


def read_value(place: Place, order: Order) -> Json:
    """Return what the set-up yielded.

    :raises SharedSetUpError: it failed.
    :raises SharedFixtureError: the keeper died, or does not answer.
    """
    state, first = place.read_state(), place.read_order()
    assert state is not None, "a keeper that came up has a state"
    asked_by = first.asked_by if first else order.asked_by
    if state.phase is Phase.SKIPPED:
        pytest.skip(state.text)
    if state.phase is Phase.FAILED:
        raise SharedSetUpError(order.fixture, asked_by, state.text + place.quote_output())
    if state.phase is Phase.READY and not locks.is_free(place.keeper_lock):
        return state.value
    raise SharedFixtureError(
        order.fixture,
        f"{describe_absence(place, state)}, asked for by {asked_by}{place.quote_output()}",
        f"it has {order.timeout_s:g} s for its set-up (timeout_s of once_per_run)",
    )


def describe_absence(place: Place, state: State) -> str:
    """Describe why a keeper gives nothing."""
    waited_s = round(time.time() - state.since, 1)
    if not locks.is_free(place.keeper_lock):
        return f"its keeper (pid {state.pid}) has been {state.phase.value} for {waited_s:g} s"
    return f"its keeper (pid {state.pid}) died while it was {state.phase.value}"


# --- the end of a run ----------------------------------------------------------------------------


def stop_all(run_path: Path) -> list[str]:
    """Tear down all once-per-run fixtures, the last one first; return what went wrong."""
    return [problem for place in list_places(run_path) if (problem := stop(place))]


def stop(place: Place) -> str:
    """Tear one down, and wait for its end; return what went wrong, or an empty string."""
    state, order = place.read_state() or abandon(place), place.read_order()
    if state is None or order is None or state.phase in (Phase.FAILED, Phase.SKIPPED):
        return ""
    patience_s = order.teardown_timeout_s + PATIENCE_S
    if state.phase is Phase.SETTING_UP:
        patience_s += order.timeout_s
    connection = connect(state, "stop")
    if connection is not None:
        # News first, then the end of the process.
        is_over = wait_for_news(connection, patience_s) and wait_for_news(connection, PATIENCE_S)
        connection.close()
        if not is_over:
            kill(state)
    return judge_end(place, order)


def judge_end(place: Place, order: Order) -> str:
    """Tell what is wrong with the end of a keeper; an empty string if nothing is."""
    state = place.read_state()
    if state is None or state.phase in (Phase.DONE, Phase.FAILED, Phase.SKIPPED):
        return ""
    what = f"the teardown of the once-per-run fixture {order.fixture}"
    if state.phase is Phase.BROKEN:
        return f"{what} failed:\n{state.text}{place.quote_output()}"
    return f"{what} did not happen: {describe_absence(place, state)}{place.quote_output()}"


def abandon(place: Place) -> State | None:
    """Make void the order of one who died before its keeper was one; return how far that is."""
    try:
        lock = locks.take(place.keeper_lock, timeout_s=0)
    except LockTimeoutError:
        wait_until(lambda: place.read_state() is not None, BIRTH_S)
        return place.read_state()
    place.order_path.unlink(missing_ok=True)
    locks.give_back(lock)
    return None


def kill(state: State) -> None:
    """Kill a keeper that doesn't end, and its children."""
    with contextlib.suppress(OSError):
        if state.group:
            os.killpg(state.group, signal.SIGKILL)
        else:
            os.kill(state.pid, signal.SIGTERM)
