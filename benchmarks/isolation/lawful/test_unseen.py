"""Lawful tests written after the guard had been tried on all others."""

import asyncio
import collections
import contextvars
import copyreg
import ctypes
import enum
import functools
import gc
import logging.handlers
import multiprocessing
import os
import queue
import signal
import socketserver
import sqlite3
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import ClassVar

import pytest
import stock


class Shape:
    known: ClassVar[list[type]] = []

    def __init_subclass__(cls) -> None:
        Shape.known.append(cls)


class Tree(enum.Enum):
    OAK = 1
    ELM = 2


@pytest.fixture(scope="module")
def log_queue() -> Iterator[logging.Logger]:
    records: queue.Queue[logging.LogRecord] = queue.Queue()
    logger = logging.getLogger("stock.queue")
    handler = logging.handlers.QueueHandler(records)
    listener = logging.handlers.QueueListener(records)
    logger.addHandler(handler)
    listener.start()
    yield logger
    listener.stop()
    logger.removeHandler(handler)


@pytest.fixture(scope="class")
def echo() -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), socketserver.BaseRequestHandler
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield ("127.0.0.1", server.server_address[1])
        server.shutdown()
        thread.join()


def test_queue_handler_of_a_module(log_queue: logging.Logger) -> None:
    log_queue.error("x")


class TestEcho:
    def test_server_of_a_class(self, echo: tuple[str, int]) -> None:
        assert echo[1] > 0


def test_subclass_of_a_test_that_is_forgotten() -> None:
    before = list(Shape.known)

    class Square(Shape):
        pass

    assert Square in Shape.known
    Shape.known[:] = before


def test_enum_members_by_value() -> None:
    assert Tree(2) is Tree.ELM


def test_weak_references() -> None:
    depots = weakref.WeakValueDictionary({"a": stock.Depot()})

    assert len(depots) <= 1


def test_copied_context() -> None:
    contextvars.copy_context().run(stock.USER.set, "root")

    assert stock.USER.get() == "nobody"


def test_database_in_a_directory_of_its_own(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("create table t (x)")
    connection.commit()
    connection.close()


def test_spooled_file() -> None:
    with tempfile.SpooledTemporaryFile(max_size=4) as file:
        file.write(b"12345678")


def test_descriptors_put_back() -> None:
    saved = os.dup(1)
    os.dup2(2, 1)
    os.dup2(saved, 1)
    os.close(saved)


def test_signal_that_is_raised() -> None:
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    before = signal.signal(signal.SIGUSR2, note)
    signal.raise_signal(signal.SIGUSR2)
    signal.signal(signal.SIGUSR2, before)

    assert seen == [signal.SIGUSR2]


def test_loop_signal_handler() -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR2, print)
        loop.remove_signal_handler(signal.SIGUSR2)

    asyncio.run(wait())


def test_default_executor_of_a_loop() -> None:
    async def run() -> int:
        return await asyncio.get_running_loop().run_in_executor(None, len, "abc")

    assert asyncio.run(run()) == 3


def test_fork_that_is_waited_for() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)

    assert os.waitpid(pid, 0) == (pid, 0)


def test_loaded_library() -> None:
    assert ctypes.CDLL(None).getpid() == os.getpid()


def test_dispatch_is_cached() -> None:
    @functools.singledispatch
    def name(_one: object) -> str:
        return "object"

    name.register(int, lambda _one: "int")

    assert (name(1), name("x")) == ("int", "object")


def test_pickled_function_is_registered_again() -> None:
    copyreg.pickle(stock.Depot, lambda _depot: "x")
    del copyreg.dispatch_table[stock.Depot]


def test_interned_and_counted() -> None:
    assert collections.Counter(sys.intern(letter) for letter in "aab")["a"] == 2


def test_captured_descriptors(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(1, b"x")

    assert capfd.readouterr().out == "x"


def test_module_of_an_owner_in_a_cycle() -> None:
    loader = stock.Loader()
    vars(loader)["itself"] = loader

    assert loader.module.__name__ in sys.modules


def test_collector_takes_the_module() -> None:
    assert gc.collect() >= 0


def test_shared_value() -> None:
    assert multiprocessing.Value("i", 3).value == 3


def test_recorded_warnings(recwarn: pytest.WarningsRecorder) -> None:
    assert len(recwarn) == 0
