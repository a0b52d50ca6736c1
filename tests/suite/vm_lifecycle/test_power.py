"""What start, stop, shutdown and reset have in common, in one table."""

import json
from dataclasses import dataclass

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.mock_helpers import AssertionHelper
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore
from tests.suite.lab import NODE, OTHER_NODE, Lab

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
    Power("start", "stopped", "running", "start initiated successfully", "is already running"),
    Power("stop", "running", "stopped", "stop initiated successfully", "is already stopped"),
    Power("shutdown", "running", "stopped", "graceful shutdown initiated", "is already stopped"),
    Power("reset", "running", "running", "reset initiated successfully", "is currently stopped"),
]


@pytest.fixture(params=POWERS, ids=lambda power: power.verb)
def power(request: pytest.FixtureRequest, lab: Lab) -> Power:
    """Each operation in turn, with the VM in the status that it needs."""
    operation: Power = request.param
    lab.set_status(operation.before)
    return operation


def act(lab: Lab, power: Power, **changes: str) -> list[object]:
    tool = getattr(lab.build_tools(), power.tool)
    result: list[object] = tool(**{**lab.params, **changes})
    return result


def test_power_sends_one_request_without_parameters(lab: Lab, power: Power) -> None:
    act(lab, power)

    assert lab.changes == [("POST", f"{lab.path}/status/{power.verb}", {})]


def test_power_reads_the_status_of_that_vm_first(lab: Lab, power: Power) -> None:
    act(lab, power)

    AssertionHelper.assert_status_check_made(lab.builder, lab.vmid, lab.node)
    assert lab.reads == [f"{lab.path}/status/current"]


def test_power_runs_its_own_task_to_the_end(lab: Lab, power: Power) -> None:
    act(lab, power)

    assert lab.tasks == [(power.task, NODE, lab.vmid, "OK")]


def test_power_leaves_the_vm_in_its_status(lab: Lab, power: Power) -> None:
    act(lab, power)

    assert lab.guest.status == power.after


def test_power_says_what_it_began(lab: Lab, power: Power) -> None:
    result = act(lab, power)

    expected = f"VM {lab.vmid} {power.says}\nTask ID: {lab.upids[0]}\nJob ID: n/a"
    AssertionHelper.assert_success_response(result, expected)


def test_power_reports_the_submission(lab: Lab, power: Power) -> None:
    result = act(lab, power)

    assert json.loads(result[1].text) == {  # type: ignore[attr-defined]  # a TextContent
        "success": True,
        "status": "submitted",
        "task_id": lab.upids[0],
        "job_id": None,
    }


def test_power_of_an_idle_vm_changes_nothing(lab: Lab, power: Power) -> None:
    lab.set_status("running" if power.verb == "start" else "stopped")

    result = act(lab, power)

    assert len(result) == 1
    AssertionHelper.assert_success_response(result, f"VM {lab.vmid}", power.says_when_idle)
    assert lab.changes == []


def test_power_accepts_a_number_as_the_id(lab: Lab, power: Power) -> None:
    getattr(lab.build_tools(), power.tool)(lab.node, int(lab.vmid))

    assert lab.tasks == [(power.task, NODE, lab.vmid, "OK")]


def test_power_of_a_missing_vm_is_refused(lab: Lab, power: Power) -> None:
    lab.builder.with_vm_not_found_error(lab.vmid, NODE)

    with pytest.raises(ValueError, match=f"^VM {lab.vmid} not found on node {NODE}$") as caught:
        act(lab, power)

    assert isinstance(caught.value.__context__, ResourceException)
    assert lab.changes == []


def test_power_of_a_vm_on_another_node_is_refused(lab: Lab, power: Power) -> None:
    with pytest.raises(ValueError, match=f"^VM {lab.vmid} not found on node {OTHER_NODE}$"):
        act(lab, power, node=OTHER_NODE)

    assert lab.changes == []
    assert lab.guest.status == power.before


def test_power_on_an_offline_node_fails(lab: Lab, power: Power) -> None:
    lab.builder.with_node(NODE, online=False)

    with pytest.raises(RuntimeError, match=f"^Failed to {power.verb} VM {lab.vmid}: 595 .*route"):
        act(lab, power)

    assert lab.changes == []


def test_power_without_the_privilege_to_look_fails(lab: Lab, power: Power) -> None:
    reason = f"Permission check failed (/vms/{lab.vmid}, VM.Audit)"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    lab.builder.with_operation_error("status", error)

    with pytest.raises(RuntimeError, match=f"403 Forbidden: Permission check .*{lab.vmid}"):
        act(lab, power)

    assert lab.changes == []


def test_power_without_the_privilege_to_act_fails(lab: Lab, power: Power) -> None:
    reason = f"Permission check failed (/vms/{lab.vmid}, VM.PowerMgmt)"
    error = ProxmoxAPIResponseFactory().create_error_response(reason, status=403)
    lab.builder.with_operation_error(power.verb, error)

    with pytest.raises(RuntimeError, match=f"^Failed to {power.verb} VM {lab.vmid}: 403 "):
        act(lab, power)

    assert lab.tasks == []
    assert lab.guest.status == power.before


def test_power_turns_permission_denied_into_a_value_error(lab: Lab, power: Power) -> None:
    lab.builder.with_operation_error(power.verb, "permission denied - no ticket")

    with pytest.raises(ValueError, match=r"^Permission denied: 500 .*no ticket"):
        act(lab, power)

    assert lab.tasks == []


def test_power_tries_a_refused_request_once(lab: Lab, power: Power) -> None:
    lab.builder.with_operation_error(power.verb, "cluster not ready - no quorum?", times=1)

    with pytest.raises(RuntimeError, match=r"no quorum"):
        act(lab, power)

    assert len(lab.changes) == 1
    assert lab.guest.status == power.before


def test_power_whose_task_fails_was_submitted_all_the_same(lab: Lab, power: Power) -> None:
    lab.builder.with_task_error(power.verb, "got timeout")

    result = act(lab, power)

    AssertionHelper.assert_success_response(result, lab.upids[0])
    assert lab.tasks == [(power.task, NODE, lab.vmid, "got timeout")]
    assert lab.guest.status == power.before


def test_power_does_not_wait_for_its_task(lab: Lab, power: Power) -> None:
    lab.builder.with_task_duration(5)

    act(lab, power)

    assert lab.tasks == [(power.task, NODE, lab.vmid, None)]
    assert lab.guest.status == power.before


def test_power_registers_a_job(lab: Lab, power: Power, job_store: FakeJobStore) -> None:
    result = getattr(lab.build_tools(job_store=job_store), power.tool)(**lab.params)

    [job] = job_store.jobs
    assert (job.tool_name, job.node, job.upid) == (power.tool, NODE, lab.upids[0])
    assert job.summary == f"{power.verb.capitalize()} VM {lab.vmid} on {NODE}"
    assert job.metadata == {"vmid": lab.vmid}
    assert job.retry_spec == {"kind": f"vm.{power.verb}", "params": lab.params}
    assert json.loads(result[1].text)["job_id"] == "job-1"


def test_power_registers_no_job_for_an_idle_vm(
    lab: Lab, power: Power, job_store: FakeJobStore
) -> None:
    lab.set_status("running" if power.verb == "start" else "stopped")

    getattr(lab.build_tools(job_store=job_store), power.tool)(**lab.params)

    assert job_store.jobs == []


def test_power_job_retries_the_same_request(
    lab: Lab, power: Power, job_store: FakeJobStore
) -> None:
    lab.builder.with_task_error(power.verb, "got timeout", times=1)
    getattr(lab.build_tools(job_store=job_store), power.tool)(**lab.params)

    job_store.jobs[0].retry()

    assert lab.changes[1] == lab.changes[0]
    assert lab.guest.status == power.after


def test_power_job_cancels_its_task(lab: Lab, power: Power, job_store: FakeJobStore) -> None:
    lab.builder.with_task_duration(60)
    getattr(lab.build_tools(job_store=job_store), power.tool)(**lab.params)

    job_store.jobs[0].cancel()

    assert lab.tasks == [(power.task, NODE, lab.vmid, "received interrupt")]
    assert lab.guest.status == power.before
