import pytest
from app.roman import from_roman, to_roman

TABLE = {1: "I", 4: "IV", 9: "IX", 14: "XIV", 1999: "MCMXCIX"}


@pytest.mark.parametrize(("number", "text"), TABLE.items(), ids=TABLE.values())
def test_to_roman(number, text):
    assert to_roman(number) == text


@pytest.mark.parametrize("number", [0, -1, 4000])
def test_out_of_range(number):
    with pytest.raises(ValueError, match=str(number)):
        to_roman(number)


@pytest.fixture(params=["X", "XL"])
def numeral(request):
    return request.param


def test_from_roman(numeral):
    assert to_roman(from_roman(numeral)) == numeral


@pytest.mark.parametrize("tens", [10, 20])
@pytest.mark.parametrize("ones", [1, 5])
def test_sums(tens, ones):
    assert from_roman(to_roman(tens + ones)) == tens + ones


def test_all():
    assert all(from_roman(to_roman(number)) == number for number in range(1, 4000, 7))
