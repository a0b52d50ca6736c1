import datetime

import pytest
from app import legacy


def test_short_year():
    assert legacy.parse("24.12.24") == datetime.date(2024, 12, 24)


def test_long_year():
    assert legacy.parse("24.12.1999") == datetime.date(1999, 12, 24)


@pytest.mark.parametrize("text", ["", "yesterday"])
def test_no_date(text):
    with pytest.raises(ValueError, match="does not match"):
        legacy.parse(text)
