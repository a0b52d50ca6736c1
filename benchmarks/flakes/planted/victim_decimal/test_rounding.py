import decimal

import pytest
from app import money


def test_display_of_whole_numbers():
    with decimal.localcontext():
        assert money.display("12") == "12"


def test_rounding_for_display():
    assert money.display("3.14159") == "3.142"


@pytest.mark.parametrize(("people", "expected"), [(1, "10"), (4, "2.5")])
def test_share_between(people, expected):
    with decimal.localcontext():
        assert str(money.share("10", people)) == expected


def test_share_between_nobody():
    with decimal.localcontext(), pytest.raises(decimal.DivisionByZero):
        money.share("10", 0)
