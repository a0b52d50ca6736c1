"""Scenarios about the life, power and configuration of virtual machines."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()
VM: Final = "nodes/node1/qemu/100"


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web")


def running(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, status="running", name="web")


def locked(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web", lock="backup")


def running_and_locked(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, status="running", name="web", lock="backup")


def protected(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web", protection=1)


def template(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web", template=1)


@SCENARIOS.add()
def life_from_create_to_delete(play: Play) -> None:
    play.end_of(
        play.post("nodes/node1/qemu", vmid=100, name="web", cores=2, memory=1024,
                  scsi0="local-lvm:8", net0="virtio,bridge=vmbr0", ostype="l26")
    )  # fmt: skip
    play.get(f"{VM}/status/current")
    play.get(f"{VM}/config")
    play.end_of(play.post(f"{VM}/status/start"))
    play.get(f"{VM}/status/current")
    play.end_of(play.post(f"{VM}/status/stop"))
    play.end_of(play.delete(VM))
    play.get(f"{VM}/status/current")


@SCENARIOS.add(stopped)
def power_cycle(play: Play) -> None:
    for command in ("start", "reset", "reboot", "suspend", "resume", "shutdown"):
        play.end_of(play.post(f"{VM}/status/{command}"))
        play.get(f"{VM}/status/current")


@SCENARIOS.add(stopped)
def list_of_a_node(play: Play) -> None:
    play.get("nodes/node1/qemu")


@SCENARIOS.add(running)
def resources_of_the_cluster(play: Play) -> None:
    play.get("cluster/resources", type="vm")


@SCENARIOS.add(running)
def start_of_a_running_vm(play: Play) -> None:
    play.end_of(play.post(f"{VM}/status/start"))


@SCENARIOS.add(stopped)
def stop_of_a_stopped_vm(play: Play) -> None:
    play.end_of(play.post(f"{VM}/status/stop"))


@SCENARIOS.add(stopped)
def requests_that_need_a_running_vm(play: Play) -> None:
    for command in ("shutdown", "reset", "reboot", "suspend", "resume"):
        play.end_of(play.post(f"{VM}/status/{command}"))


@SCENARIOS.add(locked)
def locked_vm(play: Play) -> None:
    play.end_of(play.post(f"{VM}/status/start"))
    play.end_of(play.post(f"{VM}/status/stop"))
    play.put(f"{VM}/config", cores=4)
    play.end_of(play.post(f"{VM}/clone", newid=101))
    play.end_of(play.delete(VM))


@SCENARIOS.add(running_and_locked)
def locked_running_vm(play: Play) -> None:
    for command in ("shutdown", "reset", "suspend", "stop"):
        play.end_of(play.post(f"{VM}/status/{command}"))


@SCENARIOS.add(locked)
def skiplock(play: Play) -> None:
    play.end_of(play.post(f"{VM}/status/start", skiplock=1))
    play.get(f"{VM}/status/current")


@SCENARIOS.add(running)
def delete_of_a_running_vm(play: Play) -> None:
    play.end_of(play.delete(VM))
    play.get(f"{VM}/status/current")


@SCENARIOS.add(protected)
def delete_of_a_protected_vm(play: Play) -> None:
    play.end_of(play.delete(VM))


@SCENARIOS.add()
def missing_vm(play: Play) -> None:
    play.get(f"{VM}/status/current")
    play.get(f"{VM}/config")
    play.post(f"{VM}/status/start")
    play.put(f"{VM}/config", cores=2)
    play.post(f"{VM}/clone", newid=101)
    play.delete(VM)


@SCENARIOS.add(stopped)
def create_with_a_taken_id(play: Play) -> None:
    play.post("nodes/node1/qemu", vmid=100)


@SCENARIOS.add()
def create_with_wrong_parameters(play: Play) -> None:
    play.post("nodes/node1/qemu")
    play.post("nodes/node1/qemu", vmid=99)
    play.post("nodes/node1/qemu", vmid="abc")
    play.post("nodes/node1/qemu", vmid=100, core=2)
    play.post("nodes/node1/qemu", vmid=100, cores="many")
    play.post("nodes/node1/qemu", vmid=100, cores=0)
    play.post("nodes/node1/qemu", vmid=100, memory="1G")
    play.post("nodes/node1/qemu", vmid=100, ostype="linux")
    play.post("nodes/node1/qemu", vmid=100, name="not a name")
    play.post("nodes/node1/qemu", vmid=100, onboot="perhaps")
    play.post("nodes/node1/qemu", vmid=100, net0="virtio,bogus=1")
    play.post("nodes/node1/qemu", vmid=100, net32="virtio,bridge=vmbr0")


@SCENARIOS.add(stopped)
def configuration_is_changed(play: Play) -> None:
    play.put(f"{VM}/config", cores=4, memory=4096, description="changed")
    play.get(f"{VM}/config")
    play.put(f"{VM}/config", delete="description")
    play.get(f"{VM}/config")
    play.end_of(play.post(f"{VM}/config", cores=1))
    play.get(f"{VM}/config")


@SCENARIOS.add(stopped)
def configuration_with_a_wrong_digest(play: Play) -> None:
    play.put(f"{VM}/config", cores=4, digest="0" * 40)
    play.get(f"{VM}/config")


@SCENARIOS.add(stopped)
def configuration_with_wrong_parameters(play: Play) -> None:
    play.put(f"{VM}/config", cores="x")
    play.put(f"{VM}/config", bogus=1)
    play.put(f"{VM}/config", delete="bogus")
    play.put(f"{VM}/config")


@SCENARIOS.add(running)
def configuration_of_a_running_vm_waits(play: Play) -> None:
    play.put(f"{VM}/config", cores=4)
    play.get(f"{VM}/config")
    play.get(f"{VM}/config", current=1)


@SCENARIOS.add(stopped)
def full_clone(play: Play) -> None:
    play.end_of(play.post(f"{VM}/clone", newid=101, name="copy", full=1))
    play.get("nodes/node1/qemu/101/config")
    play.get("nodes/node1/qemu/101/status/current")


@SCENARIOS.add(stopped)
def clone_to_a_taken_id(play: Play) -> None:
    play.end_of(play.post(f"{VM}/clone", newid=100))


@SCENARIOS.add(stopped)
def clone_with_wrong_parameters(play: Play) -> None:
    play.post(f"{VM}/clone")
    play.post(f"{VM}/clone", newvmid=101)
    play.post(f"{VM}/clone", newid=101, target="nowhere")


@SCENARIOS.add(template)
def template_is_cloned_and_not_started(play: Play) -> None:
    play.end_of(play.post(f"{VM}/status/start"))
    play.end_of(play.post(f"{VM}/clone", newid=101))
    play.get("nodes/node1/qemu/101/config")


@SCENARIOS.add(stopped)
def next_id(play: Play) -> None:
    play.get("cluster/nextid")
    play.get("cluster/nextid", vmid=100)
    play.get("cluster/nextid", vmid=101)
    play.get("cluster/nextid", vmid=99)


@SCENARIOS.add(stopped)
def unknown_requests(play: Play) -> None:
    play.post(f"{VM}/status/frobnicate")
    play.put(f"{VM}/status/start")
    play.delete(f"{VM}/config")


@SCENARIOS.add(stopped)
def agent_without_an_agent(play: Play) -> None:
    play.post(f"{VM}/agent/ping")
    play.get(f"{VM}/agent/network-get-interfaces")


@SCENARIOS.add(lambda builder: builder.with_vm(100, agent=1))
def agent_of_a_stopped_vm(play: Play) -> None:
    play.post(f"{VM}/agent/ping")


@SCENARIOS.add(lambda builder: builder.with_vm(100, status="running", agent=1))
def agent_that_does_not_run(play: Play) -> None:
    play.post(f"{VM}/agent/ping")
    play.post(f"{VM}/agent/exec", command=["true"])
