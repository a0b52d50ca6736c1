"""Scenarios about snapshots."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()
VM: Final = "nodes/node1/qemu/100"
CT: Final = "nodes/node1/lxc/200"


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web")


def running(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, status="running", name="web")


def locked(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web", lock="backup")


def container(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_container(200, name="web")


@SCENARIOS.add(stopped)
def snapshot_life(play: Play) -> None:
    play.get(f"{VM}/snapshot")
    play.end_of(play.post(f"{VM}/snapshot", snapname="before", description="first"))
    play.get(f"{VM}/snapshot")
    play.put(f"{VM}/config", cores=8)
    play.end_of(play.post(f"{VM}/snapshot/before/rollback"))
    play.get(f"{VM}/config")
    play.end_of(play.delete(f"{VM}/snapshot/before"))
    play.get(f"{VM}/snapshot")


@SCENARIOS.add(stopped)
def snapshot_with_a_taken_name(play: Play) -> None:
    play.end_of(play.post(f"{VM}/snapshot", snapname="one"))
    play.end_of(play.post(f"{VM}/snapshot", snapname="one"))


@SCENARIOS.add(stopped)
def snapshot_with_wrong_parameters(play: Play) -> None:
    play.post(f"{VM}/snapshot")
    play.post(f"{VM}/snapshot", snapname="1st")
    play.post(f"{VM}/snapshot", snapname="x" * 41)
    play.post(f"{VM}/snapshot", name="one")
    play.end_of(play.post(f"{VM}/snapshot", snapname="current"))


@SCENARIOS.add(stopped)
def missing_snapshot(play: Play) -> None:
    play.end_of(play.post(f"{VM}/snapshot/none/rollback"))
    play.end_of(play.delete(f"{VM}/snapshot/none"))
    play.get(f"{VM}/snapshot/none/config")


@SCENARIOS.add(locked)
def snapshot_of_a_locked_vm(play: Play) -> None:
    play.end_of(play.post(f"{VM}/snapshot", snapname="one"))
    play.get(f"{VM}/snapshot")


@SCENARIOS.add(stopped)
def snapshots_have_parents(play: Play) -> None:
    for name in ("one", "two", "three"):
        play.end_of(play.post(f"{VM}/snapshot", snapname=name))
    play.end_of(play.delete(f"{VM}/snapshot/two"))
    play.get(f"{VM}/snapshot")


@SCENARIOS.add(stopped)
def configuration_of_a_snapshot(play: Play) -> None:
    play.end_of(play.post(f"{VM}/snapshot", snapname="one", description="first"))
    play.get(f"{VM}/snapshot/one/config")
    play.put(f"{VM}/snapshot/one/config", description="second")
    play.get(f"{VM}/snapshot/one/config")


@SCENARIOS.add(running)
def rollback_of_a_running_vm(play: Play) -> None:
    play.end_of(play.post(f"{VM}/snapshot", snapname="one"))
    play.end_of(play.post(f"{VM}/snapshot/one/rollback"))
    play.get(f"{VM}/status/current")


@SCENARIOS.add(container)
def snapshot_life_of_a_container(play: Play) -> None:
    play.end_of(play.post(f"{CT}/snapshot", snapname="before"))
    play.get(f"{CT}/snapshot")
    play.end_of(play.post(f"{CT}/snapshot/before/rollback"))
    play.end_of(play.delete(f"{CT}/snapshot/before"))
    play.get(f"{CT}/snapshot")
