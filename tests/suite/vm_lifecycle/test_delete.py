"""Deleting a VM: stopped, running, and running with force, where the stop comes first."""

from typing import Any, ClassVar

import pytest

from tests.fixtures.base_test_classes import BaseVMErrorTest, BaseVMLifecycleTest
from tests.fixtures.mock_helpers import AssertionHelper
from tests.suite.cluster_time import ClusterTime
from tests.suite.job_store import FakeJobStore
from tests.suite.lab import NODE, OTHER_NODE, Lab

pytestmark = pytest.mark.unit


class TestDelete(BaseVMLifecycleTest):
    default_node: ClassVar[str] = NODE

    def test_delete_removes_a_stopped_vm(self) -> None:
        self.setup_vm_for_delete_test()

        result = self.build_tools().delete_vm(**self.get_default_test_params())

        self.assertion_helper.assert_success_response(result, "VM 100 (vm-100) deletion initiated")
        self.assert_vm_deleted()

    def test_delete_removes_only_the_vm_it_names(self) -> None:
        self.setup_vm_for_delete_test(101)
        self.setup_vm_for_delete_test()

        self.build_tools().delete_vm(NODE, "101")

        self.assert_vm_deleted(101)
        self.assert_vm_exists(100)


class TestDeleteErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    @pytest.mark.parametrize(
        ("obstacle", "message"),
        [
            pytest.param({"protection": 1}, "protection mode enabled", id="protected"),
            pytest.param({"lock": "backup"}, "VM is locked (backup)", id="locked"),
        ],
    )
    def test_delete_of_a_guarded_vm_is_refused(
        self, obstacle: dict[str, Any], message: str
    ) -> None:
        self.mock_builder.with_vm(100, NODE, **obstacle)

        with pytest.raises(RuntimeError) as caught:
            self.build_tools().delete_vm(**self.get_default_test_params())

        self.assert_error_mentions(caught.value, "Failed to delete VM 100", message)
        self.assert_vm_exists()

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
    lab.build_tools().delete_vm(**lab.params)

    assert lab.changes == [("DELETE", lab.path, {})]
    assert lab.tasks == [("qmdestroy", NODE, lab.vmid, "OK")]


def test_delete_with_purge_says_so_to_proxmox(lab: Lab) -> None:
    lab.build_tools().delete_vm(**lab.params, purge=True)

    assert lab.changes == [("DELETE", lab.path, {"purge": 1})]


def test_delete_from_another_node_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match=f"^VM {lab.vmid} not found on node {OTHER_NODE}$"):
        lab.build_tools().delete_vm(OTHER_NODE, lab.vmid)

    assert lab.changes == []


def test_delete_of_a_running_vm_needs_force(running_lab: Lab) -> None:
    with pytest.raises(ValueError, match=r"\(target\) is currently running.*force=True"):
        running_lab.build_tools().delete_vm(**running_lab.params)

    assert running_lab.changes == []
    assert running_lab.guest.status == "running"


def test_delete_whose_task_fails_keeps_the_vm(lab: Lab) -> None:
    lab.builder.with_task_error("delete", "unable to remove volume")

    lab.build_tools().delete_vm(**lab.params)

    assert lab.tasks == [("qmdestroy", NODE, lab.vmid, "unable to remove volume")]
    assert not lab.is_gone


def test_forced_delete_stops_and_then_removes(running_lab: Lab) -> None:
    result = running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    AssertionHelper.assert_success_response(result, f"Stopping VM {running_lab.vmid} (target)")
    assert [kind for kind, *_ in running_lab.tasks] == ["qmstop", "qmdestroy"]
    assert running_lab.is_gone


def test_forced_delete_of_a_stopped_vm_stops_nothing(lab: Lab) -> None:
    lab.build_tools().delete_vm(**lab.params, force=True)

    assert lab.tasks == [("qmdestroy", NODE, lab.vmid, "OK")]


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

    with pytest.raises(RuntimeError, match=r"Prerequisite task is still running"):
        running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    assert sum(cluster_time.slept_s) == pytest.approx(30, abs=0.5)
    assert running_lab.tasks == [("qmstop", NODE, running_lab.vmid, None)]


def test_forced_delete_after_a_failed_stop_removes_nothing(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    running_lab.builder.with_task_error("stop", "can't lock file - got timeout")

    with pytest.raises(RuntimeError, match=r"Prerequisite task failed: can't lock file"):
        running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    assert cluster_time.slept_s == []
    assert running_lab.tasks == [
        ("qmstop", NODE, running_lab.vmid, "can't lock file - got timeout")
    ]
    assert running_lab.guest.status == "running"


def test_forced_delete_after_a_refused_stop_removes_nothing(running_lab: Lab) -> None:
    running_lab.builder.with_operation_error("stop", "no quorum")

    with pytest.raises(RuntimeError, match=r"no quorum"):
        running_lab.build_tools().delete_vm(**running_lab.params, force=True)

    assert running_lab.changes == [("POST", f"{running_lab.path}/status/stop", {})]


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

    with pytest.raises(RuntimeError, match=r"Guest is still running after stop"):
        running_lab.build_mocked_tools().delete_vm(**running_lab.params, force=True)

    assert sum(cluster_time.slept_s) == pytest.approx(60)
    assert not running_lab.is_gone


def test_forced_delete_registers_both_jobs(running_lab: Lab, job_store: FakeJobStore) -> None:
    tools = running_lab.build_tools(job_store=job_store)

    tools.delete_vm(**running_lab.params, force=True, purge=True)

    assert [job.tool_name for job in job_store.jobs] == ["stop_vm", "delete_vm"]
    assert [job.upid for job in job_store.jobs] == running_lab.upids
    expected = {"vmid": running_lab.vmid, "force": True, "purge": True}
    assert job_store.jobs[1].metadata == expected
