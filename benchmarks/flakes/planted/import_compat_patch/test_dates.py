import datetime

import pytest
from app.dates import parse, show


def test_parse():
    assert parse("24.12.2024") == datetime.date(2024, 12, 24)


def test_short_year_is_refused():
    with pytest.raises(ValueError, match="24.12.24"):
        parse("24.12.24")


def test_show():
    assert show(datetime.date(2024, 1, 2)) == "02.01.2024"


def test_round_trip():
    assert show(parse("05.06.2023")) == "05.06.2023"
