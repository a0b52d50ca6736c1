import faulthandler
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra import status
from tests.test_infra.conftest import InnerSuite

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGUSR1"), reason="the system has no SIGUSR1, and `install` does nothing"
)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    """Each test begins with no handler, as a program does, and leaves what it found."""
    old = signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGUSR1, old)


def test_signal_writes_one_text_and_close_puts_the_default_back(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    installed = status.install(lambda now: f"now {now > 0}", descriptor=writer)
    assert installed is not None

    with installed:
        signal.raise_signal(signal.SIGUSR1)

    assert os.read(reader, 99) == b"now True"
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    installed.close()


def test_error_in_the_text_does_not_reach_the_test_that_runs(pipe: tuple[int, int]) -> None:
    installed = status.install(lambda now: str(now / 0), descriptor=pipe[1])
    assert installed is not None

    with installed:
        signal.raise_signal(signal.SIGUSR1)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, print], ids=["ignored", "own"])
def test_handler_of_the_program_is_left_alone(handler: signal.Handlers) -> None:
    signal.signal(signal.SIGUSR1, handler)

    assert status.install(str) is None
    assert signal.getsignal(signal.SIGUSR1) == handler


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of handlers below Python")
def test_handler_that_python_does_not_know_of_is_left_alone() -> None:
    faulthandler.register(signal.SIGUSR1, file=status.STDERR)
    try:
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
        assert status.install(str) is None
    finally:
        faulthandler.unregister(signal.SIGUSR1)


def test_system_without_proc_knows_of_no_such_handler(tmp_path: Path) -> None:
    assert not status.is_caught(signal.SIGUSR1, tmp_path / "missing")


def test_handler_put_there_later_survives_close() -> None:
    installed = status.install(str)
    assert installed is not None
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)

    installed.close()

    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN


def test_outside_the_main_thread_nothing_is_installed() -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(status.install(str)))
    thread.start()
    thread.join()

    assert found == [None]
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_system_without_the_signal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGUSR1")

    assert status.install(str) is None
    monkeypatch.undo()


FORKED = """
import os, signal
from tests.infra import status

installed = status.install(lambda now: "told by the parent only")
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGUSR1)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]) == -signal.SIGUSR1)
"""


def test_forked_process_dies_of_the_signal_as_anywhere_else() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=30, check=True
    )

    assert (done.stdout, done.stderr) == ("True\n", "")


INNER_PLUGIN = """
import os
from tests.infra import status

def pytest_configure(config):
    is_worker = hasattr(config, "workerinput")
    text = "" if is_worker else "\\nSTATUS\\n"
    config.add_cleanup(status.install(lambda now: text).close)
    os.environ.setdefault("ROOT_PID", str(os.getpid()))
"""

INNER_TESTS = """
import os, pathlib, signal, time

def test_asks_the_first_process_and_then_itself():
    os.kill(int(os.environ["ROOT_PID"]), signal.SIGUSR1)
    deadline = time.monotonic() + 20
    # pytester's name of the file that stands behind the first process's standard error.
    while "STATUS" not in pathlib.Path("stderr").read_text():
        assert time.monotonic() < deadline
    signal.raise_signal(signal.SIGUSR1)
"""


@pytest.mark.proof
@pytest.mark.parametrize(
    "workers", ["0", "1"], ids=["in-a-captured-test", "on-a-waiting-controller"]
)
def test_status_comes_out_while_the_test_runs(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.delenv("ROOT_PID", raising=False)
    inner.write(inner_plugin=INNER_PLUGIN, test_a=INNER_TESTS)

    result = inner.pytester.runpytest_subprocess(
        "-p", "inner_plugin", "-n", workers, "-p", "no:hypothesispytest", timeout=60
    )

    result.assert_outcomes(passed=1)
    lines = [line for line in result.stderr.lines if line]
    assert lines == ["STATUS"] * (2 if workers == "0" else 1)
    assert "STATUS" not in result.stdout.str()
