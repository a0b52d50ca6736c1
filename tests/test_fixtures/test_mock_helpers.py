from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures.mock_helpers import (
    AssertionHelper,
    ContainerToolsMockHelper,
    ProxmoxAPIMockBuilder,
    VMToolsMockHelper,
)
from tests.fixtures.proxmox.errors import DoubleError, UnknownOperationError

UPID = "UPID:node1:000003E8:0000000A:6955B900:qmstart:100:root@pam:"


@dataclass
class Text:
    text: object


class Tools:
    def __init__(self, api: Any) -> None:
        self.api = api


def test_tools_get_the_face_that_is_given() -> None:
    face = ProxmoxAPIMockBuilder().build()

    tools = VMToolsMockHelper.create_vm_tools_with_mock(face, Tools)

    assert tools.api is face


def test_tools_are_vm_tools_on_a_vm_by_default() -> None:
    tools = VMToolsMockHelper.create_vm_tools_with_mock()

    result = tools.start_vm("node1", "100")

    AssertionHelper.assert_success_response(result, "VM 100 start initiated successfully", "UPID:")


@pytest.mark.parametrize("operation", ["start", "stop", "shutdown", "reset", "restart"])
def test_minimal_mock_lets_the_operation_happen(operation: str) -> None:
    mock: Any = VMToolsMockHelper.create_minimal_mock_for_operation(
        operation, vmid="7000", node="n"
    )

    verb = "reboot" if operation == "restart" else operation
    assert mock.nodes("n").qemu("7000").status(verb).post().startswith("UPID:n:")


def test_minimal_mock_for_an_unknown_operation_is_refused() -> None:
    with pytest.raises(UnknownOperationError, match="'migrate'; known are create"):
        VMToolsMockHelper.create_minimal_mock_for_operation("migrate")


def test_container_tools_get_the_face_that_is_given() -> None:
    face = ProxmoxAPIMockBuilder().build()

    tools = ContainerToolsMockHelper.create_container_tools_with_mock(face, Tools)

    assert tools.api is face


def test_container_tools_are_on_a_container_by_default() -> None:
    tools = ContainerToolsMockHelper.create_container_tools_with_mock()

    result = tools.start_container("node1:200")

    AssertionHelper.assert_success_response(result, "ct-200", "OK")


@pytest.mark.parametrize("operation", ["start", "stop", "shutdown", "reboot", "restart"])
def test_minimal_mock_lets_the_container_operation_happen(operation: str) -> None:
    mock: Any = ContainerToolsMockHelper.create_minimal_mock_for_container_operation(
        operation, vmid="7000", node="n"
    )

    verb = "reboot" if operation == "restart" else operation
    upid = mock.nodes("n").lxc("7000").status(verb).post()
    assert mock.nodes("n").tasks(upid).status.get()["exitstatus"] == "OK"


@pytest.mark.parametrize(("operation", "left"), [("create", []), ("delete", [200])])
def test_minimal_mock_lets_containers_come_and_go(operation: str, left: list[int]) -> None:
    mock: Any = ContainerToolsMockHelper.create_minimal_mock_for_container_operation(operation)

    assert [one["vmid"] for one in mock.nodes("node1").lxc.get()] == left


def test_minimal_mock_for_an_unknown_container_operation_is_refused() -> None:
    with pytest.raises(UnknownOperationError, match="'migrate'; known are config, create"):
        ContainerToolsMockHelper.create_minimal_mock_for_container_operation("migrate")


@pytest.mark.parametrize(
    "text",
    [f"started\nTask ID: {UPID}", f'{{"task_id": "{UPID}"}}', '{"success": true, "error": ""}'],
    ids=["prose", "json", "json without an error"],
)
def test_success_is_accepted(text: str) -> None:
    AssertionHelper.assert_success_response([Text(text)])


@pytest.mark.parametrize(
    "result",
    [
        pytest.param([], id="empty list"),
        pytest.param(None, id="nothing"),
        pytest.param("text", id="bare text"),
        pytest.param([Text(None)], id="content without text"),
        pytest.param([Text("  ")], id="blank"),
        pytest.param([Text("it failed")], id="failed"),
        pytest.param([Text("ok"), Text("Error: no")], id="error in the second"),
        pytest.param([Text('{"success": false}')], id="success false"),
        pytest.param([Text("UPID:ct-create-1")], id="malformed UPID"),
        pytest.param([Text("Task ID: UPID:node1:000:000:start:200:")], id="short UPID"),
    ],
)
def test_what_is_no_success_is_refused(result: object) -> None:
    with pytest.raises(AssertionError, match=r"\nexpected: .*\nreceived: "):
        AssertionHelper.assert_success_response(result)


def test_missing_fragment_is_named() -> None:
    with pytest.raises(
        AssertionError, match="expected: a text that holds 'stopped'\nreceived: start"
    ):
        AssertionHelper.assert_success_response([Text("started")], "stopped")


@pytest.mark.parametrize("source", ["builder", "mock"])
def test_api_call_is_found(mock_builder: ProxmoxAPIMockBuilder, source: str) -> None:
    mock: Any = mock_builder.with_vm().build()
    mock.nodes("node1").qemu("100").config.put(cores="2", onboot=True)

    AssertionHelper.assert_api_call_made(
        mock_builder if source == "builder" else mock,
        "put", "nodes/node1/qemu/100/config", cores=2, onboot=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("POST", "/nodes/node1/qemu/100/config", {"cores": 2}),
        ("PUT", "/nodes/node1/qemu/101/config", {"cores": 2}),
        ("PUT", "/nodes/node1/qemu/100/config", {"cores": 3}),
        ("PUT", "/nodes/node1/qemu/100/config", {}),
    ],
    ids=["method", "path", "value", "parameters"],
)
def test_api_call_that_was_not_made_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, method: str, path: str, params: dict[str, object]
) -> None:
    mock: Any = mock_builder.with_vm().build()
    mock.nodes("node1").qemu("100").config.put(cores=2)

    with pytest.raises(AssertionError) as failed:
        AssertionHelper.assert_api_call_made(mock_builder, method, path, **params)

    _blank, expected, received = str(failed.value).split("\n")
    assert expected.startswith(f"expected: {method} {path} (")
    assert received == "received: PUT /nodes/node1/qemu/100/config (cores=2)"


def test_calls_of_something_else_can_not_be_read() -> None:
    with pytest.raises(DoubleError, match="give a builder"):
        AssertionHelper.assert_api_call_made(object(), "GET", "/")  # type: ignore[arg-type]  # the point


def test_status_check_is_found_or_missed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm().build_api()

    with pytest.raises(AssertionError, match="received: no calls"):
        AssertionHelper.assert_status_check_made(mock_builder)
    api.nodes("node1").qemu(100).status.current.get()

    AssertionHelper.assert_status_check_made(mock_builder, "100", "node1")
