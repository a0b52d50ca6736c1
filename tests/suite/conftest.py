"""Holds the fixtures of the suite: labs to act in, and time that passes without waiting."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.plugin import ONE_THREAD, mark_users
from tests.suite.cluster_time import ClusterTime
from tests.suite.job_store import FakeJobStore
from tests.suite.lab import NAME, NODE, OTHER_NODE, Lab, add_bystanders, unchanged_guests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let one thread run what acts on a lab, as `tests.fixtures` does for its own fixtures."""
    if config.getoption("parallel_threads", None):
        mark_users(items, {"lab"}, pytest.mark.thread_unsafe(reason=ONE_THREAD))


@pytest.fixture(scope="session", autouse=True)
def vm_tools_class() -> Any:
    """The class under test; imported here, so that its half second is no test's own."""
    from proxmox_mcp.tools.vm import VMTools  # noqa: PLC0415 - paid by the workers that need it

    return VMTools


@pytest.fixture
def lab(
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder],
    process_unique_vmid: str,
    vmid_factory: Callable[[], int],
    vm_tools_class: Any,
) -> Iterator[Lab]:
    """A cluster with a stopped VM under test; the test fails when a bystander has changed."""
    builder = thread_safe_mock_builder().with_node(OTHER_NODE).with_node(NODE)
    add_bystanders(builder, vmid_factory, "qemu")
    with unchanged_guests(builder):
        builder.with_vm(process_unique_vmid, NODE, name=NAME)
        yield Lab(builder, vm_tools_class, process_unique_vmid, str(vmid_factory()))


@pytest.fixture
def running_lab(lab: Lab) -> Lab:
    """The same, with the guest under test running."""
    lab.set_status("running")
    return lab


@pytest.fixture
def empty_lab(lab: Lab) -> Lab:
    """The same without the guest under test: its id is free."""
    lab.builder.with_vm_not_found_error(lab.vmid, lab.node)
    return lab


@pytest.fixture
def job_store() -> FakeJobStore:
    """A store that remembers the jobs which tools register."""
    return FakeJobStore()


@pytest.fixture
def cluster_time(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> ClusterTime:
    """The tools' time: their sleeping advances the lab's clock."""
    time = ClusterTime(lab.builder.clock)
    monkeypatch.setattr("proxmox_mcp.tools.base.time", time)
    return time


@pytest.fixture
def read_json() -> Callable[[Any], dict[str, Any]]:
    """A function that reads a tool's first content as JSON."""
    return lambda result: dict(json.loads(result[0].text))


@pytest.fixture
def read_json_list() -> Callable[[Any], list[dict[str, Any]]]:
    """A function that reads a tool's first content as a JSON list."""
    return lambda result: list(json.loads(result[0].text))
