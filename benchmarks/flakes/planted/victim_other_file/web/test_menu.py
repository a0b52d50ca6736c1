import pytest
from app import languages, menu


@pytest.fixture
def languages_copy(monkeypatch):
    monkeypatch.setattr(languages, "LANGUAGES", ["de", "en", "fr", "it"])


def test_unknown_language_comes_first():
    assert menu.menu("nl")[0] == "nl"


@pytest.mark.usefixtures("languages_copy")
def test_no_language_twice():
    assert menu.menu("en").count("en") == 1


def test_menu_shows_the_preferred_first():
    assert menu.menu("fr")[0] == "fr"


@pytest.mark.usefixtures("languages_copy")
@pytest.mark.parametrize("code", ["de", "it"])
def test_preferred_language(code):
    assert menu.menu(code)[0] == code
