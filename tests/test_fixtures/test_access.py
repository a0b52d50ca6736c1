from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.access import Access
from tests.fixtures.proxmox.clock import Clock
from tests.fixtures.proxmox.errors import DoubleError, Refusal

JOE = "joe@pve"


@pytest.fixture
def access(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API's access, of a cluster with user joe@pve, a VM and a pool."""
    mock_builder.with_vm(100).with_vm(101).with_pool("blue", [101])
    return mock_builder.with_user(JOE, "password1").build_api().access


def refusal(call: Any, **params: object) -> tuple[int, str, object]:
    with pytest.raises(ResourceException) as raised:
        call(**params)
    return raised.value.status_code, raised.value.content, raised.value.errors


def test_login_gives_a_ticket(mock_builder: ProxmoxAPIMockBuilder, access: Any) -> None:
    answer = access.ticket.post(username="joe", realm="pve", password="password1")

    assert answer["username"] == JOE
    assert answer["ticket"].startswith(f"PVE:{JOE}:6955B900::")
    state = mock_builder.cluster.access
    assert state.check_ticket(answer["ticket"], mock_builder.clock.now).user == JOE
    assert answer["cap"]["vms"] == {}


def test_ticket_is_renewed_while_it_is_good(
    mock_builder: ProxmoxAPIMockBuilder, access: Any
) -> None:
    ticket = access.ticket.post(username="root@pam", password="secret")["ticket"]
    mock_builder.clock.advance(7199)

    renewed = access.ticket.post(username="root@pam", password=ticket)["ticket"]

    mock_builder.clock.advance(1)
    assert renewed != ticket
    with pytest.raises(Refusal, match="invalid PVE ticket"):
        mock_builder.cluster.access.check_ticket(ticket, mock_builder.clock.now)
    assert refusal(access.ticket.post, username="root@pam", password=ticket)[0] == 401


@pytest.mark.parametrize(
    ("username", "password"),
    [("root@pam", "wrong"), ("nobody@pve", "password1"), ("off@pve", "password1")],
)
def test_login_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, access: Any, username: str, password: str
) -> None:
    mock_builder.with_user("off@pve", "password1", enabled=False)

    refused = refusal(access.ticket.post, username=username, password=password)

    assert refused[:2] == (401, "authentication failure")


def test_password_is_changed(access: Any) -> None:
    access.password.put(userid=JOE, password="password2")

    assert access.ticket.post(username=JOE, password="password2")["username"] == JOE
    assert refusal(access.password.put, userid=JOE, password="short")[0] == 400


def test_life_of_a_user(access: Any) -> None:
    access.groups.post(groupid="ops", comment="c")
    access.users.post(userid="ann@pve", email="a@b.c", groups="ops")
    access.users("ann@pve").put(comment="hi", enable=0, expire=5)

    assert access.users("ann@pve").get() == {
        "enable": 0, "expire": 5, "email": "a@b.c", "comment": "hi", "groups": ["ops"],
        "tokens": {},
    }  # fmt: skip
    assert access.groups("ops").get() == {"comment": "c", "members": ["ann@pve"]}
    assert [one["userid"] for one in access.users.get(enabled=1)] == ["root@pam", JOE]
    access.groups("ops").delete()
    assert access.users("ann@pve").get()["groups"] == []
    access.users("ann@pve").delete()
    assert "ann@pve" not in [one["userid"] for one in access.users.get(full=1)]


@pytest.mark.parametrize(
    ("path", "verb", "params", "message"),
    [
        ("users", "post", {"userid": JOE}, "create user failed: user 'joe@pve' already exists"),
        ("users", "post", {"userid": "a@nope"}, "auth domain 'nope' does not exist"),
        (
            "users", "post", {"userid": "a@pve", "groups": "no"},
            "create user failed: no such group 'no'",
        ),
        ("users/no@pve", "get", {}, "no such user ('no@pve')"),
        ("users/no@pve", "delete", {}, "no such user ('no@pve')"),
        ("users/joe@pve/token/no", "get", {}, "no such token 'no' for user 'joe@pve'"),
        ("groups/no", "get", {}, "group 'no' does not exist"),
        ("groups/no", "delete", {}, "delete group failed: group 'no' does not exist"),
        ("roles/no", "get", {}, "role 'no' does not exist"),
        ("roles/PVEAdmin", "delete", {}, "auto-generated role 'PVEAdmin' cannot be deleted"),
        ("roles/PVEAdmin", "put", {}, "auto-generated role 'PVEAdmin' cannot be modified"),
        (
            "roles", "post", {"roleid": "r", "privs": "VM.Fly"},
            "create role failed: invalid privilege 'VM.Fly'",
        ),
        (
            "acl", "put", {"path": "/", "roles": "No", "users": JOE},
            "acl update failed: role 'No' does not exist",
        ),
        (
            "acl", "put", {"path": "/", "roles": "PVEAdmin", "groups": "no"},
            "acl update failed: group 'no' does not exist",
        ),
        (
            "acl", "put", {"path": "/", "roles": "PVEAdmin", "tokens": "joe@pve!no"},
            "acl update failed: no such token 'no' for user 'joe@pve'",
        ),
    ],
)  # fmt: skip
def test_request_is_refused(
    access: Any, path: str, verb: str, params: dict[str, str], message: str
) -> None:
    assert refusal(getattr(access(path), verb), **params)[:2] == (500, message)


@pytest.mark.parametrize(
    ("path", "verb", "params", "parameter"),
    [
        ("users", "post", {"userid": "a@pve", "password": "short"}, "password"),
        ("roles", "post", {"roleid": "PVEMine"}, "roleid"),
        ("acl", "put", {"path": "vms", "roles": "PVEAdmin", "users": JOE}, "path"),
        ("acl", "put", {"path": "/moon", "roles": "PVEAdmin", "users": JOE}, "path"),
        ("acl", "put", {"path": "/", "roles": "PVEAdmin"}, "users"),
        ("permissions", "get", {"path": "moon"}, "path"),
    ],
)
def test_parameter_is_refused(
    access: Any, path: str, verb: str, params: dict[str, str], parameter: str
) -> None:
    status, _message, errors = refusal(getattr(access(path), verb), **params)

    assert status == 400
    assert isinstance(errors, dict)
    assert parameter in errors


def test_value_of_a_token_is_told_once(mock_builder: ProxmoxAPIMockBuilder, access: Any) -> None:
    token = access.users(JOE).token("ci")
    made = token.post(comment="c", privsep=0)

    assert made["full-tokenid"] == "joe@pve!ci"
    assert token.get() == {"expire": 0, "privsep": 0, "comment": "c"}
    state = mock_builder.cluster.access
    assert state.check_token(JOE, "ci", made["value"]) == "joe@pve!ci"
    renewed = token.put(regenerate=1, delete="comment")
    with pytest.raises(Refusal, match="authentication failure"):
        state.check_token(JOE, "ci", made["value"])
    assert state.check_token(JOE, "ci", renewed["value"])
    assert refusal(token.post)[2] == {"tokenid": "Token already exists."}
    token.delete()
    assert access.users(JOE).token.get() == []


def test_roles_of_the_installation(access: Any) -> None:
    roles = {role["roleid"]: role["privs"] for role in access.roles.get()}

    assert roles["NoAccess"] == ""
    assert "VM.PowerMgmt" in roles["PVEVMUser"]
    assert "VM.Allocate" not in roles["PVEVMUser"]
    assert "Sys.Modify" not in roles["PVEAdmin"]
    assert "Permissions.Modify" in roles["Administrator"]


def test_life_of_a_role(access: Any) -> None:
    access.roles.post(roleid="Starter", privs="VM.PowerMgmt")
    access.roles("Starter").put(privs="VM.Audit", append=1)
    access.acl.put(path="/vms//100/", roles="Starter", users=JOE)

    assert access.roles("Starter").get() == {"VM.Audit": 1, "VM.PowerMgmt": 1}
    assert access.acl.get() == [
        {"path": "/vms/100", "type": "user", "ugid": JOE, "roleid": "Starter", "propagate": 1}
    ]
    access.acl.put(path="/vms/100", roles="Starter", users=JOE, delete=1)
    assert access.acl.get() == []
    access.roles("Starter").delete()
    assert "Starter" not in [role["roleid"] for role in access.roles.get()]


def test_permissions_of_a_user(mock_builder: ProxmoxAPIMockBuilder, access: Any) -> None:
    mock_builder.with_user(JOE, roles={"/pool/blue": "PVEVMUser"})

    assert access.permissions.get(userid=JOE, path="/vms/101")["/vms/101"]["VM.Console"] == 1
    assert access.permissions.get(userid=JOE, path="/vms/100") == {"/vms/100": {}}
    assert list(access.permissions.get(userid=JOE)) == ["/pool/blue"]
    assert "Permissions.Modify" in access.permissions.get()["/"]


@pytest.mark.parametrize(
    ("roles", "path", "expected"),
    [
        ({"/": "PVEVMUser"}, "/vms/100", True),
        ({"/": "PVEVMUser", "/vms/100": "NoAccess"}, "/vms/100", False),
        ({"/": "PVEAuditor", "/vms": "PVEVMUser"}, "/vms/100", True),
        ({"/": "PVEVMUser", "/vms": "PVEAuditor"}, "/vms/100", False),
        ({"/vms/101": "PVEVMUser"}, "/vms/100", False),
        ({"/pool/blue": "PVEVMUser"}, "/vms/101", True),
        ({"/pool/blue": "PVEVMUser"}, "/vms/100", False),
    ],
    ids=["root", "denied", "nearer grants", "nearer replaces", "sibling", "pool", "no pool"],
)  # fmt: skip
def test_privilege_on_a_path(
    mock_builder: ProxmoxAPIMockBuilder, access: Any, roles: dict[str, str], path: str,
    expected: bool,
) -> None:  # fmt: skip
    mock_builder.with_user(JOE, roles=roles)

    assert access is not None
    assert ("VM.PowerMgmt" in mock_builder.cluster.access.privileges(JOE, path)) is expected


def test_grant_that_is_not_propagated_ends_there(
    mock_builder: ProxmoxAPIMockBuilder, access: Any
) -> None:
    access.acl.put(path="/vms", roles="PVEVMUser", users=JOE, propagate=0)
    state = mock_builder.cluster.access

    assert state.privileges(JOE, "/vms")["VM.PowerMgmt"] == 0
    assert state.privileges(JOE, "/vms/100") == {}


@pytest.mark.parametrize(
    ("privsep", "roles", "expected"),
    [
        (False, {}, {"VM.Audit", "VM.PowerMgmt"}),
        (True, {}, set()),
        (True, {"/": "PVEAuditor"}, {"VM.Audit"}),
    ],
    ids=["as the user", "nothing granted", "no more than both"],
)
def test_token_has_its_own_privileges(
    mock_builder: ProxmoxAPIMockBuilder, access: Any, privsep: bool, roles: dict[str, str],
    expected: set[str],
) -> None:  # fmt: skip
    access.roles.post(roleid="Two", privs="VM.Audit,VM.PowerMgmt")
    mock_builder.with_user(JOE, roles={"/": "Two"})
    mock_builder.with_token(JOE, "ci", "value", privsep=privsep, roles=roles)

    held = mock_builder.cluster.access.privileges(f"{JOE}!ci", "/vms/100")

    assert set(held) == expected


def test_group_grants_its_members(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_group("ops", {"/": "PVEAuditor"}).with_user(JOE, groups=("ops",))

    assert "Sys.Audit" in mock_builder.cluster.access.privileges(JOE, "/nodes/node1")


def test_own_grant_wins_over_the_groups(mock_builder: ProxmoxAPIMockBuilder) -> None:
    mock_builder.with_group("ops", {"/": "PVEAdmin"})
    mock_builder.with_user(JOE, roles={"/": "PVEAuditor"}, groups=("ops",))

    assert "VM.PowerMgmt" not in mock_builder.cluster.access.privileges(JOE, "/vms/100")


@pytest.mark.parametrize(("append", "groups"), [(1, ["a", "b"]), (0, ["b"])])
def test_groups_are_replaced_or_appended(access: Any, append: int, groups: list[str]) -> None:
    for group in ("a", "b"):
        access.groups.post(groupid=group)
    access.users(JOE).put(groups="a")

    access.users(JOE).put(groups="b", append=append)

    assert access.users(JOE).get()["groups"] == groups


@pytest.mark.parametrize(
    ("userid", "roles", "message"),
    [
        ("joe", {}, "no id of a user"),
        ("joe@moon", {}, "no id of a user"),
        (JOE, {"/": "Boss"}, "no role; known are"),
        (JOE, {"moon": "PVEAdmin"}, "nothing can be granted"),
    ],
)
def test_wrong_description_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, userid: str, roles: dict[str, str], message: str
) -> None:
    with pytest.raises(DoubleError, match=message):
        mock_builder.with_user(userid, roles=roles)


def test_user_who_has_expired_may_do_nothing() -> None:
    clock = Clock()
    access = Access(clock)
    ticket = access.login("root@pam", "secret")
    access.users["root@pam"].expire = clock.now + 10

    clock.advance(10)

    with pytest.raises(Refusal):
        access.check_ticket(ticket.text, clock.now)
