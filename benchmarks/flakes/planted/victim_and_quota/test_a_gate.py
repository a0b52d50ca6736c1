import pytest
from app.slots import SLOTS, Full, Slots


def test_guest_gets_in():
    assert SLOTS.take("guest") == "ticket-guest"
    SLOTS.give_back("guest")


def test_full():
    slots = Slots(0)
    with pytest.raises(Full):
        slots.take("x")


def test_give_back_makes_room():
    slots = Slots(1)
    slots.take("x")
    slots.give_back("x")
    assert slots.take("y") == "ticket-y"
