"""Mistakes that were seen in doubles of real projects: each is impossible here, or an error."""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.base_test_classes import BaseVMStartStopTest
from tests.fixtures.mock_helpers import AssertionHelper, ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import (
    DoubleError,
    ImpossibleAnswerError,
    StandstillError,
    UnknownEndpointError,
    UnusedError,
)
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory


@pytest.fixture
def builder(mock_builder: ProxmoxAPIMockBuilder) -> ProxmoxAPIMockBuilder:
    """A cluster with the stopped VM 100 and the running VM 101."""
    return mock_builder.with_vm(100).with_vm(101, status="running")


@pytest.fixture
def mock(builder: ProxmoxAPIMockBuilder) -> Any:
    """Its mock face, on which answers are set that nobody asks for."""
    return builder.allow_unused().build()


def every(mock: Any) -> Any:
    """Return the place that stands for the VMs of all ids and nodes."""
    return mock.nodes.return_value.qemu.return_value


def test_one_return_for_all_vmids_and_nodes(mock: Any) -> None:
    vms = [mock.nodes("node1").qemu(vmid).status.current.get() for vmid in (100, 101)]
    assert [(vm["vmid"], vm["status"]) for vm in vms] == [(100, "stopped"), (101, "running")]

    every(mock).status.current.get.return_value = {"vmid": 100, "status": "running"}

    with pytest.raises(ImpossibleAnswerError, match="one answer can't serve for all"):
        mock.nodes("node1").qemu(101).status.current.get()


def test_vmid_as_text_in_answers(mock: Any) -> None:
    with pytest.raises(ImpossibleAnswerError, match=r"vmid is '100'; .* an integer"):
        mock.nodes.return_value.qemu.get.return_value = [{"vmid": "100"}]

    assert {type(vm["vmid"]) for vm in mock.nodes("node1").qemu.get()} == {int}


@pytest.mark.parametrize("vmid", [100, "100"], ids=["number", "text"])
def test_vmid_of_another_type_from_callers(mock: Any, vmid: object) -> None:
    assert mock.nodes("node1").qemu(vmid).status.current.get()["vmid"] == 100


def test_nextid_as_a_number(mock: Any) -> None:
    with pytest.raises(ImpossibleAnswerError, match="Proxmox VE sends a string"):
        mock.cluster.nextid.get.return_value = 102

    assert mock.cluster.nextid.get() == "102"


@pytest.mark.parametrize(
    "upid",
    [
        None,
        MagicMock(),
        {},
        "UPID:ct-create-1",
        "UPID:node1:000:000:start:200:",
        "UPID:pve1:00000001:1234:5678ABCD:lxcsnapshot:100:root@pam:",
        "UPID:node1:00001234:00001234:6955B900:qmstart:100:root@pam",
    ],
    ids=["none", "mock", "object", "prose", "short fields", "four digits", "no last colon"],
)
def test_missing_or_malformed_upid(mock: Any, upid: object) -> None:
    with pytest.raises(ImpossibleAnswerError, match=r"answer as in 'UPID:node1:000003E8:"):
        every(mock).status.start.post.return_value = upid


@pytest.mark.parametrize("answer", [{}, True, "OK"], ids=["object", "true", "text"])
def test_wrong_result_of_a_verb(mock: Any, answer: object) -> None:
    with pytest.raises(ImpossibleAnswerError, match="sends null; answer as in None"):
        every(mock).config.put.return_value = answer

    assert mock.nodes("node1").qemu(100).config.put(cores=2) is None


def test_wrong_result_of_resize(mock: Any) -> None:
    with pytest.raises(ImpossibleAnswerError, match=r"answer as in 'UPID:.*:resize:100:root@pam:'"):
        every(mock).resize.put.return_value = {}


@pytest.mark.parametrize("name", ["uptime", "mem", "pid"])
def test_stopped_vm_that_uses_something(mock: Any, name: str) -> None:
    with pytest.raises(ImpossibleAnswerError, match=f"the guest is stopped, yet {name} is 5"):
        every(mock).status.current.get.return_value = {"status": "stopped", name: 5}


def test_status_paused(mock: Any, builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(ImpossibleAnswerError, match="one of running, stopped"):
        every(mock).status.current.get.return_value = {"status": "paused"}

    builder.with_vm_status("paused", 101)
    status = mock.nodes("node1").qemu(101).status.current.get()
    assert (status["status"], status["qmpstatus"]) == ("running", "paused")


def test_pid_that_is_none(mock: Any) -> None:
    with pytest.raises(ImpossibleAnswerError, match="pid is None; Proxmox VE sends an integer"):
        every(mock).status.current.get.return_value = {"status": "stopped", "pid": None}


SPELLINGS: dict[str, Callable[[Any], Any]] = {
    "calls": lambda mock: mock.nodes("node1").qemu("100").config.put,
    "attribute": lambda mock: mock.nodes.node1.qemu(100).config.put,
    "set": lambda mock: mock.nodes("node1").qemu(100).config.set,
    "path": lambda mock: mock("nodes/node1/qemu/100/config").put,
}


@pytest.mark.parametrize("bind", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("use", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spelling_bound_than_used(
    mock: Any, bind: Callable[[Any], Any], use: Callable[[Any], Any]
) -> None:
    bind(mock).side_effect = TimeoutError("bound")

    with pytest.raises(TimeoutError, match="bound"):
        use(mock)(cores=2)

    bind(mock).assert_called_once_with(cores=2)


def test_chain_bound_that_no_code_can_use(mock: Any) -> None:
    with pytest.raises(UnknownEndpointError, match="did you mean /nodes/"):
        every(mock).status.return_value.current.return_value.get.return_value = {}


def test_answer_bound_that_no_code_used() -> None:
    builder = ProxmoxAPIMockBuilder().with_vm()
    mock: Any = builder.build()
    mock.nodes("node2").qemu("100").config.get.return_value = {"name": "x"}

    mock.nodes("node1").qemu("100").config.get()

    with pytest.raises(UnusedError, match="GET /nodes/node2/qemu/100/config"):
        builder.require_all_used()


def list_vms(api: Any) -> list[Any]:
    """List VMs as a tool does that scans the nodes when the cluster doesn't give a list."""
    listed = api.cluster.resources.get(type="vm")
    if isinstance(listed, list):
        return listed
    return [vm for node in api.nodes.get() for vm in api.nodes(node["node"]).qemu.get()]


def test_unset_mock_that_steers_into_a_fallback(mock: Any, builder: ProxmoxAPIMockBuilder) -> None:
    assert [vm["vmid"] for vm in list_vms(mock)] == [100, 101]
    assert [call.path for call in builder.calls] == ["/cluster/resources"]

    with pytest.raises(ImpossibleAnswerError, match="which is no JSON"):
        mock.cluster.resources.get.return_value = Mock()


def test_error_as_a_bare_exception(mock: Any) -> None:
    every(mock).config.get.side_effect = Exception("VM 100 does not exist")

    with pytest.raises(ResourceException, match=r"500 .*: VM 100 does not exist"):
        mock.nodes("node1").qemu(100).config.get()


def test_error_as_a_bad_resource_exception(mock: Any) -> None:
    with pytest.raises(DoubleError, match=r"status '500'; .*create_error_response"):
        every(mock).config.get.side_effect = ResourceException("500", "Error", "gone")


def test_error_without_errors_per_parameter(mock: Any, builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="names no parameter"):
        every(mock).config.put.side_effect = ProxmoxAPIResponseFactory().create_error_response(
            "Parameter verification failed.", status=400
        )

    with builder.expect_violation(), pytest.raises(ResourceException) as refused:
        mock.nodes("node1").qemu(100).config.put(memory="much")
    assert set(refused.value.errors) == {"memory"}


def test_node_that_is_never_offline(mock: Any, builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_node("node1", online=False)

    with pytest.raises(ResourceException) as refused:
        mock.nodes("node1").qemu(100).config.get()

    assert refused.value.status_code == 595


def test_task_that_never_fails(mock: Any, builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_task_error("start", "kvm: no", times=1)

    upid = mock.nodes("node1").qemu(100).status.start.post()

    assert mock.nodes("node1").tasks(upid).status.get()["exitstatus"] == "kvm: no"


class TestOperationsAssertedOutcomeNot(BaseVMStartStopTest):
    def test_outcome_is_there_to_be_asserted(self) -> None:
        self.setup_vm_for_start_test()
        mock: Any = self.build_mock()

        mock.nodes("node1").qemu("100").status.start.post()

        self.assert_vm_started()

    def test_faked_operation_has_no_outcome(self) -> None:
        self.setup_vm_for_start_test()
        mock: Any = self.build_mock()
        upid = ProxmoxAPIResponseFactory().create_task_response()
        mock.nodes("node1").qemu("100").status.start.post.return_value = upid

        mock.nodes("node1").qemu("100").status.start.post()

        AssertionHelper.assert_api_call_made(mock, "POST", "/nodes/node1/qemu/100/status/start")
        with pytest.raises(AssertionError, match="received: no such task"):
            self.assert_vm_started()
        assert "answered 1x by the test, not by the state: POST" in self.mock_builder.report()


def wait_for(api: Any, upid: str) -> None:
    """Wait for a task as a tool does."""
    while api.nodes("node1").tasks(upid).status.get()["status"] == "running":
        time.sleep(1)


def test_polling_hidden_by_patching_sleep(
    builder: ProxmoxAPIMockBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = builder.with_task_duration(3).build_api()
    builder._gateway.journal._patience = 20
    upid = api.nodes("node1").qemu(100).status.start.post()
    monkeypatch.setattr(time, "sleep", Mock())

    with builder.expect_violation(), pytest.raises(StandstillError, match=r"clock\.advance"):
        wait_for(api, upid)

    monkeypatch.setattr(time, "sleep", builder.clock.advance)
    wait_for(api, upid)
    polls = [call for call in builder.calls if call.path.endswith("/status")]
    assert len(polls) == 40 + 4
    for _ in range(60):  # Nothing runs any more: reading often is no waiting.
        wait_for(api, upid)


def test_patching_at_the_wrong_import_site_is_reported(builder: ProxmoxAPIMockBuilder) -> None:
    builder.build_api()

    assert builder.report() == (
        "0 request(s)\ndoes the code under test use this double, or was another name patched?"
    )


def test_patching_at_the_wrong_import_site_is_needless(builder: ProxmoxAPIMockBuilder) -> None:
    from proxmoxer import ProxmoxAPI as Elsewhere  # noqa: PLC0415 - a name that nobody patches

    with builder.connect():
        api = Elsewhere(
            "proxmox.invalid", user="root@pam", token_name="test", token_value="secret",
        )  # fmt: skip
        with pytest.raises(ResourceException, match="401"):
            api.nodes.get()

    assert isinstance(api, Elsewhere)
