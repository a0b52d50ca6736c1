import pytest

from tests.fixtures.proxmox.cluster import Cluster, Node
from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.guests import ConfigValue
from tests.fixtures.proxmox.operations.described_volumes import adopt_volumes
from tests.fixtures.proxmox.operations.vm_config import apply_options, copy_disks, delete_options
from tests.fixtures.proxmox.storages import Storage
from tests.fixtures.proxmox.vms import Vm


def make_guest(**config: ConfigValue) -> tuple[Cluster, Vm]:
    cluster = Cluster()
    cluster.add_node(Node("node1"))
    cluster.storages["files"] = Storage("files", "dir", ("images",))
    guest = Vm(100, "node1", dict(config))
    adopt_volumes(cluster, guest, {**config, "ide3": "local:iso/a.iso,media=cdrom,size=1G"})
    return cluster, guest


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("scsi0", "local-lvm:8,format=raw,ssd=1", "local-lvm:vm-100-disk-0,ssd=1,size=8G"),
        ("scsi0", "files:8", "files:100/vm-100-disk-0.raw,size=8G"),
        ("scsi0", "files:8,format=qcow2", "files:100/vm-100-disk-0.qcow2,size=8G"),
        ("scsi0", "local-lvm:0.5", "local-lvm:vm-100-disk-0,size=512M"),
        ("efidisk0", "local-lvm:1,efitype=4m", "local-lvm:vm-100-disk-0,efitype=4m,size=528K"),
        ("tpmstate0", "local-lvm:1", "local-lvm:vm-100-disk-0,size=4M"),
        ("ide2", "files:cloudinit", "files:100/vm-100-cloudinit.qcow2,media=cdrom"),
        ("ide2", "none,media=cdrom", "none,media=cdrom"),
        ("ide2", "local-lvm:cloudinit", "local-lvm:vm-100-cloudinit,media=cdrom"),
        ("ide3", "local:iso/a.iso,media=cdrom", "local:iso/a.iso,media=cdrom,size=1G"),
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


def test_options_are_written_all_or_none() -> None:
    cluster, guest = make_guest()

    with pytest.raises(Refusal, match="volume local-lvm:vm-100-disk-7 does not exist"):
        apply_options(
            cluster, guest,
            {"name": "x", "scsi0": "local-lvm:8", "scsi1": "local-lvm:vm-100-disk-7"},
        )  # fmt: skip

    assert guest.config == {}
    assert cluster.storages["local-lvm"].volumes("node1") == {}


def test_replaced_disk_becomes_unused_and_an_unused_one_is_taken_back() -> None:
    cluster, guest = make_guest()
    apply_options(cluster, guest, {"scsi0": "local-lvm:8"})

    apply_options(cluster, guest, {"scsi0": "local-lvm:4"})
    apply_options(cluster, guest, {"scsi1": "local-lvm:vm-100-disk-0"})

    assert guest.config == {
        "scsi0": "local-lvm:vm-100-disk-1,size=4G", "scsi1": "local-lvm:vm-100-disk-0,size=8G",
    }  # fmt: skip


def test_imported_disk_has_the_size_of_its_source() -> None:
    cluster, guest = make_guest()
    apply_options(cluster, guest, {"scsi0": "local-lvm:8"})

    apply_options(cluster, guest, {"scsi1": "files:0,import-from=local-lvm:vm-100-disk-0"})

    assert guest.config["scsi1"] == "files:100/vm-100-disk-0.raw,size=8G"


def test_deleted_disk_becomes_unused() -> None:
    cluster, guest = make_guest(scsi0="local-lvm:vm-100-disk-0,size=8G", unused0="a:b")

    delete_options(cluster, guest, ["scsi0"])

    assert guest.config == {"unused0": "a:b", "unused1": "local-lvm:vm-100-disk-0"}


@pytest.mark.parametrize(
    ("keys", "physically"), [(["scsi0"], True), (["scsi0", "unused0"], False)],
    ids=["physically", "then the unused one"],
)  # fmt: skip
def test_disk_is_removed_with_its_volume(keys: list[str], physically: bool) -> None:
    cluster, guest = make_guest()
    apply_options(cluster, guest, {"scsi0": "local-lvm:8"})

    delete_options(cluster, guest, keys, physically=physically)

    assert guest.config == {}
    assert cluster.storages["local-lvm"].volumes("node1") == {}


def test_deleted_cdrom_leaves_nothing() -> None:
    cluster, guest = make_guest(ide2="local:iso/a.iso,media=cdrom")

    delete_options(cluster, guest, ["ide2", "name"])

    assert guest.config == {}
    assert "local:iso/a.iso" in cluster.storages["local"].volumes("node1")


def test_deleted_cloudinit_drive_is_gone() -> None:
    cluster, guest = make_guest()
    apply_options(cluster, guest, {"ide2": "local-lvm:cloudinit"})

    delete_options(cluster, guest, ["ide2"])

    assert (guest.config, cluster.storages["local-lvm"].volumes("node1")) == ({}, {})


@pytest.mark.parametrize(
    ("storage", "disk_format", "expected"),
    [
        (None, None, "local-lvm:vm-100-disk-0,size=8G"),
        ("files", None, "files:100/vm-100-disk-0.raw,size=8G"),
        ("files", "qcow2", "files:100/vm-100-disk-0.qcow2,size=8G"),
    ],
    ids=["where it was", "storage", "format"],
)
def test_copied_disk_is_a_volume_of_its_own(
    storage: str | None, disk_format: str | None, expected: str
) -> None:
    cluster, guest = make_guest()
    source = Vm(9, "node1")
    apply_options(cluster, source, {"scsi0": "local-lvm:8", "ide2": "none,media=cdrom"})
    guest.config = dict(source.config)

    copy_disks(cluster, guest, storage=storage, disk_format=disk_format, full=True)

    assert guest.config == {"scsi0": expected, "ide2": "none,media=cdrom"}
