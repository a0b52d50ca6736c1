"""Says which archives a lab has, and how the tools show them."""

from datetime import UTC, datetime

from tests.fixtures.proxmox.clock import EPOCH_S
from tests.suite.lab import NODE, Lab

DAY_S = 86_400


def add_backup(  # noqa: PLR0913 - each is a fact of a backup, most of them optional
    lab: Lab,
    vmid: str,
    storage: str = "vault",
    *,
    node: str = NODE,
    day: int = 0,
    kind: str = "qemu",
    notes: str | None = None,
    protected: bool = False,
) -> str:
    """Describe a backup of 1 GiB on that day of the year 2026, and return its volume id."""
    lab.builder.with_backup(
        vmid, storage, node=node, ctime=EPOCH_S + day * DAY_S, kind=kind, notes=notes,
        protected=protected, size_mib=1024,
    )  # fmt: skip
    form = "vma.zst" if kind == "qemu" else "tar.zst"
    return f"{storage}:backup/vzdump-{kind}-{vmid}-2026_01_{day + 1:02}-00_00_00.{form}"


def entry_of(volid: str, node: str = NODE, more: str = "") -> str:
    """Return what the list must say about an archive from `add_backup`."""
    storage, _, name = volid.partition(":backup/vzdump-")
    _, vmid, moment = name.split("-", 2)
    day, form = int(moment[8:10]) - 1, name.partition(".")[2]
    # The tool shows the time of the machine that it runs on.
    local = datetime.fromtimestamp(EPOCH_S + day * DAY_S, UTC).astimezone()
    return (
        f"VM/CT {vmid} - {local:%Y-%m-%d %H:%M:%S}\n     Size: 1.00 GiB\n     Format: {form}\n"
        f"     Storage: {storage} @ {node}\n     Volume ID: {volid}{more}"
    )


def listing_of(*entries: str, warning: str = "") -> str:
    """Return the whole list."""
    first = [f"Warning: partial results; {warning}"] if warning else []
    last = "Use the Volume ID with restore_backup to restore."
    return "\n\n".join(["Available Backups", *first, *entries, last])
