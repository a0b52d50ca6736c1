import pytest
from app.exports import Export


class TestExports:
    def test_export_of_people(self):
        with Export() as export:
            assert export.write("people", ["ann", "bob"]) == 1

    def test_export_of_places(self):
        with Export() as export:
            assert export.write("places", ["here"]) == 1

    def test_two_files(self, tmp_path):
        with Export(tmp_path) as export:
            export.write("a", [])
            assert export.write("b", []) == 2

    def test_nothing_is_left(self, tmp_path):
        with Export(tmp_path):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_name_is_the_second(self, tmp_path):
        assert Export(tmp_path, now=0).directory.name == "19700101-000000"

    def test_same_second_is_refused(self, tmp_path):
        with Export(tmp_path, now=0), pytest.raises(FileExistsError), Export(tmp_path, now=0):
            pass
