from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

OBSTACLES: dict[str, tuple[str, str | int]] = {
    "template": ("template", 1),
    "locked": ("lock", "backup"),
}


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1 to node3, node3 offline, with VM 100 and container 200 on node1."""
    mock_builder.with_node("node2").with_node("node3", online=False)
    mock_builder.with_storage("thin", kind="lvmthin", content=("images", "rootdir"))
    mock_builder.with_storage("files", content=("images", "rootdir"))
    mock_builder.with_storage("shared", kind="rbd", shared=True, content=("images", "rootdir"))
    mock_builder.with_storage("here", nodes=("node1",)).with_vm(100)
    mock_builder.with_container(200)
    return mock_builder.build_api()


def test_vm_becomes_a_template(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_storage("thick", kind="lvm")
    mock_builder.with_vm(100, scsi1="thick:8", scsi2="files:8,format=qcow2")

    upid = api.nodes("node1").qemu(100).template.post()

    config = api.nodes("node1").qemu(100).config.get()
    disks = [config[f"scsi{number}"].partition(",")[0] for number in range(3)]
    assert (upid.split(":")[5], config["template"]) == ("qmtemplate", 1)
    assert disks == [
        "local-lvm:base-100-disk-0", "thick:vm-100-disk-0", "files:100/base-100-disk-0.qcow2",
    ]  # fmt: skip


def test_one_more_disk_of_a_template_becomes_a_base(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, template=1)
    api.nodes("node1").qemu(100).config.put(scsi1="thin:8")

    api.nodes("node1").qemu(100).template.post(disk="scsi1")

    config = api.nodes("node1").qemu(100).config.get()
    disks = [config[key].partition(",")[0] for key in ("scsi0", "scsi1")]
    assert disks == ["local-lvm:base-100-disk-0", "thin:base-100-disk-0"]


def test_container_becomes_a_template(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    answer = api.nodes("node1").lxc(200).template.post()

    config = mock_builder.cluster.guests[200].config
    (task,) = api.nodes("node1").tasks.get()
    assert (answer, task["type"], task["status"]) == (None, "vztemplate", "OK")
    assert (config["template"], config["rootfs"]) == (1, "local-lvm:base-200-disk-0,size=8G")


def test_container_on_lvm_cannot_become_a_template(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_storage("local-lvm", kind="lvm", content=("rootdir",))

    api.nodes("node1").lxc(200).template.post()

    (task,) = api.nodes("node1").tasks.get()
    assert task["status"] == "Template feature is not available for 'local-lvm:vm-200-disk-0'"
    assert "template" not in mock_builder.cluster.guests[200].config


@pytest.mark.parametrize(
    ("obstacle", "message"),
    [
        ("snapshot", "unable to create template, because {label} contains snapshots"),
        ("template", "you can't convert a template to a template"),
        ("running", "you can't convert a {label} to template if {subject} running"),
        ("locked", "{label} is locked (backup)"),
    ],
)
@pytest.mark.parametrize(
    ("vmid", "label", "subject"), [(100, "VM", "VM is"), (200, "CT", "the CT is")]
)
def test_guest_that_cannot_become_a_template(  # noqa: PLR0913, PLR0917 - two tables
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    obstacle: str,
    message: str,
    vmid: int,
    label: str,
    subject: str,
) -> None:
    guest = mock_builder.cluster.guests[vmid]
    if obstacle == "snapshot":
        mock_builder.with_snapshot("s1", vmid)
    guest.is_running = obstacle == "running"
    if obstacle in OBSTACLES:
        key, value = OBSTACLES[obstacle]
        guest.config[key] = value

    with pytest.raises(ResourceException) as raised:
        (api.nodes("node1").qemu if vmid == 100 else api.nodes("node1").lxc)(vmid).template.post()

    assert raised.value.content == message.format(label=label, subject=subject)


@pytest.mark.parametrize(
    ("kind", "feature", "snapname", "has"),
    [
        ("lvmthin", "snapshot", None, 1),
        ("lvmthin", "clone", None, 0),
        ("lvmthin", "clone", "s1", 1),
        ("lvmthin", "copy", "s1", 1),
        ("zfspool", "copy", "s1", 0),
        ("lvm", "snapshot", None, 0),
        ("lvm", "copy", None, 1),
        ("dir", "snapshot", None, 1),
        ("dir raw", "snapshot", None, 0),
    ],
)
def test_feature_depends_on_the_storage(  # noqa: PLR0913, PLR0917 - one table
    mock_builder: ProxmoxAPIMockBuilder,
    api: Any,
    kind: str,
    feature: str,
    snapname: str | None,
    has: int,
) -> None:
    disk = "pool:8,format=qcow2" if kind == "dir" else "pool:8"
    mock_builder.with_storage("pool", kind=kind.split(maxsplit=1)[0]).with_vm(100, scsi0=disk)
    mock_builder.with_snapshot("s1", 100)

    answer = api.nodes("node1").qemu(100).feature.get(feature=feature, snapname=snapname)

    assert answer == {"hasFeature": has, "nodes": ["node1"]}


def test_feature_names_all_nodes_of_shared_storage(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_vm(100, scsi0="shared:8")

    answer = api.nodes("node1").qemu(100).feature.get(feature="copy")

    assert answer["nodes"] == ["node1", "node2", "node3"]


def test_feature_names_the_nodes_that_see_the_storage(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_storage("some", kind="rbd", shared=True, nodes=("node1", "node2"))
    mock_builder.with_vm(100, scsi0="some:8")

    answer = api.nodes("node1").qemu(100).feature.get(feature="copy")

    assert answer["nodes"] == ["node1", "node2"]


def test_feature_of_a_container_names_no_nodes(api: Any) -> None:
    assert api.nodes("node1").lxc(200).feature.get(feature="snapshot") == {"hasFeature": 1}


def test_feature_of_an_unknown_snapshot_is_refused(api: Any) -> None:
    with pytest.raises(ResourceException, match="snapshot 'none' does not exist"):
        api.nodes("node1").lxc(200).feature.get(feature="copy", snapname="none")
