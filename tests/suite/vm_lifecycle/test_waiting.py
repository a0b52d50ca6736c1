"""Waiting in real time, as in production: nothing of the tools' polling is replaced here."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import pytest

from tests.fixtures.mock_helpers import AgentResult
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.slow


@contextmanager
def later(delay_s: float, lab: Lab) -> Iterator[None]:
    """Let the lab's clock jump by a minute after a real delay, from another thread."""
    timer = Timer(delay_s, lab.builder.clock.advance, args=(60,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def test_forced_delete_polls_a_stop_that_takes_its_time(running_lab: Lab) -> None:
    running_lab.builder.with_task_duration(30)
    began = time.monotonic()

    with later(0.5, running_lab):
        running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    assert time.monotonic() - began >= 0.5
    assert [kind for kind, *_ in running_lab.tasks] == ["qmstop", "qmdestroy"]
    assert running_lab.tasks[0] == ("qmstop", NODE, running_lab.vmid, "OK")


@pytest.mark.asyncio
async def test_command_is_polled_every_second(lab: Lab) -> None:
    agent = {"make": AgentResult(out="done", polls=1)}
    lab.builder.with_agent(lab.vmid, NODE, commands=agent)
    began = time.monotonic()

    result = await lab.build_tools().execute_command(**lab.params, command="make")

    assert time.monotonic() - began >= 1
    assert json.loads(result[1].text)["output"] == "done"
