import pytest
from app import flags


def test_dark_mode_is_off_by_default():
    assert flags.theme() == "light"


def test_beta_is_off():
    assert not flags.enabled("beta")


@pytest.fixture
def fresh_flags():
    flags.enabled.cache_clear()
    yield
    flags.enabled.cache_clear()


@pytest.mark.usefixtures("fresh_flags")
def test_search_by_environment(monkeypatch):
    monkeypatch.setenv("FLAG_SEARCH", "on")
    assert flags.enabled("search")


def test_unknown_flags_are_off():
    assert [flags.enabled(name) for name in ("x", "y", "z")] == [False] * 3


def test_dark_mode_by_environment(monkeypatch):
    monkeypatch.setenv("FLAG_DARK_MODE", "on")
    flags.enabled.cache_clear()
    assert flags.theme() == "dark"
