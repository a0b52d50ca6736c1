import pytest
from app import numbers_format


@pytest.fixture
def options(monkeypatch):
    monkeypatch.setattr(numbers_format, "options", {"separator": ".", "digits": 1})


def test_comma_as_separator():
    numbers_format.configure(separator=",")
    assert numbers_format.show(2) == "2,0"


@pytest.mark.usefixtures("options")
def test_digits():
    numbers_format.configure(digits=3)
    assert numbers_format.show(1 / 3) == "0.333"
