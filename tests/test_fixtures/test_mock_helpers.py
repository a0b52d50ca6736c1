from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures import base_test_classes, vm_data_factory
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


PUBLISHED: dict[str, tuple[object, str]] = {
    "builder": (
        ProxmoxAPIMockBuilder,
        "build build_api with_vm with_vm_status with_vm_not_found_error with_start_operation "
        "with_stop_operation with_shutdown_operation with_restart_operation with_create_operation "
        "with_delete_operation with_operation_error with_container_nodes with_container_list "
        "with_container_config with_container_config_error with_empty_container_list "
        "with_multi_node_containers",
    ),
    "vm tools": (
        VMToolsMockHelper, "create_vm_tools_with_mock create_minimal_mock_for_operation"
    ),
    "container tools": (
        ContainerToolsMockHelper,
        "create_container_tools_with_mock create_minimal_mock_for_container_operation",
    ),
    "assertions": (
        AssertionHelper, "assert_success_response assert_api_call_made assert_status_check_made"
    ),
    "responses": (
        vm_data_factory.ProxmoxAPIResponseFactory,
        "create_vm_config create_vm_status_response create_task_response create_vm_list_response "
        "create_error_response create_container_list_response create_container_config_response "
        "create_single_node_response create_multi_node_response create_empty_container_response",
    ),
    "vm data": (
        vm_data_factory.VMTestDataFactory,
        "create_vm_config create_vm_params create_vm_creation_params next_vmid next_name",
    ),
    "container data": (
        vm_data_factory.ContainerTestDataFactory,
        "create_container_config create_container_params create_container_creation_params "
        "next_vmid next_name",
    ),
    "container lists": (
        base_test_classes.BaseContainerListTest,
        "setup_single_node_with_containers setup_multi_node_containers "
        "setup_empty_container_list setup_config_fallback_scenario",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("owner", "names"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_names_stay(owner: object, names: str) -> None:
    missing = [name for name in names.split() if not callable(getattr(owner, name, None))]

    assert missing == []


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
