"""Creating a VM: what is asked of Proxmox, what stands there afterwards, what is refused before."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

SIZES = {"name": "web-1", "cpus": 4, "memory": 3072, "disk_size": 20}
ISO = "local:iso/debian-13.iso"
CONFIG = {
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

REPORT = """\
VM {vmid} created successfully

VM Configuration:
  - Name: web-1
  - Node: {node}
  - VM ID: {vmid}
  - CPU Cores: 4
  - Memory: 3072 MB (3.0 GB)
  - Disk: 20 GB (local-lvm, raw format)
  - Storage Type: lvmthin
  - OS Type: l26
  - Network: virtio (bridge=vmbr0)
  - QEMU Agent: Enabled

Task ID: {upid}
Job ID: n/a

Next steps:
  1. Upload an ISO to install the operating system
  2. Start the VM using start_vm tool
  3. Access the console to complete OS installation"""


def create(lab: Lab, **changes: object) -> Any:
    return lab.build_tools().create_vm(**{**lab.params, **SIZES, **changes})


def test_create_is_one_request_with_all_of_the_configuration(empty_lab: Lab) -> None:
    empty_lab.builder.with_storage("a-storage-before-local-lvm", kind="lvmthin")

    text, submission = create(empty_lab)

    sent = {"vmid": empty_lab.vmid, **CONFIG}
    assert empty_lab.changes == [("POST", f"/nodes/{NODE}/qemu", sent)]
    assert empty_lab.tasks == [("qmcreate", NODE, empty_lab.vmid, "OK")]
    guest, upid = empty_lab.guest, empty_lab.upids[0]
    assert (guest.node, guest.name, guest.status) == (NODE, "web-1", "stopped")
    assert (guest.cpus, guest.maxmem, guest.maxdisk) == (4, 3072 << 20, 20 << 30)
    assert text.text == REPORT.format(vmid=empty_lab.vmid, node=NODE, upid=upid)
    assert json.loads(submission.text)["task_id"] == upid


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        pytest.param(
            {
                "ostype": "win11",
                "network_bridge": "vmbr7",
                "pool": "production",
                "iso_volume": ISO,
                "cdrom_device": "sata1",
                "boot_order": "scsi0;net0",
            },
            {
                "ostype": "win11",
                "net0": "virtio,bridge=vmbr7",
                "pool": "production",
                "sata1": f"{ISO},media=cdrom",
                "boot": "order=scsi0;net0",
            },
            id="all of them",
        ),
        pytest.param(
            {"iso_volume": ISO},
            {"ide3": f"{ISO},media=cdrom", "boot": "order=ide3;scsi0"},
            id="boots from the iso",
        ),
    ],
)
def test_create_option_reaches_the_configuration(
    empty_lab: Lab, options: dict[str, object], sent: dict[str, object]
) -> None:
    empty_lab.builder.with_pool("production").with_content(ISO, node=empty_lab.node)

    create(empty_lab, **options)

    [(_, _, params)] = empty_lab.changes
    assert params == {"vmid": empty_lab.vmid, **CONFIG, **sent}


def test_create_takes_the_format_that_the_storage_holds(
    empty_lab: Lab, vmid_factory: Callable[[], int]
) -> None:
    kinds = ["dir", "nfs", "lvm", "rbd"]
    for kind in kinds:
        empty_lab.builder.with_storage(kind, kind=kind)
        create(empty_lab, vmid=str(vmid_factory()), storage=kind)

    disks = [params["scsi0"] for _, _, params in empty_lab.changes]
    formats = ["qcow2", "qcow2", "raw", "raw"]
    assert disks == [f"{kind}:20,format={form}" for kind, form in zip(kinds, formats, strict=True)]


def test_create_refuses_a_storage_that_is_unfit(empty_lab: Lab) -> None:
    unfit: dict[str, dict[str, Any]] = {
        "of-isos": {"content": "iso"},
        "inactive": {"active": False},
        "disabled": {"enabled": False},
        "too-full": {"total_gib": 30, "used_gib": 15},
        "elsewhere": {"nodes": [OTHER_NODE]},
    }
    for name, facts in unfit.items():
        empty_lab.builder.with_storage(name, **facts)

    refusals = {name: refusal_of(create, empty_lab, storage=name) for name in unfit}

    reason = "No available node storage supports the requested content and disk size"
    assert refusals == dict.fromkeys(unfit, f"ValueError: {reason}")
    assert empty_lab.changes == []


BAD_INPUT: list[tuple[dict[str, object], str]] = [
    ({"disk_size": 0}, "Disk size must be positive"),
    ({"disk_size": -5}, "Disk size must be positive"),
    ({"storage": "../etc"}, "Invalid resource path segment"),
    ({"iso_volume": "none"}, "Use an ISO volume ID when creating a VM"),
    ({"iso_volume": "x.iso"}, "iso_volume must be a storage ISO volume ID or 'none' to eject"),
    ({"boot_order": "scsi0,net0"}, "boot_order must be semicolon-separated VM device names"),
    ({"boot_order": "net0;net0"}, "boot_order must not contain duplicate devices"),
    ({"network_bridge": "0;rm"}, "network_bridge must be a valid interface name"),
    (
        {"iso_volume": ISO, "cdrom_device": "ide2"},
        "Refusing to replace an existing disk or cloud-init drive; choose another cdrom_device",
    ),
    (
        {"iso_volume": ISO, "cdrom_device": "ide9"},
        "cdrom_device must be a valid IDE, SATA or SCSI device",
    ),
]


def test_create_refuses_bad_input_before_changing_anything(empty_lab: Lab) -> None:
    refusals = [refusal_of(create, empty_lab, **changes) for changes, _ in BAD_INPUT]

    assert refusals == [f"ValueError: {message}" for _, message in BAD_INPUT]
    assert empty_lab.changes == []
    assert empty_lab.is_gone


def test_create_of_an_existing_vm_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {lab.vmid} already exists on node {NODE}$"):
        create(lab)

    assert lab.changes == []
    assert lab.guest.name == "target"


def test_create_says_which_step_was_refused(empty_lab: Lab) -> None:
    for operation in ("config", "storage", "create"):
        empty_lab.builder.with_operation_error(operation, "no quorum", times=1)

    refusals = [refusal_of(create, empty_lab) for _ in range(3)]

    reason = "500 Internal Server Error: no quorum"
    assert refusals == [f"RuntimeError: Failed to create VM {empty_lab.vmid}: {reason}"] * 3
    assert (len(empty_lab.changes), empty_lab.tasks) == (1, [])


def test_create_registers_a_job_that_cancels_and_retries(
    empty_lab: Lab, job_store: FakeJobStore
) -> None:
    empty_lab.builder.with_task_duration(60)
    tools = empty_lab.build_tools(job_store=job_store)

    text, submission = tools.create_vm(**empty_lab.params, **SIZES)
    [job] = job_store.jobs
    job.cancel()
    job.retry()

    vmid = empty_lab.vmid
    spec = {"node": NODE, "vm_config": {"vmid": vmid, **CONFIG}}
    assert job == Job(
        "create_vm", f"Create VM {vmid} (web-1) on {NODE}", NODE, empty_lab.upids[0],
        {"vmid": vmid, "name": "web-1"}, {"kind": "vm.create", "params": spec},
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip
    assert "Job ID: job-1\n" in text.text
    assert json.loads(submission.text)["job_id"] == "job-1"
    assert [status for *_, status in empty_lab.tasks] == ["received interrupt", None]
    assert empty_lab.changes[2] == empty_lab.changes[0]
