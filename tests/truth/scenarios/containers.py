"""Scenarios about containers."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()
CT: Final = "nodes/node1/lxc/200"


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_container(200, name="web")


def running(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_container(200, status="running", name="web")


def locked(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_container(200, name="web", lock="backup")


@SCENARIOS.add(stopped)
def power_cycle_of_a_container(play: Play) -> None:
    for command in ("start", "reboot", "shutdown", "start", "stop"):
        play.end_of(play.post(f"{CT}/status/{command}"))
        play.get(f"{CT}/status/current")


@SCENARIOS.add(running)
def lists_of_containers(play: Play) -> None:
    play.get("nodes/node1/lxc")
    play.get("cluster/resources", type="vm")


@SCENARIOS.add(stopped)
def configuration_of_a_container(play: Play) -> None:
    play.get(f"{CT}/config")
    play.put(f"{CT}/config", cores=4, memory=2048, description="changed")
    play.get(f"{CT}/config")
    play.put(f"{CT}/config", delete="description")
    play.get(f"{CT}/config")
    play.put(f"{CT}/config", bogus=1)
    play.put(f"{CT}/config", cores="many")
    play.put(f"{CT}/config", cores=2, digest="0" * 40)


@SCENARIOS.add(running)
def start_of_a_running_container(play: Play) -> None:
    play.end_of(play.post(f"{CT}/status/start"))


@SCENARIOS.add(stopped)
def requests_that_need_a_running_container(play: Play) -> None:
    for command in ("stop", "shutdown", "reboot"):
        play.end_of(play.post(f"{CT}/status/{command}"))


@SCENARIOS.add(locked)
def locked_container(play: Play) -> None:
    play.end_of(play.post(f"{CT}/status/start"))
    play.put(f"{CT}/config", cores=4)
    play.end_of(play.delete(CT))


@SCENARIOS.add()
def missing_container(play: Play) -> None:
    play.get(f"{CT}/status/current")
    play.get(f"{CT}/config")
    play.post(f"{CT}/status/start")
    play.put(f"{CT}/config", cores=2)
    play.delete(CT)


@SCENARIOS.add(running)
def delete_of_a_running_container(play: Play) -> None:
    play.end_of(play.delete(CT))
    play.get(f"{CT}/status/current")


@SCENARIOS.add(stopped)
def delete_of_a_container(play: Play) -> None:
    play.end_of(play.delete(CT))
    play.get(f"{CT}/config")


@SCENARIOS.add(stopped)
def create_of_a_container_with_wrong_parameters(play: Play) -> None:
    play.post("nodes/node1/lxc", vmid=201)
    play.post("nodes/node1/lxc", vmid=201, ostemplate="local:vztmpl/x.tar.zst", core=1)
    play.post("nodes/node1/lxc", vmid=201, ostemplate="local:vztmpl/x.tar.zst", memory="1G")
    play.post("nodes/node1/lxc", vmid=201, ostemplate="local:vztmpl/x.tar.zst", hostname="a b")


@SCENARIOS.add(stopped)
def container_resize(play: Play) -> None:
    play.end_of(play.put(f"{CT}/resize", disk="rootfs", size="+2G"))
    play.get(f"{CT}/config")
    play.put(f"{CT}/resize", disk="rootfs", size="1G")
    play.put(f"{CT}/resize", disk="bogus", size="1G")


@SCENARIOS.add(lambda builder: builder.with_vm(100).with_container(200))
def one_namespace_of_ids(play: Play) -> None:
    play.get("nodes/node1/lxc/100/config")
    play.get("nodes/node1/qemu/200/config")
    play.get("cluster/nextid", vmid=200)
