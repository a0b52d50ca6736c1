"""Holds the cluster that most tests act on, with ways to read it back; leaves acting to the tests.

The guest under test lives on the second of two nodes, among bystanders: a tool that takes the wrong
node or the wrong id is seen.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder, VMToolsMockHelper
from tests.fixtures.proxmox.guests import Guest

NODE: Final = "node2"
OTHER_NODE: Final = "node1"
NAME: Final = "target"

Change = tuple[str, str, Mapping[str, object]]
Task = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Lab:
    """The cluster, the tools on its API face, and node, id and kind of the guest under test."""

    builder: ProxmoxAPIMockBuilder
    tools_class: Any  # proxmox-mcp-plus has no types
    vmid: str
    spare_vmid: str
    node: str = NODE
    kind: str = "qemu"

    @property
    def params(self) -> dict[str, str]:
        """Node and id, as the tools take them."""
        return {"node": self.node, "vmid": self.vmid}

    @property
    def path(self) -> str:
        """Where the API has the guest under test."""
        return f"/nodes/{self.node}/{self.kind}/{self.vmid}"

    @property
    def guest(self) -> Guest:
        """The guest under test, as the cluster has it now."""
        guest = self.builder.cluster.guests[int(self.vmid)]
        assert guest.kind == self.kind
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
        """Put the guest under test into the status."""
        steps = {
            "qemu": self.builder.with_vm_status,
            "lxc": self.builder.with_container_status,
        }
        steps[self.kind](status, self.vmid, self.node)

    def refuse(
        self, method: str, rest: str, error: str | Exception, *, times: int | None = None
    ) -> None:
        """Let a request about the guest under test fail; `rest` is its path after the id."""
        self.builder.with_path_error(method, f"{self.path}{rest}", error, times=times)


def add_guest(builder: ProxmoxAPIMockBuilder, kind: str, vmid: int | str, **options: Any) -> None:
    """Describe a guest of either kind; the options are those of `with_vm` and its like."""
    steps = {"qemu": builder.with_vm, "lxc": builder.with_container}
    steps[kind](vmid, **options)


def add_bystanders(
    builder: ProxmoxAPIMockBuilder, make_vmid: Callable[[], int], *kinds: str
) -> None:
    """Describe a running and a stopped guest of each kind on both nodes."""
    for node in (OTHER_NODE, NODE):
        for kind in kinds:
            for status in ("running", "stopped"):
                name = f"{status}-on-{node}"
                add_guest(builder, kind, make_vmid(), node=node, status=status, name=name)


@contextmanager
def unchanged_guests(builder: ProxmoxAPIMockBuilder) -> Iterator[None]:
    """Fail at the end when one of the guests that are there now isn't any more what it is."""
    before = describe_guests(builder)
    yield
    after = describe_guests(builder)
    assert {vmid: after.get(vmid) for vmid in before} == before


def describe_guests(builder: ProxmoxAPIMockBuilder) -> dict[int, tuple[object, ...]]:
    """Return what the cluster's guests are, to compare with later."""
    return {
        vmid: (guest.node, guest.status, guest.pid, dict(guest.config), list(guest.snapshots))
        for vmid, guest in builder.cluster.guests.items()
    }
