"""The mistakes that are put into the container tools; leaves planting them to plant_faults."""

from functools import partial
from typing import Final

from fault import SUITE, Fault, Kind

_CT: Final = "tools/containers.py"
_fault: Final = partial(Fault, suite=f"{SUITE}/container_lifecycle")
_START: Final = "resp = self.proxmox.nodes(node).lxc(vmid).status.start.post()"
_STOP: Final = "resp = self.proxmox.nodes(node).lxc(vmid).status.stop.post()"
_REBOOT: Final = "resp = self.proxmox.nodes(node).lxc(vmid).status.reboot.post()"
_RESIZE: Final = "self.proxmox.nodes(node).lxc(vmid).resize.put(disk=disk, size=size_str)"
_CREATE: Final = "result = self.proxmox.nodes(node).lxc.create(**ct_config)"

CONTAINER_FAULTS: Final = (
    _fault(
        "ct-resize-sends-post", Kind.VERB, _CT, "ContainerTools.update_container_resources",
        _RESIZE, _RESIZE.replace("put(", "post("),
    ),
    _fault(
        "ct-network-sends-post", Kind.VERB, _CT, "ContainerTools.update_container_network",
        "config.put(**payload)", "config.post(**payload)",
    ),
    _fault(
        "ct-restart-only-stops", Kind.PATH, _CT, "ContainerTools.restart_container",
        _REBOOT, _REBOOT.replace("reboot", "stop"),
    ),
    _fault(
        "ct-start-asks-for-a-vm", Kind.PATH, _CT, "ContainerTools.start_container",
        _START, _START.replace("lxc(", "qemu("),
    ),
    _fault(
        "ct-force-stop-takes-the-next-vmid", Kind.VMID, _CT, "ContainerTools.stop_container",
        _STOP, _STOP.replace("lxc(vmid)", "lxc(vmid + 1)"),
    ),
    _fault(
        "ct-selector-matches-the-end-of-a-vmid", Kind.VMID, _CT,
        "ContainerTools._resolve_targets",
        '                    if int(_get(ct, "vmid", -1)) == vmid:',
        "                    if str(vmid).startswith(str(_get(ct, 'vmid', -1))[:-1]):",
    ),
    _fault(
        "ct-create-takes-the-first-node", Kind.NODE, _CT, "ContainerTools.create_container",
        _CREATE, _CREATE.replace("nodes(node)", "nodes(node_names[0])"),
    ),
    _fault(
        "ct-selector-ignores-the-node", Kind.NODE, _CT, "ContainerTools._resolve_targets",
        'if n == node and (_get(ct, "name") == name', 'if True and (_get(ct, "name") == name',
    ),
    _fault(
        "ct-preflight-asks-the-source-for-space", Kind.NODE, _CT,
        "ContainerTools._assess_container_migration",
        "self.proxmox.nodes(destination).storage(storage)",
        "self.proxmox.nodes(node).storage(storage)",
    ),
    _fault(
        "ct-shutdown-says-timeout-seconds", Kind.UNKNOWN, _CT, "ContainerTools.stop_container",
        "shutdown.post(timeout=timeout_seconds)", "shutdown.post(timeout_seconds=timeout_seconds)",
    ),
    _fault(
        "ct-migrate-says-online", Kind.UNKNOWN, _CT, "ContainerTools.migrate_container",
        '"restart": int(restart)', '"online": int(restart), "with-local-disks": 1',
    ),
    _fault(
        "ct-create-puts-the-unit-at-the-disk", Kind.VALUE, _CT, "ContainerTools.create_container",
        'f"{storage}:{disk_size}"', 'f"{storage}:{disk_size}G"',
    ),
    _fault(
        "ct-resize-sets-what-it-should-add", Kind.VALUE, _CT,
        "ContainerTools.update_container_resources", 'f"+{disk_gb}G"', 'f"{disk_gb}G"',
    ),
    _fault(
        "ct-network-forgets-the-digest", Kind.VALUE, _CT,
        "ContainerTools.update_container_network",
        'payload["digest"] = current["digest"]', "pass",
    ),
    _fault(
        "ct-network-loses-the-rest-of-the-card", Kind.VALUE, "tools/guest_config.py",
        "container_network", "parse_device(existing) if existing else", "",
    ),
    _fault(
        "ct-start-counts-failures-as-done", Kind.SWALLOWED, _CT, "ContainerTools.start_container",
        '"ok": False', '"ok": True',
    ),
    _fault(
        "ct-selector-trusts-half-an-inventory", Kind.SWALLOWED, _CT,
        "ContainerTools._resolve_targets", 'if getattr(inventory, "warnings", []):', "if False:",
    ),
    _fault(
        "ct-migrate-calls-a-lost-answer-a-success", Kind.SWALLOWED, _CT,
        "ContainerTools._uncertain_migration", '"success": False', '"success": True',
    ),
    _fault(
        "ct-delete-does-not-wait-for-the-task", Kind.WAIT, _CT, "ContainerTools.delete_container",
        "self._wait_for_task(node, stop_upid)", "pass",
    ),
    _fault(
        "ct-delete-does-not-wait-for-the-guest", Kind.WAIT, _CT,
        "ContainerTools.delete_container",
        "self._wait_for_guest_stopped(self.proxmox.nodes(node).lxc(vmid))", "pass",
    ),
    _fault(
        "ct-list-shows-memory-as-its-limit", Kind.RESULT, _CT, "ContainerTools.get_containers",
        'base_maxmem = _get(ct, "maxmem")', 'base_maxmem = _get(ct, "mem")',
    ),
    _fault(
        "ct-address-is-the-last-one", Kind.RESULT, _CT, "ContainerTools.get_container_ip",
        "if primary_ip is None:", "if True:",
    ),
    _fault(
        "ct-delete-forces-without-being-told", Kind.CONDITION, _CT,
        "ContainerTools.delete_container", "if not force:", "if force:",
    ),
    _fault(
        "ct-preflight-skips-ha", Kind.CONDITION, _CT,
        "ContainerTools._assess_container_migration",
        '== f"ct:{vmid}" for r', '== f"vm:{vmid}" for r',
    ),
)  # fmt: skip
