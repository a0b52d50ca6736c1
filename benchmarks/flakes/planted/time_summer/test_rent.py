import pytest
from app import rent


def test_a_week():
    assert rent.days("2024-02-01", "2024-02-08") == 7


def test_same_day():
    assert rent.days("2024-02-01", "2024-02-01") == 0


def test_half_a_year():
    assert rent.days("2024-01-01", "2024-07-01") == 182


def test_rent_is_rounded():
    assert rent.rent("2024-02-01", "2024-02-08", 10.04) == 70


def test_no_date():
    with pytest.raises(ValueError, match="does not match"):
        rent.days("today", "2024-01-01")


def test_leap_day():
    assert rent.days("2024-02-28", "2024-03-01") == 2
