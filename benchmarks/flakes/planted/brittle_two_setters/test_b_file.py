import pytest
from app import remote


def test_configure_from_a_file(tmp_path):
    (tmp_path / "token").write_text("efgh\n")
    remote.configure_from(tmp_path / "token")


def test_file_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        remote.configure_from(tmp_path / "token")
