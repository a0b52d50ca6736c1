import datetime
from unittest import mock

import pytest
from app import greeting


def at(hour):
    return datetime.datetime(2024, 2, 29, hour, tzinfo=datetime.timezone.utc)


@pytest.fixture
def clock():
    return mock.Mock(return_value=100.0)


@pytest.mark.parametrize(
    ("hour", "text"), [(0, "morning"), (11, "morning"), (12, "afternoon"), (18, "evening")]
)
def test_greeting(monkeypatch, hour, text):
    monkeypatch.setattr(greeting, "now", lambda: at(hour))
    assert greeting.greet("Ann") == f"Good {text}, Ann"


@mock.patch("app.greeting.time.time", return_value=1000.0)
def test_age(_time):
    assert greeting.age_s(990) == 10


def test_now_is_aware():
    assert greeting.now().tzinfo is datetime.timezone.utc


def test_now_does_not_go_back():
    assert greeting.now() <= greeting.now() + datetime.timedelta(hours=1)


def test_fresh_entry(clock):
    cache = greeting.Cache(10, clock)
    cache.put("a", 1)
    assert cache.get("a") == 1


def test_old_entry(clock):
    cache = greeting.Cache(10, clock)
    cache.put("a", 1)
    clock.return_value = 110.0
    assert cache.get("a") is None


def test_unknown_entry(clock):
    assert greeting.Cache(10, clock).get("b") is None
