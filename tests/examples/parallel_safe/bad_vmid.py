"""Creates the same guest as every other worker on the cluster of the laboratory."""

from proxmoxer import ProxmoxAPI


def test_new_vm_is_a_task() -> None:
    api = ProxmoxAPI("lab.example.org", user="root@pam", password="secret")

    # isolation: ignore[PTI402] what not to write
    task = api.nodes("node1").qemu.create(vmid=100, name="web")

    assert task.startswith("UPID:")
