import asyncio
import builtins
import decimal
import gc
import locale
import logging
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest.mock
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.infra.guard import living
from tests.infra.guard.canary import find_sleepers
from tests.infra.guard.loops import AsyncioState
from tests.infra.guard.outside import Ports
from tests.infra.guard.process import Environ, Umask
from tests.infra.guard.resource import ABSENT, Change, Resource, Scene, compare
from tests.infra.guard.resources import build_shallow

NEVER = 3600.0


@pytest.fixture
def resources() -> Iterator[Mapping[str, Resource]]:
    """All resources of the first tier, by name."""
    built = build_shallow(has_own_warnings=False, has_own_seed=False)
    yield {resource.name: resource for resource in built}
    for resource in built:
        resource.close()


def find_changes(resource: Resource, act: Callable[[], object]) -> list[Change]:
    """Return the lasting changes that the guard would report."""
    before = resource.unfold(resource.read())
    act()
    after = resource.read()
    if resource.unfold(after) != before:
        after = resource.settle(after, before)
    changes = compare(before, resource.unfold(after))
    return [change for change in changes if not resource.is_lawful(change, Scene())]


def replace_environment() -> None:
    os.environ = dict(os.environ)  # type: ignore[assignment]  # noqa: B003  the fault to be seen


# Each is undone by the resource itself, which is what the test asks for.
RESTORED = [
    ("environ", lambda: os.environ.update(A="1"), "os.environ['A']"),
    ("environ", lambda: os.environ.pop("PATH"), "os.environ['PATH']"),
    ("environ", replace_environment, "os.environ"),
    ("cwd", lambda: os.chdir("/"), "cwd"),
    ("umask", lambda: os.umask(0o77), "os.umask"),
    ("sys.path", lambda: sys.path.insert(0, "/nowhere"), "sys.path"),
    ("sys.path", lambda: setattr(sys, "meta_path", [*sys.meta_path, object()]), "sys.meta_path"),
    (
        "sys.modules",
        lambda: sys.modules.update(json=types.ModuleType("json")),
        "sys.modules['json']",
    ),
    (
        "sys.modules",
        lambda: sys.modules.update(nosuch=types.ModuleType("nosuch")),
        "sys.modules['nosuch']",
    ),
    ("sys.modules", lambda: sys.modules.pop("json"), "sys.modules['json']"),
    ("sys.argv", lambda: sys.argv.append("--more"), "sys.argv"),
    ("sys.argv", lambda: setattr(sys, "argv", ["other"]), "sys.argv"),
    ("streams", lambda: setattr(sys, "stdin", None), "sys.stdin"),
    ("sys.hooks", lambda: setattr(sys, "excepthook", print), "sys.excepthook"),
    ("sys.hooks", lambda: setattr(threading, "excepthook", print), "threading.excepthook"),
    ("sys.limits", lambda: sys.setrecursionlimit(4000), "sys.setrecursionlimit"),
    ("sys.limits", lambda: setattr(sys, "tracebacklimit", 3), "sys.tracebacklimit"),
    ("builtins", lambda: setattr(builtins, "input", print), "builtins.input"),
    ("builtins", lambda: setattr(builtins, "shared", 1), "builtins.shared"),
    ("stdlib", lambda: setattr(time, "sleep", print), "time.sleep"),
    ("stdlib", lambda: setattr(socket, "gethostname", print), "socket.gethostname"),
    # isolation: ignore[PTI302] the resource under test stops it
    ("mock", lambda: unittest.mock.patch("os.sep", "x").start(), "mock.patch('os.sep')"),
    ("logging", lambda: logging.root.setLevel(7), "logging.getLogger('root').level"),
    ("logging", lambda: logging.disable(10), "logging.disable"),
    (
        "logging",
        lambda: logging.root.addHandler(logging.NullHandler()),
        "logging.getLogger('root').handlers",
    ),
    ("logging", lambda: logging.getLogger("new").setLevel(5), "logging.getLogger('new')"),
    ("warnings", lambda: warnings.simplefilter("ignore"), "warnings.filters"),
    ("warnings", lambda: setattr(warnings, "showwarning", print), "warnings.showwarning"),
    ("signals", lambda: signal.signal(signal.SIGUSR2, print), "signal.signal(SIGUSR2)"),
    (
        "signals",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2}),
        "signal.pthread_sigmask",
    ),
    (
        "timers",
        lambda: signal.setitimer(signal.ITIMER_VIRTUAL, NEVER),
        "signal.setitimer(ITIMER_VIRTUAL)",
    ),
    pytest.param(
        *("random", lambda: random.seed(0), "random.seed"),
        marks=pytest.mark.leaks("random", reason="it is put back to another state than before"),
    ),
    ("locale", lambda: locale.setlocale(locale.LC_ALL, "C"), "locale.setlocale"),
    (
        "decimal",
        lambda: setattr(decimal.getcontext(), "prec", 5),
        "decimal.getcontext().prec",
    ),
    (
        "decimal",
        lambda: decimal.getcontext().traps.update({decimal.Inexact: True}),
        "decimal.getcontext().traps",
    ),
    ("socket.timeout", lambda: socket.setdefaulttimeout(5), "socket.setdefaulttimeout"),
    ("tempdir", lambda: setattr(tempfile, "tempdir", "/nowhere"), "tempfile.tempdir"),
    ("gc", gc.disable, "gc.isenabled"),
    ("gc", lambda: gc.set_threshold(1, 2, 3), "gc.set_threshold"),
    (
        "asyncio",
        lambda: asyncio.set_event_loop(KEPT_LOOPS[0]),
        "asyncio.set_event_loop",
    ),
    (
        "multiprocessing",
        lambda: multiprocessing.set_start_method("spawn", force=True),
        "multiprocessing.set_start_method",
    ),
]

KEPT_LOOPS: list[asyncio.AbstractEventLoop] = []


@pytest.fixture
def kept_loop() -> Iterator[None]:
    KEPT_LOOPS.append(asyncio.new_event_loop())
    before = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    method = multiprocessing.get_start_method()
    multiprocessing.set_start_method("fork", force=True)
    yield
    multiprocessing.set_start_method(method, force=True)
    locale.setlocale(locale.LC_ALL, before)
    KEPT_LOOPS.pop().close()
    # A logger stays for good; the next run of the test that makes it shall see it made.
    logging.root.manager.loggerDict.pop("new", None)


@pytest.mark.usefixtures("kept_loop")
@pytest.mark.parametrize(("name", "act", "path"), RESTORED)
def test_change_is_seen_named_and_put_back(
    resources: Mapping[str, Resource], name: str, act: Callable[[], object], path: str
) -> None:
    resource = resources[name]
    before = dict(resource.unfold(resource.read()))

    changes = find_changes(resource, act)

    assert [resource.describe(change)[0] for change in changes] == [path]
    assert resource.advise(changes[0])
    assert resource.restore(changes[0])
    # A generator that is put back is seeded from the system, and a seed is counted.
    after = resource.unfold(resource.read())
    lasting = [one for one in compare(before, after) if not resource.is_lawful(one, Scene())]
    assert lasting == [] or name == "random"


LAWFUL = [
    ("random", lambda: [random.random() for _ in range(2000)]),
    ("random", lambda: random.setstate(random.getstate())),
    ("logging", lambda: logging.getLogger("fresh.logger")),
    ("asyncio", lambda: asyncio.new_event_loop().close()),
    ("threads", lambda: threading.Thread(target=time.sleep, args=(0.02,)).start()),
    ("children", lambda: subprocess.Popen(["sleep", "0.02"])),
    ("fds", lambda: Path(os.devnull).open()),  # noqa: SIM115  the collector closes it
    ("asyncio", lambda: asyncio.run(asyncio.sleep(0))),
]


@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:subprocess .* is still running")
@pytest.mark.parametrize(("name", "act"), LAWFUL, ids=[name for name, _ in LAWFUL])
def test_what_ends_by_itself_or_is_lazy_is_no_change(
    resources: Mapping[str, Resource], name: str, act: Callable[[], object]
) -> None:
    assert find_changes(resources[name], act) == []


def test_thread_that_stays_is_named(
    resources: Mapping[str, Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "GRACE_S", 0.01)
    monkeypatch.setattr(living.wait_for, "__kwdefaults__", {"grace_s": 0.01})
    resource, done = resources["threads"], threading.Event()
    thread = threading.Thread(target=done.wait, name="stays")

    changes = find_changes(resource, thread.start)

    assert resource.describe(changes[0])[0] == "thread stays"
    done.set()
    thread.join()


def test_child_that_nobody_waited_for_is_named(
    resources: Mapping[str, Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living.wait_for, "__kwdefaults__", {"grace_s": 0.01})
    resource = resources["children"]
    running: list[subprocess.Popen[bytes]] = []

    changes = find_changes(resource, lambda: running.append(subprocess.Popen(["sleep", "9"])))

    assert resource.describe(changes[0])[2] == "runs sleep 9"
    running[0].kill()
    running[0].wait()


def test_descriptor_above_a_closed_one_is_named(
    resources: Mapping[str, Resource], tmp_path: Path
) -> None:
    resource = resources["fds"]
    kept = []

    def leave_the_upper_one() -> None:
        lower = os.open(tmp_path, os.O_RDONLY)
        kept.append((tmp_path / "kept").open("w"))
        os.close(lower)

    changes = find_changes(resource, leave_the_upper_one)

    assert [str(change.after) for change in changes] == [str(tmp_path / "kept")]
    kept[0].close()


def test_secret_variable_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = Environ()

    changes = find_changes(resource, lambda: monkeypatch.setenv("MY_TOKEN", "hush"))

    assert resource.describe(changes[0]) == ("os.environ['MY_TOKEN']", "unset", "***")


def test_guard_that_sees_what_is_planted_is_awake(resources: Mapping[str, Resource]) -> None:
    assert list(find_sleepers(list(resources.values()))) == []


def test_guard_that_sees_nothing_is_found_asleep(
    resources: Mapping[str, Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Umask, "read", lambda _: 0o22)

    assert list(find_sleepers(list(resources.values()))) == ["umask"]


def test_module_that_died_is_no_change_and_breaks_nothing(
    resources: Mapping[str, Resource],
) -> None:
    module = types.ModuleType("dying")
    sys.modules["dying"] = weakref.proxy(module)
    resource = resources["sys.modules"]
    before = dict(resource.unfold(resource.read()))

    del module, sys.modules["dying"]

    changes = list(compare(before, resource.unfold(resource.read())))
    assert [change.key for change in changes] == ["dying"]
    assert resource.describe(changes[0])[1:] == ("<ProxyType>", "absent")
    assert resource.is_lawful(changes[0], Scene())


@pytest.mark.parametrize(
    ("before", "after", "is_lawful"),
    [(ABSENT, None, True), (None, object(), False), (object(), None, False)],
    ids=["first import", "another policy", "policy taken away"],
)
def test_policy_may_come_with_asyncio_only(before: object, after: object, is_lawful: bool) -> None:
    change = Change("asyncio.set_event_loop_policy", before, after)

    assert AsyncioState().is_lawful(change, Scene()) == is_lawful


@pytest.mark.skipif(sys.platform != "linux", reason="ports are read from Linux's /proc")
def test_port_is_one_that_somebody_may_connect_to_and_no_connection() -> None:
    ports = Ports()
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", number)) as client:
            found = ports.unfold(ports.read())
            other = client.getsockname()[1]

    assert f"{number}/tcp" in found
    assert f"{other}/tcp" not in found
