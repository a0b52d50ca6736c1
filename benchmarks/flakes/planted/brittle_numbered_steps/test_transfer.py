import unittest

from app.transfer import Box


class TestTransfer(unittest.TestCase):
    box = Box()

    def test_1_upload(self):
        type(self).token = self.box.upload("a.txt", b"hello")
        self.assertTrue(self.token)

    def test_2_download(self):
        self.assertEqual(self.box.download(self.token), b"hello")

    def test_3_unknown_token(self):
        with self.assertRaises(KeyError):
            self.box.download("nothing")


class TestBox(unittest.TestCase):
    def setUp(self):
        self.box = Box()

    def test_is_empty(self):
        self.assertEqual(self.box.files, {})

    def test_same_name_same_token(self):
        self.assertEqual(self.box.upload("x", b"1"), self.box.upload("x", b"2"))

    def test_last_upload_wins(self):
        self.box.upload("x", b"1")
        self.assertEqual(self.box.download(self.box.upload("x", b"2")), b"2")
