"""Event loops in every scope, tasks that end, processes that are waited for."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import stock


@pytest_asyncio.fixture
async def queue() -> AsyncIterator[asyncio.Queue[int]]:
    yield asyncio.Queue()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ticker() -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(asyncio.sleep(60))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_asyncio_run() -> None:
    assert asyncio.run(asyncio.sleep(0, "x")) == "x"


def test_runner() -> None:
    with asyncio.Runner() as runner:
        assert runner.run(asyncio.sleep(0, 1)) == 1


def test_loop_by_hand() -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()


@pytest.mark.asyncio
async def test_function_loop(queue: asyncio.Queue[int]) -> None:
    await queue.put(1)

    assert await queue.get() == 1


@pytest.mark.asyncio(loop_scope="class")
class TestClassLoop:
    async def test_one(self) -> None:
        await asyncio.sleep(0)

    async def test_two(self) -> None:
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0.001))


@pytest.mark.asyncio(loop_scope="module")
async def test_module_loop(ticker: asyncio.Task[None]) -> None:
    assert not ticker.done()


@pytest.mark.asyncio(loop_scope="module")
async def test_module_loop_again() -> None:
    task = asyncio.create_task(asyncio.sleep(0.002))
    await task


@pytest.mark.asyncio(loop_scope="session")
async def test_session_loop() -> None:
    assert await asyncio.to_thread(len, "abc") == 3


@pytest.mark.asyncio
async def test_context_variable_of_a_task() -> None:
    stock.USER.set("root")
    await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_subprocess() -> None:
    process = await asyncio.create_subprocess_exec("true")

    assert await process.wait() == 0


@pytest.mark.asyncio
async def test_server() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        assert server.sockets
