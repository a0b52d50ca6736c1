import pytest

from tests.fixtures.proxmox.content_names import read_archive, render_archive

MOMENT = 1_767_225_600


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
def test_archive_says_what_it_was_named_after(kind: str) -> None:
    name = render_archive(kind, 100, MOMENT, "zstd")

    archive = read_archive(f"backup/{name}")

    assert archive is not None
    assert (archive.kind, archive.vmid, archive.ctime) == (kind, 100, MOMENT)


@pytest.mark.parametrize(
    "name",
    ["vzdump-qemu-100-2026_99_01-00_00_00.vma.zst", "vzdump-qemu-100.vma.zst", "web.tar.zst"],
    ids=["impossible date", "no date", "another name"],
)
def test_other_names_are_no_archives_of_vzdump(name: str) -> None:
    assert read_archive(name) is None
