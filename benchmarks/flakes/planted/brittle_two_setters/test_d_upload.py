import pytest
from app import remote


def test_upload_is_signed():
    assert remote.sign("data") == "4:data"


def test_no_token_no_signature(monkeypatch):
    monkeypatch.delenv("REMOTE_TOKEN", raising=False)
    with pytest.raises(remote.NotConfigured):
        remote.sign("data")
