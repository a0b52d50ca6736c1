from pathlib import Path

import pytest
from app import blog


@pytest.fixture
def database():
    connection = blog.connect(Path(__file__).with_name("blog.db"))
    blog.clear(connection)
    yield connection
    connection.close()


@pytest.fixture
def memory():
    connection = blog.connect(":memory:")
    yield connection
    connection.close()


class TestPosts:
    def test_posts_are_counted(self, database):
        for title in ("a", "b", "c"):
            blog.publish(database, title)
        assert len(blog.titles(database)) == 3

    def test_latest_post(self, database):
        blog.publish(database, "first")
        blog.publish(database, "second")
        assert blog.titles(database) == ["first", "second"]

    def test_no_posts(self, memory):
        assert blog.titles(memory) == []

    def test_clear(self, memory):
        blog.publish(memory, "x")
        blog.clear(memory)
        assert blog.titles(memory) == []


def test_own_file(tmp_path):
    connection = blog.connect(tmp_path / "blog.db")
    blog.publish(connection, "mine")
    assert blog.titles(connection) == ["mine"]
    connection.close()


def test_file_is_kept(tmp_path):
    for title in ("a", "b"):
        connection = blog.connect(tmp_path / "blog.db")
        blog.publish(connection, title)
        connection.close()
    connection = blog.connect(tmp_path / "blog.db")
    assert blog.titles(connection) == ["a", "b"]
    connection.close()
