import ast
import inspect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from proxmoxer import ProxmoxAPI
from proxmoxer.backends import https
from proxmoxer.backends.https import Backend, JsonSerializer, ProxmoxHTTPAuth
from proxmoxer.core import ResourceException

from tests import fixtures
from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import Refusal
from tests.fixtures.proxmox.session import as_resource_exception, copy_answer, read_path

SPELLINGS: dict[str, Callable[[Any], object]] = {
    "calls": lambda api: api.nodes("node1").qemu(100).status.current.get(),
    "id as text": lambda api: api.nodes("node1").qemu("100").status.current.get(),
    "attributes": lambda api: api.nodes.node1.qemu("100").status("current").get(),
    "arguments of the verb": lambda api: api.nodes.get("node1", "qemu", 100, "status", "current"),
    "path": lambda api: api("nodes/node1/qemu/100/status/current").get(),
    "list": lambda api: api.nodes(["node1", "qemu", "100"]).status.current.get(),
    "escaped slash": lambda api: api.nodes("node1%2Fqemu%2F100").status.current.get(),
    "doubled slash": lambda api: api("nodes//node1/qemu/100/status/current/").get(),
}


@pytest.mark.parametrize("send", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_one_request(
    send: Callable[[Any], object], mock_builder: ProxmoxAPIMockBuilder
) -> None:
    send(mock_builder.with_vm().build_api())

    (call,) = mock_builder.calls
    assert (call.method, call.path) == ("GET", "/nodes/node1/qemu/100/status/current")
    assert call.template == "/nodes/{node}/qemu/{vmid}/status/current"


@pytest.mark.parametrize(
    ("verb", "method"),
    [("post", "POST"), ("create", "POST"), ("put", "PUT"), ("set", "PUT")],
)
def test_aliases_are_one_method(
    verb: str, method: str, mock_builder: ProxmoxAPIMockBuilder
) -> None:
    config = mock_builder.with_vm().build_api().nodes("node1").qemu(100).config

    getattr(config, verb)(description="x")

    assert mock_builder.calls[0].method == method


def test_api_is_a_real_one(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.build_api()

    assert isinstance(api, ProxmoxAPI)
    assert repr(api) == "ProxmoxAPI (https backend for https://fake:8006/api2/json)"
    assert api.get_tokens() == (None, None)


def test_proxmoxer_still_has_the_privates_that_the_session_sets() -> None:
    real = ProxmoxAPI("host", user="u@pam", token_name="t", token_value="v")

    assert set(vars(real)) == {"_backend", "_backend_name", "_store"}
    assert set(real._store) == {"base_url", "session", "serializer"}
    assert isinstance(real._store["serializer"], JsonSerializer)
    assert isinstance(real._backend, Backend)
    assert real._backend_name == "https"


def test_fake_api_sets_what_a_real_one_has(mock_builder: ProxmoxAPIMockBuilder) -> None:
    real = ProxmoxAPI("host", user="u@pam", token_name="t", token_value="v")
    fake = mock_builder.build_api()

    assert set(vars(fake)) == set(vars(real))
    assert set(fake._store) == set(real._store)


def test_proxmoxer_still_looks_up_what_a_connection_replaces() -> None:
    source = inspect.getsource(https)

    assert https.requests is requests
    assert "response = requests.post(" in source
    assert "session = ProxmoxHttpSession()" in inspect.getsource(Backend.get_session)
    assert ProxmoxHTTPAuth.renew_age == 3600


@pytest.mark.thread_unsafe(reason="Python 3.11 counts the depth of ast.parse wrongly in threads")
def test_only_the_session_imports_proxmoxer() -> None:
    doors = {
        path.name
        for path in Path(fixtures.__file__).parent.joinpath("proxmox").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("proxmoxer")
    }

    assert doors == {"session.py"}


def test_refusal_reaches_the_caller_as_proxmoxer_raises_it(
    mock_builder: ProxmoxAPIMockBuilder,
) -> None:
    api = mock_builder.build_api()

    with pytest.raises(ResourceException) as raised:
        api.nodes("node1").qemu(999).config.get()

    content = "Configuration file 'nodes/node1/qemu-server/999.conf' does not exist"
    assert (raised.value.status_code, raised.value.content) == (500, content)
    assert raised.value.errors is None


def test_errors_reach_the_caller_by_parameter(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm().build_api()

    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        api.nodes("node1").qemu(100).config.put(cores="x")

    assert raised.value.errors == {"cores": "type check ('integer') failed - got 'x'"}


def test_answers_are_fresh_copies(mock_builder: ProxmoxAPIMockBuilder) -> None:
    current = mock_builder.with_vm().build_api().nodes("node1").qemu(100).status.current
    current.get()["ha"]["managed"] = "spoiled"

    assert current.get()["ha"] == {"managed": 0}


def test_violation_is_recorded_though_swallowed() -> None:
    builder = ProxmoxAPIMockBuilder()

    with suppress(Exception):  # as the code under test does
        builder.build_api().nodes("node1").qemuu.get()

    assert [one.path for one in builder.violations] == ["/nodes/node1/qemuu"]


def test_command_is_split_as_the_real_session_does(mock_builder: ProxmoxAPIMockBuilder) -> None:
    agent = mock_builder.with_agent().build_api().nodes("node1").qemu(100).agent

    agent("exec").post(command="ls '-l a'")

    assert mock_builder.calls[0].params == {"command": ["ls", "-l a"]}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://fake:8006/api2/json/nodes/n%2F1", "/nodes/n/1"),
        ("https://fake:8006/elsewhere", "/elsewhere"),
    ],
)
def test_read_path(url: str, path: str) -> None:
    assert read_path(url) == path


def test_resource_exception_has_the_text_of_an_offline_node() -> None:
    error = as_resource_exception(Refusal("No route to host", status=595))

    assert str(error).startswith("595 Errors during connection establishment")


def test_copy_answer_refuses_what_is_not_json() -> None:
    with pytest.raises(Exception, match="is not JSON"):
        copy_answer({"a": object()})
