import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from tests.infra import locks
from tests.infra.errors import LockTimeoutError, LockUnusableError
from tests.infra.records import Holder

ROOT = Path(__file__).parents[2]
HOLDER = Holder("gw1", 4711, "ci-3", "test_a.py::test_x", "2026-01-02T03:04:05+00:00")

HOLD_FOR_EVER = """
import pathlib, sys, time
from tests.infra import locks, records
holder = records.Holder("gw9", 1, "here", "a test that hangs", "now")
with locks.hold(pathlib.Path(sys.argv[1]), holder=holder, timeout_s=5):
    print("held", flush=True)
    time.sleep(60)
"""

COUNT_UP = """
import pathlib, sys
from tests.infra import locks
lock, counter = map(pathlib.Path, sys.argv[1:])
for _ in range(100):
    held = locks.take(lock, timeout_s=30)
    number = int(counter.read_text())
    counter.write_text(str(number + 1))
    locks.give_back(held)
"""


def start(script: str, *args: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


def test_lock_leaves_nothing_behind(path: Path) -> None:
    with locks.hold(path, holder=HOLDER, timeout_s=0):
        assert path.exists()

    assert list(path.parent.iterdir()) == []


def test_second_holder_in_one_process_has_to_wait(path: Path) -> None:
    with (
        locks.hold(path, holder=HOLDER, timeout_s=0),
        pytest.raises(LockTimeoutError) as caught,
        locks.hold(path, holder=HOLDER, timeout_s=0.05),
    ):
        pass

    assert caught.value.holder == HOLDER
    assert "test_a.py::test_x on gw1 (pid 4711" in str(caught.value)


def test_second_holder_gets_it_when_the_first_is_done(path: Path) -> None:
    order: list[str] = []
    is_held = threading.Event()

    def wait_and_take() -> None:
        is_held.wait()
        with locks.hold(path, holder=HOLDER, timeout_s=10):
            order.append("second")

    thread = threading.Thread(target=wait_and_take)
    thread.start()
    with locks.hold(path, holder=HOLDER, timeout_s=0):
        is_held.set()
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_file_that_comes_and_goes_is_usable(path: Path) -> None:
    is_over = threading.Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            path.touch()
            path.unlink()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(5000):
            locks.check_usable(path)
    finally:
        is_over.set()
        thread.join()


def test_living_process_is_named_and_dead_one_blocks_nobody(path: Path) -> None:
    process = start(HOLD_FOR_EVER, path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"

    with (
        pytest.raises(LockTimeoutError, match="a test that hangs on gw9"),
        locks.hold(path, holder=HOLDER, timeout_s=0.1),
    ):
        pass
    assert not locks.is_free(path)
    process.kill()
    process.wait()
    process.stdout.close()

    with locks.hold(path, holder=HOLDER, timeout_s=5):
        assert locks.read_holder(path) == HOLDER


@pytest.mark.proof
def test_lock_file_that_goes_at_each_release_still_excludes(path: Path, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0", encoding="utf-8")

    processes = [start(COUNT_UP, path, counter) for _ in range(4)]

    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()
    assert counter.read_text(encoding="utf-8") == "400"


def test_directory_is_no_lock(path: Path) -> None:
    path.mkdir()

    with pytest.raises(LockUnusableError, match="it is a directory; remove it"):
        locks.take(path, timeout_s=0)


def test_missing_parent_is_no_place_for_a_lock() -> None:
    with pytest.raises(LockUnusableError, match="can't be used as a lock file"):
        locks.take(Path("/proc/nowhere/some.lock"), timeout_s=0)


@pytest.mark.parametrize("note", ["", "{}", '{"version": 1}', "x"])
def test_damaged_note_is_no_note(path: Path, note: str) -> None:
    path.with_name("some.lock.holder").write_text(note, encoding="utf-8")

    assert locks.read_holder(path) is None


def test_free_lock_is_free_and_stays_so(path: Path) -> None:
    assert locks.is_free(path)
    assert locks.is_free(path)
    assert not path.exists()
