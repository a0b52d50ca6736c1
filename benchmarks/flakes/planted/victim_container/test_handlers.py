import pytest
from app import handlers


@pytest.fixture
def clean_registry(monkeypatch):
    monkeypatch.setattr(handlers, "HANDLERS", dict(handlers.HANDLERS))


def test_builtin_formats():
    assert handlers.formats() == ["json", "text"]


def test_json():
    assert handlers.render("json", {"a": 1}) == '{"a": 1}'


def test_text():
    assert handlers.render("text", 7) == "7"


def test_unknown_format():
    with pytest.raises(KeyError):
        handlers.render("yaml", 1)


@pytest.mark.usefixtures("clean_registry")
def test_register_replaces():
    handlers.register("text", repr)
    assert handlers.render("text", "x") == "'x'"


def test_register_makes_a_format_known():
    handlers.register("upper", lambda value: str(value).upper())
    assert handlers.render("upper", "abc") == "ABC"


@pytest.mark.usefixtures("clean_registry")
def test_registered_formats_are_listed():
    handlers.register("csv", ",".join)
    assert "csv" in handlers.formats()
