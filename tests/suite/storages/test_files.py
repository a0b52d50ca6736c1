"""Listing and deleting ISO images and templates."""

import json

import pytest

from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of
from tests.suite.volumes import list_files

pytestmark = pytest.mark.unit

TIMEOUT = "500 Internal Server Error: got timeout"
CONTENT = f"/nodes/{NODE}/storage/local/content"


def entry_of(volid: str, node: str, size: str) -> str:
    storage, _, name = volid.partition(":")
    return (
        f"{name.partition('/')[2]}\n     Size: {size}\n     Storage: {storage} @ {node}\n"
        f"     Volume ID: {volid}"
    )


def test_list_shows_the_isos_of_all_nodes(iso_lab: Lab) -> None:
    [content] = iso_lab.build_tools().list_isos()

    entries = [
        entry_of("local:iso/alpine.iso", OTHER_NODE, "100.00 MiB"),
        entry_of("local:iso/alpine.iso", NODE, "200.00 MiB"),
        entry_of("local:iso/debian.iso", OTHER_NODE, "100.00 MiB"),
        entry_of("local:iso/debian.iso", NODE, "200.00 MiB"),
        entry_of("vault:iso/debian.iso", OTHER_NODE, "2.93 GiB"),
        entry_of("vault:iso/debian.iso", NODE, "2.93 GiB"),
    ]
    assert content.text == "\n\n".join(["Available ISO Images", *entries])
    asked = [call for call in iso_lab.builder.calls if call.path.endswith("/content")]
    assert {call.params["content"] for call in asked} == {"iso"}
    assert [call.path.split("/")[4] for call in asked] == ["local", "vault"] * 2


def test_list_shows_the_templates_of_one_node_or_storage(iso_lab: Lab) -> None:
    tool = iso_lab.build_tools().list_templates

    texts = [tool(node=NODE)[0].text, tool(storage="vault")[0].text, tool(NODE, "vault")[0].text]

    local = entry_of("local:vztmpl/debian.tar.zst", NODE, "200.00 MiB")
    there, here = (
        entry_of("vault:vztmpl/alpine.tar.xz", node, "3.00 MiB") for node in (OTHER_NODE, NODE)
    )
    hint = "Use the Volume ID with create_container's ostemplate parameter."
    listed = [[local, here], [there, here], [here]]
    title = "Available OS Templates"
    assert texts == ["\n\n".join([title, *entries, hint]) for entries in listed]
    asked = [path for path in iso_lab.reads if path.endswith("/content")]
    nodes, storages = zip(*[path.split("/")[2:5:2] for path in asked], strict=True)
    assert nodes == (NODE, NODE, OTHER_NODE, NODE, NODE)
    assert storages == ("local", "vault", "vault", "vault", "vault")


def test_list_says_where_there_is_nothing_and_what_it_could_not_ask(iso_lab: Lab) -> None:
    builder = iso_lab.builder.with_storage("empty", content="iso,vztmpl").with_storage("disks")
    tools = iso_lab.build_tools()
    where = [(None, "empty"), (NODE, "empty"), ("node9", None), (NODE, "disks")]
    listings = (tools.list_isos, tools.list_templates)
    nothing = [tool(*place)[0].text for tool in listings for place in where]
    builder.with_node(OTHER_NODE, online=False)
    builder.with_path_error("GET", CONTENT, "got timeout", times=1)

    listing, report = tools.list_isos()
    builder.with_operation_error("storage-content", "got timeout", times=3)
    builder.with_operation_error("nodes", "no quorum", times=1)
    refusals = [refusal_of(tools.list_isos), refusal_of(tools.list_templates, NODE)]

    places = ["in storage empty", f"on node {NODE} in storage empty", "on node node9",
              f"on node {NODE} in storage disks"]  # fmt: skip
    kinds = ["No ISO images found", "No OS templates found"]
    assert nothing == [f"{kind} {place}" for kind in kinds for place in places]
    answer = json.loads(report.text)
    assert (answer["success"], answer["code"]) == (False, "INCOMPLETE_INVENTORY")
    offline, local = answer["warnings"]
    assert (offline.split(":")[0], local) == (OTHER_NODE, f"local: {TIMEOUT}")
    assert "vault:iso/debian.iso" in listing.text
    assert "Storage: local " not in listing.text
    inventory = "Failed to list templates: Storage content inventory is unavailable"
    assert refusals == [
        "RuntimeError: Failed to list ISOs: "
        "Failed to list nodes: 500 Internal Server Error: no quorum",
        f"RuntimeError: {inventory}: local: {TIMEOUT}; vault: {TIMEOUT}; empty: {TIMEOUT}",
    ]


def test_delete_removes_the_one_file(iso_lab: Lab, job_store: FakeJobStore) -> None:
    before = list_files(iso_lab.builder)
    iso_lab.builder.with_task_duration(60)

    text, submission = iso_lab.build_tools(job_store=job_store).delete_iso(
        NODE, "local", "debian.iso"
    )
    [job] = job_store.jobs
    job.cancel()
    job.retry()
    [text_by_id, _] = iso_lab.build_tools().delete_iso(NODE, "local", "local:vztmpl/debian.tar.zst")
    iso_lab.builder.clock.advance(60)

    iso, template = "local:iso/debian.iso", "local:vztmpl/debian.tar.zst"
    deleted = [path for _, path, _ in iso_lab.changes if path.startswith(CONTENT)]
    assert deleted == [f"{CONTENT}/{one}" for one in (iso, iso, template)]
    assert {method for method, *_ in iso_lab.changes} == {"DELETE"}
    assert before - list_files(iso_lab.builder) == {(NODE, iso), (NODE, template)}
    assert [status for *_, status in iso_lab.tasks] == ["received interrupt", "OK", "OK"]
    spec = {"node": NODE, "storage": "local", "volid": iso}
    assert job == Job(
        "delete_iso", f"Delete ISO/template {iso} from local@{NODE}", NODE, iso_lab.upids[0],
        {"storage": "local", "volid": iso}, {"kind": "iso.delete", "params": spec},
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip
    report = "ISO/Template Deleted\n\n  - Volume: {}\n  - Storage: local\n  - Node: " + NODE
    tasks = [f"\n\nTask ID: {upid}\nJob ID: " for upid in iso_lab.upids]
    assert text.text == f"{report.format(iso)}{tasks[0]}job-1"
    assert text_by_id.text == f"{report.format(template)}{tasks[2]}n/a"
    assert json.loads(submission.text)["task_id"] == iso_lab.upids[0]


def test_delete_refuses_what_is_no_iso_or_template(iso_lab: Lab) -> None:
    tool = iso_lab.build_tools().delete_iso
    [backup] = [volid for node, volid in list_files(iso_lab.builder)
                if node == NODE and ":backup/" in volid]  # fmt: skip
    missing = "Volume not found or ambiguous within the permitted content types"
    table = [
        (("vault", backup), missing),
        (("vault", backup.partition("/")[2]), missing),
        (("local", "gone.iso"), missing),
        (("vault", "alpine.iso"), missing),
        (("local", "vault:iso/debian.iso"), "Volume must belong to the selected storage"),
        (("local", "local:iso/../debian.iso"), "Invalid volume path"),
        (("local", "iso/debian.iso"), "A valid volume ID is required"),
        (("../local", "debian.iso"), "Invalid resource path segment"),
    ]

    refusals = [refusal_of(tool, NODE, *arguments) for arguments, _ in table]
    iso_lab.builder.with_operation_error("delete-volume", "got timeout", times=1)
    refusals.append(refusal_of(tool, NODE, "local", "debian.iso"))

    misplaced = refusal_of(tool, "../node1", "local", "debian.iso")

    assert misplaced == "ValueError: Invalid resource path segment"
    failed = "RuntimeError: Failed to delete ISO/template 'debian.iso'"
    assert refusals == [*(f"ValueError: {text}" for _, text in table), f"{failed}: {TIMEOUT}"]
    assert iso_lab.changes == [("DELETE", f"{CONTENT}/local:iso/debian.iso", {})]
    assert iso_lab.tasks == []
