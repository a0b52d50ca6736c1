"""Deleting a VM: stopped, running, and running with force, where the stop comes first."""

import json
from typing import Any, ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMErrorTest, BaseVMLifecycleTest
from tests.suite.cluster_time import ClusterTime
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

REPORT = """\
{before}
VM {vmid} (target) deletion initiated successfully

WARNING: This operation will permanently remove:
  - VM configuration
  - All virtual disks
  - All snapshots
  - Cannot be undone

Task ID: {upid}
Job ID: {job}

VM {vmid} (target) is being deleted from node {node}"""


class TestDelete(BaseVMLifecycleTest):
    default_node: ClassVar[str] = NODE

    def test_forced_delete_of_a_stopped_vm_stops_nothing(self) -> None:
        self.setup_vm_for_delete_test()

        self.build_tools().delete_vm(**self.get_default_test_params(), force=True)

        self.assert_vm_deleted()
        [*_, call] = self.mock_builder.calls
        assert (call.method, call.params) == ("DELETE", {})
        assert len(self.mock_builder.cluster.tasks.newest_first()) == 1


class TestDeleteErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    def test_delete_of_a_missing_vm_is_refused(self) -> None:
        self.setup_vm_not_found_error()

        with pytest.raises(ValueError, match=f"^VM 100 not found on node {NODE}$"):
            self.build_tools().delete_vm(**self.get_default_test_params())

        self.assert_nothing_changed()

    def test_delete_on_an_offline_node_fails(self) -> None:
        self.mock_builder.with_vm(100, NODE)
        self.setup_node_offline_error()

        with pytest.raises(RuntimeError, match=r"^Failed to delete VM 100: 595 "):
            self.build_tools().delete_vm(**self.get_default_test_params())

        self.assert_nothing_changed()


def test_delete_is_one_request_without_parameters(lab: Lab) -> None:
    text, submission = lab.build_tools().delete_vm(**lab.params)

    assert lab.changes == [("DELETE", lab.path, {})]
    assert lab.tasks == [("qmdestroy", NODE, lab.vmid, "OK")]
    before, upid = f"Deleting VM {lab.vmid} (target)...", lab.upids[0]
    expected = REPORT.format(before=before, vmid=lab.vmid, upid=upid, job="n/a", node=NODE)
    assert text.text == expected
    assert json.loads(submission.text)["task_id"] == upid


def test_delete_of_a_running_vm_needs_force(running_lab: Lab) -> None:
    with pytest.raises(
        ValueError,
        match=f"^VM {running_lab.vmid} \\(target\\) is currently running. "
        "Please stop it first or use force=True to stop and delete.$",
    ):
        running_lab.build_tools().delete_vm(**running_lab.params)

    assert running_lab.changes == []


def test_delete_job_cancels_its_task_and_retries_the_request(
    lab: Lab, job_store: FakeJobStore
) -> None:
    lab.builder.with_task_duration(60)
    lab.build_tools(job_store=job_store).delete_vm(**lab.params, purge=True)

    job_store.jobs[0].cancel()
    job_store.jobs[0].retry()

    assert [status for *_, status in lab.tasks] == ["received interrupt", None]
    assert lab.changes[2] == lab.changes[0]
    assert not lab.is_gone


def test_forced_delete_waits_for_the_stop(running_lab: Lab, cluster_time: ClusterTime) -> None:
    running_lab.builder.with_task_duration(3)

    running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    assert sum(cluster_time.slept_s) == pytest.approx(3, abs=0.2)
    assert running_lab.tasks == [
        ("qmstop", NODE, running_lab.vmid, "OK"),
        ("qmdestroy", NODE, running_lab.vmid, None),
    ]


def test_forced_delete_gives_up_on_a_stop_without_end(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    running_lab.builder.with_task_duration(600)

    with pytest.raises(
        RuntimeError,
        match=f"^Failed to delete VM {running_lab.vmid}: Prerequisite task is still running; "
        "no dependent operation was submitted$",
    ):
        running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    assert sum(cluster_time.slept_s) == pytest.approx(30, abs=0.5)
    assert running_lab.tasks == [("qmstop", NODE, running_lab.vmid, None)]


def test_forced_delete_after_a_failed_stop_removes_nothing(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    running_lab.builder.with_operation_error("stop", "no quorum", times=1)
    running_lab.builder.with_task_error("stop", "can't lock file")
    tool = running_lab.build_tools().delete_vm

    refusals = [refusal_of(tool, **running_lab.params, force=True) for _ in range(2)]

    failed = f"RuntimeError: Failed to delete VM {running_lab.vmid}"
    assert refusals == [
        f"{failed}: 500 Internal Server Error: no quorum",
        f"{failed}: Prerequisite task failed: can't lock file",
    ]
    assert cluster_time.slept_s == []
    assert running_lab.changes == [("POST", f"{running_lab.path}/status/stop", {})] * 2


def test_forced_delete_waits_for_a_guest_that_outlives_its_stop(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    mock: Any = running_lab.builder.build()
    status = mock.nodes(NODE).qemu(running_lab.vmid).status.current.get
    status.side_effect = [{"status": "running"}] * 3 + [{"status": "stopped"}]

    running_lab.build_mocked_tools().delete_vm(**running_lab.params, force=True)

    assert cluster_time.slept_s == [0.5, 0.5]
    assert [method for method, *_ in running_lab.changes] == ["POST", "DELETE"]


def test_forced_delete_gives_up_on_a_guest_that_never_stops(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    mock: Any = running_lab.builder.build()
    status = mock.nodes(NODE).qemu(running_lab.vmid).status.current.get
    status.return_value = {"status": "running"}

    with pytest.raises(
        RuntimeError,
        match=r"Guest is still running after stop; no dependent operation was submitted$",
    ):
        running_lab.build_mocked_tools().delete_vm(**running_lab.params, force=True)

    assert sum(cluster_time.slept_s) == pytest.approx(60)
    assert not running_lab.is_gone


def test_forced_delete_registers_both_jobs(running_lab: Lab, job_store: FakeJobStore) -> None:
    vmid = running_lab.vmid

    text, submission = running_lab.build_tools(job_store=job_store).delete_vm(
        **running_lab.params, force=True, purge=True
    )

    stop, delete = job_store.jobs
    stop_upid, upid = running_lab.upids
    summary = f"Stop VM {vmid} before deletion"
    assert stop == Job("stop_vm", summary, NODE, stop_upid, None, None, None, None)
    assert delete == Job(
        "delete_vm", f"Delete VM {vmid} (target) on {NODE}", NODE, upid,
        {"vmid": vmid, "force": True, "purge": True},
        {"kind": "vm.delete", "params": {**running_lab.params, "purge": True}},
        delete.retry_factory, delete.cancel_factory,
    )  # fmt: skip
    before = f"Stopping VM {vmid} (target) before deletion..."
    expected = REPORT.format(before=before, vmid=vmid, upid=upid, job="job-2", node=NODE)
    assert running_lab.changes[-1] == ("DELETE", running_lab.path, {"purge": 1})
    assert text.text == expected
    assert json.loads(submission.text)["job_id"] == "job-2"
