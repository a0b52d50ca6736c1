from typing import Any

import pytest
from proxmoxer.core import AuthenticationError, ResourceException
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError

ROOT: dict[str, Any] = {"user": "root@pam", "password": "secret"}
TOKEN: dict[str, Any] = {"user": "root@pam", "token_name": "ci", "token_value": "abc"}
INVALID = "401 Unauthorized: permission denied - invalid PVE ticket"


def with_token(builder: ProxmoxAPIMockBuilder) -> ProxmoxAPIMockBuilder:
    return builder.with_token("root@pam", "ci", "abc", privsep=False)


def test_password_gives_a_ticket(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.with_vm().build_api(**ROOT)

    ticket, csrf = api.get_tokens()

    assert ticket.startswith("PVE:root@pam:")
    assert csrf
    assert api.nodes("node1").qemu(100).status.start.post().startswith("UPID:")


def test_each_login_is_a_client_of_its_own(mock_builder: ProxmoxAPIMockBuilder) -> None:
    first, second = mock_builder.build_api(**ROOT), mock_builder.build_api(**ROOT)

    assert first is not second
    assert first.get_tokens() != second.get_tokens()


@pytest.mark.parametrize(
    "wrong", [{"password": "x"}, {"user": "nobody@pve"}], ids=["password", "user"]
)
def test_wrong_login_is_refused(mock_builder: ProxmoxAPIMockBuilder, wrong: dict[str, str]) -> None:
    given = {**ROOT, **wrong}

    text = rf"Couldn't authenticate user: {given['user']} to https://.*/access/ticket code: 401"
    with pytest.raises(AuthenticationError, match=text):
        mock_builder.build_api(**given)


def test_token_is_checked(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = with_token(mock_builder.with_vm()).build_api(**TOKEN)

    assert api.get_tokens() == (None, None)
    assert api.nodes("node1").qemu(100).status.start.post().startswith("UPID:")


@pytest.mark.parametrize(
    "wrong",
    [{"token_value": "x"}, {"token_name": "cd"}, {"user": "a@pve"}],
    ids=["value", "name", "user"],
)
def test_wrong_token_is_refused(mock_builder: ProxmoxAPIMockBuilder, wrong: dict[str, str]) -> None:
    api = with_token(mock_builder).build_api(**{**TOKEN, **wrong})

    with pytest.raises(ResourceException, match="401 Unauthorized: authentication failure"):
        api.version.get()


def test_user_without_privileges_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_vm().with_user("ann@pve", "x")
    vm = mock_builder.build_api(user="ann@pve", password="x").nodes("node1").qemu(100)

    with pytest.raises(ResourceException, match="403 Forbidden: Permission check failed"):
        vm.status.start.post()


def test_ticket_is_renewed_after_an_hour(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.build_api(**ROOT)
    before = api.get_tokens()

    for _ in range(3):
        mock_builder.clock.advance(3600)
        api.version.get()

    assert api.get_tokens() != before


def test_ticket_cannot_be_renewed_after_two_hours(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.build_api(**ROOT)

    mock_builder.clock.advance(7200)

    with pytest.raises(AuthenticationError, match="code: 401"):
        api.version.get()


def test_client_that_logs_in_again_goes_on(mock_builder: ProxmoxAPIMockBuilder) -> None:
    api = mock_builder.build_api(**ROOT)
    mock_builder.with_expired_ticket()
    for _ in range(2):
        with pytest.raises(ResourceException, match=INVALID):
            api.version.get()

    again = mock_builder.build_api(**ROOT)

    assert again.version.get()


def test_login_may_find_nobody(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_connection_refused(times=1)

    with pytest.raises(RequestsConnectionError, match="url: /api2/json/access/ticket"):
        mock_builder.build_api(**ROOT)

    assert mock_builder.build_api(**ROOT).version.get()


@pytest.mark.parametrize("step", ["with_timeout", "with_operation_error"])
def test_login_may_fail_by_name(mock_builder: ProxmoxAPIMockBuilder, step: str) -> None:
    more = ("overload",) if step == "with_operation_error" else ()
    getattr(mock_builder, step)("login", *more)

    with pytest.raises((ReadTimeout, AuthenticationError)):
        mock_builder.build_api(**ROOT)


def test_patience_is_the_client_s(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_slow_answer(30, "version")
    patient = mock_builder.build_api(**ROOT, timeout=60)
    hasty = mock_builder.build_api(timeout=20)

    assert patient.version.get()
    with pytest.raises(ReadTimeout, match="read timeout=20"):
        hasty.version.get()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"user": "root@pam"}, "give password, or token_name and token_value"),
        ({**ROOT, **TOKEN}, "give password, or token_name and token_value"),
        ({"user": "a@pve", "token_name": "x"}, "give password, or token_name and token_value"),
        ({"password": "x"}, "belongs to a user; give user"),
    ],
    ids=["user alone", "both", "half a token", "no user"],
)
def test_incomplete_credentials_are_refused(
    mock_builder: ProxmoxAPIMockBuilder, given: Any, text: str
) -> None:
    with pytest.raises(DoubleError, match=text):
        mock_builder.build_api(**given)


def test_face_without_credentials_needs_none(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.clock.advance(100_000)

    assert mock_builder.build_api().version.get()
    assert mock_builder.build_api() is mock_builder.build_api()
