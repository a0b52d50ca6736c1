import asyncio
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.hunting import waits
from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.perturbations import apply
from tests.test_infra.forks import run_in_fork

ROOT = Path(__file__).parents[2]

OWN = Conditions(own_waits=3)
OTHERS = Conditions(other_waits=3)


def count_under(work: Callable[[], object], conditions: Conditions) -> dict[str, int]:
    """Tell how many waits a function has that are stretched."""

    def stage() -> dict[str, int]:
        applied = apply(conditions, ROOT)
        work()
        return dict(applied.counts)

    return run_in_fork(stage)


def sleep_here() -> None:
    time.sleep(0.001)


def sleep_in_thread() -> None:
    thread = threading.Thread(target=sleep_here)
    thread.start()
    thread.join()


def sleep_in_main_coroutine() -> None:
    async def inner() -> None:
        await asyncio.sleep(0.001)

    async def main() -> None:
        await inner()

    asyncio.run(main())


def sleep_in_task() -> None:
    async def other() -> None:
        await asyncio.sleep(0.001)

    async def main() -> None:
        await asyncio.create_task(other())

    asyncio.run(main())


def sleep_in_callback() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(time.sleep, 0.001)
        await asyncio.sleep(0)

    asyncio.run(main())


def wait_for_event() -> None:
    threading.Event().wait(0.001)


def wait_for_queue() -> None:
    with pytest.raises(queue.Empty):
        queue.Queue[int]().get(timeout=0.001)


def join_briefly() -> None:
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    thread.join(0.001)
    event.set()


@pytest.mark.proof
@pytest.mark.parametrize(
    ("work", "what"),
    [
        (sleep_here, "time.sleep"),
        (sleep_in_main_coroutine, "asyncio.sleep"),
        (wait_for_event, "a timeout"),
        (wait_for_queue, "a timeout"),
        (join_briefly, "Thread.join"),
    ],
)
def test_own_wait_is_stretched_as_such(work: Callable[[], object], what: str) -> None:
    assert count_under(work, OWN) == {f"{what} of the test stretched": 1}
    assert count_under(work, OTHERS) == {}


@pytest.mark.parametrize(
    ("work", "what"),
    [
        (sleep_in_thread, "time.sleep"),
        (sleep_in_task, "asyncio.sleep"),
        (sleep_in_callback, "time.sleep"),
    ],
)
def test_wait_of_others_is_stretched_as_such(work: Callable[[], object], what: str) -> None:
    assert count_under(work, OTHERS) == {f"{what} of others stretched": 1}
    assert count_under(work, OWN) == {}


@pytest.mark.parametrize(
    ("wait_s", "least_s", "most_s"),
    [(0.01, 0.2, 1.0), (0.0, 0.0, 0.1)],
    ids=["stretched", "none"],
)
def test_stretched_wait_takes_so_many_times_as_long(
    wait_s: float, least_s: float, most_s: float
) -> None:
    def measure() -> float:
        apply(Conditions(own_waits=20), ROOT)
        began = time.monotonic()
        time.sleep(wait_s)
        return time.monotonic() - began

    assert least_s <= run_in_fork(measure) < most_s


def test_long_wait_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def stage() -> list[float]:
        apply(Conditions(own_waits=20), ROOT)
        for wait_s in (0.05, 0.5, waits.MAX_WAIT_S, 30.0):
            time.sleep(wait_s)
        return slept

    assert run_in_fork(stage) == [1.0, 2.0, 2.0, 30.0]


def test_test_function_of_a_plugin_s_loop_is_noted() -> None:
    """pytest-asyncio starts a loop with a coroutine of its own around the test's."""

    async def test() -> None:
        await asyncio.sleep(0.001)

    async def wrapper() -> None:
        await asyncio.create_task(test())

    def stage() -> dict[str, int]:
        applied = apply(OWN, ROOT)
        waits.note_main(test.__code__)
        asyncio.run(wrapper())
        return dict(applied.counts)

    assert run_in_fork(stage) == {"asyncio.sleep of the test stretched": 1}
