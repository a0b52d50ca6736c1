import pytest

from tests.fixtures.proxmox.clock import EPOCH_S, Clock
from tests.fixtures.proxmox.errors import DoubleError


def test_clock_stands_still_at_a_fixed_time() -> None:
    clock = Clock()

    readings = {clock.now for _ in range(3)}

    assert readings == {EPOCH_S}


def test_advance_moves_by_the_seconds_given() -> None:
    clock = Clock()

    clock.advance(0.25)
    clock.advance(30)

    assert (clock.now, clock.now_s) == (EPOCH_S + 30, EPOCH_S + 30.25)


def test_advance_refuses_to_go_back() -> None:
    clock = Clock()

    with pytest.raises(DoubleError, match=r"can't advance by -1 s"):
        clock.advance(-1)


def test_advance_tells_the_target_before_it_shows_it() -> None:
    clock = Clock()
    seen: list[tuple[float, int]] = []
    clock.drive(lambda target_s: seen.append((target_s, clock.now)))

    clock.advance(5)

    assert seen == [(EPOCH_S + 5, EPOCH_S)]
