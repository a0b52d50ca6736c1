import itertools
import unittest

from app.tickets import Desk, close


class TestTickets(unittest.TestCase):
    def test_first_ticket(self):
        self.assertEqual(Desk().open("printer")["id"], "T-0001")

    def test_numbers_go_up(self):
        desk = Desk(itertools.count(7))
        desk.open("x")
        self.assertEqual(desk.open("y")["id"], "T-0008")

    def test_text(self):
        self.assertEqual(Desk(itertools.count(1)).open("x")["text"], "x")

    def test_ticket_is_open(self):
        self.assertTrue(Desk(itertools.count(1)).open("x")["open"])

    def test_closed(self):
        self.assertFalse(close({"open": True})["open"])
