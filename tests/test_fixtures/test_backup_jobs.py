from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder


@pytest.fixture
def cluster(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of a cluster with the VMs 100 and 101."""
    return mock_builder.with_vm(100).with_vm(101).build_api().cluster


def test_created_job_is_listed(cluster: Any) -> None:
    answer = cluster.backup.post(schedule="daily", vmid="100", storage="local", mode="stop")

    (job,) = cluster.backup.get()
    assert answer is None
    assert (job["type"], job["enabled"], job["schedule"]) == ("vzdump", 1, "daily")
    assert (job["vmid"], job["storage"], job["mode"]) == ("100", "local", "stop")
    assert cluster.backup(job["id"]).get() == job


@pytest.mark.parametrize(
    ("params", "schedule"),
    [
        ({"starttime": "01:30"}, "01:30"),
        ({"starttime": "01:30", "dow": "sat,sun"}, "sat,sun 01:30"),
    ],
    ids=["every day", "some days"],
)
def test_old_form_of_a_schedule_is_translated(
    cluster: Any, params: dict[str, Any], schedule: str
) -> None:
    cluster.backup.post(all=1, **params)

    assert cluster.backup.get()[0]["schedule"] == schedule


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"all": 1}, "schedule"),
        ({"all": 1, "schedule": "daily", "starttime": "01:00"}, "starttime"),
        ({"schedule": "daily"}, "vmid"),
        ({"schedule": "daily", "all": 1, "vmid": "100"}, "all"),
        ({"schedule": "daily", "all": 1, "dow": "sat"}, "starttime"),
    ],
    ids=["no time", "two times", "no guest", "all and some", "days alone"],
)
def test_job_is_refused(cluster: Any, params: dict[str, Any], name: str) -> None:
    with pytest.raises(ResourceException) as raised:
        cluster.backup.post(**params)

    assert (raised.value.status_code, list(raised.value.errors)) == (400, [name])
    assert cluster.backup.get() == []


def test_taken_id_is_refused(cluster: Any) -> None:
    cluster.backup.post(id="nightly", schedule="daily", all=1)

    with pytest.raises(ResourceException, match="Job 'nightly' already exists"):
        cluster.backup.post(id="nightly", schedule="daily", all=1)


def test_job_is_changed_and_removed(cluster: Any) -> None:
    cluster.backup.post(id="nightly", schedule="daily", all=1, comment="x")

    cluster.backup("nightly").put(enabled=0, schedule="sat 02:00", delete="comment")
    changed = cluster.backup("nightly").get()
    cluster.backup("nightly").put(vmid="101")
    narrowed = cluster.backup("nightly").get()
    cluster.backup("nightly").delete()

    assert (changed["enabled"], changed["schedule"], "comment" in changed) == (
        0, "sat 02:00", False,
    )  # fmt: skip
    assert (narrowed["vmid"], "all" in narrowed) == ("101", False)
    assert cluster.backup.get() == []


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_unknown_job_is_refused(cluster: Any, verb: str) -> None:
    with pytest.raises(ResourceException) as raised:
        getattr(cluster.backup("nope"), verb)()

    assert raised.value.errors == {"id": "No such job 'nope'"}


@pytest.mark.parametrize(
    ("job", "left"),
    [({"vmid": "100"}, [101]), ({"all": 1, "exclude": "101"}, [101]), ({"all": 1}, [])],
    ids=["one", "all but one", "all"],
)
def test_guests_without_a_job_are_known(cluster: Any, job: dict[str, Any], left: list[int]) -> None:
    cluster.backup.post(schedule="daily", **job)

    listed = cluster("backup-info")("not-backed-up").get()

    assert [one["vmid"] for one in listed] == left
    assert cluster("backup-info").get() == [{"subdir": "not-backed-up"}]


def test_purged_guest_leaves_its_jobs(mock_builder: ProxmoxAPIMockBuilder, cluster: Any) -> None:
    cluster.backup.post(id="both", schedule="daily", vmid="100,101")
    cluster.backup.post(id="one", schedule="daily", vmid="100")

    mock_builder.build_api().nodes("node1").qemu(100).delete(purge=1)

    assert [(job["id"], job["vmid"]) for job in cluster.backup.get()] == [("both", "101")]
