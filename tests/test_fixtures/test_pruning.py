from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

DAY = 86_400
START = 1_767_225_600


@pytest.fixture
def storage(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of the storage local, with two backups a day on three days of VM 100."""
    for hour in (0, 12, 24, 36, 48, 60):
        mock_builder.with_backup(100, ctime=START + hour * 3600)
    return mock_builder.build_api().nodes("node1").storage("local")


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        ("keep-all=1", [0, 12, 24, 36, 48, 60]),
        ("keep-last=2", [48, 60]),
        ("keep-daily=2", [36, 60]),
        ("keep-last=1,keep-daily=2", [12, 36, 60]),
        ("keep-hourly=3", [36, 48, 60]),
        ("keep-weekly=5", [60]),
        ("keep-monthly=1,keep-yearly=1", [60]),
        ("keep-last=0", [0, 12, 24, 36, 48, 60]),
    ],
)
def test_retention_keeps(storage: Any, retention: str, kept: list[int]) -> None:
    marks = storage.prunebackups.get(**{"prune-backups": retention})

    hours = [(one["ctime"] - START) // 3600 for one in marks if one["mark"] == "keep"]
    assert hours == kept
    assert {one["mark"] for one in marks} <= {"keep", "remove"}


def test_protected_and_renamed_backups_are_left_alone(
    mock_builder: ProxmoxAPIMockBuilder, storage: Any
) -> None:
    mock_builder.with_backup(100, ctime=START - DAY, protected=True)
    mock_builder.with_content("local:backup/mine.vma")

    marks = storage.prunebackups.get(**{"prune-backups": "keep-last=1"})

    by_mark = {one["mark"]: one["volid"] for one in marks}
    assert by_mark["renamed"] == "local:backup/mine.vma"
    assert by_mark["protected"].endswith("2025_12_31-00_00_00.vma.zst")


def test_groups_are_judged_by_themselves(mock_builder: ProxmoxAPIMockBuilder, storage: Any) -> None:
    mock_builder.with_backup(101, ctime=START).with_backup(102, kind="lxc", ctime=START)

    marks = storage.prunebackups.get(**{"prune-backups": "keep-last=1"})
    of_guest = storage.prunebackups.get(vmid=101, **{"prune-backups": "keep-last=1"})
    of_lxc = storage.prunebackups.get(type="lxc", **{"prune-backups": "keep-last=1"})

    assert sorted(one["vmid"] for one in marks if one["mark"] == "keep") == [100, 101, 102]
    assert [[one["vmid"] for one in group] for group in (of_guest, of_lxc)] == [[101], [102]]


def test_pruning_removes_what_is_not_kept(storage: Any) -> None:
    upid = storage.prunebackups.delete(vmid=100, type="qemu", **{"prune-backups": "keep-last=1"})

    assert upid.split(":")[5:7] == ["prunebackups", "qemu-100@local"]
    assert [one["ctime"] for one in storage.content.get()] == [START + 60 * 3600]


def test_retention_of_the_storage_is_the_default(
    mock_builder: ProxmoxAPIMockBuilder, storage: Any
) -> None:
    api = mock_builder.build_api()
    with pytest.raises(ResourceException, match="no prune-backups options configured for storage"):
        storage.prunebackups.get()

    api.storage("local").put(**{"prune-backups": "keep-last=3"})

    marks = [one["mark"] for one in storage.prunebackups.get()]
    assert marks.count("keep") == 3


def test_storage_without_backups_is_refused(mock_builder: ProxmoxAPIMockBuilder) -> None:
    storage = mock_builder.build_api().nodes("node1").storage("local-lvm")

    with pytest.raises(ResourceException, match="storage 'local-lvm' does not support backups"):
        storage.prunebackups.get()
