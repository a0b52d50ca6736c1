"""The mistakes that are put into the tools, of VMs here; leaves planting them to plant_faults."""

from typing import Final

from fault import Fault, Kind
from planted_container_faults import CONTAINER_FAULTS
from planted_infrastructure_faults import INFRASTRUCTURE_FAULTS
from planted_snapshot_faults import SNAPSHOT_FAULTS

_VM: Final = "tools/vm.py"
_BASE: Final = "tools/base.py"
_CONSOLE: Final = "tools/console/manager.py"
_POST_START: Final = "task_result = self.proxmox.nodes(node).qemu(vmid).status.start.post()"
_POST_STOP: Final = "task_result = self.proxmox.nodes(node).qemu(vmid).status.stop.post()"
_CREATE: Final = "task_result = self.proxmox.nodes(node).qemu.create(**vm_config)"
_CLONE: Final = "task_result = self.proxmox.nodes(node).qemu(source_vmid).clone.post("

_VM_FAULTS: Final = (
    Fault(
        "start-sends-put", Kind.VERB, _VM, "VMTools.start_vm",
        _POST_START, _POST_START.replace("post()", "put()"),
    ),
    Fault(
        "description-sends-post", Kind.VERB, _VM, "VMTools.set_vm_description",
        "config.put(description=description)", "config.post(description=description)",
    ),
    Fault(
        "shutdown-pulls-the-plug", Kind.PATH, _VM, "VMTools.shutdown_vm",
        "task_result = self.proxmox.nodes(node).qemu(vmid).status.shutdown.post()", _POST_STOP,
    ),
    Fault(
        "list-asks-a-misspelt-path", Kind.PATH, _VM, "VMTools._get_cluster_vm_inventory",
        'cluster.resources.get(type="vm")', 'cluster.resource.get(type="vm")',
    ),
    Fault(
        "stop-takes-the-next-vmid", Kind.VMID, _VM, "VMTools.stop_vm",
        _POST_STOP, _POST_STOP.replace("qemu(vmid)", "qemu(int(vmid) + 1)"),
    ),
    Fault(
        "clone-copies-another-vm", Kind.VMID, _VM, "VMTools.clone_vm",
        _CLONE, _CLONE.replace("source_vmid", "self.proxmox.nodes(node).qemu.get()[0]['vmid']"),
    ),
    Fault(
        "create-takes-the-first-node", Kind.NODE, _VM, "VMTools.create_vm",
        _CREATE, _CREATE.replace("nodes(node)", "nodes(self.proxmox.nodes.get()[0]['node'])"),
    ),
    Fault(
        "reset-takes-a-fixed-node", Kind.NODE, _VM, "VMTools.reset_vm",
        "task_result = self.proxmox.nodes(node)", 'task_result = self.proxmox.nodes("node1")',
    ),
    Fault(
        "stop-sends-force", Kind.UNKNOWN, _VM, "VMTools.stop_vm",
        _POST_STOP, _POST_STOP.replace("post()", "post(force=1)"),
    ),
    Fault(
        "clone-says-newvmid", Kind.UNKNOWN, _VM, "VMTools.clone_vm",
        '"newid": int(target_vmid)', '"newvmid": int(target_vmid)',
    ),
    Fault(
        "create-says-cpus", Kind.UNKNOWN, _VM, "VMTools.create_vm",
        '"cores": cpus', '"cpus": cpus',
    ),
    Fault(
        "create-sends-memory-in-bytes", Kind.VALUE, _VM, "VMTools.create_vm",
        '"memory": memory,', '"memory": memory * 1024**2,',
    ),
    Fault(
        "update-sends-memory-with-a-unit", Kind.VALUE, _VM, "VMTools.update_vm_config",
        'payload["memory"] = int(memory)', 'payload["memory"] = f"{memory}M"',
    ),
    Fault(
        "update-sends-raw-ssh-keys", Kind.VALUE, _VM, "VMTools.update_vm_config",
        'urllib.parse.quote("\\n".join(keys), safe="")', '"\\n".join(keys)',
    ),
    Fault(
        "update-forgets-the-digest", Kind.VALUE, _VM, "VMTools.update_vm_config",
        'payload["digest"] = current["digest"]', "pass",
    ),
    Fault(
        "command-goes-unwrapped", Kind.VALUE, _CONSOLE, "VMConsoleManager.execute_command",
        'else ["/bin/sh", "-c", command]', "else command.split()",
    ),
    Fault(
        "start-swallows-errors", Kind.SWALLOWED, _VM, "VMTools.start_vm",
        'self._handle_error(f"start VM {vmid}", e)',
        'return [Content(type="text", text=f"VM {vmid} start initiated successfully")]',
    ),
    Fault(
        "delete-ignores-a-failed-stop", Kind.SWALLOWED, _BASE, "ProxmoxTool._wait_for_task",
        'if status.get("exitstatus") != "OK":', "if False:",
    ),
    Fault(
        "list-hides-nodes-without-answer", Kind.SWALLOWED, _VM, "VMTools.get_vms",
        'warnings.append(_log_safe(node_name) + ": " + _log_safe(node_error))', "pass",
    ),
    Fault(
        "delete-does-not-wait-for-the-task", Kind.WAIT, _VM, "VMTools.delete_vm",
        "self._wait_for_task(node, stop_upid)", "pass",
    ),
    Fault(
        "delete-does-not-wait-for-the-guest", Kind.WAIT, _VM, "VMTools.delete_vm",
        "self._wait_for_guest_stopped(self.proxmox.nodes(node).qemu(vmid))", "pass",
    ),
    Fault(
        "command-is-polled-once", Kind.WAIT, _CONSOLE, "VMConsoleManager._wait_for_exec_status",
        'if last_status.get("exited", 0):', "if True:",
    ),
    Fault(
        "start-reads-qmpstatus", Kind.RESULT, _VM, "VMTools.start_vm",
        'vm_status.get("status")', 'vm_status.get("qmpstatus")',
    ),
    Fault(
        "command-misses-its-exit-code", Kind.RESULT, _CONSOLE, "VMConsoleManager.execute_command",
        'is not None else console.get("exitcode", -1)',
        'is not None else console.get("exit-code", 0)',
    ),
    Fault(
        "list-reads-cpus-as-usage", Kind.RESULT, _VM, "VMTools._get_cluster_vm_inventory",
        'vm.get("maxcpu", vm.get("cpus", "N/A"))', 'vm.get("cpu", "N/A")',
    ),
    Fault(
        "delete-forces-without-being-told", Kind.CONDITION, _VM, "VMTools.delete_vm",
        "if not force:", "if force:",
    ),
    Fault(
        "policy-lets-through-what-it-denies", Kind.CONDITION, _VM, "VMTools.execute_command",
        "if not decision.allowed:", "if decision.allowed:",
    ),
    Fault(
        "addresses-show-the-loopback-only", Kind.CONDITION, _VM, "VMTools.get_vm_ip_addresses",
        'if iface_name == "lo":', 'if iface_name != "lo":',
    ),
)  # fmt: skip

FAULTS: Final = (
    *_VM_FAULTS, *CONTAINER_FAULTS, *SNAPSHOT_FAULTS, *INFRASTRUCTURE_FAULTS,
)  # fmt: skip
