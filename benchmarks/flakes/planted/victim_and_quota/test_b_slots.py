from app.slots import SLOTS, Slots


def test_size_is_known():
    assert SLOTS.size == 2


def test_take_returns_a_ticket():
    try:
        assert SLOTS.take("ann") == "ticket-ann"
    finally:
        SLOTS.give_back("bob")


def test_give_back_a_stranger():
    SLOTS.give_back("nobody")
    assert "nobody" not in SLOTS.taken


def test_vip_takes_the_next():
    slots = SLOTS if len(SLOTS.taken) < SLOTS.size else Slots(1)
    assert slots.take("vip")


def test_take_twice():
    slots = Slots(1)
    assert slots.take("x") == slots.take("x")
