import pytest
from app import index


@pytest.fixture
def library(tmp_path):
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(f"page {number}")
    return tmp_path


class TestIndex:
    @pytest.mark.usefixtures("limited")
    def test_search_in_all_files(self, library):
        assert len(index.search(library, "page")) == 6

    def test_closed_search(self, library):
        assert len(index.search_and_close(library, "page")) == 6

    def test_closed_search_of_one(self, library):
        assert index.search_and_close(library, "4") == ["4.txt"]

    def test_empty_directory(self, tmp_path):
        assert index.search(tmp_path, "x") == []

    def test_other_suffixes_are_left_out(self, tmp_path):
        (tmp_path / "a.md").write_text("x")
        assert index.search(tmp_path, "x") == []
