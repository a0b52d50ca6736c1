"""Waiting in real time, as in production: nothing of the tools' polling is replaced here."""

import json
import time
from threading import Timer

import pytest

from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.slow


def test_forced_delete_polls_a_stop_that_takes_its_time(running_lab: Lab) -> None:
    lab = running_lab
    lab.builder.with_task_duration(30)
    timer = Timer(0.5, lab.builder.clock.advance, args=(60,))
    began = time.monotonic()

    timer.start()
    _, results = lab.build_tools().delete_container(lab.vmid, force=True)
    timer.join()

    assert time.monotonic() - began >= 0.5
    assert json.loads(results.text)[0]["message"] == "Stopped and deleted"
    assert [(kind, node) for kind, node, *_ in lab.tasks] == [("vzstop", NODE), ("vzdestroy", NODE)]
    assert lab.tasks[0] == ("vzstop", NODE, lab.vmid, "OK")
