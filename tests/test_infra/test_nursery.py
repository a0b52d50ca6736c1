import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra import gate, nursery, nursery_handle, nursery_request, preloads, warmstart

BOOTSTRAP = nursery_request.BOOTSTRAP_ARGS


class Clients:
    """Starts clients of one nursery, as execnet does."""

    def __init__(self, nursery: nursery_handle.Nursery) -> None:
        self.nursery = nursery

    def start(self, source: str, *args: str, **variables: str) -> "subprocess.Popen[str]":
        client = [sys.executable, "-I", "-S", str(warmstart.CLIENT), str(self.nursery.socket_path)]
        process = subprocess.Popen(
            [*client, sys.executable, *(args or BOOTSTRAP)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **variables},
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(f"{source!r}\n")
        process.stdin.flush()
        return process

    def run(self, source: str, *args: str, **variables: str) -> tuple[int, str]:
        """Return exit code and output."""
        with self.start(source, *args, **variables) as process:
            output, _ = process.communicate(timeout=30)
        return process.returncode, output


def start_nursery(directory: Path) -> nursery_handle.Nursery:
    order = gate.Order(
        modules=("wsgiref.util",),
        rewritten=(),
        excluded=(),
        roots=preloads.get_roots(),
        search_path=sys.path,
    )
    started = nursery_handle.Nursery(order)
    started.settle(directory)
    assert started.wait_until_ready(30) == ({}, "")
    return started


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Clients of a nursery that has imported one module."""
    started = start_nursery(tmp_path_factory.mktemp("nursery"))
    yield Clients(started)
    started.close()
    assert not started.socket_path.exists()


@pytest.mark.parametrize(
    ("source", "code", "output"),
    [
        ("print(input())", 1, ""),
        ("import sys; print('wsgiref.util' in sys.modules)", 0, "True\n"),
        ("import atexit; atexit.register(print, 'end')", 0, "end\n"),
        ("raise SystemExit(3)", 3, ""),
        ("import os; os._exit(7)", 7, ""),
        ("import os; os.abort()", -signal.SIGABRT, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_client_ends_as_its_worker_does(
    clients: Clients, source: str, code: int, output: str
) -> None:
    process = clients.start(source)
    with process:
        found, _ = process.communicate("", timeout=30)

    assert (process.returncode, found) == (code, output)


def test_worker_dies_with_its_client(clients: Clients) -> None:
    source = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with clients.start(source) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.kill()

    assert worker != process.pid
    assert_ends(worker)


@pytest.mark.parametrize("args", [("-u", "-B", *BOOTSTRAP[1:]), ("-u", "-c", "input()")])
def test_client_with_other_arguments_becomes_what_was_asked_for(
    clients: Clients, args: tuple[str, ...]
) -> None:
    code, output = clients.run("import sys; print('wsgiref.util' in sys.modules)", *args)

    assert code == 0
    assert output in ("False\n", "")
    assert clients.nursery.read_problem() == "a worker was to start with other arguments"


def test_changed_variable_is_named_but_not_told(clients: Clients) -> None:
    _, output = clients.run("import os; print(os.environ['SECRET'])", SECRET="word")

    assert output == "word\n"
    assert clients.nursery.read_problem() == "the environment has changed since (SECRET)"


def test_worker_outlives_its_nursery(tmp_path: Path) -> None:
    started = start_nursery(tmp_path)
    with Clients(started).start("import time; print(1, flush=True); input(); print(2)") as process:
        assert process.stdout is not None
        process.stdout.readline()
        started.kill()
        output, _ = process.communicate("go on\n", timeout=30)

    assert output == "2\n"
    assert process.returncode == 0


def test_client_without_a_nursery_becomes_what_was_asked_for(tmp_path: Path) -> None:
    started = start_nursery(tmp_path)
    started.close()

    code, output = Clients(started).run("print('cold')")

    assert (code, output) == (0, "cold\n")


def test_interpreter_that_can_not_be_shared_says_why(tmp_path: Path) -> None:
    order = gate.Order(("not_there", "nor_this"), (), (), preloads.get_roots(), ())
    started = nursery_handle.Nursery(order)
    started.settle(tmp_path)

    offenders, problem = started.wait_until_ready(30)
    started.kill()

    assert offenders.keys() == {"not_there", "nor_this"}
    assert problem == "not_there (and 1 more) can't be shared: it raises ModuleNotFoundError"


def test_nursery_that_dies_or_hangs_is_told_apart(tmp_path: Path) -> None:
    hanging = nursery_handle.Nursery(gate.Order((), (), (), (), ()))

    too_soon = hanging.wait_until_ready(0)
    hanging.kill()
    (tmp_path / nursery.SOCKET_NAME).mkdir()
    dead = nursery_handle.Nursery(gate.Order((), (), (), (), ()))
    dead.settle(tmp_path)
    after = dead.wait_until_ready(30)
    (tmp_path / nursery.SOCKET_NAME).rmdir()
    dead.close()

    assert too_soon == ({}, "nothing could be preloaded: it took longer than 0 s")
    assert "nothing could be preloaded: OSError" in after[1]


def assert_ends(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the worker lives on"
        time.sleep(0.01)
