import pytest
from app import mirrors


def test_mirror_has_an_address():
    assert mirrors.address(mirrors.pick()) in ("127.0.0.1", "::1")


def test_pick_is_one_of_them():
    assert mirrors.pick() in mirrors.MIRRORS


def test_pick_of_one():
    assert mirrors.pick(["a"]) == "a"


def test_local_mirror_has_an_address():
    assert mirrors.address("localhost") in ("127.0.0.1", "::1")


@pytest.mark.parametrize("path", ["a/b", "/a/b"])
def test_url(path):
    assert mirrors.url("host", path) == "http://host/a/b"


def test_no_mirrors():
    with pytest.raises(ZeroDivisionError):
        mirrors.pick([])
