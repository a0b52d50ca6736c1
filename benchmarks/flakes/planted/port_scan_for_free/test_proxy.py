import pytest
from app.proxy import Proxy, ask, find_free


@pytest.fixture
def proxy():
    made = Proxy(find_free())
    yield made
    made.stop()


@pytest.fixture
def own_proxy():
    made = Proxy(0)
    yield made
    made.stop()


def test_proxy_greets(proxy):
    assert ask(proxy.port, b"ann") == b"hello ann"


def test_proxy_counts(proxy):
    ask(proxy.port, b"a")
    ask(proxy.port, b"b")
    assert proxy.served == 2


def test_own_proxy_greets(own_proxy):
    assert ask(own_proxy.port, b"bob") == b"hello bob"


def test_key_is_long(own_proxy):
    assert len(own_proxy.key) == 64


def test_free_port_is_in_range():
    assert 18600 <= find_free() < 18650


def test_free_port_elsewhere():
    assert find_free(18700) >= 18700
