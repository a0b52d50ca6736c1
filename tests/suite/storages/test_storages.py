"""Listing storages: of the whole cluster, with its fallbacks, and of one node."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

GIB = 1 << 30
TIMEOUT = "500 Internal Server Error: got timeout"
NOTHING = "0.00 B / 0.00 B (0.0%)"


def listing_of(*storages: tuple[str, str, str, str]) -> str:
    entries = [
        f"\n[storage] {name}\n  - Status: {status}\n  - Type: {kind}\n  - Usage: {usage}"
        for name, kind, status, usage in storages
    ]
    return "\n".join(["[storage] Storage Pools", *entries])


def status_path(storage: str, node: str = OTHER_NODE) -> str:
    return f"/nodes/{node}/storage/{storage}/status"


LOCAL = ("local", "dir", "ONLINE", "10.00 GB / 100.00 GB (10.0%)")
LOCAL_LVM = ("local-lvm", "lvmthin", "ONLINE", "50.00 GB / 500.00 GB (10.0%)")


def test_list_shows_how_full_every_storage_is(storage_lab: Lab, cluster_time: ClusterTime) -> None:
    builder = storage_lab.builder.with_storage("vault", kind="nfs", total_gib=2048, used_gib=512)
    builder.with_storage("off", enabled=False).with_storage("dead", active=False)
    tools = storage_lab.build_tools()

    [content] = tools.get_storage()
    builder.clock.advance(9)
    [again] = tools.get_storage()
    reads = storage_lab.reads
    builder.clock.advance(1)
    tools.get_storage()

    vault = ("vault", "nfs", "ONLINE", "512.00 GB / 2.00 TB (25.0%)")
    dead, off = (("dead", "dir", "OFFLINE", NOTHING), ("off", "dir", "OFFLINE", NOTHING))
    assert content.text == listing_of(dead, LOCAL, LOCAL_LVM, off, vault)
    assert again.text == content.text
    names = ["dead", "local", "local-lvm", "off", "vault"]
    assert reads == ["/storage", "/nodes", *(status_path(name) for name in names)]
    assert storage_lab.reads == reads * 2
    assert cluster_time.slept_s == []


def test_list_asks_a_node_that_has_the_storage_and_answers(
    storage_lab: Lab, cluster_time: ClusterTime
) -> None:
    builder = storage_lab.builder.with_node("node0", online=False)
    builder.with_storage("here", nodes=["node0", NODE]).with_storage("off", enabled=False)
    builder.with_storage("nowhere", nodes=["node0"])
    for path in (status_path("local"), status_path("off"), status_path("off", NODE)):
        builder.with_path_error("GET", path, "got timeout", times=1)

    [content] = storage_lab.build_tools().get_storage()
    reads = storage_lab.reads
    builder.with_path_error("GET", "/storage", "got timeout", times=3)
    builder.with_operation_error("nodes", "got timeout", times=3)
    tools = storage_lab.build_tools()
    refusals = [refusal_of(tools.get_storage) for _ in range(2)]

    steps = ["get storage", "get nodes"]
    failed = [f"RuntimeError: Failed to get storage: Failed to {step}" for step in steps]
    assert refusals == [f"{step}: {TIMEOUT}" for step in failed]
    assert cluster_time.slept_s == [0.2, 0.4] * 2
    here = ("here", "dir", "ONLINE", LOCAL[-1])
    lost = (("nowhere", "dir", "UNKNOWN", "Unknown"), ("off", "dir", "OFFLINE", "Unknown"))
    assert content.text == listing_of(here, LOCAL, LOCAL_LVM, *lost)
    assert reads[2:] == [
        status_path("here", NODE),
        status_path("local"), status_path("local", NODE),
        status_path("local-lvm"),
        status_path("nowhere", "node0"),
        status_path("off"), status_path("off", NODE),
    ]  # fmt: skip


def test_node_storage_is_what_that_node_has(
    storage_lab: Lab, read_json_list: Callable[[Any], list[dict[str, Any]]]
) -> None:
    builder = storage_lab.builder.with_storage("elsewhere", nodes=[OTHER_NODE])
    builder.with_storage("vault", kind="nfs", content="backup").with_storage("off", enabled=False)
    tool = storage_lab.build_tools().get_node_storage

    records = read_json_list(tool(NODE))
    [vault] = read_json_list(tool(NODE, "vault"))

    keys = ("storage", "type", "active", "shared", "rootdir_supported", "thin_provisioned")
    assert [tuple(record[key] for key in keys) for record in records] == [
        ("local", "dir", True, False, False, False),
        ("local-lvm", "lvmthin", True, False, True, True),
        ("vault", "nfs", True, True, False, False),
        ("off", "dir", False, False, False, False),
    ]
    sizes = {"total_bytes": 100 * GIB, "used_bytes": 10 * GIB, "available_bytes": 90 * GIB}
    facts = dict(zip(keys, ("vault", "nfs", True, True, False, False), strict=True))
    more = {"node": NODE, "content": ["backup"], "migration_capacity_guaranteed": False}
    assert vault == records[2] == {**facts, **sizes, **more}
    assert storage_lab.reads == [f"/nodes/{NODE}/storage"] * 2


def test_node_storage_is_never_that_of_another_node(
    storage_lab: Lab, cluster_time: ClusterTime
) -> None:
    storage_lab.builder.with_storage("elsewhere", nodes=[OTHER_NODE])
    storage_lab.builder.with_operation_error("storage", "got timeout", times=3)
    tool = storage_lab.build_tools().get_node_storage

    refusals = [refusal_of(tool, NODE), refusal_of(tool, NODE, "elsewhere")]
    calls = len(storage_lab.builder.calls)
    bad = [("",), (" ",), (None,), ("-n",), ("a/b",), (NODE, ""), (NODE, "../x")]
    refusals += [refusal_of(tool, *arguments) for arguments in bad]
    assert len(storage_lab.builder.calls) == calls

    mock: Any = storage_lab.builder.build()
    mock.nodes(NODE).storage.get.side_effect = [impossible(one) for one in ([], [7, {}])]
    mocked = storage_lab.build_mocked_tools().get_node_storage
    empty_answers = [refusal_of(mocked, NODE) for _ in range(2)]

    failed = f"Failed to get storage on node {NODE}: "
    nothing = [f"No storage status records returned for node {NODE}",
               f"No valid storage status records on node {NODE}"]  # fmt: skip
    assert empty_answers == [f"RuntimeError: {failed}{text}" for text in nothing]
    empty, wrong = "node must be a non-empty name", "Invalid resource path segment"
    assert refusals == [
        f"RuntimeError: {failed * 2}{TIMEOUT}",
        f"ValueError: Storage elsewhere not found on node {NODE}",
        *[f"ValueError: {text}" for text in [empty] * 3 + [wrong] * 4],
    ]
    assert calls == 4
    assert cluster_time.slept_s == [0.2, 0.4]
