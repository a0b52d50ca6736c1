from typing import Any

import pytest

from tests.fixtures.builder import ProxmoxAPIMockBuilder


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """A cluster in which something was written, a minute passed, and a VM was started."""
    mock_builder.with_node("node2").with_vm(100)
    mock_builder.with_syslog("a", "b").with_syslog("c", service="cron[7]")
    mock_builder.with_cluster_log("hello", node="node2", priority=4)
    mock_builder.clock.advance(60)
    api = mock_builder.build_api()
    api.nodes("node1").qemu(100).status.start.post()
    return api


def test_cluster_log_begins_with_the_newest(api: Any) -> None:
    log = api.cluster.log.get()

    assert [entry["msg"].split(" UPID")[0] for entry in log] == [
        "end task",
        "starting task",
        "hello",
    ]
    assert (log[2]["node"], log[2]["pri"], log[0]["pri"]) == ("node2", 4, 6)
    assert log[0]["time"] - log[2]["time"] == 60


def test_cluster_log_is_cut(api: Any) -> None:
    assert len(api.cluster.log.get(max=1)) == 1


def test_failed_task_is_an_error_in_the_log(api: Any) -> None:
    api.nodes("node1").qemu(100).status.start.post()

    newest = api.cluster.log.get(max=1)[0]
    assert newest["msg"].endswith("VM 100 already running")
    assert newest["pri"] == 3


def test_login_is_in_the_log(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.clock.advance(1)

    api.access.ticket.post(username="root@pam", password="secret")

    assert api.cluster.log.get(max=5)[0]["msg"] == "successful auth for user 'root@pam'"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["a", "b", "c", "starting", "end"]),
        ({"service": "cron"}, ["c"]),
        ({"start": 1, "limit": 2}, ["b", "c"]),
        ({"limit": 0}, ["a", "b", "c", "starting", "end"]),
        ({"since": "2026-01-01 00:01"}, ["starting", "end"]),
        ({"until": "2026-01-01 00:00:59"}, ["a", "b", "c"]),
        ({"service": "nothing"}, ["no content"]),
    ],
)
def test_syslog(api: Any, params: dict[str, object], expected: list[str]) -> None:
    lines = [line["t"] for line in api.nodes("node1").syslog.get(**params)]

    assert len(lines) == len(expected)
    assert all(wanted in line for wanted, line in zip(expected, lines, strict=True))


def test_syslog_counts_from_one(api: Any) -> None:
    first = api.nodes("node1").syslog.get(limit=1)

    assert first == [{"n": 1, "t": "Jan 01 00:00:00 node1 systemd[1]: a"}]


@pytest.mark.parametrize(
    ("params", "count"), [({}, 5), ({"lastentries": 1}, 1), ({"until": 1_767_225_600}, 3)]
)
def test_journal_stands_between_cursors(api: Any, params: dict[str, object], count: int) -> None:
    lines = api.nodes("node1").journal.get(**params)

    assert len(lines) == count + 2
    assert lines[0].startswith("s=")


def test_other_node_has_a_journal_of_its_own(api: Any) -> None:
    assert api.nodes("node2").syslog.get() == [{"n": 1, "t": "no content"}]


def test_tasks_of_the_whole_cluster(api: Any) -> None:
    listed = api.cluster.tasks.get()

    assert [(task["type"], task["status"]) for task in listed] == [("qmstart", "OK")]


def test_running_task_is_listed_as_such(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_task_duration(10)
    upid = api.nodes("node1").qemu(100).status.stop.post()

    task = api.nodes("node1").tasks(upid)

    assert api.nodes("node1").tasks.get(source="active")[0]["status"] == "RUNNING"
    assert task.log.get() == [{"n": 1, "t": "no content"}]
    assert [view["name"] for view in task.get()] == ["log", "status"]
    assert api.nodes("node1").tasks.get(source="all", limit=0) == []
