"""Scenarios about tasks and nodes."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web")


@SCENARIOS.add(stopped)
def status_and_log_of_a_task(play: Play) -> None:
    upid = play.post("nodes/node1/qemu/100/status/start")
    play.get(f"nodes/node1/tasks/{upid}/status")
    play.get(f"nodes/node1/tasks/{upid}/log")


@SCENARIOS.add(stopped)
def list_of_tasks(play: Play) -> None:
    play.post("nodes/node1/qemu/100/status/start")
    play.post("nodes/node1/qemu/100/status/stop")
    play.get("nodes/node1/tasks")
    play.get("nodes/node1/tasks", typefilter="qmstart")
    play.get("nodes/node1/tasks", vmid=101)


@SCENARIOS.add()
def unknown_task(play: Play) -> None:
    play.get("nodes/node1/tasks/UPID:node1:0000AAAA:0000AAAA:65A0A0A0:qmstart:100:root@pam:/status")
    play.get("nodes/node1/tasks/bogus/status")


@SCENARIOS.add(lambda builder: builder.with_node("node2", online=False))
def node_that_is_offline(play: Play) -> None:
    play.get("nodes/node2/status")
    play.get("nodes/node2/qemu")
    play.get("nodes")


@SCENARIOS.add()
def version_of_the_api(play: Play) -> None:
    play.get("version")
