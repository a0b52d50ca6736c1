import io
from contextlib import suppress
from threading import Thread
from typing import Any

import proxmoxer
import pytest
import requests
from proxmoxer import ProxmoxAPI
from proxmoxer.backends import https
from proxmoxer.core import AuthenticationError, ResourceException
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.test_fixtures.test_login import with_token

ROOT = {"user": "root@pam", "password": "secret", "verify_ssl": False}


def log_in(**more: Any) -> Any:
    return ProxmoxAPI("pve.example.org", **{**ROOT, **more})


def test_real_client_works_on_the_cluster(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    vm = log_in().nodes("node1").qemu
    proxmox_connection.with_vm()

    vm(100).config.put(description="a b&c=ü", cores=4)
    vm(100).status.start.post()

    assert vm(100).config.get()["description"] == "a b&c=ü"
    assert vm.get(full=1)[0]["status"] == "running"
    assert proxmox_connection.calls[0].params == {"description": "a b&c=ü", "cores": "4"}


@pytest.mark.parametrize(
    "host", ["pve", "192.0.2.1", "192.0.2.1:443", "2001:db8::1"], ids=["name", "ip", "port", "ip6"]
)
def test_any_host_will_do(proxmox_connection: ProxmoxAPIMockBuilder, host: str) -> None:
    assert proxmoxer.ProxmoxAPI(host, **ROOT).version.get()
    assert len(proxmox_connection.calls) == 1


def test_client_may_be_constructed_with_a_token(
    proxmox_connection: ProxmoxAPIMockBuilder,
) -> None:
    with_token(proxmox_connection.with_vm())

    api = ProxmoxAPI("pve", user="root@pam", token_name="ci", token_value="abc")

    assert api.nodes("node1").qemu(100).status.start.post().startswith("UPID:")


def test_wrong_password_is_refused(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(
        AuthenticationError, match=r"root@pam to https://pve.example.org:8006/.* 401"
    ):
        log_in(password="wrong")
    assert proxmox_connection.calls == []


def test_wrong_token_is_refused(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    api = ProxmoxAPI("pve", user="root@pam", token_name="ci", token_value="abc")

    with pytest.raises(ResourceException, match="401 Unauthorized: authentication failure"):
        api.version.get()
    assert len(proxmox_connection.calls) == 1


def test_ticket_expires_by_the_cluster_s_clock(
    proxmox_connection: ProxmoxAPIMockBuilder,
) -> None:
    api = log_in()

    proxmox_connection.clock.advance(7200)

    with pytest.raises(
        ResourceException, match="401 Unauthorized: permission denied - invalid PVE"
    ):
        api.version.get()
    assert log_in().version.get()


def test_client_that_is_constructed_again_goes_on(
    proxmox_connection: ProxmoxAPIMockBuilder,
) -> None:
    api = log_in()
    proxmox_connection.with_expired_ticket()

    with pytest.raises(
        ResourceException, match="401 Unauthorized: permission denied - invalid PVE"
    ):
        api.version.get()

    assert log_in().version.get()


def test_write_without_the_csrf_token_is_refused(
    proxmox_connection: ProxmoxAPIMockBuilder,
) -> None:
    api = log_in()
    proxmox_connection.with_vm()
    api._backend.auth.csrf_prevention_token = "forged"

    with pytest.raises(ResourceException, match=r"401 .*: Permission denied - invalid csrf token"):
        api.nodes("node1").qemu(100).status.start.post()
    assert api.nodes("node1").qemu(100).status.current.get()["status"] == "stopped"


def test_client_renews_its_ticket(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    api = log_in()
    api._backend.auth.birth_time -= 3600
    before = api.get_tokens()

    assert api.version.get()
    assert api.get_tokens() != before
    assert len(proxmox_connection.calls) == 1


def test_refusal_has_status_text_and_errors(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    vm = log_in().nodes("node1").qemu(100)
    proxmox_connection.with_vm()

    with pytest.raises(ResourceException) as missing:
        log_in().nodes("node1").qemu(999).config.get()
    with proxmox_connection.expect_violation(), pytest.raises(ResourceException) as wrong:
        vm.config.put(cores="x")

    assert missing.value.status_code == 500
    assert missing.value.content == (
        "Configuration file 'nodes/node1/qemu-server/999.conf' does not exist"
    )
    assert missing.value.errors is None
    assert wrong.value.errors == {"cores": "type check ('integer') failed - got 'x'"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [("ls '-l a'", ["ls", "-l a"]), (["echo a b"], ["echo a b"]), (["a", "b"], ["a", "b"])],
    ids=["text", "one word", "list"],
)
def test_agent_command_arrives_as_a_list(
    proxmox_connection: ProxmoxAPIMockBuilder, command: object, expected: list[str]
) -> None:
    proxmox_connection.with_agent()

    log_in().nodes("node1").qemu(100).agent("exec").post(command=command)

    assert proxmox_connection.calls[0].params == {"command": expected}


def test_file_arrives_with_its_name() -> None:
    builder = ProxmoxAPIMockBuilder()
    file = io.BytesIO(b"\x00\r\nimage\xff")
    file.name = "x.iso"

    # What comes of it is the storage's affair; here it is how it arrives.
    with builder.connect(), suppress(ResourceException):
        log_in().nodes("node1").storage("local").upload.post(content="iso", filename=file)

    params: Any = builder.calls[0].params
    params["filename"].seek(0)
    assert (params["content"], params["filename"].name) == ("iso", "x.iso")
    assert params["filename"].read() == b"\x00\r\nimage\xff"


def test_faults_reach_the_real_client(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    proxmox_connection.with_connection_refused(times=1).with_slow_answer(9, "version")
    text = r"host='pve.example.org', port=8006\): Max retries .* /api2/json/access/ticket"

    with pytest.raises(RequestsConnectionError, match=text):
        log_in()
    with pytest.raises(ReadTimeout, match="read timeout=8") as late:
        log_in(timeout=8).version.get()

    assert late.value.request is not None
    assert late.value.request.url == "https://pve.example.org:8006/api2/json/version"
    assert log_in(timeout=10).version.get()


def test_connection_ends_with_its_block(mock_builder: ProxmoxAPIMockBuilder) -> None:
    session = https.ProxmoxHttpSession
    with mock_builder.connect() as connected:
        api = log_in()
        assert connected is mock_builder
        assert https.ProxmoxHttpSession is not session

    assert https.requests is requests
    assert https.ProxmoxHttpSession is session
    assert api.version.get()


def test_connection_ends_though_the_block_fails(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(ValueError, match="inside"), mock_builder.connect():
        raise ValueError("inside")

    assert https.requests is requests


def test_requests_elsewhere_are_left_alone(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    adapter = requests.Session().get_adapter("https://pve")

    assert type(adapter) is requests.adapters.HTTPAdapter
    assert proxmox_connection.calls == []


def test_inner_connection_wins(mock_builder: ProxmoxAPIMockBuilder) -> None:
    inner = ProxmoxAPIMockBuilder()
    with mock_builder.connect(), inner.connect():
        log_in().version.get()
    with inner.connect(), mock_builder.connect():
        api = log_in()
    api.version.get()

    assert (len(inner.calls), len(mock_builder.calls)) == (1, 1)


@pytest.mark.thread_unsafe(reason="the class that it replaces is one for all threads")
def test_connections_of_threads_do_not_mix() -> None:
    builders = [ProxmoxAPIMockBuilder() for _ in range(8)]

    def work(builder: ProxmoxAPIMockBuilder, count: int) -> None:
        with builder.connect():
            for _ in range(count):
                log_in().version.get()

    threads = [
        Thread(target=work, args=(builder, number)) for number, builder in enumerate(builders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [len(builder.calls) for builder in builders] == list(range(8))
    assert https.requests is requests


def test_client_works_in_other_threads(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    def work() -> None:
        log_in().version.get()

    thread = Thread(target=work)
    thread.start()
    thread.join()

    assert len(proxmox_connection.calls) == 1


def test_answer_is_that_of_the_other_faces(proxmox_connection: ProxmoxAPIMockBuilder) -> None:
    direct = proxmox_connection.with_vm().build_api().nodes("node1")
    real = log_in().nodes("node1")

    assert real.qemu(100).config.get() == direct.qemu(100).config.get()
    assert real.qemu.get() == direct.qemu.get()
