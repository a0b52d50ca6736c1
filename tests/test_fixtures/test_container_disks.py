from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

TEMPLATE = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
ROOT = "local-lvm:vm-200-disk-0"
DATA = "local-lvm:vm-200-disk-1"


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1, with container 200 that has two volumes, and a small thick storage."""
    mock_builder.with_storage("thick", kind="lvm", content="rootdir", total_gib=20, used_gib=0)
    mock_builder.with_storage("tank", kind="zfspool", content="rootdir").with_content(TEMPLATE)
    mock_builder.with_container(200, mp0="local-lvm:2,mp=/data")
    return mock_builder.build_api().nodes("node1")


def listed(node: Any, storage: str, vmid: int = 200) -> dict[str, int]:
    """The sizes in GiB of the guest's volumes on a storage."""
    content = node.storage(storage).content.get(vmid=vmid)
    assert {one["content"] for one in content} <= {"rootdir"}
    return {one["volid"]: one["size"] >> 30 for one in content}


def exitstatus(node: Any, upid: str) -> str:
    return str(node.tasks(upid).status.get()["exitstatus"])


def test_described_container_has_its_volumes(node: Any) -> None:
    assert listed(node, "local-lvm") == {ROOT: 8, DATA: 2}


@pytest.mark.parametrize(
    ("storage", "volid", "disk_format"),
    [
        ("thick", "thick:vm-201-disk-0", "raw"),
        ("tank", "tank:subvol-201-disk-0", "subvol"),
    ],
)
def test_created_container_has_its_volumes(
    node: Any, storage: str, volid: str, disk_format: str
) -> None:
    node.lxc.post(vmid=201, ostemplate=TEMPLATE, rootfs=f"{storage}:3")

    (volume,) = node.storage(storage).content.get(vmid=201)
    assert (volume["volid"], volume["format"]) == (volid, disk_format)
    assert node.storage(storage).status.get()["used"] % (10 << 30) == 3 << 30


def test_container_that_does_not_fit_leaves_nothing(node: Any) -> None:
    upid = node.lxc.post(
        vmid=201, ostemplate=TEMPLATE, rootfs="local-lvm:3", mp0="thick:21,mp=/data"
    )

    problem = f"not enough free space ({20 << 20} < {21 << 20})"
    assert exitstatus(node, upid) == f"unable to create CT 201 - {problem}"
    assert (listed(node, "local-lvm", 201), listed(node, "thick", 201)) == ({}, {})


def test_mount_point_that_does_not_fit_is_refused(node: Any) -> None:
    before = node.lxc(200).config.get()

    with pytest.raises(ResourceException, match="not enough free space"):
        node.lxc(200).config.put(mp1="local-lvm:1,mp=/a", mp2="thick:21,mp=/b")

    assert node.lxc(200).config.get() == before
    assert listed(node, "local-lvm") == {ROOT: 8, DATA: 2}


def test_volume_that_is_not_there_is_refused(node: Any) -> None:
    with pytest.raises(ResourceException, match="volume local-lvm:none does not exist"):
        node.lxc(200).config.put(mp1="local-lvm:none,mp=/a")


def test_removed_mount_point_is_unused_before_it_goes(node: Any) -> None:
    node.lxc(200).config.put(delete="mp0")
    unused = node.lxc(200).config.get()["unused0"]
    kept = listed(node, "local-lvm")

    node.lxc(200).config.put(delete="unused0")

    assert (unused, kept) == (DATA, {ROOT: 8, DATA: 2})
    assert listed(node, "local-lvm") == {ROOT: 8}


def test_unused_volume_of_a_snapshot_is_kept(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_snapshot("one", 200)
    node.lxc(200).config.put(delete="mp0")
    node.lxc(200).config.put(delete="unused0")
    node.lxc(200).snapshot("one").rollback.post()

    assert node.lxc(200).config.get()["mp0"].startswith(DATA)
    assert listed(node, "local-lvm") == {ROOT: 8, DATA: 2}


def test_volume_in_use_stays_until_the_container_stops(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container_status("running", 200)
    node.lxc(200).config.put(delete="mp0")
    while_running = node.lxc(200).config.get()

    node.lxc(200).status.stop.post()

    assert "unused0" not in while_running
    assert node.lxc(200).config.get()["unused0"] == DATA


def test_enlarged_volume_is_larger_on_its_storage(node: Any) -> None:
    node.lxc(200).resize.put(disk="mp0", size="+3G")

    assert listed(node, "local-lvm") == {ROOT: 8, DATA: 5}


def test_volume_is_not_enlarged_beyond_its_storage(node: Any) -> None:
    node.lxc(200).config.put(mp1="thick:10,mp=/b")

    upid = node.lxc(200).resize.put(disk="mp1", size="21G")

    assert exitstatus(node, upid).startswith("not enough free space")
    assert node.lxc(200).config.get()["mp1"].endswith("size=10G")


def test_removed_container_takes_its_volumes_along(node: Any) -> None:
    stray = {"filename": "vm-200-disk-7", "size": "1G", "vmid": 200}
    node.storage("local-lvm").content.post(**stray)

    node.lxc(200).delete()

    assert listed_any(node, 200) == ["local-lvm:vm-200-disk-7"]


def test_volumes_that_nothing_names_go_only_when_told_so(node: Any) -> None:
    node.storage("local-lvm").content.post(filename="vm-200-disk-7", size="1G", vmid=200)

    node.lxc(200).delete(**{"destroy-unreferenced-disks": 1})

    assert listed_any(node, 200) == []


def listed_any(node: Any, vmid: int) -> list[str]:
    return [one["volid"] for one in node.storage("local-lvm").content.get(vmid=vmid)]


def test_purge_takes_the_container_out_of_backup_jobs(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    api = mock_builder.build_api()
    api.cluster.backup.post(vmid="100,200", schedule="daily", id="job")

    node.lxc(200).delete(purge=1)

    assert api.cluster.backup("job").get()["vmid"] == "100"


def test_full_clone_has_volumes_of_its_own(node: Any) -> None:
    node.lxc(200).clone.post(newid=201, storage="tank")
    node.lxc(200).delete()

    expected = {"tank:subvol-201-disk-0": 8, "tank:subvol-201-disk-1": 2}
    assert listed(node, "tank", 201) == expected


def test_clone_that_does_not_fit_leaves_nothing(node: Any) -> None:
    node.lxc(200).resize.put(disk="mp0", size="13G")

    upid = node.lxc(200).clone.post(newid=201, storage="thick")

    assert exitstatus(node, upid).startswith("clone failed: not enough free space")
    assert listed(node, "thick", 201) == {}


def test_linked_clone_keeps_its_template(node: Any) -> None:
    node.lxc(200).template.post()
    node.lxc(200).clone.post(newid=201)

    kept = exitstatus(node, node.lxc(200).delete())
    node.lxc(201).delete()

    base = "local-lvm:base-200-disk-1"
    assert kept == f"base volume '{base}' is still in use by linked cloned"
    assert exitstatus(node, node.lxc(200).delete()) == "OK"


@pytest.mark.parametrize("full", [1, 0], ids=["full", "linked"])
def test_snapshot_is_cloned(mock_builder: ProxmoxAPIMockBuilder, node: Any, full: int) -> None:
    mock_builder.with_container_status("running", 200)
    mock_builder.with_snapshot("one", 200)
    node.lxc(200).config.put(delete="mp0", hostname="later")

    upid = node.lxc(200).clone.post(newid=201, snapname="one", full=full)

    config = node.lxc(201).config.get()
    assert exitstatus(node, upid) == "OK"
    assert (config["hostname"], config["mp0"][:23]) == ("ct-200", "local-lvm:vm-201-disk-1")


def test_clone_of_an_unknown_snapshot_is_refused(node: Any) -> None:
    with pytest.raises(ResourceException, match="snapshot 'none' does not exist"):
        node.lxc(200).clone.post(newid=201, snapname="none")


@pytest.mark.parametrize(("delete", "left"), [(0, {ROOT: 8, DATA: 2}), (1, {ROOT: 8})])
def test_moved_volume_is_on_the_other_storage(node: Any, delete: int, left: dict[str, int]) -> None:
    node.lxc(200).move_volume.post(volume="mp0", storage="thick", delete=delete)

    assert listed(node, "thick") == {"thick:vm-200-disk-0": 2}
    assert listed(node, "local-lvm") == left


def test_volumes_follow_the_container_to_its_node(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_node("node2")

    node.lxc(200).migrate.post(target="node2")

    assert listed(node, "local-lvm") == {}
    there = mock_builder.build_api().nodes("node2")
    assert listed(there, "local-lvm") == {ROOT: 8, DATA: 2}


def test_migration_without_space_leaves_the_container(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_node("node2")
    node.lxc(200).resize.put(disk="rootfs", size="19G")

    upid = node.lxc(200).migrate.post(**{"target": "node2", "target-storage": "thick"})

    assert exitstatus(node, upid) == "migration aborted"
    assert listed(node, "local-lvm") == {ROOT: 19, DATA: 2}
    there = mock_builder.build_api().nodes("node2")
    assert listed(there, "thick") == {}


def test_snapshot_names_the_configuration_and_the_parent(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_snapshot("one", 200)
    node.lxc(200).config.put(cores=4)

    config, kept = node.lxc(200).config.get(), node.lxc(200).config.get(snapshot="one")

    assert (config["parent"], config["cores"], kept["cores"]) == ("one", 4, 1)


def test_changes_of_a_running_container_wait(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container_status("running", 200)

    node.lxc(200).config.put(arch="arm64", cores=4, delete="swap,mp0")

    entries = {one.pop("key"): one for one in node.lxc(200).pending.get()}
    assert entries["arch"] == {"value": "amd64", "pending": "arm64"}
    assert entries["mp0"] == {"value": f"{DATA},mp=/data,size=2G", "delete": 1}
    assert "swap" not in entries
    assert entries["cores"] == {"value": 4}


def test_described_container_replaces_the_volumes_of_the_one_before(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_container_config("node1", 200, {"rootfs": "local-lvm:16", "mp0": None})

    ((_volid, size),) = listed(node, "local-lvm").items()
    mock_builder.with_empty_container_list("node1")

    assert size == 16
    assert listed(node, "local-lvm") == {}


def test_described_template_has_base_volumes(mock_builder: ProxmoxAPIMockBuilder) -> None:
    node = mock_builder.with_container(300, template=1).build_api().nodes("node1")

    assert listed(node, "local-lvm", 300) == {"local-lvm:base-300-disk-0": 8}


def test_managed_container_is_kept(mock_builder: ProxmoxAPIMockBuilder, node: Any) -> None:
    mock_builder.with_ha(200, state="stopped")

    with pytest.raises(ResourceException, match="unable to remove CT 200 - used in HA resources"):
        node.lxc(200).delete()


def test_purge_ends_the_management_of_a_container(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_ha(200, state="stopped")

    node.lxc(200).delete(purge=1)

    assert mock_builder.build_api().cluster.ha.resources.get() == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("lxc", {"vmid": 300, "ostemplate": TEMPLATE, "storage": "thick"}),
        ("lxc/200/clone", {"newid": 300}),
        ("lxc", {"vmid": 300, "ostemplate": "local:backup/x", "restore": 1}),
    ],
    ids=["create", "clone", "restore"],
)
def test_new_container_needs_its_pool(
    mock_builder: ProxmoxAPIMockBuilder,
    node: Any,
    path: str,
    params: dict[str, Any],
) -> None:
    with pytest.raises(ResourceException, match="pool 'nowhere' does not exist"):
        node(path).post(pool="nowhere", **params)

    assert set(mock_builder.cluster.guests) == {200}
