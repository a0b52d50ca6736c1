"""A fixture for a package, and one for a class in a fixture for a module."""

import os
from collections.abc import Iterator
from unittest import mock

import pytest


@pytest.fixture(scope="package", autouse=True)
def nested_package() -> Iterator[None]:
    """A variable as long as the package's tests run."""
    with mock.patch.dict(os.environ, {"STOCK_PACKAGE": "1"}):
        yield


@pytest.fixture(scope="module")
def outer() -> Iterator[str]:
    """The outer one of two."""
    os.environ["STOCK_OUTER"] = "outer"
    yield "outer"
    del os.environ["STOCK_OUTER"]


@pytest.fixture(scope="class")
def inner(outer: str) -> Iterator[str]:
    """The inner one of two: changes what the outer one set, and puts it back."""
    os.environ["STOCK_OUTER"] = "inner"
    yield "inner"
    os.environ["STOCK_OUTER"] = outer
