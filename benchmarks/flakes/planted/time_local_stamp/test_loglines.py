import pytest
from app import loglines

LINE = "1700000000 INFO started"


def test_time_is_shown():
    assert loglines.show(LINE).startswith("2023-11-14 22:13")


def test_text_comes_last():
    assert loglines.show(LINE).endswith("started")


def test_level_is_padded():
    assert " INFO  started" in loglines.show(LINE)


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_level(level):
    assert loglines.level(f"1 {level} x") == level


def test_no_stamp():
    with pytest.raises(ValueError, match="unpack"):
        loglines.show("started")
