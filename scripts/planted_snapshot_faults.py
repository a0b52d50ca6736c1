"""The mistakes that are put into the snapshot tools; leaves planting them to plant_faults."""

from functools import partial
from typing import Final

from fault import SUITE, Fault, Kind

_SNAP: Final = "tools/snapshots.py"
_GUARD: Final = "security/resources.py"
_fault: Final = partial(Fault, suite=f"{SUITE}/snapshots")

SNAPSHOT_FAULTS: Final = (
    _fault(
        "snapshot-rollback-sends-put", Kind.VERB, _GUARD, "submit_snapshot_rollback",
        "rollback.post()", "rollback.put()",
    ),
    _fault(
        "snapshot-delete-asks-for-a-vm", Kind.PATH, _SNAP, "SnapshotTools.delete_snapshot",
        "result = self.proxmox.nodes(node).lxc(vmid)",
        "result = self.proxmox.nodes(node).qemu(vmid)",
    ),
    _fault(
        "snapshot-list-takes-the-next-vmid", Kind.VMID, _SNAP, "SnapshotTools.list_snapshots",
        "self.proxmox.nodes(node).qemu(vmid)", "self.proxmox.nodes(node).qemu(int(vmid) + 1)",
    ),
    _fault(
        "snapshot-retry-takes-a-fixed-node", Kind.NODE, _SNAP, "SnapshotTools.create_snapshot",
        "else (lambda: self.proxmox.nodes(node)", 'else (lambda: self.proxmox.nodes("node1")',
    ),
    _fault(
        "snapshot-memory-for-containers", Kind.UNKNOWN, _SNAP, "SnapshotTools.create_snapshot",
        'if vm_type == "lxc":',
        'params.update({"vmstate": 1} if vmstate else {})\n            if vm_type == "lxc":',
    ),
    _fault(
        "snapshot-name-is-sent-as-name", Kind.UNKNOWN, _SNAP, "SnapshotTools.create_snapshot",
        '{"snapname": snapname}\n', '{"name": snapname}\n',
    ),
    _fault(
        "snapshot-memory-is-never-sent", Kind.VALUE, _SNAP, "SnapshotTools.create_snapshot",
        'params["vmstate"] = 1', 'params["vmstate"] = 0',
    ),
    _fault(
        "snapshot-delete-swallows-errors", Kind.SWALLOWED, _SNAP, "SnapshotTools.delete_snapshot",
        "return self._err(",
        'return [Content(type="text", text="Snapshot Deleted")]; self._err(',
    ),
    _fault(
        "snapshot-list-reads-the-parent-as-name", Kind.RESULT, _SNAP,
        "SnapshotTools.list_snapshots", '_get(snap, "parent", "")', '_get(snap, "name", "")',
    ),
    _fault(
        "snapshot-rollback-ignores-newer-ones", Kind.CONDITION, _GUARD, "submit_snapshot_rollback",
        'item.get("parent") == snapname', 'item.get("parent") != snapname',
    ),
)  # fmt: skip
