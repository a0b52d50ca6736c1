import os

os.environ["PORTAL_MODE"] = "cli"

from app import cli  # noqa: E402, the mode must be set before


def test_prompt():
    assert cli.prompt() == "> "


def test_parse():
    assert cli.parse("get a") == ["get", "a"]


def test_parse_of_nothing():
    assert cli.parse("") == []
