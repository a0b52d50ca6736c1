"""Cloning a VM: full and linked, to the same and to another node, and what is refused."""

from typing import Any

import pytest

from tests.fixtures.mock_helpers import AssertionHelper
from tests.fixtures.proxmox.guests import Guest
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore
from tests.suite.lab import NODE, OTHER_NODE, Lab

pytestmark = pytest.mark.unit


def clone(lab: Lab, **changes: object) -> Any:
    return lab.build_tools().clone_vm(lab.node, lab.vmid, lab.spare_vmid, **changes)


def find_copy(lab: Lab) -> Guest | None:
    return lab.builder.cluster.guests.get(int(lab.spare_vmid))


def test_clone_makes_a_stopped_copy(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, name="golden", memory=4096, cores=3)

    clone(lab)

    copy = find_copy(lab)
    assert copy is not None
    assert (copy.node, copy.status) == (NODE, "stopped")
    assert (copy.maxmem, copy.cpus) == (4096 << 20, 3)


def test_clone_leaves_the_source_as_it_was(lab: Lab) -> None:
    before = dict(lab.guest.config)

    clone(lab)

    assert lab.guest.config == before


def test_clone_is_full_unless_told_otherwise(lab: Lab) -> None:
    clone(lab)

    sent = {"newid": int(lab.spare_vmid), "full": 1}
    assert lab.changes == [("POST", f"{lab.path}/clone", sent)]
    assert lab.tasks == [("qmclone", NODE, lab.vmid, "OK")]


def test_clone_of_a_template_can_be_linked(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, template=1)

    result = clone(lab, full=False)

    AssertionHelper.assert_success_response(result, "Clone Type: linked")
    assert lab.changes[0][2] == {"newid": int(lab.spare_vmid), "full": 0}


def test_clone_of_a_vm_cannot_be_linked(lab: Lab) -> None:
    with pytest.raises(RuntimeError, match=r"Linked clone feature is not supported"):
        clone(lab, full=False)

    assert find_copy(lab) is None


def test_clone_takes_the_name(lab: Lab) -> None:
    result = clone(lab, name="web-2")

    copy = find_copy(lab)
    assert copy is not None
    assert copy.name == "web-2"
    AssertionHelper.assert_success_response(result, "Target Name: web-2")


def test_clone_goes_to_the_storage(lab: Lab) -> None:
    lab.builder.with_storage("vault", kind="lvmthin")

    clone(lab, storage="vault")

    copy = find_copy(lab)
    assert copy is not None
    assert str(copy.config["scsi0"]).startswith(f"vault:vm-{lab.spare_vmid}-disk-0")


def test_clone_goes_into_the_pool(lab: Lab) -> None:
    lab.builder.with_pool("production")

    clone(lab, pool="production")

    copy = find_copy(lab)
    assert copy is not None
    assert copy.pool == "production"


def test_clone_on_shared_storage_goes_to_the_other_node(lab: Lab) -> None:
    lab.builder.with_storage("vault", kind="nfs", shared=True)
    lab.builder.with_vm(lab.vmid, NODE, scsi0="vault:32")

    result = clone(lab, target_node=OTHER_NODE)

    copy = find_copy(lab)
    assert copy is not None
    assert (copy.node, lab.guest.node) == (OTHER_NODE, NODE)
    AssertionHelper.assert_success_response(result, f"Target Node: {OTHER_NODE}")


def test_clone_on_local_storage_stays_on_its_node(lab: Lab) -> None:
    with pytest.raises(RuntimeError, match=r"VM uses local storage"):
        clone(lab, target_node=OTHER_NODE)

    assert find_copy(lab) is None


def test_clone_says_what_it_began(lab: Lab) -> None:
    result = clone(lab)

    lines = [
        f"Source VM: {lab.vmid} (target)",
        f"Source Node: {NODE}",
        f"Target VM ID: {lab.spare_vmid}",
        "Clone Type: full",
        f"Task ID: {lab.upids[0]}",
    ]
    AssertionHelper.assert_success_response(result, *lines)


def test_clone_of_a_missing_vm_is_refused(empty_lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^Source VM {empty_lab.vmid} not found on node {NODE}$"):
        clone(empty_lab)

    assert empty_lab.changes == []


def test_clone_to_a_taken_id_is_refused(lab: Lab) -> None:
    lab.builder.with_vm(lab.spare_vmid, NODE, name="precious")

    with pytest.raises(ValueError, match=f"^Target VM ID {lab.spare_vmid} already exists"):
        clone(lab)

    assert lab.changes == []


def test_clone_to_an_id_of_another_node_is_refused_by_proxmox(lab: Lab) -> None:
    lab.builder.with_vm(lab.spare_vmid, OTHER_NODE, name="precious")

    with pytest.raises(RuntimeError, match=f"unable to create VM {lab.spare_vmid}"):
        clone(lab)

    copy = find_copy(lab)
    assert copy is not None
    assert copy.name == "precious"


def test_clone_that_cannot_check_the_target_fails(lab: Lab) -> None:
    lab.builder.with_operation_error("config", "got timeout")

    with pytest.raises(RuntimeError, match=f"^Failed to check target VM {lab.spare_vmid}: 500 "):
        clone(lab)

    assert lab.changes == []


def test_clone_of_a_locked_vm_is_refused(lab: Lab) -> None:
    lab.builder.with_vm(lab.vmid, NODE, lock="backup")

    with pytest.raises(RuntimeError, match=r"VM is locked \(backup\)"):
        clone(lab)

    assert find_copy(lab) is None


def test_clone_from_an_offline_node_fails(lab: Lab) -> None:
    lab.builder.with_node(NODE, online=False)

    with pytest.raises(RuntimeError, match=f"^Failed to lookup source VM {lab.vmid}: 595 "):
        clone(lab)

    assert lab.changes == []


def test_clone_without_the_privilege_fails(lab: Lab) -> None:
    reason = f"Permission check failed (/vms/{lab.vmid}, VM.Clone)"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    lab.builder.with_operation_error("clone", error)

    with pytest.raises(RuntimeError, match=f"^Failed to clone VM {lab.vmid} -> {lab.spare_vmid}"):
        clone(lab)

    assert find_copy(lab) is None


def test_clone_whose_task_fails_leaves_no_copy(lab: Lab) -> None:
    lab.builder.with_task_error("clone", "clone failed: copy interrupted")

    clone(lab)

    assert lab.tasks == [("qmclone", NODE, lab.vmid, "clone failed: copy interrupted")]
    assert find_copy(lab) is None


def test_clone_registers_source_and_target(lab: Lab, job_store: FakeJobStore) -> None:
    lab.build_tools(job_store=job_store).clone_vm(lab.node, lab.vmid, lab.spare_vmid)

    [job] = job_store.jobs
    assert (job.tool_name, job.node, job.upid) == ("clone_vm", NODE, lab.upids[0])
    assert job.metadata is not None
    assert job.metadata["source_vmid"] == lab.vmid
    assert job.metadata["target_vmid"] == lab.spare_vmid
