"""Processor time, memory and the end of a command and of all that it started."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.infra.commands.budgets import hear_interrupts
from tests.infra.measuring import tree
from tests.infra.measuring.tree import Usage, Watch, run_tree

# Burns processor time until the process has used so much, whatever else the machine does.
BURN = "import time\nwhile time.process_time() < {}: pass\n"

ORPHAN = """
import os, time
if os.fork() == 0:
    # The child's own child is left behind, and nobody but us can wait for it.
    if os.fork() == 0:
        while time.process_time() < 0.2: pass
        os._exit(0)
    os._exit(0)
os.wait()
"""

NOTE_CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sleepers that are left behind don't end by themselves, and nothing here lives for long."""
    monkeypatch.setattr(tree, "LEFT_S", 0.1)
    monkeypatch.setattr(tree, "LOOK_S", 0.05)


def run(code: str, tmp_path: Path, *args: str, timeout_s: float | None = None) -> Usage:
    return run_tree(
        [sys.executable, "-I", "-S", "-c", code, *args],
        environ=os.environ,
        output=tmp_path / "output.txt",
        timeout_s=timeout_s,
    )


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_exit_code_and_output_are_the_commands(tmp_path: Path) -> None:
    usage = run("print('said'); raise SystemExit(7)", tmp_path)

    assert (usage.exit_code, usage.is_cut) == (7, False)
    assert (tmp_path / "output.txt").read_text() == "said\n"
    assert usage.ended > usage.began


def test_processor_time_is_that_of_the_work(tmp_path: Path) -> None:
    usage = run(BURN.format(0.3), tmp_path)

    assert 0.3 <= usage.cpu_s < 0.6


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands over orphans")
def test_processor_time_of_orphans_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "LEFT_S", 60)

    assert run(ORPHAN, tmp_path).cpu_s >= 0.2


@pytest.mark.proof
def test_peak_memory_is_that_of_all_processes(tmp_path: Path) -> None:
    child = "x = b'1' * 40_000_000; import time; time.sleep(0.6)"
    code = (
        "import subprocess, sys\n"
        f"both = [subprocess.Popen([sys.executable, '-c', {child!r}]) for _ in range(2)]\n"
        "for one in both: one.wait()"
    )

    assert run(code, tmp_path).peak_memory_bytes > 80_000_000


@pytest.mark.proof
def test_nothing_is_left_when_the_time_is_up(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    usage = run(NOTE_CHILD, tmp_path, str(note), "60", timeout_s=0.5)

    assert usage.is_cut
    assert usage.exit_code == -signal.SIGKILL
    assert not is_alive(int(note.read_text()))


@pytest.mark.proof
def test_what_a_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    usage = run(NOTE_CHILD, tmp_path, str(note), "0.5")

    assert usage.exit_code == 0
    assert not is_alive(int(note.read_text()))


def test_an_interrupt_ends_all_of_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        while not note.exists() or not note.read_text():
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    # Whatever a worker of xdist's does with an interrupt.
    with hear_interrupts(), pytest.raises(KeyboardInterrupt):
        run(NOTE_CHILD, tmp_path, str(note), "60")
    thread.join()

    assert not is_alive(int(note.read_text()))


def test_our_own_children_are_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "raise SystemExit(5)"]) as ours:
        run("pass", tmp_path)

        assert ours.wait() == 5


def test_process_that_was_seen_is_ended_once() -> None:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
    watch = Watch(os.getpid(), None, _seen={child.pid: psutil.Process(child.pid)})

    living = [process.pid for process in watch.list_living()]
    watch.kill_seen()

    assert (living, child.wait()) == ([child.pid], -signal.SIGKILL)
    assert watch.list_living() == []
