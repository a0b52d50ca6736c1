"""Takes an id that no other process, thread or test holds, on a cluster of its own."""

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder


def test_new_vm_is_a_task(mock_builder: ProxmoxAPIMockBuilder, process_unique_vmid: str) -> None:
    api = mock_builder.build_api()

    task = api.nodes("node1").qemu.create(vmid=process_unique_vmid, name="web")

    assert task.startswith("UPID:")
