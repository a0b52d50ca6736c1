import time

import pytest
from app.saving import Saver


@pytest.fixture
def saver():
    made = Saver()
    yield made
    made.close()


class TestSaver:
    def test_document_is_saved(self, saver, tmp_path):
        saver.save(tmp_path / "doc", "hello")
        time.sleep(0.13)
        assert (tmp_path / "doc").read_text().endswith("hello")

    def test_seal_comes_first(self, saver, tmp_path):
        saver.save(tmp_path / "doc", "hello")
        saver.close()
        assert len((tmp_path / "doc").read_text().splitlines()[0]) == 64

    def test_two_documents(self, saver, tmp_path):
        for name in ("a", "b"):
            saver.save(tmp_path / name, name)
        saver.close()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]

    def test_same_text_same_seal(self, tmp_path):
        saver = Saver(10)
        saver.save(tmp_path / "a", "x")
        saver.save(tmp_path / "b", "x")
        saver.close()
        assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()


def test_nothing_to_close():
    Saver().close()
