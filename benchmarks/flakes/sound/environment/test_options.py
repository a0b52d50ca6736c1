import os
from unittest import mock

import pytest
from app import options


@pytest.fixture
def colour(monkeypatch):
    monkeypatch.setenv("LAMP_COLOUR", "red")
    return "red"


@pytest.fixture
def kept_environment():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_default():
    assert options.option("size", "small") == "small"


def test_no_default():
    assert options.option("size") is None


def test_option_is_read(colour):
    assert options.option("colour") == colour


def test_option_is_gone_again():
    assert options.option("colour") is None


def test_option_is_deleted(colour, monkeypatch):
    monkeypatch.delenv("LAMP_COLOUR")
    assert options.option("colour") is None


def test_all_options(colour):
    assert options.all_options() == {"colour": colour}


@mock.patch.dict(os.environ, {"LAMP_SIZE": "large"})
def test_patched_environment():
    assert options.option("size") == "large"


def test_patched_and_cleared():
    with mock.patch.dict(os.environ, clear=True):
        options.save("size", "tiny")
        assert options.all_options() == {"size": "tiny"}


@pytest.mark.usefixtures("kept_environment")
def test_saved_option():
    options.save("height", "3")
    assert options.option("height") == "3"


@pytest.mark.parametrize("name", ["width", "Width", "WIDTH"])
def test_names_ignore_case(monkeypatch, name):
    monkeypatch.setenv("LAMP_WIDTH", "7")
    assert options.option(name) == "7"
