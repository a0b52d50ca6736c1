"""Has parameters in one order everywhere."""

import pytest


@pytest.mark.parametrize("colour", sorted({"red", "green", "blue"}))
def test_colour_has_a_name(colour: str) -> None:
    assert colour.isalpha()
