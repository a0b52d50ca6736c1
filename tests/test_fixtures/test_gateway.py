import pytest

from tests.fixtures.proxmox.cluster import Node
from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.gateway import Gateway, normalise
from tests.fixtures.proxmox.journal import Call
from tests.fixtures.proxmox.vms import Vm

VM = "/nodes/node1/qemu/100"
UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"


def make_gateway() -> Gateway:
    gateway = Gateway()
    gateway.cluster.add_node(Node("node1"))
    gateway.cluster.guests[100] = Vm(100, "node1")
    return gateway


def test_request_is_recorded_in_normal_form() -> None:
    gateway = make_gateway()

    gateway.request("POST", f"{VM}//status/start/", {"timeout": None, "skiplock": 1})

    template = "/nodes/{node}/qemu/{vmid}/status/start"
    assert gateway.journal.calls == [Call("POST", f"{VM}/status/start", template, {"skiplock": 1})]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nodes/node1/qemuu"), ("POST", f"{VM}/status/frobnicate"), ("DELETE", "/version"),
     ("PUT", f"{VM}/status/start")],
)  # fmt: skip
def test_unknown_request_is_refused_and_reported(method: str, path: str) -> None:
    gateway = make_gateway()

    with pytest.raises(Refusal) as refused:
        gateway.request(method, path, {})

    assert refused.value.status == 501
    assert refused.value.message == f"Method '{method} {path}' not implemented"
    assert [(one.method, one.path) for one in gateway.journal.violations] == [(method, path)]


@pytest.mark.parametrize(
    ("method", "path", "params", "errors"),
    [
        pytest.param("POST", f"{VM}/status/start", {"bogus": 1}, {"bogus": UNKNOWN}, id="unknown"),
        pytest.param("PUT", f"{VM}/config", {"memry": 1}, {"memry": UNKNOWN}, id="misspelt"),
        pytest.param(
            "POST", "/nodes/node1/qemu", {},
            {"vmid": "property is missing and it is not optional"}, id="missing",
        ),
        pytest.param(
            "PUT", f"{VM}/config", {"cores": "x"},
            {"cores": "type check ('integer') failed - got 'x'"}, id="type",
        ),
        pytest.param(
            "GET", "/nodes/node1/qemu/abc/config", {},
            {"vmid": "type check ('integer') failed - got 'abc'"}, id="id in the path",
        ),
        pytest.param(
            "GET", "/nodes/node1/qemu/99/config", {},
            {"vmid": "invalid format - value does not look like a valid VM ID\n"}, id="small id",
        ),
        pytest.param(
            "PUT", f"{VM}/config", {"cores": "x", "bogus": 1},
            {"cores": "type check ('integer') failed - got 'x'", "bogus": UNKNOWN}, id="two",
        ),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused_and_reported(
    method: str, path: str, params: dict[str, object], errors: dict[str, str]
) -> None:
    gateway = make_gateway()

    with pytest.raises(Refusal) as refused:
        gateway.request(method, path, params)

    assert (refused.value.status, refused.value.message) == (400, "Parameter verification failed.")
    assert refused.value.errors == errors
    assert {one.parameter for one in gateway.journal.violations} == set(errors)


def test_violation_names_the_nearest_parameter() -> None:
    gateway = make_gateway()

    with pytest.raises(Refusal):
        gateway.request("PUT", f"{VM}/config", {"memry": 1})

    assert gateway.journal.violations[0].nearest == "memory"


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("POST", "/nodes/node1/qemu/100/monitor", {}),
        ("POST", "/nodes/node1/qemu", {"vmid": 1000, "ha-managed": 1}),
    ],
    ids=["request", "parameter"],
)
def test_what_is_not_simulated_is_refused_by_name(
    method: str, path: str, params: dict[str, object]
) -> None:
    gateway = make_gateway()

    with pytest.raises(Refusal, match="doesn't simulate it") as refused:
        gateway.request(method, path, params)

    assert refused.value.status == 501
    assert len(gateway.journal.violations) == 1
    assert set(gateway.cluster.guests) == {100}


def test_refusal_by_state_is_no_violation() -> None:
    gateway = make_gateway()

    with pytest.raises(Refusal):
        gateway.request("GET", "/nodes/node1/qemu/999/config", {})

    assert gateway.journal.violations == []


@pytest.mark.parametrize(
    ("path", "params", "normal"),
    [
        ("/x", {"a": None, "b": 0}, {"b": 0}),
        ("/n/agent/exec", {"command": "ls '-l a'"}, {"command": ["ls", "-l a"]}),
        ("/n/agent/exec", {"command": ["ls -l"]}, {"command": ["ls -l"]}),
        ("/x", {"command": "ls -l"}, {"command": "ls -l"}),
    ],
    ids=["no None", "split command", "list stays", "other paths stay"],
)
def test_normalise(path: str, params: dict[str, object], normal: dict[str, object]) -> None:
    assert normalise(path, params) == normal


def test_override_answers_instead_of_the_state() -> None:
    gateway = make_gateway()

    answer = gateway.request("GET", "/version", {}, override=lambda _ask_state: "mine")

    assert answer == "mine"


def test_override_does_not_lift_the_checks() -> None:
    gateway = make_gateway()

    with pytest.raises(Refusal):
        gateway.request("GET", "/version", {"bogus": 1}, override=lambda _ask_state: "mine")


def test_write_without_quorum_is_refused() -> None:
    gateway = make_gateway()
    gateway.cluster.is_quorate = False

    with pytest.raises(Refusal, match="cluster not ready - no quorum"):
        gateway.request("POST", f"{VM}/status/start", {})

    assert gateway.request("GET", f"{VM}/config", {})
