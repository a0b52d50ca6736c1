import unittest
from unittest import mock

from app import trips


class TestTrips(unittest.TestCase):
    def test_no_stops(self):
        assert trips.cost([]) == 0

    def test_one_stop(self):
        assert trips.cost([(1, 1)]) == 0

    def test_stopped_patch(self):
        patcher = mock.patch("app.geo.distance", return_value=7)
        patcher.start()
        self.addCleanup(patcher.stop)
        assert trips.cost([(0, 0), (1, 1)]) == 14

    def test_trip_cost(self):
        patcher = mock.patch("app.trips.geo.distance", return_value=10)
        patcher.start()
        assert trips.cost([(0, 0), (9, 9), (0, 0)]) == 40

    @mock.patch("app.geo.distance", return_value=1)
    def test_price_per_km(self, distance):
        assert trips.cost([(0, 0), (9, 9)], per_km=3) == 3
        distance.assert_called_once()
