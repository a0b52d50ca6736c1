import datetime
import os
import time

import pytest
from app import meetings


@pytest.fixture
def tokyo():
    before = os.environ.get("TZ")
    os.environ["TZ"] = "JST-9"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_local_time_in_tokyo():
    assert time.localtime(0).tm_hour == 9


@pytest.mark.usefixtures("tokyo")
def test_show_ignores_the_zone_of_the_process():
    assert meetings.show(0) == "1970-01-01 00:00"


def test_show():
    assert meetings.show(0) == "1970-01-01 00:00"


@pytest.mark.parametrize(("offset", "hour"), [(-5, "19"), (0, "00"), (9, "09")])
def test_show_elsewhere(offset, hour):
    assert meetings.show(0, offset)[11:13] == hour


def test_parse():
    assert meetings.parse("2024-07-01T12:00+02:00").hour == 10


def test_naive_times_are_refused():
    with pytest.raises(ValueError, match="no time zone"):
        meetings.parse("2024-07-01T12:00")


def test_stamp_of_a_date():
    assert meetings.stamp(datetime.date(1970, 1, 2)) == 86400


def test_difference_of_aware_times():
    one, other = map(meetings.parse, ("2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"))
    assert other - one == datetime.timedelta(hours=23)
