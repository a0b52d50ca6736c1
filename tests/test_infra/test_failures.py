from pathlib import Path

import pytest

from tests.infra.failures import build_fingerprint, get_type, is_placed
from tests.test_infra.conftest import InnerSuite

SUITE = """
    import unittest, pytest
    from unittest import mock

    def fail(): raise KeyError("k: 1")
    def test_plain(): assert {"a": 1} == 2
    def test_deep(): fail()
    def test_mock(): mock.Mock().assert_called()
    @pytest.mark.xfail(strict=True)
    def test_nowhere(): pass
    class TestCase(unittest.TestCase):
        def test_method(self): self.assertEqual(1, 2)
"""


def test_fingerprint_is_type_and_innermost_place_of_the_projects_own(inner: InnerSuite) -> None:
    inner.write(test_a=SUITE)
    result = inner.pytester.inline_run("-p", "no:hypothesispytest")
    failed = [one for one in result.getreports("pytest_runtest_logreport") if one.failed]

    found = {one.nodeid.rpartition("::")[2]: build_fingerprint(one, inner.path) for one in failed}

    assert found == {
        "test_plain": "AssertionError test_a.py:6",
        "test_deep": "KeyError test_a.py:5",
        "test_mock": "AssertionError test_a.py:8",
        "test_nowhere": "call",
        "test_method": "AssertionError test_a.py:12",
    }


def test_place_outside_the_project_stands_in_brackets(inner: InnerSuite) -> None:
    inner.write(test_a="def test_a(): assert 0")
    result = inner.pytester.inline_run("-p", "no:hypothesispytest")
    report = result.matchreport("test_a", "pytest_runtest_logreport", when="call")

    assert isinstance(report, pytest.TestReport)
    assert build_fingerprint(report, Path("/elsewhere")) == "AssertionError (test_a.py:1)"


@pytest.mark.parametrize(
    ("fingerprint", "is_there"),
    [("KeyError a/t.py:3", True), ("KeyError (case.py:3)", False), ("setup", False)],
)
def test_only_a_place_of_the_projects_own_counts(fingerprint: str, is_there: bool) -> None:
    assert is_placed(fingerprint) is is_there


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("KeyError: 'a'", "KeyError"),
        ("app.errors.Odd", "app.errors.Odd"),
        ("ValueError\nmore", "ValueError"),
        ("assert {'a': 1} == 2", "AssertionError"),
    ],
)
def test_type_is_what_a_message_begins_with(message: str, name: str) -> None:
    assert get_type(message) == name
