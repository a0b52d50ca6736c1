import os

from app import remote


def test_configure_from_arguments():
    remote.configure("abcd")
    assert os.environ["REMOTE_TOKEN"] == "abcd"


def test_configured_token_signs(monkeypatch):
    monkeypatch.setenv("REMOTE_TOKEN", "ab")
    assert remote.sign("x") == "2:x"
