"""Scenarios about guests that move, are backed up, and wait for changes."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()
VM: Final = "nodes/node1/qemu/100"
CT: Final = "nodes/node1/lxc/200"


def two_nodes(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_node("node2").with_vm(100, name="web").with_container(200, name="ct")


def two_nodes_running(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_node("node2").with_vm(100, status="running")
    builder.with_container(200, status="running")


def running(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, status="running")
    builder.with_container(200, status="running", mp0="local-lvm:1,mp=/data")


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web").with_container(200, name="ct")


@SCENARIOS.add(two_nodes)
def preconditions_of_a_migration(play: Play) -> None:
    play.get(f"{VM}/migrate")
    play.get(f"{VM}/migrate", target="node2")
    play.get(f"{CT}/migrate")


@SCENARIOS.add(two_nodes_running)
def preconditions_of_running_guests(play: Play) -> None:
    play.get(f"{VM}/migrate")
    play.get(f"{CT}/migrate")


@SCENARIOS.add(two_nodes)
def migration_with_wrong_parameters(play: Play) -> None:
    play.post(f"{VM}/migrate")
    play.post(f"{VM}/migrate", target="node2", bogus=1)
    play.post(f"{VM}/migrate", target="a b")
    play.post(f"{CT}/migrate")
    play.post(f"{CT}/migrate", target="node1")


@SCENARIOS.add(two_nodes)
def migration_of_a_container(play: Play) -> None:
    play.end_of(play.post(f"{CT}/migrate", target="node2"))
    play.get("nodes/node2/lxc/200/config")
    play.get(f"{CT}/config")


@SCENARIOS.add(two_nodes_running)
def migration_of_a_running_container(play: Play) -> None:
    play.post(f"{CT}/migrate", target="node2")
    play.end_of(play.post(f"{CT}/migrate", target="node2", restart=1))
    play.get("nodes/node2/lxc/200/status/current")


@SCENARIOS.add(running)
def pending_changes(play: Play) -> None:
    play.get(f"{VM}/pending")
    play.put(f"{VM}/config", cores=4)
    play.put(f"{VM}/config", delete="sockets")
    play.get(f"{VM}/pending")
    play.put(f"{CT}/config", cores=4, arch="arm64", delete="mp0")
    play.put(f"{CT}/config", delete="ostype")
    play.get(f"{CT}/pending")


@SCENARIOS.add(stopped)
def backup_of_a_vm(play: Play) -> None:
    play.end_of(play.post("nodes/node1/vzdump", vmid=100, storage="local", compress="zstd"))
    play.get("nodes/node1/storage/local/content", content="backup")
    play.get("nodes/node1/tasks", typefilter="vzdump")


@SCENARIOS.add(lambda builder: builder.with_vm(100).with_backup(100, size_mib=64))
def backup_among_the_content(play: Play) -> None:
    play.get("nodes/node1/storage/local/content")
    play.get("nodes/node1/storage/local/content", vmid=100)
    play.get("nodes/node1/storage/local/content", content="iso")


@SCENARIOS.add(stopped)
def restore_of_what_is_not_there(play: Play) -> None:
    play.post("nodes/node1/lxc", vmid=200, ostemplate="local:backup/x.tar.zst", restore=1)
    play.post("nodes/node1/lxc", vmid=300, ostemplate="local:vztmpl/a.tar.gz", unique=1)


@SCENARIOS.add(lambda builder: builder.with_agent(100))
def agent_commands(play: Play) -> None:
    play.get("nodes/node1/qemu/100/agent/info")
    play.post("nodes/node1/qemu/100/agent/exec", command=["true"])
    play.get("nodes/node1/qemu/100/agent/exec-status", pid="x")
    play.get("nodes/node1/qemu/100/agent/get-fsinfo")
    play.post("nodes/node1/qemu/100/agent/fsfreeze-freeze")
    play.post("nodes/node1/qemu/100/agent/fsfreeze-status")
    play.post("nodes/node1/qemu/100/agent/fsfreeze-thaw")
