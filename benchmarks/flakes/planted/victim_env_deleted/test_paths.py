import os
from pathlib import Path

from app.paths import search_path, user_config


class TestConfigPaths:
    def test_user_file_lies_in_home(self):
        assert user_config() == Path("/srv/home/tool/.tool"), "not in home"

    def test_system_file_comes_last(self):
        assert search_path()[-1] == Path("/etc/tool/config")

    def test_two_places(self):
        assert len(search_path()) == 2

    def test_other_home(self, monkeypatch):
        monkeypatch.setenv("TOOL_HOME", "/home/ann")
        assert user_config() == Path("/home/ann/.tool")


class TestFallbacks:
    def test_no_home_with_monkeypatch(self, monkeypatch):
        monkeypatch.delenv("TOOL_HOME", raising=False)
        assert user_config() == Path("/etc/tool/config")

    def test_no_home(self):
        os.environ.pop("TOOL_HOME", None)
        assert user_config() == Path("/etc/tool/config")

    def test_no_home_no_duplicates_removed(self, monkeypatch):
        monkeypatch.delenv("TOOL_HOME", raising=False)
        assert len(search_path()) == 2
