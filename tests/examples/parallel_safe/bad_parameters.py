"""Has parameters in another order on each worker."""

import pytest


@pytest.mark.parametrize("colour", {"red", "green", "blue"})
def test_colour_has_a_name(colour: str) -> None:
    assert colour.isalpha()
