"""Fixtures within fixtures."""

import os

import pytest


class TestNested:
    def test_inner(self, inner: str) -> None:
        assert os.environ["STOCK_OUTER"] == inner

    @pytest.mark.usefixtures("inner")
    def test_inner_again(self) -> None:
        assert os.environ["STOCK_PACKAGE"] == "1"


def test_outer(outer: str) -> None:
    assert os.environ["STOCK_OUTER"] == outer


def test_package() -> None:
    assert os.environ["STOCK_PACKAGE"] == "1"
