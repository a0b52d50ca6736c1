import pytest
from app import weather


def test_forecast(server):
    assert weather.forecast(f"{server}/today") == "sunny"


def test_patient_forecast(server):
    assert weather.forecast(f"{server}/today", timeout_s=30) == "sunny"


def test_advice_on_the_forecast(server):
    assert weather.advice(weather.forecast(f"{server}/tomorrow", timeout_s=30)) == "hat"


@pytest.mark.parametrize(("found", "expected"), [("rain", "umbrella"), ("snow", "jacket")])
def test_advice(found, expected):
    assert weather.advice(found) == expected


def test_bad_address():
    with pytest.raises(ValueError, match="unknown url type"):
        weather.forecast("nowhere")
