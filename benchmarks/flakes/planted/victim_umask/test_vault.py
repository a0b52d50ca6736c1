import os

import pytest
from app import store


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_secret_is_written(tmp_path):
    assert store.save_secret(tmp_path / "key", "s3cret").read_text() == "s3cret"


def test_secret_is_private(tmp_path):
    assert store.mode(store.save_secret(tmp_path / "key", "s3cret")) == 0o600


@pytest.mark.usefixtures("umask")
def test_secret_replaces(tmp_path):
    (tmp_path / "key").write_text("old")
    assert store.save_secret(tmp_path / "key", "new").read_text() == "new"
