from app import config


def test_web_is_the_default_mode():
    assert config.MODE == "web"


def test_title():
    assert config.title("Home") == "Home | Portal"


def test_title_of_nothing():
    assert config.title("") == " | Portal"
