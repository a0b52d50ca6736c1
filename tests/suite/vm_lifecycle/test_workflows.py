"""Whole workflows over several operations, sync and async, alone and side by side."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.fixtures.mock_helpers import AgentResult, ProxmoxAPIMockBuilder
from tests.fixtures.vm_data_factory import VMTestDataFactory
from tests.suite.cluster_time import ClusterTime
from tests.suite.lab import NODE, Lab

pytestmark = pytest.mark.integration

SIZES: dict[str, Any] = {"name": "web-1", "cpus": 2, "memory": 2048, "disk_size": 8}


def kinds(lab: Lab) -> list[str]:
    assert {status for *_, status in lab.tasks} == {"OK"}
    return [kind for kind, *_ in lab.tasks]


def test_vm_lives_from_creation_to_deletion(empty_lab: Lab) -> None:
    tools = empty_lab.build_tools()

    tools.create_vm(**empty_lab.params, **SIZES)
    tools.start_vm(**empty_lab.params)
    tools.reset_vm(**empty_lab.params)
    tools.shutdown_vm(**empty_lab.params)
    tools.delete_vm(**empty_lab.params)

    assert kinds(empty_lab) == ["qmcreate", "qmstart", "qmreset", "qmshutdown", "qmdestroy"]
    assert empty_lab.is_gone


def test_isolated_vm_is_created_and_removed(
    isolated_test_params: dict[str, str],
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder],
    vm_tools_class: Any,
) -> None:
    builder = thread_safe_mock_builder()
    tools = vm_tools_class(builder.build_api())

    tools.create_vm(**isolated_test_params, **SIZES)
    created = set(builder.cluster.guests)
    tools.delete_vm(**isolated_test_params)

    assert created == {int(isolated_test_params["vmid"])}
    assert builder.cluster.guests == {}


def test_resized_vm_has_its_memory_after_a_restart(running_lab: Lab) -> None:
    tools = running_lab.build_tools()
    tools.update_vm_config(**running_lab.params, memory=4096, cores=4)
    pending = (running_lab.guest.maxmem, running_lab.guest.cpus)

    tools.shutdown_vm(**running_lab.params)
    tools.start_vm(**running_lab.params)

    assert pending == (2048 << 20, 2)
    assert (running_lab.guest.maxmem, running_lab.guest.cpus) == (4096 << 20, 4)


def test_clones_of_a_template_run_on_their_own(lab: Lab, vmid_factory: Callable[[], int]) -> None:
    lab.builder.with_vm(lab.vmid, NODE, template=1, name="golden")
    tools = lab.build_tools()
    copies = [str(vmid_factory()) for _ in range(3)]

    for number, vmid in enumerate(copies):
        tools.clone_vm(NODE, lab.vmid, vmid, name=f"web-{number}", full=False)
        tools.start_vm(NODE, vmid)

    guests = [lab.builder.cluster.guests[int(vmid)] for vmid in copies]
    assert [(guest.name, guest.status) for guest in guests] == [
        ("web-0", "running"),
        ("web-1", "running"),
        ("web-2", "running"),
    ]
    assert len({guest.config["net0"] for guest in guests}) == 3
    assert lab.guest.status == "stopped"


def test_id_is_free_again_after_a_forced_delete(
    running_lab: Lab, cluster_time: ClusterTime
) -> None:
    tools = running_lab.build_tools()
    running_lab.builder.with_task_duration(2)
    tools.delete_vm(**running_lab.params, force=True)
    running_lab.builder.clock.advance(2)

    tools.create_vm(**running_lab.params, **SIZES)
    running_lab.builder.clock.advance(2)

    assert kinds(running_lab) == ["qmstop", "qmdestroy", "qmcreate"]
    assert cluster_time.slept_s
    assert running_lab.guest.name == "web-1"


def test_many_vms_start_from_threads_on_one_api(lab: Lab, vmid_factory: Callable[[], int]) -> None:
    vmids = [vmid_factory() for _ in range(24)]
    for vmid in vmids:
        lab.builder.with_vm(vmid, NODE)
    tools = lab.build_tools()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda vmid: tools.start_vm(NODE, str(vmid)), vmids))

    assert len(set(lab.upids)) == 24
    assert {lab.builder.cluster.guests[vmid].status for vmid in vmids} == {"running"}


def test_threads_create_the_same_id_in_clusters_of_their_own(
    thread_safe_mock_builder: Callable[[], ProxmoxAPIMockBuilder], vm_tools_class: Any
) -> None:
    everybody_is_here = Barrier(4)

    def create(number: int) -> list[str]:
        builder = thread_safe_mock_builder()
        everybody_is_here.wait(timeout=5)
        params = VMTestDataFactory().create_vm_creation_params(100, name=f"web-{number}")
        vm_tools_class(builder.build_api()).create_vm(**params)
        return [guest.name for guest in builder.cluster.guests.values()]

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(create, range(4)))

    assert created == [["web-0"], ["web-1"], ["web-2"], ["web-3"]]


@pytest.mark.asyncio
async def test_commands_run_side_by_side(lab: Lab) -> None:
    lines = [f"echo {number}" for number in range(8)]
    results = {line: AgentResult(out=line.split()[1]) for line in lines}
    lab.builder.with_agent(lab.vmid, NODE, commands=results)
    tools = lab.build_tools()

    answers = await asyncio.gather(
        *(tools.execute_command(**lab.params, command=line) for line in lines)
    )

    assert [json.loads(answer[1].text)["output"] for answer in answers] == list("01234567")
