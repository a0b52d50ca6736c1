import itertools

import pytest
from app.orders import Order, number


class TestOrders:
    def test_two_orders_have_two_numbers(self):
        assert Order("tea").number != Order("mug").number

    def test_two_orders_of_a_clock(self):
        clock = itertools.count(5).__next__
        assert [Order("a", clock).number, Order("b", clock).number] == [5000, 6000]

    def test_seal_depends_on_the_item(self):
        assert Order("tea").seal != Order("mug").seal

    def test_item_is_kept(self):
        assert Order("tea").item == "tea"

    @pytest.mark.parametrize(("now", "expected"), [(1, 1000), (1.5, 1500)])
    def test_number(self, now, expected):
        assert number(lambda: now) == expected
