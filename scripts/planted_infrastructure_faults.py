"""The mistakes that are put into the tools for nodes, storages, the cluster, logs and backups."""

from typing import Final

from fault import SUITE, Fault, Kind

_NODE: Final = "tools/node.py"
_STORAGE: Final = "tools/storage.py"
_ISO: Final = "tools/iso.py"
_CLUSTER: Final = "tools/cluster.py"
_LOGS: Final = "tools/logs.py"
_BACKUP: Final = "tools/backup.py"
_VM: Final = "tools/vm.py"
_BASE: Final = "tools/base.py"
_RESOURCES: Final = "security/resources.py"

_NODES: Final = f"{SUITE}/nodes"
_STORAGES: Final = f"{SUITE}/storages"
_OF_CLUSTER: Final = f"{SUITE}/cluster"
_BACKUPS: Final = f"{SUITE}/backups"
_DELETE: Final = "result = self.proxmox.nodes(node).storage(storage).content(volid).delete()"
_VZDUMP: Final = "result = self.proxmox.nodes(node).vzdump.post(**params)"
_QEMU: Final = "result = self.proxmox.nodes(node).qemu.post(**params)"

INFRASTRUCTURE_FAULTS: Final = (
    Fault(
        "backup-sends-put", Kind.VERB, _BACKUP, "BackupTools.create_backup",
        _VZDUMP, _VZDUMP.replace("post(", "put("), _BACKUPS,
    ),
    Fault(
        "import-changes-at-once", Kind.VERB, _VM, "VMTools.import_cloud_image",
        "upid = vm.config.post(**{", "upid = vm.config.put(**{",
    ),
    Fault(
        "container-restores-as-vm", Kind.PATH, _BACKUP, "BackupTools.restore_backup",
        'is_lxc = "/ct/" in archive.lower() or "vzdump-lxc" in archive.lower()',
        "is_lxc = False", _BACKUPS,
    ),
    Fault(
        "guest-log-is-the-node-s", Kind.PATH, _LOGS, "LogTools.get_guest_firewall_log",
        "raw = guest_api.firewall.log.get(**params)",
        "raw = self.proxmox.nodes(node).firewall.log.get(**params)", _OF_CLUSTER,
    ),
    Fault(
        "restore-takes-the-next-vmid", Kind.VMID, _BACKUP, "BackupTools.restore_backup",
        '"vmid": int(vmid),', '"vmid": int(vmid) + 1,', _BACKUPS,
    ),
    Fault(
        "backup-takes-another-guest", Kind.VMID, _BACKUP, "BackupTools.create_backup",
        '"vmid": vmid,\n                "storage"',
        '"vmid": str(int(vmid) - 1),\n                "storage"', _BACKUPS,
    ),
    Fault(
        "restore-takes-a-fixed-node", Kind.NODE, _BACKUP, "BackupTools.restore_backup",
        _QEMU, _QEMU.replace("nodes(node)", 'nodes("node1")'), _BACKUPS,
    ),
    Fault(
        "delete-iso-takes-the-first-node", Kind.NODE, _ISO, "ISOTools.delete_iso",
        _DELETE, _DELETE.replace("nodes(node)", "nodes(self.proxmox.nodes.get()[0]['node'])"),
        _STORAGES,
    ),
    Fault(
        "preflight-looks-at-the-source-s-storages", Kind.NODE, _VM, "VMTools._assess_vm_migration",
        "_records(self.proxmox.nodes(destination).storage.get())",
        "_records(self.proxmox.nodes(node).storage.get())",
    ),
    Fault(
        "backup-says-compression", Kind.UNKNOWN, _BACKUP, "BackupTools.create_backup",
        '"compress": compress,', '"compression": compress,', _BACKUPS,
    ),
    Fault(
        "migrate-says-local-disks", Kind.UNKNOWN, _VM, "VMTools.migrate_vm",
        '"with-local-disks"', '"local-disks"',
    ),
    Fault(
        "download-says-checksum-algorithm-with-an-underscore", Kind.UNKNOWN, _ISO,
        "ISOTools.download_iso",
        'params["checksum-algorithm"]', 'params["checksum_algorithm"]', _STORAGES,
    ),
    Fault(
        "restore-keeps-the-addresses", Kind.VALUE, _BACKUP, "BackupTools.restore_backup",
        'params["unique"] = 1', 'params["unique"] = 0', _BACKUPS,
    ),
    Fault(
        "download-stores-an-iso-as-template", Kind.VALUE, _ISO, "ISOTools.download_iso",
        '"content": "iso",', '"content": "vztmpl",', _STORAGES,
    ),
    Fault(
        "template-comes-from-anybody", Kind.VALUE, _ISO, "ISOTools.download_template",
        '"verify-certificates": 1,', '"verify-certificates": 0,', _STORAGES,
    ),
    Fault(
        "migration-is-live", Kind.VALUE, _VM, "VMTools.migrate_vm", "online=0", "online=1",
    ),
    Fault(
        "import-forgets-the-digest", Kind.VALUE, _VM, "VMTools.import_cloud_image",
        ', "digest": config["digest"],', ",",
    ),
    Fault(
        "backup-swallows-errors", Kind.SWALLOWED, _BACKUP, "BackupTools.create_backup",
        'return self._err(f"create backup for {vmid}", e)',
        'return [Content(type="text", text="Backup Started")]', _BACKUPS,
    ),
    Fault(
        "backup-list-hides-storages-without-answer", Kind.SWALLOWED, _BACKUP,
        "BackupTools.list_backups",
        'failures.append(f"Unable to query backups in {storage_name} on node {node_name}")',
        "pass", _BACKUPS,
    ),
    Fault(
        "preflight-ignores-unknown-ha", Kind.SWALLOWED, _VM, "VMTools._assess_vm_migration",
        'unknowns.append("HA membership could not be verified")', "pass",
    ),
    Fault(
        "node-is-asked-again-at-once", Kind.WAIT, _BASE, "ProxmoxTool._call_with_retry",
        "time.sleep(backoff_seconds * attempt)", "pass", _NODES,
    ),
    Fault(
        "node-list-is-never-asked-again", Kind.WAIT, _BASE, "ProxmoxTool._cache_get",
        "if time.monotonic() >= expires_at:", "if False:", _NODES,
    ),
    Fault(
        "node-shows-free-memory-as-used", Kind.RESULT, _NODE, "NodeTools.get_nodes",
        '"used": status.get("memory", {}).get("used", 0)',
        '"used": status.get("memory", {}).get("free", 0)', _NODES,
    ),
    Fault(
        "diagnostics-take-the-oldest-sample", Kind.RESULT, _NODE, "NodeTools.get_node_diagnostics",
        "latest = max(usable", "latest = min(usable", _NODES,
    ),
    Fault(
        "storage-shows-the-total-as-available", Kind.RESULT, _STORAGE,
        "StorageTools.get_node_storage",
        '"available_bytes": capacity["avail"]', '"available_bytes": capacity["total"]', _STORAGES,
    ),
    Fault(
        "cluster-reads-online-as-quorum", Kind.RESULT, _CLUSTER, "ClusterTools.get_cluster_status",
        'cluster_record.get("quorate")', 'cluster_record.get("nodes")', _OF_CLUSTER,
    ),
    Fault(
        "backup-list-begins-with-the-oldest", Kind.CONDITION, _BACKUP, "BackupTools.list_backups",
        "reverse=True", "reverse=False", _BACKUPS,
    ),
    Fault(
        "delete-removes-what-is-protected", Kind.CONDITION, _RESOURCES, "resolve_volume",
        'if item.get("protected") in {True, 1, "1"}:',
        'if item.get("protected") not in {True, 1, "1"}:', _BACKUPS,
    ),
    Fault(
        "join-info-shows-secrets", Kind.CONDITION, _CLUSTER, "ClusterTools.get_cluster_join_info",
        "if key in fields and type(value) in (str, int)}\n                    for node",
        "if key not in fields and type(value) in (str, int)}\n                    for node",
        _OF_CLUSTER,
    ),
    Fault(
        "migration-runs-while-blocked", Kind.CONDITION, _VM, "VMTools.migrate_vm",
        'if not assessment["ready"]:', 'if assessment["ready"]:',
    ),
)  # fmt: skip
