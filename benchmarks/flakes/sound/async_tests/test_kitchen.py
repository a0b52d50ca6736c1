import asyncio
import contextlib

import pytest
import pytest_asyncio
from app.kitchen import Kitchen, serve


@pytest_asyncio.fixture
async def kitchen():
    return Kitchen()


@pytest.mark.asyncio
async def test_one_dish(kitchen):
    assert await kitchen.cook("soup") == "soup, hot"


@pytest.mark.asyncio
async def test_order_of_gather(kitchen):
    assert await asyncio.gather(*map(kitchen.cook, "abc")) == ["a, hot", "b, hot", "c, hot"]


@pytest.mark.asyncio
async def test_no_more_than_two_cooks(kitchen):
    await asyncio.gather(*(kitchen.cook("x") for _ in range(6)))
    assert kitchen.most == 2


@pytest.mark.asyncio
async def test_nobody_is_busy_in_the_end(kitchen):
    await asyncio.gather(kitchen.cook("x"), kitchen.cook("y"))
    assert kitchen.busy == 0


@pytest.mark.asyncio
async def test_generous_timeout(kitchen):
    async with asyncio.timeout(60):
        assert await kitchen.cook("x")


@pytest.mark.asyncio
async def test_timeout_of_what_never_ends():
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)


@pytest.mark.asyncio
async def test_cancelled_task(kitchen):
    task = asyncio.create_task(kitchen.cook("x", 600))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.asyncio
async def test_queue():
    queue, plates = asyncio.Queue(), []
    task = asyncio.create_task(serve(queue, plates))
    for dish in ("a", "b", None):
        await queue.put(dish)
    await task
    assert plates == ["a", "b"]


@pytest.mark.asyncio
async def test_event_is_awaited():
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(0.005, event.set)
    await asyncio.wait_for(event.wait(), 60)
    assert event.is_set()


def test_own_loop():
    async def main():
        return await Kitchen().cook("soup")

    assert asyncio.run(main()) == "soup, hot"
