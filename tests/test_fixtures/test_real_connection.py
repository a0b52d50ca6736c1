"""A cluster that can't be used is said to be so, within the deadline, by the variable's name."""

import socket
from collections.abc import Iterator
from importlib.util import find_spec
from time import monotonic

import pytest

from tests.fixtures.proxmox.session import close_api
from tests.fixtures.proxmox.wire import WireFace
from tests.fixtures.real.connection import (
    NEEDED,
    ClusterClock,
    check_privileges,
    find_node,
    open_api,
)
from tests.fixtures.real.errors import ClusterSettingError
from tests.fixtures.real.target import Target

needs_server = pytest.mark.skipif(
    find_spec("fakepve") is None, reason="no fakepve; uv run --group wire pytest"
)


def make_target(face: WireFace, **changes: object) -> Target:
    facts: dict[str, object] = {
        "host": face.host,
        "port": face.port,
        "user": face.user,
        "token_name": face.token_name,
        "token_value": face.token_value,
        "ca_file": face.cafile,
    }
    return Target(**{**facts, **changes})  # type: ignore[arg-type]  # any field, by its name


def refusal(target: Target) -> ClusterSettingError:
    with pytest.raises(ClusterSettingError) as caught:
        open_api(target, ClusterClock())
    return caught.value


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_silent_host_is_given_up_at_the_deadline(silent_port: int) -> None:
    target = Target("127.0.0.1", silent_port, "ci@pve", "t", "secret", deadline_s=0.2)
    started = monotonic()

    error = refusal(target)

    assert monotonic() - started < 5
    assert error.variable == "PROXMOX_TEST_HOST"
    assert "did not answer within 0.2 s" in error.problem


def test_closed_port_names_the_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = refusal(Target("127.0.0.1", port, "ci@pve", "t", "secret"))

    assert error.variable == "PROXMOX_TEST_HOST"
    assert "Connection refused" in error.problem
    assert "secret" not in str(error)


def test_missing_privileges_are_named() -> None:
    granted = {"/vms": dict.fromkeys(NEEDED[:4], 1), "/": {"Sys.Audit": 1}}

    with pytest.raises(ClusterSettingError, match=r"ci@pve!t lacks Pool.Allocate, Pool.Audit;"):
        check_privileges(granted, "ci@pve!t")


def test_clock_goes_on_from_the_last_answer() -> None:
    instants = iter([100.0, 107.5])
    clock = ClusterClock(lambda: next(instants))

    clock.note("Sun, 22 Nov 2026 01:30:50 GMT")
    clock.note(None)

    assert clock.now() == 1795311050 + 7


def test_cluster_without_a_clock_is_refused() -> None:
    with pytest.raises(ClusterSettingError, match="carry no Date"):
        ClusterClock().now()


@needs_server
def test_wrong_token_names_its_variable(pve_server: WireFace) -> None:
    error = refusal(make_target(pve_server, token_value="wrong"))

    assert error.variable == "PROXMOX_TEST_TOKEN"
    assert "refuses root@pam!wire" in error.problem
    assert "wrong" not in str(error)


@needs_server
def test_untrusted_certificate_names_its_variable(pve_server: WireFace) -> None:
    error = refusal(make_target(pve_server, ca_file=""))

    assert error.variable == "PROXMOX_TEST_CA_FILE"
    assert "self-signed certificate" in error.problem


@needs_server
def test_token_without_rights_names_what_it_lacks(pve_server: WireFace) -> None:
    pve_server.pve.users["viewer@pve"] = "secret"
    pve_server.pve.grant("viewer@pve", "/", "VM.Audit")
    pve_server.pve.apitokens["viewer@pve!t"] = "11111111"

    target = make_target(pve_server, user="viewer@pve", token_name="t", token_value="11111111")

    assert "lacks VM.Allocate, VM.Config.Options" in refusal(target).problem


@needs_server
def test_node_is_the_one_given_or_the_first_online(pve_server: WireFace) -> None:
    pve_server.pve.add_node("node0", online=False)
    pve_server.pve.add_node("node2")
    target = make_target(pve_server)
    api = open_api(target, ClusterClock())

    assert find_node(api, target) == "node1"
    assert find_node(api, make_target(pve_server, node="node2")) == "node2"
    with pytest.raises(ClusterSettingError, match=r"PROXMOX_TEST_NODE: node0 .* node1, node2"):
        find_node(api, make_target(pve_server, node="node0"))
    close_api(api)
