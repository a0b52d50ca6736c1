import unittest
from unittest import mock

from app.client import Client, Unavailable


class TestDefaults(unittest.TestCase):
    def test_gives_up_after_three_tries(self):
        transport = mock.Mock(return_value=None)
        with self.assertRaises(Unavailable):
            Client(transport).get("/a")
        self.assertEqual(transport.call_count, 3)

    def test_returns_the_first_answer(self):
        transport = mock.Mock(side_effect=["x"])
        self.assertEqual(Client(transport).get("/a"), "x")

    def test_asks_again(self):
        transport = mock.Mock(side_effect=[None, "x"])
        self.assertEqual(Client(transport).get("/a"), "x")


class TestPatience(unittest.TestCase):
    def test_instance_can_be_made_patient(self):
        client = Client(mock.Mock(side_effect=[None] * 5 + ["x"]))
        client.retries = 10
        self.assertEqual(client.get("/a"), "x")

    def test_can_be_made_patient(self):
        Client.retries = 10
        client = Client(mock.Mock(side_effect=[None] * 5 + ["x"]))
        self.assertEqual(client.get("/a"), "x")

    def test_patched_patience(self):
        with mock.patch.object(Client, "retries", 1), self.assertRaises(Unavailable):
            Client(lambda _path: None).get("/a")
