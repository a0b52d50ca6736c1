import importlib

import pytest


def test_codec_module_can_be_imported():
    assert importlib.import_module("app.rot13").decode("nop") == "abc"


def test_unknown_codec_module():
    with pytest.raises(ImportError):
        importlib.import_module("app.rot14")
