import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from app.stack import Stack


class TestStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack("ab")

    def test_pop(self):
        self.assertEqual(self.stack.pop(), "b")

    def test_push(self):
        self.stack.push("c")
        self.assertEqual(len(self.stack), 3)

    def test_pop_of_nothing(self):
        with self.assertRaises(IndexError):
            Stack().pop()

    def test_limit(self):
        with self.assertRaises(OverflowError):
            Stack("ab", limit=2).push("c")


class TestFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def setUp(self):
        self.path = self.directory / self.id()
        self.addCleanup(self.path.unlink)
        self.path.write_text("x")

    def test_file_is_there(self):
        self.assertTrue(self.path.exists())

    def test_file_has_text(self):
        self.assertEqual(self.path.read_text(), "x")

    def test_one_file_at_a_time(self):
        self.assertEqual(len(list(self.directory.iterdir())), 1)


class TestPatches(unittest.TestCase):
    def setUp(self):
        patcher = mock.patch.dict(os.environ, {"STACK_LIMIT": "1"})
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_environment(self):
        self.assertEqual(os.environ["STACK_LIMIT"], "1")

    def test_subtests(self):
        for size in range(3):
            with self.subTest(size=size):
                self.assertEqual(len(Stack(range(size))), size)

    @mock.patch.object(Stack, "pop", return_value=7)
    def test_patched_method(self, _pop):
        self.assertEqual(Stack().pop(), 7)


class TestCoroutines(unittest.IsolatedAsyncioTestCase):
    async def test_stack_in_a_coroutine(self):
        self.assertEqual(Stack("a").pop(), "a")
