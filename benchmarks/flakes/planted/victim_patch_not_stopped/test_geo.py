import unittest
from unittest import mock

from app import geo


class TestDistance(unittest.TestCase):
    def test_distance_is_measured(self):
        assert geo.distance((0, 0), (3, 4)) == 5

    def test_hypot_is_used(self):
        with mock.patch("app.geo.distance", side_effect=[1, 2]) as distance:
            assert [geo.distance(0, 0), geo.distance(0, 0)] == [1, 2]
        assert distance.called
