from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.memento import Memento

GIB = 1 << 30


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of a cluster with two nodes and the usual storages."""
    return mock_builder.with_node("node2").build_api()


def test_configuration_lists_the_usual_storages(api: Any) -> None:
    entries = api.storage.get()

    assert [(one["storage"], one["type"], one["content"]) for one in entries] == [
        ("local", "dir", "iso,vztmpl,backup"),
        ("local-lvm", "lvmthin", "images,rootdir"),
    ]
    assert (entries[0]["path"], entries[1]["vgname"]) == ("/var/lib/vz", "pve")
    assert [one["storage"] for one in api.storage.get(type="dir")] == ["local"]


def test_created_storage_is_there_on_its_nodes(api: Any) -> None:
    answer = api.storage.post(
        storage="share", type="nfs", server="192.0.2.1", export="/x", nodes="node2",
        content="images,backup",
    )  # fmt: skip

    config = api.storage("share").get()
    seen = {
        node: [one["storage"] for one in api.nodes(node).storage.get()]
        for node in ("node1", "node2")
    }
    assert answer == {"storage": "share", "type": "nfs"}
    assert (config["server"], config["nodes"], config["shared"]) == ("192.0.2.1", "node2", 1)
    assert ("share" in seen["node1"], "share" in seen["node2"]) == (False, True)


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({"storage": "local", "type": "dir", "path": "/x"}, 500,
         "create storage failed: storage ID 'local' already defined"),
        ({"storage": "f2", "type": "dir"}, 500, "missing value for required option 'path'"),
        ({"storage": "f2", "type": "dir", "path": "/x", "vgname": "v"}, 400,
         "property is not defined in schema"),
        ({"storage": "f2", "type": "lvm", "vgname": "v", "content": "iso"}, 500,
         "storage does not support content type 'iso'"),
    ],
    ids=["taken", "no path", "foreign option", "content"],
)  # fmt: skip
def test_creation_is_refused(api: Any, params: dict[str, Any], status: int, message: str) -> None:
    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        api.storage.post(**params)

    assert message in str(raised.value)
    assert len(api.storage.get()) == 2


@pytest.mark.parametrize(
    ("params", "name", "message"),
    [
        ({"storage": "z", "type": "dir"}, "storage", "cannot be shorter than 2 characters"),
        ({"storage": "f2", "type": "tape"}, "type", "does not have a value in the enumeration"),
        ({"storage": "f2", "type": "dir", "content": "foo"}, "content",
         "invalid content type 'foo'"),
        ({"storage": "f2", "type": "dir", "path": "x"}, "path",
         "does not look like a valid absolute path"),
    ],
    ids=["short name", "type", "content", "path"],
)  # fmt: skip
def test_creation_with_a_wrong_parameter_is_a_violation(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, params: dict[str, Any], name: str, message: str
) -> None:
    with mock_builder.expect_violation(), pytest.raises(ResourceException) as raised:
        api.storage.post(**params)

    assert message in raised.value.errors[name]


def test_update_changes_and_deletes_options(api: Any) -> None:
    digest = api.storage("local").get()["digest"]

    api.storage("local").put(disable=1, content="iso", digest=digest)
    disabled = api.nodes("node1").storage("local").status.get()
    api.storage("local").put(delete="disable")

    assert (disabled["enabled"], disabled["active"], disabled["total"]) == (0, 0, 0)
    assert (disabled["content"], "disable" in api.storage("local").get()) == ("iso", False)


@pytest.mark.parametrize(
    ("storage", "params", "message"),
    [
        ("nope", {"disable": 1}, "update storage failed: storage 'nope' does not exist"),
        ("local", {"disable": 1, "digest": "aa"},
         "update storage failed: detected modified configuration"),
        ("local", {"delete": "path"}, "update storage failed: unable to delete required option"),
        ("local", {"delete": "foo"}, "update storage failed: no such option 'foo'"),
        ("local", {"pool": "x"}, "property is not defined in schema"),
    ],
    ids=["unknown", "digest", "required", "no option", "foreign"],
)  # fmt: skip
def test_update_is_refused(api: Any, storage: str, params: dict[str, Any], message: str) -> None:
    before = api.storage.get()

    with pytest.raises(ResourceException) as raised:
        api.storage(storage).put(**params)

    assert message in str(raised.value)
    assert api.storage.get() == before


def test_removed_storage_is_gone(api: Any) -> None:
    api.storage("local").delete()

    with pytest.raises(ResourceException, match="storage 'local' does not exist"):
        api.storage("local").get()
    with pytest.raises(ResourceException, match="delete storage failed: storage 'local' does not"):
        api.storage("local").delete()


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"target": "node2"}, ["local", "local-lvm", "both"]),
        ({"target": "node2", "content": "images"}, ["local-lvm", "both"]),
        ({"storage": "both", "enabled": 1}, ["both"]),
    ],
    ids=["target", "target and content", "storage"],
)
def test_list_is_filtered(
    mock_builder: ProxmoxAPIMockBuilder, api: Any, params: dict[str, Any], names: list[str]
) -> None:
    mock_builder.with_storage("here", nodes=["node1"]).with_storage("both")

    assert [one["storage"] for one in api.nodes("node1").storage.get(**params)] == names


def test_list_tells_formats_when_asked(api: Any) -> None:
    formats = [one["formats"] for one in api.nodes("node1").storage.get(format=1)]

    assert formats == [
        {"supported": ["qcow2", "raw", "subvol", "vmdk"], "default": "raw"},
        {"supported": ["raw"], "default": "raw"},
    ]


def test_storage_of_a_node_has_its_parts_and_its_chart(api: Any) -> None:
    storage = api.nodes("node1").storage("local")

    parts = {one["subdir"] for one in storage.get()}
    points = storage.rrddata.get(timeframe="hour")

    assert {"content", "status", "upload"} <= parts
    assert (points[-1]["used"], points[-1]["total"]) == (10 * GIB, 100 * GIB)
    assert points[1]["time"] - points[0]["time"] == 60


def test_figures_count_what_lies_on_the_node(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_content("local:iso/a.iso", size_mib=1024)

    nodes = ("node1", "node2")
    used = {node: api.nodes(node).storage("local").status.get()["used"] for node in nodes}
    resources = {one["id"]: one["disk"] for one in api.cluster.resources.get(type="storage")}

    assert used == {"node1": 11 * GIB, "node2": 10 * GIB}
    assert resources["storage/node1/local"] == 11 * GIB


def test_shared_storage_shows_the_same_on_every_node(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_storage("nas", kind="nfs", content="iso").with_content("nas:iso/a.iso")

    listed = [api.nodes(node).storage("nas").content.get() for node in ("node1", "node2")]

    assert listed[0] == listed[1] != []


def test_sharing_a_storage_keeps_what_is_on_it(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_content("local:iso/a.iso")

    api.storage("local").put(shared=1)

    assert len(api.nodes("node2").storage("local").content.get()) == 1


def test_storage_described_again_keeps_its_volumes(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_content("local:iso/a.iso").with_storage("local", content="iso,backup")

    assert len(api.nodes("node1").storage("local").content.get()) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "tape"}, "'tape' is no type of storage; give one of btrfs"),
        ({"content": "image"}, "'image' is no type of content; give some of images"),
    ],
    ids=["kind", "content"],
)
def test_description_of_a_storage_is_checked(
    mock_builder: ProxmoxAPIMockBuilder, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoubleError, match=message):
        mock_builder.with_storage("x1", **changes)


def test_reset_by_memento_brings_volumes_back(
    mock_builder: ProxmoxAPIMockBuilder, api: Any
) -> None:
    mock_builder.with_content("local:iso/a.iso")
    kept = Memento(mock_builder.cluster)
    api.nodes("node1").storage("local").content("local:iso/a.iso").delete()

    kept.restore()

    assert len(api.nodes("node1").storage("local").content.get()) == 1
