import pytest

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.admission import needs_quorum, require_permission, require_quorum
from tests.fixtures.proxmox.endpoints import TABLE
from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.operations.request import Request
from tests.fixtures.proxmox.schema.permissions import REQUIREMENTS
from tests.fixtures.proxmox.schema.vms import VM

JOE = "joe@pve"
START = ("POST", f"{VM}/status/start")


def ask(builder: ProxmoxAPIMockBuilder, identity: str, key: tuple[str, str], **given: str) -> None:
    values = {"node": "node1", "vmid": "100", **given}
    require_permission(builder.cluster, identity, Request(*key, values, {}))


@pytest.mark.parametrize(
    ("roles", "key", "message"),
    [
        ({}, START, "/vms/100, VM.PowerMgmt"),
        ({"/": "PVEAuditor"}, START, "/vms/100, VM.PowerMgmt"),
        ({"/": "PVEAuditor"}, ("PUT", "/cluster/options"), "/, Sys.Modify"),
        ({}, ("GET", "/nodes/{node}/status"), "/nodes/node1, Sys.Audit"),
        (
            {}, ("POST", f"{VM}/snapshot/{{snapname}}/rollback"),
            "/vms/100, VM.Snapshot|VM.Snapshot.Rollback",
        ),
    ],
)  # fmt: skip
def test_request_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, roles: dict[str, str], key: tuple[str, str], message: str
) -> None:
    mock_builder.with_user(JOE, roles=roles)

    with pytest.raises(Refusal) as refused:
        ask(mock_builder, JOE, key)

    assert refused.value.status == 403
    assert refused.value.message == f"Permission check failed ({message})"


@pytest.mark.parametrize(
    ("identity", "roles", "key"),
    [
        ("root@pam", {}, START),
        (JOE, {"/vms": "PVEVMUser"}, START),
        (JOE, {}, ("GET", "/version")),
        (JOE, {"/": "PVEAuditor"}, ("GET", "/cluster/status")),
    ],
    ids=["root", "granted", "open", "audit"],
)
def test_request_is_admitted(
    mock_builder: ProxmoxAPIMockBuilder, identity: str, roles: dict[str, str], key: tuple[str, str]
) -> None:
    mock_builder.with_user(JOE, roles=roles)

    ask(mock_builder, identity, key)


def test_tokens_are_everyones_own(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_user(JOE)
    key = ("GET", "/access/users/{userid}/token")

    ask(mock_builder, JOE, key, userid=JOE)

    with pytest.raises(Refusal, match=r"User\.Modify"):
        ask(mock_builder, JOE, key, userid="root@pam")


def test_cluster_requirements_name_known_requests() -> None:
    known = {(one.method, one.template) for one in TABLE.endpoints}
    own = ("/access", "/cluster/ha", "/cluster/firewall", "/cluster/config", "/pools")

    # A row names several methods, of which a request may have only some.
    named = {template for _method, template in REQUIREMENTS if template.startswith(own)}

    assert named <= {template for _method, template in known}


@pytest.mark.parametrize(
    ("method", "template", "expected"),
    [
        ("GET", "/cluster/options", False),
        ("PUT", "/cluster/options", True),
        ("POST", f"{VM}/status/start", True),
        ("POST", f"{VM}/status/stop", False),
        ("POST", f"{VM}/agent/exec", False),
        ("PUT", f"{VM}/config", True),
        ("POST", "/nodes/{node}/qemu", True),
        ("POST", "/nodes/{node}/network", False),
        ("PUT", "/nodes/{node}/firewall/options", True),
        ("POST", "/access/ticket", False),
        ("POST", "/access/users", True),
    ],
)
def test_quorum_is_needed(method: str, template: str, expected: bool) -> None:
    assert needs_quorum(method, template) is expected


def test_without_quorum_nothing_is_written(mock_builder: ProxmoxAPIMockBuilder) -> None:
    cluster = mock_builder.with_quorum(quorate=False).cluster

    require_quorum(cluster, "GET", "/cluster/options")
    with pytest.raises(Refusal) as refused:
        require_quorum(cluster, "PUT", "/cluster/options")

    assert (refused.value.status, refused.value.message) == (500, "cluster not ready - no quorum?")
