"""Moving a container to another node: what is looked at before, what is asked, what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from requests.exceptions import ReadTimeout

from tests.fixtures.mock_helpers import impossible
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.unit

ReadJson = Callable[[Any], dict[str, Any]]
NOTE = (
    "Read-only advisory; no space reservation or migration submitted. "
    "Backup presence does not verify freshness or restorability."
)
CONFIRMED = {"confirm_migration": True}
BLOCKED = "ValueError: Migration blocked: "


@pytest.fixture
def lab(lab: Lab) -> Lab:
    """The lab with a backup of the container, without which no tool moves it."""
    lab.builder.with_backup(lab.vmid, "local", node=NODE, kind="lxc")
    return lab


def test_preflight_only_reads_and_says_what_it_found(lab: Lab, read_json: ReadJson) -> None:
    preflight = lab.build_tools().preflight_container_migration

    stopped = read_json(preflight(NODE, lab.vmid, OTHER_NODE))
    lab.set_status("running")
    running = read_json(preflight(NODE, lab.vmid, OTHER_NODE, allow_downtime=True))

    rootfs = f"local-lvm:vm-{lab.vmid}-disk-0,size=8G"
    space = 450 << 30
    storage = {"storage": "local-lvm", "active": True, "available_bytes": space, "rootdir": True}
    checks = {
        "source": NODE, "destination": OTHER_NODE, "vmid": lab.vmid, "rootfs": rootfs,
        "provisioned_rootfs_bytes": 8 << 30, "target_storage": storage, "ha_checked": True,
        "backup_found": True,
    }  # fmt: skip
    answer = {"ready": True, "blockers": [], "unknowns": [], "note": NOTE}
    off = {"current_status": "stopped", "downtime_confirmed": False}
    on = {"current_status": "running", "downtime_confirmed": True}
    assert stopped == {**answer, "checks": {**checks, **off}, "warnings": []}
    warnings = ["Running container will experience downtime"]
    assert running == {**answer, "checks": {**checks, **on}, "warnings": warnings}
    assert lab.reads[:7] == [
        "/nodes",
        f"{lab.path}/config",
        f"{lab.path}/status/current",
        f"/nodes/{OTHER_NODE}/storage/local-lvm/status",
        "/cluster/ha/resources",
        f"/nodes/{NODE}/storage",
        f"/nodes/{NODE}/storage/local/content",
    ]
    assert lab.builder.calls[6].params == {"content": "backup", "vmid": int(lab.vmid)}
    assert lab.changes == []


DOWNTIME = "Running container: allow_downtime (restart and confirm_downtime) must be explicitly set"
UNFIT = "Destination storage is inactive or incompatible (lacks rootdir capability)"
BLOCKING: dict[str, dict[str, Any]] = {
    DOWNTIME: {"status": "running"},
    "Container is locked": {"lock": "backup"},
    "Additional mounts need manual inspection": {"mp0": "local-lvm:1,mp=/srv"},
    "Unused volumes need manual inspection": {"unused0": "local-lvm:vm-1-disk-9"},
    "Custom devices or raw LXC options need manual inspection": {"dev0": "/dev/ttyS0"},
    "Insufficient destination capacity including 10% safety margin": {"rootfs": "tight:30"},
    UNFIT: {"rootfs": "drained:1"},
}
UNKNOWN = {
    "Container runtime status / running state unavailable": "{path}/status/current",
    "Destination storage status not accessible": f"/nodes/{OTHER_NODE}/storage/local-lvm/status",
    "HA resource membership not verified": "/cluster/ha/resources",
    "Backup inventory incomplete or unavailable": f"/nodes/{NODE}/storage/local/content",
}


def test_preflight_names_what_blocks_and_what_is_unknown(lab: Lab, read_json: ReadJson) -> None:
    preflight = lab.build_tools().preflight_container_migration
    lab.builder.with_storage("tight", content="rootdir", total_gib=132, used_gib=70)
    lab.builder.with_storage("drained", content="rootdir")

    answers = []
    for options in BLOCKING.values():
        lab.builder.with_container(lab.vmid, NODE, **{"name": NAME, **options})
        if "drained" in str(options):
            lab.builder.with_storage("drained", content="images")
        if "tight" in str(options):
            lab.builder.with_storage("tight", content="rootdir", total_gib=132, used_gib=100)
        answers.append(read_json(preflight(NODE, lab.vmid, OTHER_NODE)))
    lab.builder.with_container(lab.vmid, NODE)
    for path in UNKNOWN.values():
        lab.builder.with_path_error("GET", path.format(path=lab.path), "got timeout", times=1)
        answers.append(read_json(preflight(NODE, lab.vmid, OTHER_NODE)))
    lab.builder.with_ha(lab.vmid, "stopped")
    lab.builder.cluster.storage("local").volumes(NODE).clear()
    answers.append(read_json(preflight(NODE, lab.vmid, OTHER_NODE)))
    lab.builder.with_node(OTHER_NODE, online=False)
    answers.append(read_json(preflight(NODE, lab.vmid, OTHER_NODE)))

    assert {answer["ready"] for answer in answers} == {False}
    assert [answer["blockers"] for answer in answers] == [
        *([blocker] for blocker in BLOCKING),
        *([] for _ in UNKNOWN),
        ["HA-managed container: coordinate HA migration",
         "No matching backup found on inspected storage"],
        [f"Node {OTHER_NODE} is not online"],
    ]  # fmt: skip
    unknown = [[], *([one] for one in UNKNOWN), []]
    assert [answer["unknowns"] for answer in answers[len(BLOCKING) - 1 : -1]] == unknown
    assert lab.changes == []


BACKUPS = "Backup inventory incomplete or unavailable"
SPACE = "Destination available bytes unavailable"
STATUS = {"active": 1, "enabled": 1, "content": "rootdir", "avail": 1 << 40}
MALFORMED: list[tuple[str, object, str]] = [
    ("status", ["running"], "Container runtime status / running state unavailable"),
    ("status", {"status": "frozen"}, "Container runtime status / running state unavailable"),
    ("config", {"rootfs": "local-lvm:vm-1-disk-0"}, "Rootfs provisioned size unavailable"),
    ("config", {"rootfs": "local-lvm:vm-1-disk-0,size=0G"}, "Rootfs provisioned size unavailable"),
    ("config", {"rootfs": "/srv,size=8G"}, ""),
    ("target", ["active"], "Destination storage status not accessible"),
    ("target", {**STATUS, "content": 1}, "Destination storage status not accessible"),
    ("target", {**STATUS, "avail": None}, SPACE),
    ("target", {**STATUS, "avail": -1}, SPACE),
    ("target", {**STATUS, "avail": float("nan")}, SPACE),
    ("ha", {"data": []}, "HA resource membership not verified"),
    ("ha", [{"sid": "fake"}], "HA resource membership not verified"),
    ("stores", {"data": []}, BACKUPS),
    ("stores", ["local"], BACKUPS),
    ("stores", [{"storage": "../etc", "content": "backup"}], BACKUPS),
    ("stores", [], "No backup inventory could be verified"),
    ("backups", {"data": []}, BACKUPS),
    ("backups", ["odd"], BACKUPS),
]


def test_preflight_is_not_ready_on_answers_of_odd_shape(lab: Lab, read_json: ReadJson) -> None:
    unknowns, blockers = [], []
    for place, answer, _ in MALFORMED:
        mock: Any = lab.builder.build()
        guest = mock.nodes(NODE).lxc(lab.vmid)
        reads = {
            "status": guest.status.current.get,
            "config": guest.config.get,
            "target": mock.nodes(OTHER_NODE).storage("local-lvm").status.get,
            "ha": mock.cluster.ha.resources.get,
            "stores": mock.nodes(NODE).storage.get,
            "backups": mock.nodes(NODE).storage("local").content.get,
        }
        reads[place].side_effect = [impossible(answer)]
        tool = lab.build_mocked_tools().preflight_container_migration
        found = read_json(tool(NODE, lab.vmid, OTHER_NODE))
        assert found["ready"] is False
        unknowns.append(found["unknowns"])
        blockers += found["blockers"]
        reads[place].side_effect = None

    assert unknowns == [[unknown] if unknown else [] for *_, unknown in MALFORMED]
    assert blockers == ["Container has no parseable rootfs volume"]
    assert lab.changes == []


def test_migrate_moves_the_container_in_one_request(
    lab: Lab, read_json: ReadJson, job_store: FakeJobStore
) -> None:
    lab.set_status("running")
    migrate = lab.build_tools(job_store=job_store).migrate_container

    contents = migrate(NODE, lab.vmid, OTHER_NODE, restart=True, confirm_downtime=True, **CONFIRMED)
    lab.builder.with_container_status("stopped", lab.vmid, OTHER_NODE)
    lab.builder.with_backup(lab.vmid, "local", node=OTHER_NODE, kind="lxc")
    migrate(OTHER_NODE, lab.vmid, NODE, **CONFIRMED)

    requests = [
        (NODE, {"target": OTHER_NODE, "restart": 1}),
        (OTHER_NODE, {"target": NODE, "restart": 0}),
    ]
    assert lab.changes == [
        ("POST", f"/nodes/{node}/lxc/{lab.vmid}/migrate", sent) for node, sent in requests
    ]
    assert lab.tasks == [("vzmigrate", node, lab.vmid, "OK") for node, _ in requests]
    assert lab.guest.node == NODE
    upid, _ = lab.upids
    metadata = {"vmid": lab.vmid, "source": NODE, "destination": OTHER_NODE}
    summary = f"Migrate CT {lab.vmid} from {NODE} to {OTHER_NODE}"
    assert job_store.jobs[0] == Job(
        "migrate_container", summary, NODE, upid, metadata, None, None, None,
    )  # fmt: skip
    assert read_json(contents) == {
        "success": True, "status": "submitted", "task_id": upid, "job_id": "job-1",
        "source_node": NODE, "destination_node": OTHER_NODE, "vmid": lab.vmid,
    }  # fmt: skip
    assert json.loads(contents[1].text)["job_id"] == "job-1"


def test_migrate_is_refused_or_says_that_its_outcome_is_unknown(
    lab: Lab, read_json: ReadJson
) -> None:
    migrate = lab.build_tools().migrate_container
    no_id = "vmid must be numeric, canonical, and between 100 and 999999999"
    lab.set_status("running")
    calls: list[tuple[dict[str, Any], str]] = [
        ({}, "Explicit confirm_migration=True is required"),
        ({**CONFIRMED, "restart": 1}, "restart and confirm_downtime must be booleans"),
        (
            {**CONFIRMED, "restart": True},
            "restart=True requires confirm_downtime=True even when the container is currently "
            "stopped",
        ),
        (
            {**CONFIRMED, "destination": NODE},
            "Source and destination must be distinct non-empty nodes",
        ),
        ({**CONFIRMED, "vmid": "0100"}, no_id),
        ({**CONFIRMED, "vmid": "99"}, no_id),
        (CONFIRMED, f"Migration blocked: {DOWNTIME}"),
        ({**CONFIRMED, "confirm_downtime": True}, f"Migration blocked: {DOWNTIME}"),
    ]
    target = {**lab.params, "destination": OTHER_NODE}

    refusals = [refusal_of(migrate, **{**target, **changes}) for changes, _ in calls]
    preflight = lab.build_tools().preflight_container_migration
    undecided = refusal_of(preflight, **target, allow_downtime=1)
    lab.refuse("GET", "/config", "no quorum", times=1)
    unreadable = refusal_of(preflight, **target)
    mock: Any = lab.builder.build()
    mock.nodes.get.return_value = impossible(["node1"])
    odd = refusal_of(lab.build_mocked_tools().preflight_container_migration, **target)
    refused = list(lab.changes)
    lab.set_status("stopped")
    lab.builder.with_permission_denied("migrate", times=1)
    denied = refusal_of(migrate, **target, **CONFIRMED)
    lab.refuse("POST", "/migrate", ReadTimeout("Read timed out."), times=1)
    lab.refuse("POST", "/migrate", "got timeout", times=1)
    answers = [read_json(migrate(**target, **CONFIRMED)) for _ in range(2)]

    assert refusals == [f"ValueError: {message}" for _, message in calls]
    assert undecided == "ValueError: allow_downtime must be a boolean"
    prefix = "Failed to preflight container migration: "
    assert unreadable == f"RuntimeError: {prefix * 2}500 Internal Server Error: no quorum"
    assert odd == "ValueError: Unexpected node inventory response"
    assert refused == []
    failed = f"RuntimeError: Failed to migrate container {lab.vmid} from {NODE} to {OTHER_NODE}"
    assert denied.startswith(f"{failed}: 403 Forbidden: Permission check failed")
    assert answers == [{
        "success": False, "code": "SUBMISSION_UNCERTAIN", "status": "unknown", "retryable": False,
        "message": "Migration may have been submitted. Inspect Proxmox tasks and guest location "
        "before retrying.",
        "source_node": NODE, "destination_node": OTHER_NODE, "vmid": lab.vmid,
    }] * 2  # fmt: skip
    assert [path for _, path, _ in lab.changes] == [f"{lab.path}/migrate"] * 3
    assert (lab.guest.node, lab.tasks) == (NODE, [])
