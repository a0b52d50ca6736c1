"""Starting, stopping, shutting down and resetting a VM: all of them in one table, then each."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from tests.fixtures.base_test_classes import (
    BaseVMErrorTest,
    BaseVMStartStopTest,
    BaseVMStateChangeTest,
)
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit


@dataclass(frozen=True, slots=True)
class Power:
    """One operation: what it needs, sends, does and says."""

    verb: str
    before: str
    after: str
    says: str
    says_when_idle: str

    @property
    def tool(self) -> str:
        return f"{self.verb}_vm"

    @property
    def task(self) -> str:
        return f"qm{self.verb}"


POWERS = [
    Power(
        "start", "stopped", "running",
        "VM {} start initiated successfully", "VM {} is already running",
    ),
    Power(
        "stop", "running", "stopped",
        "VM {} stop initiated successfully", "VM {} is already stopped",
    ),
    Power(
        "shutdown", "running", "stopped",
        "VM {} graceful shutdown initiated", "VM {} is already stopped",
    ),
    Power(
        "reset", "running", "running",
        "VM {} reset initiated successfully",
        "Cannot reset VM {}: VM is currently stopped\nUse start_vm to start it first",
    ),
]  # fmt: skip


@pytest.fixture(params=POWERS, ids=lambda power: power.verb)
def power(request: pytest.FixtureRequest, lab: Lab) -> Power:
    """Each operation in turn, with the VM in the status that it needs."""
    operation: Power = request.param
    lab.set_status(operation.before)
    return operation


def act(lab: Lab, power: Power, *, node: str = NODE, **options: object) -> Any:
    return getattr(lab.build_tools(**options), power.tool)(node, lab.vmid)


def test_power_sends_one_request_without_parameters(lab: Lab, power: Power) -> None:
    text, submission = act(lab, power)

    assert lab.reads == [f"{lab.path}/status/current"]
    assert lab.changes == [("POST", f"{lab.path}/status/{power.verb}", {})]
    assert lab.tasks == [(power.task, NODE, lab.vmid, "OK")]
    assert lab.guest.status == power.after
    says = power.says.format(lab.vmid)
    assert text.text == f"{says}\nTask ID: {lab.upids[0]}\nJob ID: n/a"
    assert json.loads(submission.text) == {
        "success": True,
        "status": "submitted",
        "task_id": lab.upids[0],
        "job_id": None,
    }


def test_power_of_an_idle_vm_changes_nothing(
    lab: Lab, power: Power, job_store: FakeJobStore
) -> None:
    lab.set_status("running" if power.verb == "start" else "stopped")

    [content] = act(lab, power, job_store=job_store)

    assert content.text == power.says_when_idle.format(lab.vmid)
    assert (lab.changes, job_store.jobs) == ([], [])


def test_power_that_is_refused_says_why_and_is_not_tried_again(lab: Lab, power: Power) -> None:
    denied = "Permission check failed (VM.PowerMgmt)"
    error = ProxmoxAPIResponseFactory().create_error_response(denied, status=403)
    lab.builder.with_operation_error("status", "no quorum", times=1)
    lab.builder.with_operation_error(power.verb, error, times=1)

    refusals = [refusal_of(act, lab, power) for _ in range(2)]
    refusals.append(refusal_of(act, lab, power, node=OTHER_NODE))

    failed = f"RuntimeError: Failed to {power.verb} VM {lab.vmid}"
    assert refusals == [
        f"{failed}: 500 Internal Server Error: no quorum",
        f"{failed}: 403 Forbidden: {denied}",
        f"ValueError: VM {lab.vmid} not found on node {OTHER_NODE}",
    ]
    assert lab.changes == [("POST", f"{lab.path}/status/{power.verb}", {})]
    assert (lab.tasks, lab.guest.status) == ([], power.before)


def test_power_registers_a_job_that_cancels_and_retries(
    lab: Lab, power: Power, job_store: FakeJobStore
) -> None:
    lab.builder.with_task_duration(60)

    text, submission = act(lab, power, job_store=job_store)
    [job] = job_store.jobs
    job.cancel()
    job.retry()

    summary = f"{power.verb.capitalize()} VM {lab.vmid} on {NODE}"
    retry_spec = {"kind": f"vm.{power.verb}", "params": lab.params}
    assert job == Job(
        power.tool, summary, NODE, lab.upids[0], {"vmid": lab.vmid}, retry_spec,
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip
    assert text.text.endswith("\nJob ID: job-1")
    assert json.loads(submission.text)["job_id"] == "job-1"
    ends = ["received interrupt", None]
    assert lab.tasks == [(power.task, NODE, lab.vmid, end) for end in ends]
    assert lab.guest.status == power.before


def test_start_of_a_paused_vm_says_that_it_runs(lab: Lab) -> None:
    lab.set_status("paused")

    [content] = lab.build_tools().start_vm(**lab.params)

    assert content.text == f"VM {lab.vmid} is already running"
    assert lab.changes == []


class TestStop(BaseVMStartStopTest):
    default_node: ClassVar[str] = NODE

    def test_stop_ends_a_paused_vm(self) -> None:
        self.mock_builder.with_vm(100, NODE, "paused")

        self.build_tools().stop_vm(**self.get_default_test_params())

        self.assert_vm_was_stopped()


class TestShutdownErrors(BaseVMErrorTest):
    default_node: ClassVar[str] = NODE

    def test_shutdown_that_the_guest_ignores_leaves_it_running(self) -> None:
        self.mock_builder.with_vm(100, NODE, "running")
        self.setup_task_error("shutdown", "VM quit/powerdown failed - got timeout")

        self.build_tools().shutdown_vm(**self.get_default_test_params())

        self.assert_task_failed("qmshutdown", "VM quit/powerdown failed - got timeout")
        self.assert_vm_running()


class TestReset(BaseVMStateChangeTest):
    default_node: ClassVar[str] = NODE

    def test_reset_applies_no_pending_change(self) -> None:
        self.setup_vm_for_reset_test()
        tools = self.build_tools()
        tools.update_vm_config(**self.get_default_test_params(), memory=8192)
        pid = self.assert_vm_exists().pid

        tools.reset_vm(**self.get_default_test_params())

        self.assert_vm_was_reset()
        guest = self.assert_vm_exists()
        assert (guest.pid, guest.maxmem) == (pid, 2048 << 20)
