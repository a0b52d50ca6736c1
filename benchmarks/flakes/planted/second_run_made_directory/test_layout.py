import pytest
from app import layout


def test_layout_is_made(workspace):
    assert set(layout.make(workspace)) >= {"docs", "src"}


def test_other_folders(tmp_path):
    assert layout.make(tmp_path, ["a"]) == ["a"]


def test_no_folders(tmp_path):
    assert layout.make(tmp_path, []) == []


def test_existing_folder_is_refused(tmp_path):
    layout.make(tmp_path)
    with pytest.raises(FileExistsError):
        layout.make(tmp_path)


def test_workspace_is_there(workspace):
    assert workspace.is_dir()
