import urllib.request

from app.server import PAGES, serving

PORT = 18765


def test_health_page():
    with serving(PORT) as url, urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert answer.read() == b"ok"


def test_health_at_any_port():
    with serving(0) as url, urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert answer.status == 200


def test_pages_are_short():
    assert all(len(text) < 10 for text in PAGES.values())
