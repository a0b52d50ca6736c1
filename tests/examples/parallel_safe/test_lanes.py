"""Says what it can't stand beside it, where it has to share something."""

import pytest


@pytest.mark.lane("licence", width=2)
@pytest.mark.parametrize("seat", [1, 2, 3])
def test_seat_of_a_licence_for_two(seat: int) -> None:
    assert seat > 0


@pytest.mark.xdist_group("printer")
@pytest.mark.parametrize("page", [1, 2])
def test_page_on_the_one_printer(page: int) -> None:
    assert page > 0
