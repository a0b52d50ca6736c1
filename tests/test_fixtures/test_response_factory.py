from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.schema.results import UPID_PATTERN
from tests.fixtures.vm_data_factory import ProxmoxAPIResponseFactory


def test_vm_config_has_the_options_and_a_digest() -> None:
    config = ProxmoxAPIResponseFactory.create_vm_config(150, memory=4096, name="db")

    assert (config["memory"], config["name"]) == ("4096", "db")
    assert len(str(config["digest"])) == 40


def test_container_config_has_the_options_and_a_digest() -> None:
    config = ProxmoxAPIResponseFactory.create_container_config_response(250, hostname="web")

    assert config["hostname"] == "web"
    assert len(str(config["digest"])) == 40


def test_container_list_holds_the_ids() -> None:
    listed = ProxmoxAPIResponseFactory.create_container_list_response(200, "201", node="n")

    assert [(one["vmid"], one["status"]) for one in listed] == [(200, "running"), (201, "running")]


def test_empty_list_is_a_list() -> None:
    assert ProxmoxAPIResponseFactory.create_empty_container_response() == []


def test_single_node_is_the_only_one() -> None:
    (node,) = ProxmoxAPIResponseFactory.create_single_node_response("pve7", online=False)

    assert (node["node"], node["status"]) == ("pve7", "offline")


def test_nodes_are_those_named() -> None:
    nodes = ProxmoxAPIResponseFactory.create_multi_node_response(("a", "b"), offline=["b"])

    assert [(one["node"], one["status"]) for one in nodes] == [("a", "online"), ("b", "offline")]


FITTING: dict[str, tuple[Any, Any]] = {
    "vm config": (lambda mock: node(mock).qemu(100).config, lambda make: make.create_vm_config()),
    "vm status": (
        lambda mock: node(mock).qemu(100).status.current,
        lambda make: make.create_vm_status_response(status="stopped"),
    ),
    "vms": (lambda mock: node(mock).qemu, lambda make: make.create_vm_list_response(1000)),
    "containers": (
        lambda mock: node(mock).lxc, lambda make: make.create_container_list_response(200)
    ),
    "no containers": (
        lambda mock: node(mock).lxc, lambda make: make.create_empty_container_response()
    ),
    "container config": (
        lambda mock: node(mock).lxc(200).config,
        lambda make: make.create_container_config_response(),
    ),
    "nodes": (lambda mock: mock.nodes, lambda make: make.create_multi_node_response()),
    "node": (lambda mock: mock.nodes, lambda make: make.create_single_node_response()),
}  # fmt: skip


def node(mock: Any) -> Any:
    return mock.nodes("node1")


@pytest.mark.parametrize(("find", "make"), FITTING.values(), ids=FITTING)
def test_responses_are_accepted_as_answers(
    mock_builder: ProxmoxAPIMockBuilder, find: Any, make: Any
) -> None:
    place = find(mock_builder.build())
    place.get.return_value = make(ProxmoxAPIResponseFactory())

    assert place.get() == make(ProxmoxAPIResponseFactory())


def test_status_response_has_every_field_and_the_changes() -> None:
    status = ProxmoxAPIResponseFactory().create_vm_status_response("150", "running", name="x")

    assert {"qmpstatus", "ha", "maxmem", "pid", "cpus"} <= set(status)
    assert (status["vmid"], status["status"], status["name"]) == (150, "running", "x")


def test_list_response_holds_the_ids() -> None:
    listed = ProxmoxAPIResponseFactory().create_vm_list_response(100, "101", status="stopped")

    assert [(vm["vmid"], vm["status"]) for vm in listed] == [(100, "stopped"), (101, "stopped")]


def test_task_responses_are_different_upids() -> None:
    factory = ProxmoxAPIResponseFactory()

    upids = [factory.create_task_response("qmstop", 101, "n") for _ in range(2)]

    assert len(set(upids)) == 2
    assert all(UPID_PATTERN.fullmatch(upid) for upid in upids)


def test_error_response_is_what_proxmoxer_raises(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(ResourceException) as raised:
        mock_builder.build_api().nodes("node1").qemu(100).config.get()

    made = ProxmoxAPIResponseFactory().create_error_response(raised.value.content)

    assert (str(made), vars(made)) == (str(raised.value), vars(raised.value))


def test_error_response_with_success_is_refused() -> None:
    with pytest.raises(DoubleError, match="status 200 is no error"):
        ProxmoxAPIResponseFactory().create_error_response("x", status=200)
