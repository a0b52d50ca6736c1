import urllib.error
import urllib.request

import pytest
from app.server import serving

PORT = 18765


def test_hello_page():
    with serving(PORT) as url, urllib.request.urlopen(f"{url}/hello", timeout=10) as answer:
        assert answer.read() == b"hello"


def test_unknown_page():
    with serving(0) as url, pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{url}/nothing", timeout=10)
    raised.value.close()


def test_two_servers():
    with serving(0) as one, serving(0) as other:
        assert one != other
