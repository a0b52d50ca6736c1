"""An inner suite whose tests write their worker's state, to compare cold and warm ones."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from kin.owned.values import OWNED

SIDES = []

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    directory = config.rootpath / "run"
    if not hasattr(config, "workerinput"):
        directory.mkdir(exist_ok=True)
    SIDES.append(warmstart.register(config, directory, ("kin.owned",)))

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
        "owned": conftest.OWNED,
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


# A program that a shell starts in the background ignores it, and so do all that it starts.
HEARS_SIGINT = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main())
"""


@dataclass(frozen=True)
class Suite:
    """An inner suite that is run cold and warm."""

    path: Path

    def start(self, *args: str, out: str, **variables: str) -> "subprocess.Popen[str]":
        # Under coverage, which watches all processes, an inner run would be cold.
        quiet = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
        environ = {**quiet, "PYTHONPATH": str(ROOT), "OUT": out, **variables}
        return subprocess.Popen(
            [sys.executable, "-c", HEARS_SIGINT, "-n2", "--dist=load", *args],
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
