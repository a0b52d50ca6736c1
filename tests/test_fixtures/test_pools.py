from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """A pool with VM 100 and a storage, another with VM 101, and VM 102 in none."""
    mock_builder.with_vm(100).with_vm(101).with_vm(102)
    mock_builder.with_pool("blue", [100, "local"], "the blue one").with_pool("red", [101])
    return mock_builder.build_api()


def members(api: Any, pool: str, **params: str) -> list[str]:
    return [one["id"] for one in api.pools(pool).get(**params)["members"]]


def test_pools_are_listed(api: Any) -> None:
    assert api.pools.get() == [{"poolid": "blue", "comment": "the blue one"}, {"poolid": "red"}]


def test_members_of_a_pool(api: Any) -> None:
    assert members(api, "blue") == ["qemu/100", "storage/node1/local"]
    assert members(api, "blue", type="storage") == ["storage/node1/local"]
    assert api.pools.get(poolid="red")[0]["members"][0]["vmid"] == 101


def test_guests_know_their_pool(api: Any) -> None:
    pools = {one["vmid"]: one.get("pool") for one in api.cluster.resources.get(type="vm")}

    assert pools == {100: "blue", 101: "red", 102: None}
    assert {"id": "/pool/blue", "pool": "blue", "type": "pool"} in api.cluster.resources.get()


def test_life_of_a_pool(api: Any) -> None:
    api.pools.post(poolid="green", comment="c")
    api.pools("green").put(vms="102", storage="local-lvm", comment="d")
    assert members(api, "green") == ["qemu/102", "storage/node1/local-lvm"]

    api.pools.put(poolid="green", vms="102", storage="local-lvm", delete=1)
    api.pools("green").delete()

    assert [pool["poolid"] for pool in api.pools.get()] == ["blue", "red"]


def test_guest_moves_only_when_allowed(api: Any) -> None:
    with pytest.raises(ResourceException, match="VM 101 belongs already to pool 'red'"):
        api.pools("blue").put(vms="101")

    api.pools("blue").put(vms="101", **{"allow-move": 1})

    assert members(api, "blue", type="qemu") == ["qemu/100", "qemu/101"]


@pytest.mark.parametrize(
    ("verb", "params", "message"),
    [
        ("post", {"poolid": "blue"}, "create pool failed: pool 'blue' already exists"),
        ("post", {"poolid": "x/y"}, "create pool failed: parent 'x' of pool 'x/y' does not exist"),
        (
            "delete", {"poolid": "red"},
            "delete pool failed: pool 'red' is not empty (contains VM 101)",
        ),
        ("delete", {"poolid": "no"}, "delete pool failed: pool 'no' does not exist"),
        ("get", {"poolid": "no"}, "pool 'no' does not exist"),
        (
            "put", {"poolid": "blue", "vms": "100"},
            "update pools failed: VM 100 is already a pool member",
        ),
        (
            "put", {"poolid": "blue", "vms": "102", "delete": 1},
            "update pools failed: VM 102 is not a pool member",
        ),
        (
            "put", {"poolid": "blue", "storage": "local-lvm", "delete": 1},
            "update pools failed: Storage 'local-lvm' is not a pool member",
        ),
        (
            "put", {"poolid": "blue", "storage": "local"},
            "update pools failed: Storage 'local' is already a pool member",
        ),
        ("put", {"poolid": "blue", "vms": "999"}, "update pools failed: VM 999 does not exist"),
    ],
)  # fmt: skip
def test_request_is_refused(api: Any, verb: str, params: dict[str, object], message: str) -> None:
    with pytest.raises(ResourceException) as raised:
        getattr(api.pools, verb)(**params)

    assert (raised.value.status_code, raised.value.content) == (500, message)


def test_refused_update_changes_nothing(api: Any) -> None:
    with pytest.raises(ResourceException):
        api.pools("blue").put(vms="102,100")

    assert members(api, "blue", type="qemu") == ["qemu/100"]


@pytest.mark.parametrize("deed", ["create", "clone"])
def test_new_guest_needs_an_existing_pool(api: Any, deed: str) -> None:
    vms = api.nodes("node1").qemu
    call = vms.post if deed == "create" else vms(102).clone.post
    params = {"vmid": 200} if deed == "create" else {"newid": 200}

    with pytest.raises(ResourceException) as raised:
        call(pool="nope", **params)

    expected = "Permission check failed (pool 'nope' does not exist)"
    assert (raised.value.status_code, raised.value.content) == (403, expected)


def test_described_member_has_to_exist(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="describe the guest or storage first"):
        mock_builder.with_pool("blue", [555])
