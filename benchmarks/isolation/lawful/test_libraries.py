"""Libraries that change the process when they are first imported; left out where they are not."""

import pytest


def test_numpy_is_imported() -> None:
    numpy = pytest.importorskip("numpy")

    assert numpy.zeros(3).sum() == 0


def test_numpy_is_used() -> None:
    numpy = pytest.importorskip("numpy")

    with numpy.printoptions(precision=3):
        assert str(numpy.array([1.0])) == "[1.]"


def test_hypothesis() -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = pytest.importorskip("hypothesis.strategies")
    limit = hypothesis.settings(max_examples=20, database=None)

    def check(number: int) -> None:
        assert number == int(str(number))

    limit(hypothesis.given(strategies.integers())(check))()
