from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder


@pytest.fixture
def services(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The services of node1."""
    return mock_builder.build_api().nodes("node1").services


@pytest.mark.parametrize(
    ("commands", "state"),
    [
        ([], "running"),
        (["stop"], "dead"),
        (["stop", "start"], "running"),
        (["stop", "restart"], "running"),
        (["reload"], "running"),
    ],
)
def test_state_follows_the_commands(services: Any, commands: list[str], state: str) -> None:
    upids = [services("cron")(command).post() for command in commands]

    assert services("cron").state.get()["state"] == state
    assert [upid.split(":")[5:7] for upid in upids] == [[f"srv{one}", "cron"] for one in commands]


def test_essential_service_is_not_stopped(
    mock_builder: ProxmoxAPIMockBuilder, services: Any
) -> None:
    upid = services("pveproxy").stop.post()

    task = mock_builder.cluster.tasks.find("node1", upid)
    assert task.exitstatus is not None
    assert "refusing to stop essential service" in task.exitstatus
    assert services("pveproxy").state.get()["state"] == "running"


def test_list_holds_every_service(services: Any) -> None:
    assert {"pveproxy", "corosync", "sshd"} <= {one["service"] for one in services.get()}


@pytest.mark.parametrize("path", ["", "/state"])
def test_unknown_service_is_refused(services: Any, path: str) -> None:
    with pytest.raises(ResourceException) as raised:
        services(f"nope{path}").get()

    assert list(raised.value.errors) == ["service"]
