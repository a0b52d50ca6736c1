import time

import pytest
from app import stamps


@pytest.fixture
def zone():
    with pytest.MonkeyPatch.context() as patch:

        def change(name):
            patch.setenv("TZ", name)
            time.tzset()

        yield change
    time.tzset()


def test_epoch_is_midnight():
    assert stamps.stamp(0) == "00:00"


def test_duration():
    assert stamps.duration(125) == "2 min 5 s"


def test_short_duration():
    assert stamps.duration(5) == "0 min 5 s"


def test_stamp_in_new_york(zone):
    zone("EST5")
    assert stamps.stamp(5 * 3600) == "00:00"


def test_stamp_in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    assert stamps.stamp(0) == "09:00"


def test_stamp_has_two_parts():
    assert len(stamps.stamp(1_000_000).split(":")) == 2
