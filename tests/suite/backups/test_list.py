"""Listing backups: of all guests or some, whole or in part."""

import json

import pytest

from tests.suite.backups.archives import add_backup, entry_of, listing_of
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

TIMEOUT = "500 Internal Server Error: got timeout"


def content_path(storage: str, node: str) -> str:
    return f"/nodes/{node}/storage/{storage}/content"


def test_list_begins_with_the_newest_backup(lab: Lab, container: str) -> None:
    of_container = add_backup(lab, container, day=2, kind="lxc", protected=True)
    kept = add_backup(lab, lab.vmid, "local", day=1, notes="before the upgrade", protected=True)
    elsewhere = add_backup(lab, lab.vmid, "local", node=OTHER_NODE, day=3)
    lab.builder.with_storage("disks")

    [content] = lab.build_tools().list_backups()

    marked = "\n      Protected"
    assert content.text == listing_of(
        entry_of(elsewhere, OTHER_NODE),
        entry_of(of_container, OTHER_NODE, marked),
        entry_of(of_container, NODE, marked),
        entry_of(kept, NODE, f"\n     Notes: before the upgrade{marked}"),
    )
    asked = [call for call in lab.builder.calls if call.path.endswith("/content")]
    assert [call.path for call in asked] == [
        content_path(storage, node) for node in (OTHER_NODE, NODE) for storage in ("local", "vault")
    ]
    assert all(call.params == {"content": "backup"} for call in asked)


def test_list_shows_what_was_asked_for(lab: Lab) -> None:
    lab.builder.with_vm(lab.spare_vmid, NODE)
    local, other = add_backup(lab, lab.vmid, "local"), add_backup(lab, lab.spare_vmid, day=1)
    vault = add_backup(lab, lab.vmid, day=2)
    tool = lab.build_tools().list_backups

    by_node = tool(node=NODE)[0].text
    by_storage = tool(storage="local")[0].text
    calls = len(lab.builder.calls)
    by_vmid = tool(node=NODE, storage="vault", vmid=lab.vmid)[0].text

    assert by_node == listing_of(*map(entry_of, (vault, other, local)))
    assert by_storage == listing_of(entry_of(local))
    assert by_vmid == listing_of(entry_of(vault))
    *_, last = lab.builder.calls[calls:]
    assert last.path == content_path("vault", NODE)
    assert last.params == {"content": "backup", "vmid": int(lab.vmid)}
    assert len(lab.builder.calls) - calls == 3


def test_list_without_backups_says_of_what(lab: Lab) -> None:
    add_backup(lab, lab.vmid)
    tool = lab.build_tools().list_backups

    nowhere = tool(node=NODE, storage="local", vmid=lab.vmid)
    of_nobody = tool(vmid=lab.spare_vmid)
    lab.builder.with_node(OTHER_NODE, online=False)
    text, report = tool(storage="local")

    where = f"on node {NODE} in storage local for VM/CT {lab.vmid}"
    assert [one.text for one in nowhere] == [f"No backups found {where}"]
    assert [one.text for one in of_nobody] == [f"No backups found for VM/CT {lab.spare_vmid}"]
    assert text.text == "Backup inventory incomplete; offline nodes were not inspected"
    offline = f"Unable to list storage on node {OTHER_NODE} (offline)"
    answer = {"success": False, "code": "INCOMPLETE_INVENTORY", "warnings": [offline]}
    assert json.loads(report.text) == answer


def test_list_says_what_it_could_not_ask(lab: Lab) -> None:
    vault = add_backup(lab, lab.vmid)
    lab.builder.with_node("node3").with_node("node4", online=False)
    lab.builder.with_operation_error("storage", "got timeout", node=OTHER_NODE, times=2)
    lab.builder.with_path_error("GET", content_path("local", NODE), "got timeout", times=2)
    tool = lab.build_tools().list_backups

    listing, report = tool()
    refusals = [refusal_of(tool, storage="local")]
    lab.builder.with_operation_error("nodes", "no quorum", times=1)
    refusals.append(refusal_of(tool))

    missing = [
        f"Unable to list storage on node {OTHER_NODE}",
        f"Unable to query backups in local on node {NODE}",
        "Unable to list storage on node node4 (offline)",
    ]
    entries = [entry_of(vault, node) for node in (NODE, "node3")]
    assert listing.text == listing_of(*entries, warning="; ".join(missing))
    assert json.loads(report.text)["warnings"] == missing
    failed = "RuntimeError: Failed to list backups: "
    assert refusals == [
        f"{failed}Backup listing incomplete: {'; '.join(missing[:2])}",
        f"{failed}Failed to list nodes: 500 Internal Server Error: no quorum",
    ]
