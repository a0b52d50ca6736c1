"""Scenarios about the disks of guests: resize, move, unlink, templates, linked clones."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()
VM: Final = "nodes/node1/qemu/100"
CT: Final = "nodes/node1/lxc/200"
DISKS: Final = "nodes/node1/storage/local-lvm/content"


def vm(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web", scsi1="local-lvm:4")
    builder.with_storage("thin", kind="lvmthin", content="images,rootdir")


def container(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_container(200, name="web", mp0="local-lvm:2,mp=/data")
    builder.with_storage("thin", kind="lvmthin", content="images,rootdir")


@SCENARIOS.add(vm)
def resize_of_a_disk(play: Play) -> None:
    play.end_of(play.put(f"{VM}/resize", disk="scsi0", size="+4G"))
    play.get(f"{VM}/config")
    play.put(f"{VM}/resize", disk="net0", size="1G")
    play.put(f"{VM}/resize", disk="scsi0", size="-1G")
    play.put(f"{VM}/resize", disk="scsi0")


@SCENARIOS.add(vm)
def disk_is_moved(play: Play) -> None:
    play.end_of(play.post(f"{VM}/move_disk", disk="scsi1", storage="thin", delete=1))
    play.get(f"{VM}/config")
    play.post(f"{VM}/move_disk", disk="net0", storage="thin")
    play.post(f"{VM}/move_disk", disk="scsi1", storage="thin", format="iso")


@SCENARIOS.add(vm)
def disk_is_unlinked(play: Play) -> None:
    play.put(f"{VM}/unlink", idlist="scsi1")
    play.get(f"{VM}/config")
    play.put(f"{VM}/unlink")


@SCENARIOS.add(vm)
def disk_is_removed_from_the_configuration(play: Play) -> None:
    play.put(f"{VM}/config", delete="scsi1")
    play.get(f"{VM}/config")
    play.put(f"{VM}/config", delete="scsi0")
    play.get(f"{VM}/config")
    play.get(DISKS, vmid=100)


@SCENARIOS.add(vm)
def disk_is_added(play: Play) -> None:
    play.put(f"{VM}/config", scsi2="local-lvm:1")
    play.get(f"{VM}/config")
    play.put(f"{VM}/config", scsi3="nowhere:1")
    play.get(DISKS, vmid=100)


@SCENARIOS.add(vm)
def template_and_its_linked_clone(play: Play) -> None:
    play.end_of(play.post(f"{VM}/template"))
    play.get(f"{VM}/config")
    play.get(DISKS, vmid=100)
    play.end_of(play.post(f"{VM}/clone", newid=101, name="copy"))
    play.get("nodes/node1/qemu/101/config")
    play.post(f"{VM}/template")


@SCENARIOS.add(lambda builder: builder.with_vm(100, status="running"))
def template_of_a_running_vm(play: Play) -> None:
    play.post(f"{VM}/template")


@SCENARIOS.add(vm)
def features_of_a_vm(play: Play) -> None:
    for feature in ("snapshot", "clone", "copy"):
        play.get(f"{VM}/feature", feature=feature)
    play.get(f"{VM}/feature")
    play.get(f"{VM}/feature", feature="bogus")


@SCENARIOS.add(container)
def volumes_of_a_container(play: Play) -> None:
    play.get(DISKS, vmid=200)
    play.put(f"{CT}/config", delete="mp0")
    play.get(f"{CT}/config")
    play.put(f"{CT}/config", mp1="local-lvm:1,mp=/x")
    play.get(f"{CT}/config")
    play.put(f"{CT}/config", delete="unused0")
    play.get(f"{CT}/config")
    play.get(DISKS, vmid=200)
    play.end_of(play.delete(CT))
    play.get(DISKS, vmid=200)


@SCENARIOS.add(container)
def volume_is_moved(play: Play) -> None:
    play.end_of(play.post(f"{CT}/move_volume", volume="mp0", storage="thin", delete=1))
    play.get(f"{CT}/config")
    play.post(f"{CT}/move_volume", volume="net0", storage="thin")
    play.post(f"{CT}/move_volume", volume="mp3", storage="thin")


@SCENARIOS.add(container)
def container_clone(play: Play) -> None:
    play.end_of(play.post(f"{CT}/clone", newid=201, hostname="copy", full=1))
    play.get("nodes/node1/lxc/201/config")
    play.get(DISKS, vmid=201)
    play.post(f"{CT}/clone", newid=201)
    play.post(f"{CT}/clone", newid=202, full=0)
    play.post(f"{CT}/clone")


@SCENARIOS.add(container)
def container_template(play: Play) -> None:
    play.post(f"{CT}/template")
    play.get(f"{CT}/config")
    play.end_of(play.post(f"{CT}/clone", newid=201))
    play.get("nodes/node1/lxc/201/config")
    play.end_of(play.post(f"{CT}/status/start"))


@SCENARIOS.add(container)
def container_clone_of_a_snapshot(play: Play) -> None:
    play.end_of(play.post(f"{CT}/snapshot", snapname="one"))
    play.put(f"{CT}/config", hostname="later")
    play.get(f"{CT}/config", snapshot="one")
    play.get(f"{CT}/config")
    play.end_of(play.post(f"{CT}/clone", newid=201, snapname="one", full=1))
    play.get("nodes/node1/lxc/201/config")
