import json

from app.roles import Role


def test_role_as_json():
    role = Role("editor", ["read", "write"])
    assert role.to_json() == '{"name": "editor", "permissions": ["read", "write"]}'


def test_role_of_one_permission():
    assert Role("guest", ["read"]).to_json() == '{"name": "guest", "permissions": ["read"]}'


def test_permissions_of_json():
    found = json.loads(Role("x", ["a", "b", "c"]).to_json())
    assert sorted(found["permissions"]) == ["a", "b", "c"]


def test_may():
    assert Role("editor", ["write"]).may("write")


def test_may_not():
    assert not Role("guest", []).may("write")


def test_joined():
    assert Role("a", ["x"]).joined(Role("b", ["y"])).permissions == {"x", "y"}
