import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra import warmstart

ROOT = Path(__file__).parents[2]

INI = """
[pytest]
addopts = -p no:hypothesispytest
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

# `sqlite3` stands for a package that takes long to import; pytest itself has no use for it.
CONFTEST = """
import os
import sys
import pytest

EARLY = sorted(sys.modules)

from tests.infra import warmstart
from project import VALUE

SIDES = []

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    directory = config.rootpath / "run"
    if not hasattr(config, "workerinput"):
        directory.mkdir(exist_ok=True)
    SIDES.append(warmstart.register(config, directory))

@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    if "CHANGE_ENVIRONMENT" in os.environ and not hasattr(session.config, "workerinput"):
        os.environ["CHANGED"] = "since"

def pytest_unconfigure(config):
    if SIDES[0] is not None:
        print()
        print("is warm:", SIDES[0].is_warm, SIDES[0].explain())
"""

SUITE = """
import asyncio, gc, json, multiprocessing, os, random, re, resource, signal, sqlite3, sys, threading
import time, warnings
from pathlib import Path
import pytest
import conftest

OUT = Path(__file__).parent / os.environ.get("OUT", "out")

def describe_stream(stream):
    facts = (type(stream).__name__, stream.encoding, stream.errors, stream.line_buffering)
    return [*facts, stream.write_through, stream.fileno(), os.isatty(stream.fileno())]

def describe_file(number):
    return re.sub(r"\\d+", "N", os.readlink(f"/proc/self/fd/{number}"))

def take_state():
    names = {"PYTEST_CURRENT_TEST", "PYTEST_XDIST_TESTRUNUID", "OUT"}
    numbers = sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1]
    return {
        "environ": {k: v for k, v in os.environ.items() if k not in names},
        "cwd": os.getcwd(),
        "path": sys.path,
        "argv": [sys.argv, sys.orig_argv],
        "interpreter": [sys.executable, sys.prefix, str(sys.flags), sys.version],
        "filters": [str(one) for one in warnings.filters],
        "policy": type(asyncio.get_event_loop_policy()).__name__,
        "threads": [one.name for one in threading.enumerate()],
        "native_threads": len(os.listdir("/proc/self/task")),
        "files": [[number, describe_file(number)] for number in numbers],
        "signals": {str(one): str(signal.getsignal(one)) for one in signal.valid_signals()},
        "main": sorted(set(vars(sys.modules["__main__"])) - {"io"}),
        "stdin": [os.read(0, 1).decode(), os.readlink("/proc/self/fd/0")],
        "streams": [describe_stream(sys.__stdin__), describe_stream(sys.__stdout__),
                    describe_stream(sys.__stderr__)],
        "umask": [os.umask(0o22), os.umask(0o22)][0],
        "finders": [type(one).__name__ for one in sys.meta_path],
        "hooks": [len(sys.path_hooks), sys.excepthook.__name__, str(type(threading.excepthook))],
        "gc": [gc.isenabled(), gc.get_threshold(), len(gc.callbacks)],
        "limits": [resource.getrlimit(one) for one in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS)],
        "process": [os.getpgid(0), os.getsid(0), os.nice(0), sorted(os.sched_getaffinity(0))],
        "tracing": [str(sys.gettrace()), str(sys.getprofile()), sys.getrecursionlimit()],
        "time": [time.tzname, sys.getswitchinterval()],
        "project": sorted({"project", "infra_nursery"} & sys.modules.keys()),
        "value": conftest.VALUE,
    }

def write(**facts):
    facts |= {"worker": os.environ["PYTEST_XDIST_WORKER"], "early": conftest.EARLY}
    text = json.dumps(facts)
    OUT.mkdir(exist_ok=True)
    (OUT / f"{os.getpid()}.tmp").write_text(text)
    (OUT / f"{os.getpid()}.tmp").rename(OUT / f"{os.getpid()}.json")

@pytest.mark.parametrize("number", range(2))
def test_state(number):
    random_numbers = [random.random(), multiprocessing.current_process().authkey.hex()]
    write(state=take_state(), random=random_numbers, modules=sorted(sys.modules))

def test_exit():
    write()
    os._exit(1)

def test_killed():
    write()
    os.kill(os.getpid(), signal.SIGKILL)

def test_kill_nursery():
    write()
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

@pytest.mark.parametrize("number", range(2))
def test_waiting(number):
    write()
    while not (OUT / "stop").exists():
        time.sleep(0.01)

def test_last():
    write()
"""


@dataclass(frozen=True)
class Suite:
    """An inner suite that is run cold and warm."""

    path: Path

    def start(self, *args: str, out: str, **variables: str) -> "subprocess.Popen[str]":
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "OUT": out, **variables}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-n2", "--dist=load", *args],
            cwd=self.path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *args: str, out: str, **variables: str) -> str:
        with self.start(*args, out=out, **variables) as process:
            output, _ = process.communicate(timeout=60)
        return output

    # Any: what the tests of the inner suite write about themselves.
    def read(self, out: str) -> list[dict[str, Any]]:
        found = [json.loads(path.read_text()) for path in (self.path / out).glob("*.json")]
        return sorted(found, key=lambda one: str(one["worker"]))

    def wait_for(self, out: str, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(list((self.path / out).glob("*.json"))) < count:
            assert time.monotonic() < deadline, "the inner run does not get anywhere"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """A suite whose first run has learned, and whose source has changed since."""
    # Longer than a socket's path may be.
    path = tmp_path_factory.mktemp("warm") / ("long" * 30)
    path.mkdir()
    (path / "pytest.ini").write_text(INI)
    (path / "conftest.py").write_text(CONFTEST)
    (path / "test_suite.py").write_text(SUITE)
    (path / "project.py").write_text("VALUE = 1\n")
    suite = Suite(path)
    output = suite.run("-k", "test_state", out="cold")
    assert "is warm: False workers start cold: this run learns" in output, output
    (path / "project.py").write_text("VALUE = 22\n")
    return suite


@pytest.fixture(scope="module")
def warm_output(suite: Suite) -> str:
    """What a warm run printed."""
    return suite.run("-k", "test_state", out="warm")


def assert_session_has_ended(session: int) -> None:
    deadline = time.monotonic() + 10
    while left := list(find_processes(session)):
        assert time.monotonic() < deadline, f"left over: {left}"
        time.sleep(0.01)


def find_processes(session: int) -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        # A process may end in between.
        with contextlib.suppress(OSError):
            state, _, _, of_session = path.read_text().rpartition(")")[2].split()[:4]
            if int(of_session) == session and state != "Z":
                yield path.with_name("cmdline").read_text()


def assert_nothing_is_left(suite: Suite) -> None:
    assert not list((suite.path / "run").iterdir())


STATES = [
    *("environ", "cwd", "path", "argv", "interpreter", "filters", "policy", "threads"),
    *("native_threads", "files", "signals", "main", "stdin", "streams", "umask", "finders"),
    *("hooks", "gc", "limits", "tracing", "time", "project"),
]


def test_second_run_is_warm_and_quiet(suite: Suite, warm_output: str) -> None:
    early = [set(one["early"]) for one in suite.read("warm")]

    assert "is warm: True \n" in warm_output
    assert "2 passed" in warm_output
    assert "warning" not in warm_output.lower()
    assert len(early) == 2
    assert all("sqlite3" in modules for modules in early)


@pytest.mark.parametrize("name", STATES)
@pytest.mark.usefixtures("warm_output")
def test_warm_worker_is_as_a_cold_one(suite: Suite, name: str) -> None:
    cold = [one["state"][name] for one in suite.read("cold")]
    warm = [one["state"][name] for one in suite.read("warm")]

    assert len(cold) == len(warm) == 2
    assert warm == cold


@pytest.mark.usefixtures("warm_output")
def test_warm_worker_has_no_modules_that_a_cold_one_has_not(suite: Suite) -> None:
    cold = {name for one in suite.read("cold") for name in one["modules"]}
    warm = {name for one in suite.read("warm") for name in one["modules"]}

    assert sorted(warm - cold) == []


@pytest.mark.usefixtures("warm_output")
def test_warm_workers_draw_random_numbers_of_their_own(suite: Suite) -> None:
    drawn = [number for one in suite.read("warm") for number in one["random"]]

    assert len(set(drawn)) == 4


@pytest.mark.usefixtures("warm_output")
def test_changed_source_is_seen(suite: Suite) -> None:
    warm = suite.read("warm")

    assert [one["state"]["value"] for one in warm] == [22, 22]
    assert not any(name in one["early"] for one in warm for name in ("project", "test_suite"))


def test_crashed_warm_workers_are_replaced_by_warm_ones(suite: Suite, warm_output: str) -> None:
    output = suite.run("-k", "test_exit or test_killed or test_last", out="crash")
    workers = suite.read("crash")

    assert "is warm: True" in warm_output
    assert "2 failed, 1 passed" in output
    assert len(workers) == 3
    assert all("sqlite3" in one["early"] for one in workers)
    assert_nothing_is_left(suite)


def test_worker_after_a_dead_nursery_is_cold(suite: Suite, warm_output: str) -> None:
    output = suite.run("-k", "test_kill_nursery or test_last or test_state", out="dead")
    after = [one for one in suite.read("dead") if one["worker"] not in ("gw0", "gw1")]

    assert "is warm: True" in warm_output
    assert "1 failed, 3 passed" in output
    assert "the process that forks them has died" in output
    assert not any("sqlite3" in one["early"] for one in after)


def test_changed_environment_makes_workers_cold(suite: Suite, warm_output: str) -> None:
    output = suite.run("-k", "test_state", out="changed", CHANGE_ENVIRONMENT="1")

    assert "is warm: True" in warm_output
    assert "2 passed" in output
    assert "the environment has changed since (CHANGED)" in output
    assert not any("sqlite3" in one["early"] for one in suite.read("changed"))


@pytest.mark.usefixtures("warm_output")
def test_interrupt_leaves_no_process(suite: Suite) -> None:
    with suite.start("-k", "test_waiting", out="interrupt") as process:
        suite.wait_for("interrupt", 2)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert "KeyboardInterrupt" in output
    assert output.count("Traceback") == 0
    assert_session_has_ended(process.pid)


@pytest.mark.usefixtures("warm_output")
def test_killed_controller_leaves_no_process(suite: Suite) -> None:
    with suite.start("-k", "test_waiting", out="orphans") as process:
        suite.wait_for("orphans", 2)
        process.kill()
        (suite.path / "orphans" / "stop").touch()
        process.communicate(timeout=60)

    assert_session_has_ended(process.pid)
    assert_nothing_is_left(suite)


@pytest.mark.parametrize(
    ("args", "obstacle"),
    [
        (("--tx=popen",), ""),
        (("--tx=2*popen",), ""),
        (("--tx=popen//python=python3",), "--tx names other than plain local workers"),
        (("--tx=2*popen", "--tx=ssh=there"), "--tx names other than plain local workers"),
        (("--tx=popen", "-p", "no:cacheprovider"), "pytest keeps no cache to learn from"),
    ],
)
def test_odd_options_make_a_run_cold(
    pytester: pytest.Pytester, args: tuple[str, ...], obstacle: str
) -> None:
    config = pytester.parseconfig("--dist=load", *args)

    assert warmstart.find_obstacle(config, {"PATH": "/bin"}) == obstacle


@pytest.mark.parametrize("name", ["COVERAGE_PROCESS_START", "COV_CORE_SOURCE"])
def test_coverage_of_whole_processes_makes_a_run_cold(pytester: pytest.Pytester, name: str) -> None:
    config = pytester.parseconfig("--dist=load", "--tx=popen")

    obstacle = warmstart.find_obstacle(config, {name: "1"})

    assert obstacle == f"{name} measures coverage from an interpreter's start on"


def test_profiler_makes_a_run_cold(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfig("--dist=load", "--tx=popen")
    sys.setprofile(lambda *_: None)

    obstacle = warmstart.find_obstacle(config, {})
    sys.setprofile(None)

    assert obstacle == "a tracer, a profiler or coverage is at work"


def test_another_system_makes_a_run_cold(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = pytester.parseconfig("--dist=load", "--tx=popen")
    monkeypatch.setattr(sys, "platform", "darwin")

    assert warmstart.find_obstacle(config, {}) == "only Linux can fork them safely"


def test_other_plugins_are_another_mode(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", other="[pytest]")

    modes = {
        warmstart.describe_mode(pytester.parseconfig(*args))
        for args in ((), ("--assert=plain",), ("-p", "no:logging"), ("-c", "other.ini"))
    }

    assert len(modes) == 4


def test_file_lies_where_pytest_puts_it(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfigure("-p", "no:asyncio", "-o", "cache_dir=$HOME/cache")

    assert config.cache is not None
    assert warmstart.find_file(config).parent == config.cache.mkdir("infra")


def test_offender_makes_a_run_cold_and_is_excluded_from_the_next(
    suite: Suite, warm_output: str
) -> None:
    assert "is warm: True" in warm_output
    path = suite.path / ".pytest_cache" / "d" / "infra" / "warmstart.json"
    kept = json.loads(path.read_text())
    # Imported by no test: the nursery finds out that it can't be.
    kept["imports"]["modules"].append("antigravity_that_is_not_there")
    path.write_text(json.dumps(kept))

    spoilt = suite.run("-k", "test_state", out="spoilt")
    excluded = json.loads(path.read_text())["excluded"]
    after = suite.run("-k", "test_state", out="after")

    assert "antigravity_that_is_not_there can't be shared: it raises ModuleNotFound" in spoilt
    assert "2 passed" in spoilt
    assert excluded == {"antigravity_that_is_not_there": "raises ModuleNotFoundError"}
    assert "is warm: True \n" in after
