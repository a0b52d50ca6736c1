import pytest

from tests.fixtures.proxmox.cluster import Cluster, Node
from tests.fixtures.proxmox.guests import ConfigValue
from tests.fixtures.proxmox.operations.vm_config import (
    apply_options,
    delete_options,
    rename_volumes,
)
from tests.fixtures.proxmox.storages import Storage
from tests.fixtures.proxmox.vms import Vm


def make_guest(**config: ConfigValue) -> tuple[Cluster, Vm]:
    cluster = Cluster()
    cluster.add_node(Node("node1"))
    cluster.storages["files"] = Storage("files", "dir", ("images",))
    return cluster, Vm(100, "node1", dict(config))


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("scsi0", "local-lvm:8,format=raw,ssd=1", "local-lvm:vm-100-disk-0,ssd=1,size=8G"),
        ("scsi0", "files:8", "files:100/vm-100-disk-0.qcow2,size=8G"),
        ("ide2", "local-lvm:cloudinit", "local-lvm:vm-100-cloudinit,media=cdrom"),
        ("ide3", "local:iso/a.iso,media=cdrom", "local:iso/a.iso,media=cdrom"),
        ("net0", "virtio,bridge=vmbr0", "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
        ("net0", "model=e1000,bridge=vmbr0", "e1000=BC:24:11:00:00:01,bridge=vmbr0"),
        ("net0", "virtio=AA:BB:CC:00:00:01", "virtio=AA:BB:CC:00:00:01"),
        ("net0", "virtio,macaddr=AA:BB:CC:00:00:01", "virtio,macaddr=AA:BB:CC:00:00:01"),
        ("memory", 1024, "1024"),
        ("cores", 2, 2),
        ("onboot", True, 1),
        ("cpulimit", 1.5, "1.5"),
    ],
)
def test_option_is_stored_as_proxmox_does(key: str, value: object, stored: object) -> None:
    cluster, guest = make_guest()

    apply_options(cluster, guest, {key: value})

    assert guest.config[key] == stored


def test_disks_get_volumes_of_their_own() -> None:
    cluster, guest = make_guest()

    apply_options(cluster, guest, {"scsi0": "local-lvm:8", "scsi1": "local-lvm:8"})

    volumes = {str(value).split(",")[0] for value in guest.config.values()}
    assert volumes == {"local-lvm:vm-100-disk-0", "local-lvm:vm-100-disk-1"}


def test_deleted_disk_becomes_unused() -> None:
    _cluster, guest = make_guest(scsi0="local-lvm:vm-100-disk-0,size=8G", unused0="a:b")

    delete_options(guest, ["scsi0"])

    assert guest.config == {"unused0": "a:b", "unused1": "local-lvm:vm-100-disk-0"}


def test_deleted_cdrom_leaves_nothing() -> None:
    _cluster, guest = make_guest(ide2="local:iso/a.iso,media=cdrom")

    delete_options(guest, ["ide2", "name"])

    assert guest.config == {}


def test_rename_volumes_moves_to_the_storage() -> None:
    _cluster, guest = make_guest(scsi0="local-lvm:vm-9-disk-0,size=8G", ide2="a:b,media=cdrom")

    rename_volumes(guest, "files")

    assert guest.config == {"scsi0": "files:vm-100-disk-0,size=8G", "ide2": "a:b,media=cdrom"}
