from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

_LOCAL = "local-lvm:vm-200-disk-0"


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1."""
    return mock_builder.build_api().nodes("node1")


def exitstatus(node: Any, upid: str) -> object:
    return node.tasks(upid).status.get()["exitstatus"]


def test_clone_is_a_stopped_copy_with_volumes_and_macs_of_its_own(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(200, cores=4, mp0="local-lvm:1,mp=/x", unused0="local-lvm:a-b")

    upid = node.lxc(200).clone.post(newid=201, hostname="copy", description="mine", full=1)

    source, clone = node.lxc(200).config.get(), node.lxc(201).config.get()
    assert upid.split(":")[5:7] == ["vzclone", "200"]
    assert (clone["hostname"], clone["description"], clone["cores"]) == ("copy", "mine", 4)
    assert clone["rootfs"] == "local-lvm:vm-201-disk-0,size=8G"
    assert clone["mp0"] == "local-lvm:vm-201-disk-1,mp=/x,size=1G"
    assert clone["net0"] != source["net0"]
    assert {"lock", "unused0"} & clone.keys() == {"lock"} & source.keys() == set()
    assert node.lxc(201).status.current.get()["status"] == "stopped"


def test_template_is_cloned_linked(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_container(200, name="base", template=1)

    node.lxc(200).clone.post(newid=201)

    clone = node.lxc(201).config.get()
    assert (clone["hostname"], "template" in clone) == ("base", False)


def test_clone_goes_to_the_storage_and_node(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_node("node2").with_storage("nfs", kind="nfs", content="rootdir", shared=True)
    mock_builder.with_container(200, rootfs="nfs:4")

    node.lxc(200).clone.post(newid=201, target="node2", storage="nfs")

    clone = mock_builder.build_api().nodes("node2").lxc(201).config.get()
    assert clone["rootfs"] == "nfs:201/vm-201-disk-0.raw,size=4G"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"newid": 100}, "VM 100 already exists on node 'node1'"),
        ({"newid": 202}, "CT 202 already exists on node 'node1'"),
        ({"full": 0}, f"Linked clone feature for '{_LOCAL}' is not available"),
        ({"target": "nope"}, "no such cluster node 'nope'"),
        ({"target": "node2"}, "can't clone CT to node 'node2' (CT uses local storage)"),
        ({"target": "node2", "storage": "local-lvm"},
         "can't clone to non-shared storage 'local-lvm'"),
        ({"storage": "nope"}, "storage 'nope' does not exist"),
        ({"storage": "local-lvm", "full": 0},
         "parameter 'storage' not allowed for linked clones"),
    ],
    ids=["vm", "ct", "linked", "unknown node", "local volumes", "local storage", "storage",
         "linked with storage"],
)  # fmt: skip
def test_clone_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, params: dict[str, Any], message: str
) -> None:
    mock_builder.with_node("node2").with_vm(100).with_container(200).with_container(202)

    with pytest.raises(ResourceException) as raised:
        node.lxc(200).clone.post(**{"newid": 300} | params)

    assert (raised.value.status_code, raised.value.content) == (500, message)
    assert set(mock_builder.cluster.guests) == {100, 200, 202}
    assert "lock" not in node.lxc(200).config.get()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"status": "running"},
         "Full clone of a running container is only possible from a snapshot"),
        ({"lock": "backup"}, "CT is locked (backup)"),
        ({"mp0": "/srv,mp=/srv"}, "unable to clone mountpoint 'mp0' (type bind)"),
        ({"mp0": "/dev/sdb,mp=/srv"}, "unable to clone mountpoint 'mp0' (type device)"),
        ({"rootfs": "dir:8", "template": 1},
         "Linked clone feature for 'dir:200/base-200-disk-0.raw' is not available"),
    ],
    ids=["running", "locked", "bind mount", "device", "template without linked clones"],
)  # fmt: skip
def test_source_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, node: Any, description: dict[str, Any], message: str
) -> None:
    mock_builder.with_storage("dir", content="rootdir").with_container(200, **description)

    with pytest.raises(ResourceException) as raised:
        node.lxc(200).clone.post(newid=300)

    assert raised.value.content == message


def test_clone_to_an_unfit_storage_fails_in_its_task(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(200)

    upid = node.lxc(200).clone.post(newid=300, storage="local")

    problem = "content type 'rootdir' is not available on storage 'local'"
    assert exitstatus(node, upid) == f"clone failed: {problem}"
    assert set(mock_builder.cluster.guests) == {200}


def test_both_are_locked_while_the_clone_runs(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container(200).with_task_duration(5)
    upid = node.lxc(200).clone.post(newid=300)

    locks = [node.lxc(vmid).config.get()["lock"] for vmid in (200, 300)]
    node.tasks(upid).delete()

    assert locks == ["disk", "create"]
    assert "lock" not in node.lxc(200).config.get()
    assert set(mock_builder.cluster.guests) == {200}
