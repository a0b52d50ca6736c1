"""Which guests a request reaches: whatever changes something is decided without a cluster."""

import pytest

from tests.fixtures.proxmox.endpoints import TABLE
from tests.fixtures.real.reach import Kind, Reach, read_reach

NODE = "/nodes/node1"


@pytest.mark.parametrize(
    ("method", "path", "values", "vmids"),
    [
        ("POST", f"{NODE}/qemu/100/status/start", {}, (100,)),
        ("PUT", f"{NODE}/lxc/100/config", {}, (100,)),
        ("DELETE", f"{NODE}/qemu/100", {"purge": 1}, (100,)),
        ("POST", f"{NODE}/qemu/100/move_disk", {"target-vmid": 101}, (100, 101)),
        ("PUT", f"{NODE}/qemu/100/config", {"scsi1": "lvm:vm-200-disk-0,size=1G"}, (100, 200)),
        ("PUT", f"{NODE}/qemu/100/config", {"scsi1": "d:9/base-9-disk-0.raw/7/vm-7-disk-0.raw"},
         (100, 7)),
        ("PUT", f"{NODE}/qemu/100/config", {"scsi1": "lvm:0,import-from=lvm:vm-2-disk-0"}, (100,)),
        ("POST", f"{NODE}/stopall", {"vms": "100,101"}, (100, 101)),
        ("POST", f"{NODE}/vzdump", {"vmid": "100"}, (100,)),
        ("POST", "/cluster/bulk-action/guest/shutdown", {"vms": [100, 101]}, (100, 101)),
        ("POST", "/cluster/ha/resources", {"sid": "vm:100"}, (100,)),
        ("DELETE", "/cluster/ha/resources/ct:100", {}, (100,)),
        ("POST", "/cluster/ha/rules", {"resources": "vm:100,ct:101"}, (100, 101)),
        ("PUT", "/cluster/replication/100-0", {}, (100,)),
        ("POST", f"{NODE}/replication/100-0/schedule_now", {}, (100,)),
        ("PUT", "/pools/blue", {"vms": "100;101"}, (100, 101)),
        ("DELETE", f"{NODE}/tasks/UPID:node1:1:2:3:qmstart:100:root@pam:", {}, (100,)),
        ("DELETE", f"{NODE}/storage/local/content/local:100/vm-100-disk-0.qcow2", {}, (100,)),
        ("DELETE", f"{NODE}/storage/lvm/content/vm-100-disk-0", {}, (100,)),
        ("PUT", f"{NODE}/storage/s/content/s:backup/vzdump-qemu-100-2026.vma", {}, (100,)),
        ("DELETE", f"{NODE}/storage/local/prunebackups", {"vmid": 100}, (100,)),
    ],
)  # fmt: skip
def test_change_names_its_guests(
    method: str, path: str, values: dict[str, object], vmids: tuple[int, ...]
) -> None:
    assert read_reach(method, path, values) == Reach(Kind.CHANGE, vmids)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (f"{NODE}/stopall", {}),
        (f"{NODE}/vzdump", {"all": 1}),
        (f"{NODE}/vzdump", {"vmid": "100", "pool": "blue"}),
        ("/cluster/bulk-action/guest/start", {}),
        (f"{NODE}/qemu", {}),
        (f"{NODE}/qemu/100/../200/status/stop", {}),
    ],
)
def test_request_that_names_no_guest_reaches_all(path: str, values: dict[str, object]) -> None:
    assert read_reach("POST", path, values).kind is Kind.ALL


def test_creation_and_clone_name_what_they_make_first() -> None:
    values = {"vmid": 100, "scsi0": "lvm:vm-200-disk-0"}

    assert read_reach("POST", f"{NODE}/qemu", values) == Reach(Kind.CREATE, (100, 200))
    clone = read_reach("POST", f"{NODE}/lxc/900/clone", {"newid": "100"})
    assert clone == Reach(Kind.CLONE, (100,), source=900)


def test_id_that_is_none_is_nobodys_guest() -> None:
    assert read_reach("DELETE", f"{NODE}/qemu/abc", {}).vmids == (0,)


def test_reading_is_harmless() -> None:
    endpoints = [endpoint for endpoint in TABLE.endpoints if endpoint.method == "GET"]

    kinds = {read_reach("GET", endpoint.template, {}).kind for endpoint in endpoints}

    assert kinds == {Kind.HARMLESS}


def test_every_known_change_of_a_guest_names_it() -> None:
    changes = [
        (endpoint.method, endpoint.template.replace("{vmid}", "100"))
        for endpoint in TABLE.endpoints
        if endpoint.method != "GET" and "{vmid}" in endpoint.template
    ]
    others = ("/clone", "/remote_migrate")

    reaches = {
        path: read_reach(method, path, {}) for method, path in changes if not path.endswith(others)
    }

    assert len(reaches) > 50
    assert set(reaches.values()) == {Reach(Kind.CHANGE, (100,))}


def test_whatever_is_not_about_guests_changes_the_cluster() -> None:
    reaches = {
        (endpoint.method, endpoint.template): read_reach(
            endpoint.method, endpoint.template, {}
        ).kind
        for endpoint in TABLE.endpoints
        if endpoint.method != "GET" and "{vmid}" not in endpoint.template
    }

    harmless = [request for request, kind in reaches.items() if kind is Kind.HARMLESS]
    assert harmless == [("POST", "/access/ticket"), ("POST", "/access/vncticket")]
    for request in (("POST", f"{NODE.replace('node1', '{node}')}/status"), ("DELETE", "/pools")):
        assert reaches[request] is Kind.CLUSTER
