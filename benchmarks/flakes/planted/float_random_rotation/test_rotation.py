import math
import random

import pytest
from app.rotation import distance, rotate


class TestRotation:
    def test_there_and_back(self):
        point = (random.random(), random.random())
        angle = random.uniform(0, math.pi)
        assert distance(rotate(rotate(point, angle), -angle), point) <= 1e-16

    def test_there_and_back_is_close(self):
        point = (random.random(), random.random())
        angle = random.uniform(0, math.pi)
        assert distance(rotate(rotate(point, angle), -angle), point) < 1e-12

    def test_no_rotation(self):
        assert rotate((1.5, 2.5), 0) == (1.5, 2.5)

    def test_quarter(self):
        assert rotate((1, 0), math.pi / 2) == pytest.approx((0, 1))

    def test_half(self):
        assert rotate((1, 2), math.pi) == pytest.approx((-1, -2))


def test_distance():
    assert distance((0, 0), (3, 4)) == 5
