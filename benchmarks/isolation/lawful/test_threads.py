"""Threads, processes and signals that end with their test."""

import _thread
import multiprocessing
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from types import FrameType

import pytest


@pytest.fixture
def alarm() -> Iterator[list[int]]:
    """A time limit by SIGALRM, as plugins set one."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    before = signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, 30)
    yield seen
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_joined_thread() -> None:
    thread = threading.Thread(target=time.sleep, args=(0.001,))
    thread.start()
    thread.join()


def test_thread_of_2_ms() -> None:
    threading.Thread(target=time.sleep, args=(0.002,)).start()


def test_thread_of_20_ms() -> None:
    threading.Thread(target=time.sleep, args=(0.02,), daemon=True).start()


def test_low_level_thread() -> None:
    done: queue.Queue[int] = queue.Queue()
    _thread.start_new_thread(done.put, (1,))

    assert done.get() == 1


def test_timer_that_is_cancelled() -> None:
    timer = threading.Timer(60, print)
    timer.start()
    timer.cancel()


def test_pool_in_a_block() -> None:
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(abs, [-1, 2])) == [1, 2]


def test_thread_local() -> None:
    local = threading.local()
    local.value = 1


def test_multiprocessing_lock() -> None:
    with multiprocessing.Lock():
        pass


def test_process_that_is_joined() -> None:
    process = multiprocessing.get_context("fork").Process(target=len, args=((),))
    process.start()
    process.join()
    process.close()


def test_process_pool() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        assert pool.submit(abs, -3).result() == 3


def test_subprocess_that_is_waited_for() -> None:
    done = subprocess.run([sys.executable, "-S", "-c", "print(1)"], capture_output=True, check=True)

    assert done.stdout == b"1\n"


def test_popen_that_is_waited_for() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.communicate(b"x")[0] == b"x"


def test_alarm_by_a_fixture(alarm: list[int]) -> None:
    assert alarm == []


def test_signal_put_back() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, before)


def test_signal_mask_put_back() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_socket_pair() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")
        assert right.recv(1) == b"x"
