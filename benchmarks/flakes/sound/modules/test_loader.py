import sys
import types

import pytest
from app import loader


@pytest.fixture
def plugin(monkeypatch):
    made = types.ModuleType("lamp_plugin")
    made.__version__ = "1.5"
    monkeypatch.setitem(sys.modules, "lamp_plugin", made)
    return made


@pytest.fixture
def written_module(tmp_path, monkeypatch):
    (tmp_path / "lamp_written.py").write_text("__version__ = '2'\nVALUES = []\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "lamp_written"
    sys.modules.pop("lamp_written", None)


def test_load(plugin):
    assert loader.load("lamp_plugin") is plugin


def test_version(plugin):
    assert loader.version("lamp_plugin") == "1.5"


def test_plugin_is_gone():
    assert not loader.is_loaded("lamp_plugin")


def test_missing_module():
    assert loader.load("lamp_missing") is None


def test_blocked_module(monkeypatch):
    monkeypatch.setitem(sys.modules, "lamp_plugin", None)
    assert loader.load("lamp_plugin") is None


def test_no_version():
    assert loader.version("app.loader") == "unknown"


def test_written_module(written_module):
    assert loader.version(written_module) == "2"


def test_written_module_is_new(written_module):
    module = loader.load(written_module)
    module.VALUES.append(1)
    assert module.VALUES == [1]


def test_standard_module_is_loaded():
    assert loader.is_loaded("sys")


@pytest.mark.parametrize("name", ["json", "colorsys"])
def test_standard_modules(name):
    assert loader.load(name).__name__ == name
