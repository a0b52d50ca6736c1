import pytest
from app import journal as app_journal


@pytest.mark.usefixtures("quota")
def test_block_is_appended(journal):
    before = app_journal.blocks(journal)
    app_journal.append(journal, b"hello")
    assert app_journal.blocks(journal) == before + 1


def test_no_journal_no_blocks(tmp_path):
    assert app_journal.blocks(tmp_path / "none") == 0


def test_blocks_are_padded(tmp_path):
    app_journal.append(tmp_path / "j", b"x")
    assert (tmp_path / "j").stat().st_size == app_journal.BLOCK


@pytest.mark.usefixtures("quota")
def test_three_blocks_fit(tmp_path):
    for _ in range(3):
        app_journal.append(tmp_path / "j", b"x")
    assert app_journal.blocks(tmp_path / "j") == 3


def test_too_much_is_refused(tmp_path, quota):
    (tmp_path / "j").write_bytes(bytes(quota))
    with pytest.raises(OSError, match="File too large"):
        app_journal.append(tmp_path / "j", b"x")
