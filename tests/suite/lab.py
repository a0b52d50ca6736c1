"""Holds the cluster that most tests act on, with ways to read it back; leaves acting to the tests.

The VM under test lives on the second of two nodes, among bystanders: a tool that takes the wrong
node or the wrong id is seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder, VMToolsMockHelper
from tests.fixtures.proxmox.vms import Vm

NODE: Final = "node2"
OTHER_NODE: Final = "node1"
NAME: Final = "target"

Change = tuple[str, str, Mapping[str, object]]
Task = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Lab:
    """The cluster, the tools on its API face, and node and id of the VM under test."""

    builder: ProxmoxAPIMockBuilder
    tools_class: Any  # proxmox-mcp-plus has no types
    vmid: str
    spare_vmid: str
    node: str = NODE

    @property
    def params(self) -> dict[str, str]:
        """Node and id, as the tools take them."""
        return {"node": self.node, "vmid": self.vmid}

    @property
    def path(self) -> str:
        """Where the API has the VM under test."""
        return f"/nodes/{self.node}/qemu/{self.vmid}"

    @property
    def guest(self) -> Vm:
        """The VM under test, as the cluster has it now."""
        guest = self.builder.cluster.guests[int(self.vmid)]
        assert isinstance(guest, Vm)
        return guest

    @property
    def is_gone(self) -> bool:
        """Whether no guest has the id."""
        return int(self.vmid) not in self.builder.cluster.guests

    @property
    def tasks(self) -> list[Task]:
        """Kind, node, guest's id and exit status of every task of the cluster, oldest first."""
        tasks = reversed(self.builder.cluster.tasks.newest_first())
        return [(task.kind, task.node, task.ident, task.exitstatus) for task in tasks]

    @property
    def upids(self) -> list[str]:
        """The ids of all tasks, oldest first."""
        return [task.upid for task in reversed(self.builder.cluster.tasks.newest_first())]

    @property
    def changes(self) -> list[Change]:
        """Every request so far that could change something."""
        calls = [call for call in self.builder.calls if call.method != "GET"]
        return [(call.method, call.path, dict(call.params)) for call in calls]

    @property
    def reads(self) -> list[str]:
        """The path of every request so far that only reads."""
        return [call.path for call in self.builder.calls if call.method == "GET"]

    def build_tools(self, **options: object) -> Any:
        """Make tools on the API face; the options go to their constructor."""
        make = partial(self.tools_class, **options)
        return VMToolsMockHelper.create_vm_tools_with_mock(self.builder.build_api(), make)

    def build_mocked_tools(self) -> Any:
        """Make tools on the mock face, for answers that the cluster wouldn't give."""
        return VMToolsMockHelper.create_vm_tools_with_mock(self.builder.build(), self.tools_class)

    def set_status(self, status: str) -> None:
        """Put the VM under test into the status."""
        self.builder.with_vm_status(status, self.vmid, self.node)


def describe_guests(builder: ProxmoxAPIMockBuilder) -> dict[int, tuple[object, ...]]:
    """Return what the cluster's guests are, to compare with later."""
    return {
        vmid: (guest.node, guest.status, guest.pid, dict(guest.config))
        for vmid, guest in builder.cluster.guests.items()
    }
