from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.operations import guest_moves
from tests.fixtures.proxmox.operations.handlers import Cluster, Request

MIGRATE = ("POST", "/nodes/{node}/qemu/{vmid}/migrate")


@pytest.fixture
def ha(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """High availability of two nodes: VM 100 runs and is managed, VM 101 isn't."""
    mock_builder.with_node("node2").with_vm(100).with_vm(101).with_ha(100, max_restart=2)
    return mock_builder.build_api().cluster.ha


def kinds(builder: ProxmoxAPIMockBuilder) -> list[str]:
    tasks = reversed(builder.cluster.tasks.newest_first())
    return [f"{task.kind} {task.ident} {task.exitstatus}" for task in tasks]


def refusal(call: Any, **params: object) -> tuple[int, str]:
    with pytest.raises(ResourceException) as raised:
        call(**params)
    return raised.value.status_code, raised.value.content


def test_resource_says_what_was_given(ha: Any) -> None:
    (resource,) = ha.resources.get()

    assert resource == ha.resources("vm:100").get() == ha.resources("100").get()
    assert resource.pop("digest")
    assert resource == {"sid": "vm:100", "type": "vm", "state": "started", "max_restart": 2}
    assert ha.resources.get(type="ct") == []


def test_guest_says_that_it_is_managed(mock_builder: ProxmoxAPIMockBuilder, ha: Any) -> None:
    api = mock_builder.build_api()
    vms = api.nodes("node1").qemu

    states = [one.get("hastate") for one in api.cluster.resources.get(type="vm")]

    assert ha is not None
    assert vms(100).status.current.get()["ha"] == {"managed": 1, "state": "started"}
    assert vms(101).status.current.get()["ha"] == {"managed": 0}
    assert states == ["started", None]


def test_new_resource_is_started(mock_builder: ProxmoxAPIMockBuilder, ha: Any) -> None:
    ha.resources.post(sid="101", comment="c")

    assert [one["sid"] for one in ha.resources.get()] == ["vm:100", "vm:101"]
    assert kinds(mock_builder) == ["qmstart 101 OK"]


@pytest.mark.parametrize(
    ("state", "tasks"),
    [("stopped", ["qmshutdown 100 OK"]), ("disabled", ["qmshutdown 100 OK"]), ("ignored", [])],
)
def test_wanted_state_is_reached(
    mock_builder: ProxmoxAPIMockBuilder, ha: Any, state: str, tasks: list[str]
) -> None:
    ha.resources("vm:100").put(state=state)

    assert kinds(mock_builder) == tasks
    assert mock_builder.cluster.guests[100].is_running is (not tasks)


def test_state_on_its_way_is_told(mock_builder: ProxmoxAPIMockBuilder, ha: Any) -> None:
    mock_builder.with_task_duration(10)

    ha.resources("vm:100").put(state="stopped")

    service = ha.status.current.get()[-1]
    assert (service["state"], service["request_state"]) == ("request_stop", "stopped")


def test_resource_is_taken_out(mock_builder: ProxmoxAPIMockBuilder, ha: Any) -> None:
    ha.resources("vm:100").delete()

    assert ha.resources.get() == []
    assert mock_builder.cluster.guests[100].is_running


@pytest.mark.parametrize(
    ("sid", "params", "message"),
    [
        ("vm:100", {}, "resource ID 'vm:100' already defined"),
        ("999", {}, "unable to detect SID from VMID - VM/CT 999 does not exist"),
        ("ct:101", {}, "resource 'ct:101' does not exist in cluster"),
        ("foo:101", {}, "unknown PVE resource type 'foo'"),
        ("vm:101", {"type": "ct"}, "types does not match"),
        (
            "vm:101", {"group": "g1"},
            "invalid parameter 'group': ha groups have been migrated to rules",
        ),
    ],
)  # fmt: skip
def test_resource_is_refused(ha: Any, sid: str, params: dict[str, str], message: str) -> None:
    assert refusal(ha.resources.post, sid=sid, **params) == (500, message)


@pytest.mark.parametrize(
    ("verb", "params", "message"),
    [
        ("get", {}, "no such resource 'vm:101'"),
        ("put", {"comment": "c"}, "no such resource 'vm:101'"),
        ("delete", {}, "cannot delete service 'vm:101', not HA managed!"),
    ],
)
def test_unmanaged_resource_is_refused(
    ha: Any, verb: str, params: dict[str, str], message: str
) -> None:
    assert refusal(getattr(ha.resources("vm:101"), verb), **params) == (500, message)


def test_stale_digest_is_refused(ha: Any) -> None:
    status, message = refusal(ha.resources("vm:100").put, comment="c", digest="0" * 40)

    assert (status, message[:8]) == (500, "detected")


def test_managed_guest_is_removed_with_purge_only(
    mock_builder: ProxmoxAPIMockBuilder, ha: Any
) -> None:
    vm = mock_builder.with_ha(100, "stopped").build_api().nodes("node1").qemu(100)
    kept = "unable to remove VM 100 - used in HA resources and purge parameter not set."

    assert refusal(vm.delete) == (500, kept)
    vm.delete(purge=1)

    assert ha.resources.get() == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("migrate", ["migrate True"]),
        ("relocate", ["qmshutdown 100 OK", "migrate None", "qmstart 100 OK"]),
    ],
)
def test_guest_is_moved(
    mock_builder: ProxmoxAPIMockBuilder,
    ha: Any,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    expected: list[str],
) -> None:
    steps: list[str] = []

    def migrate(_cluster: Cluster, request: Request) -> object:
        steps.extend([*kinds(mock_builder), f"migrate {request.params.get('online')}"])
        return "UPID"

    monkeypatch.setattr(guest_moves, "HANDLERS", {MIGRATE: migrate})

    answer = ha.resources("vm:100")(command).post(node="node2")

    assert answer == {"sid": "vm:100", "requested-node": "node2"}
    assert [*steps, *kinds(mock_builder)[len(steps) - 1 :]] == expected


@pytest.mark.parametrize(
    ("sid", "node", "message"),
    [
        ("vm:101", "node2", "resource 'vm:101' is not HA managed"),
        ("vm:100", "node9", "no such cluster node 'node9'"),
    ],
)
def test_move_is_refused(ha: Any, sid: str, node: str, message: str) -> None:
    assert refusal(ha.resources(sid).migrate.post, node=node) == (500, message)


def test_status_tells_of_quorum_managers_and_services(ha: Any) -> None:
    current = ha.status.current.get()
    manager = ha.status.manager_status.get()

    assert [one["type"] for one in current] == ["quorum", "master", "lrm", "lrm", "service"]
    assert current[-1]["status"] == "vm:100 (node1, started)"
    assert manager["manager_status"]["service_status"]["vm:100"]["running"] == 1
    assert manager["quorum"]["quorate"] == "1"


def test_no_resource_no_manager(mock_builder: ProxmoxAPIMockBuilder) -> None:
    current = mock_builder.build_api().cluster.ha.status.current.get()

    assert [one["type"] for one in current] == ["quorum"]


@pytest.mark.parametrize(
    ("path", "verb", "params", "told"),
    [
        ("groups", "get", {}, "index groups"),
        ("groups", "post", {"group": "g1", "nodes": "node1"}, "create group"),
        ("groups/g1", "get", {}, "read group"),
        ("groups/g1", "put", {}, "update group"),
        ("groups/g1", "delete", {}, "delete group"),
    ],
)
def test_groups_have_become_rules(
    ha: Any, path: str, verb: str, params: dict[str, str], told: str
) -> None:
    expected = f"cannot {told}: ha groups have been migrated to rules"

    assert refusal(getattr(ha(path), verb), **params) == (500, expected)


def test_life_of_a_rule(ha: Any) -> None:
    ha.rules.post(rule="r1", type="node-affinity", resources="vm:100", nodes="node1:2,node2")
    ha.rules("r1").put(type="node-affinity", strict=1, delete="comment")

    (rule,) = ha.rules.get(type="node-affinity")
    assert (rule["strict"], rule["nodes"], rule["order"]) == (1, "node1:2,node2", 1)
    ha.resources("vm:100").delete()
    assert ha.rules.get() == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"type": "node-affinity", "resources": "vm:101", "nodes": "node1"},
            "cannot use unmanaged resource(s) vm:101.",
        ),
        (
            {"type": "node-affinity", "resources": "vm:100", "nodes": "node9"},
            "cannot use non-existent node(s) node9.",
        ),
        ({"type": "resource-affinity", "resources": "vm:100"}, "Parameter verification failed."),
        (
            {"type": "resource-affinity", "resources": "vm:100", "affinity": "positive",
             "nodes": "node1"},
            "Parameter verification failed.",
        ),
    ],
    ids=["unmanaged", "unknown node", "incomplete", "foreign option"],
)  # fmt: skip
def test_rule_is_refused(ha: Any, params: dict[str, str], message: str) -> None:
    assert refusal(ha.rules.post, rule="r1", **params)[1] == message


def test_only_a_described_guest_is_managed(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="no guest 555"):
        mock_builder.with_ha(555)
