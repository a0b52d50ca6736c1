"""unittest's ways to clean up, and xunit's."""

import os
import tempfile
import unittest
from pathlib import Path
from types import ModuleType
from unittest import mock

import stock


def setup_module(module: ModuleType) -> None:
    os.environ["STOCK_MODULE"] = module.__name__


def teardown_module() -> None:
    del os.environ["STOCK_MODULE"]


class Clean(unittest.TestCase):
    directory: Path

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.directory = Path(temporary.name)
        patcher = mock.patch.object(stock, "MODE", "class")
        patcher.start()
        cls.addClassCleanup(patcher.stop)

    def setUp(self) -> None:
        os.environ["STOCK_CASE"] = "1"
        self.addCleanup(os.environ.pop, "STOCK_CASE")

    def test_cleanups(self) -> None:
        patcher = mock.patch("stock.send")
        patcher.start()
        self.addCleanup(patcher.stop)
        assert stock.MODE == "class"

    def test_enter_context(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"STOCK_ENTERED": "1"}))
        (self.directory / "x").touch()

    def test_sub_tests(self) -> None:
        for number in range(3):
            with self.subTest(number=number):
                assert stock.square(number) == number * number


class AsyncClean(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"STOCK_ASYNC": "1"}))

    async def test_awaits(self) -> None:
        assert os.environ["STOCK_ASYNC"] == "1"


class TestXunit:
    @classmethod
    def setup_class(cls) -> None:
        os.environ["STOCK_CLASS"] = "1"

    @classmethod
    def teardown_class(cls) -> None:
        del os.environ["STOCK_CLASS"]

    def setup_method(self) -> None:
        self.depot = stock.Depot()

    def test_instance(self) -> None:
        self.depot.parts["screw"] = 1

    def test_new_instance(self) -> None:
        assert self.depot.parts == {}
