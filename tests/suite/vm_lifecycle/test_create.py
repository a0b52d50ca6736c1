"""Creating a VM: what is asked of Proxmox, what stands there afterwards, what is refused before."""

import re
from typing import Any, ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMLifecycleTest
from tests.fixtures.mock_helpers import AssertionHelper
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore
from tests.suite.lab import NODE, OTHER_NODE, Lab

pytestmark = pytest.mark.unit

SIZES = {"name": "web-1", "cpus": 4, "memory": 3072, "disk_size": 20}
ISO = "local:iso/debian-13.iso"


def create(lab: Lab, **changes: object) -> Any:
    return lab.build_tools().create_vm(**{**lab.params, **SIZES, **changes})


class TestCreate(BaseVMLifecycleTest):
    default_node: ClassVar[str] = NODE

    def test_create_makes_a_stopped_vm(self) -> None:
        self.setup_vm_for_create_test()
        params = self.data_factory.create_vm_creation_params(100, NODE)

        result = self.build_tools().create_vm(**params)

        self.assertion_helper.assert_success_response(result, "VM 100 created successfully")
        assert self.assert_vm_created().node == NODE
        self.assert_vm_stopped()

    def test_create_twice_makes_two_vms(self) -> None:
        self.setup_vm_for_create_test()
        tools = self.build_tools()

        for _ in range(2):
            tools.create_vm(**self.data_factory.create_vm_creation_params(node=NODE))

        assert self.assert_vm_created(100).name != self.assert_vm_created(101).name


def test_create_is_one_request_with_all_of_the_configuration(empty_lab: Lab) -> None:
    create(empty_lab)

    sent = {
        "vmid": empty_lab.vmid,
        "name": "web-1",
        "cores": 4,
        "memory": 3072,
        "ostype": "l26",
        "scsihw": "virtio-scsi-pci",
        "boot": "order=scsi0",
        "agent": "1",
        "vga": "std",
        "net0": "virtio,bridge=vmbr0",
        "scsi0": "local-lvm:20,format=raw",
        "ide2": "local-lvm:cloudinit",
    }
    assert empty_lab.changes == [("POST", f"/nodes/{NODE}/qemu", sent)]
    assert empty_lab.tasks == [("qmcreate", NODE, empty_lab.vmid, "OK")]


def test_create_gives_the_vm_what_was_asked_for(empty_lab: Lab) -> None:
    create(empty_lab)

    guest = empty_lab.guest
    assert (guest.node, guest.name, guest.status) == (NODE, "web-1", "stopped")
    assert (guest.cpus, guest.maxmem, guest.maxdisk) == (4, 3072 << 20, 20 << 30)
    assert guest.is_agent_enabled


def test_create_says_what_it_made(empty_lab: Lab) -> None:
    result = create(empty_lab)

    lines = [
        f"VM {empty_lab.vmid} created successfully",
        "  - Name: web-1",
        f"  - Node: {NODE}",
        "  - CPU Cores: 4",
        "  - Memory: 3072 MB (3.0 GB)",
        "  - Disk: 20 GB (local-lvm, raw format)",
        f"Task ID: {empty_lab.upids[0]}",
        "Job ID: n/a",
    ]
    AssertionHelper.assert_success_response(result, *lines)


@pytest.mark.parametrize(
    ("argument", "value", "key", "expected"),
    [
        pytest.param("ostype", "win11", "ostype", "win11", id="ostype"),
        pytest.param("boot_order", "scsi0;net0", "boot", "order=scsi0;net0", id="boot order"),
        pytest.param("iso_volume", ISO, "ide3", f"{ISO},media=cdrom", id="iso"),
        pytest.param("iso_volume", ISO, "boot", "order=ide3;scsi0", id="boots from the iso"),
    ],
)
def test_create_option_reaches_the_configuration(
    empty_lab: Lab, argument: str, value: str, key: str, expected: str
) -> None:
    create(empty_lab, **{argument: value})

    assert empty_lab.guest.config[key] == expected


def test_create_puts_the_card_on_the_bridge(empty_lab: Lab) -> None:
    create(empty_lab, network_bridge="vmbr7")

    assert re.fullmatch(r"virtio=[0-9A-F:]{17},bridge=vmbr7", str(empty_lab.guest.config["net0"]))


def test_create_puts_the_vm_into_the_pool(empty_lab: Lab) -> None:
    empty_lab.builder.with_pool("production")

    create(empty_lab, pool="production")

    assert empty_lab.guest.pool == "production"


def test_create_prefers_local_lvm(empty_lab: Lab) -> None:
    empty_lab.builder.with_storage("a-fast-one", kind="lvmthin")

    create(empty_lab)

    assert str(empty_lab.guest.config["scsi0"]).startswith("local-lvm:")


@pytest.mark.parametrize(
    ("kind", "disk_format"), [("dir", "qcow2"), ("nfs", "qcow2"), ("lvm", "raw"), ("rbd", "raw")]
)
def test_create_takes_the_format_that_the_storage_holds(
    empty_lab: Lab, kind: str, disk_format: str
) -> None:
    empty_lab.builder.with_storage("vault", kind=kind)

    result = create(empty_lab, storage="vault")

    AssertionHelper.assert_success_response(result, f"20 GB (vault, {disk_format} format)")
    assert empty_lab.changes[0][2]["scsi0"] == f"vault:20,format={disk_format}"


@pytest.mark.parametrize(
    "storage",
    [
        pytest.param({"content": "iso"}, id="holds no images"),
        pytest.param({"active": False}, id="inactive"),
        pytest.param({"enabled": False}, id="disabled"),
        pytest.param({"total_gib": 30, "used_gib": 15}, id="too full"),
        pytest.param({"nodes": [OTHER_NODE]}, id="on another node"),
    ],
)
def test_create_refuses_a_storage_that_is_unfit(empty_lab: Lab, storage: dict[str, Any]) -> None:
    empty_lab.builder.with_storage("vault", **storage)

    with pytest.raises(ValueError, match=r"^No available node storage supports"):
        create(empty_lab, storage="vault")

    assert empty_lab.changes == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"disk_size": 0}, "Disk size must be positive", id="no disk"),
        pytest.param({"disk_size": -5}, "Disk size must be positive", id="negative disk"),
        pytest.param({"storage": "../etc"}, "Invalid resource path segment", id="storage's name"),
        pytest.param({"iso_volume": "none"}, "Use an ISO volume ID", id="ejecting"),
        pytest.param({"iso_volume": "x.iso"}, "iso_volume must be a storage ISO", id="iso"),
        pytest.param({"boot_order": "scsi0,net0"}, "must be semicolon-separated", id="boot order"),
        pytest.param({"boot_order": "net0;net0"}, "duplicate devices", id="boot device twice"),
        pytest.param({"network_bridge": "0;rm"}, "must be a valid interface name", id="bridge"),
        pytest.param(
            {"iso_volume": ISO, "cdrom_device": "ide2"},
            "Refusing to replace",
            id="cloud-init drive",
        ),
        pytest.param(
            {"iso_volume": ISO, "cdrom_device": "ide9"}, "must be a valid IDE", id="no such device"
        ),
    ],
)
def test_create_refuses_bad_input_before_changing_anything(
    empty_lab: Lab, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        create(empty_lab, **changes)

    assert empty_lab.changes == []
    assert empty_lab.is_gone


def test_create_with_an_unknown_ostype_is_refused_by_proxmox(empty_lab: Lab) -> None:
    with (
        empty_lab.builder.expect_violation() as violations,
        pytest.raises(RuntimeError, match=r"Parameter verification failed.*ostype"),
    ):
        create(empty_lab, ostype="beos")

    assert [violation.parameter for violation in violations] == ["ostype"]
    assert empty_lab.is_gone


def test_create_of_an_existing_vm_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {lab.vmid} already exists on node {NODE}$"):
        create(lab)

    assert lab.changes == []
    assert lab.guest.name == "target"


def test_create_with_an_id_of_another_node_is_refused_by_proxmox(empty_lab: Lab) -> None:
    empty_lab.builder.with_vm(empty_lab.vmid, OTHER_NODE)

    with pytest.raises(RuntimeError, match=f"already exists on node '{OTHER_NODE}'"):
        create(empty_lab)

    assert empty_lab.guest.node == OTHER_NODE
    assert empty_lab.tasks == []


def test_create_on_an_offline_node_fails(empty_lab: Lab) -> None:
    empty_lab.builder.with_node(NODE, online=False)

    with pytest.raises(RuntimeError, match=f"^Failed to create VM {empty_lab.vmid}: 595 "):
        create(empty_lab)

    assert empty_lab.changes == []


def test_create_without_the_privilege_fails(empty_lab: Lab) -> None:
    reason = "Permission check failed (/vms, VM.Allocate)"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    empty_lab.builder.with_operation_error("create", error)

    with pytest.raises(RuntimeError, match=r"403 Forbidden: Permission check failed"):
        create(empty_lab)

    assert empty_lab.is_gone


def test_create_whose_task_fails_leaves_no_vm(empty_lab: Lab) -> None:
    empty_lab.builder.with_task_error("create", "unable to create image")

    result = create(empty_lab)

    assert empty_lab.upids[0] in result[0].text
    assert empty_lab.tasks == [("qmcreate", NODE, empty_lab.vmid, "unable to create image")]
    assert empty_lab.is_gone


def test_create_job_retries_with_the_same_configuration(
    empty_lab: Lab, job_store: FakeJobStore
) -> None:
    empty_lab.builder.with_task_error("create", "unable to create image", times=1)
    tools = empty_lab.build_tools(job_store=job_store)
    tools.create_vm(**empty_lab.params, **SIZES)

    job_store.jobs[0].retry()

    assert job_store.jobs[0].metadata == {"vmid": empty_lab.vmid, "name": "web-1"}
    assert empty_lab.changes[0] == empty_lab.changes[1]
    assert empty_lab.guest.name == "web-1"
