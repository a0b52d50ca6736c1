from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra import verdict
from tests.test_infra.conftest import InnerSuite

INNER_PLUGIN = """
import pytest
from tests.infra import verdict

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        verdict.fail_run(session)
    yield
    if not hasattr(session.config, "workerinput"):
        verdict.print_breaches(session.config, ["two at once"])
"""


@pytest.mark.proof
def test_run_whose_tests_all_passed_fails_and_says_why_in_red_at_its_end(
    inner: InnerSuite,
) -> None:
    inner.write(inner_plugin=INNER_PLUGIN, test_a="def test_a(): pass")

    result = inner.pytester.runpytest_subprocess(
        "-p", "inner_plugin", "-n", "1", "--color=yes", "-p", "no:hypothesispytest", timeout=60
    )

    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert "1 passed" in result.outlines[-2]
    assert result.outlines[-1] == "\x1b[31m\x1b[1mtwo at once\x1b[0m"


@pytest.mark.parametrize(
    ("before", "after"),
    [(0, 3), (1, 3), (2, 2), (3, 3), (4, 4), (5, 3), (17, 17)],
)
def test_status_of_a_run_that_came_to_its_end_is_overruled(before: int, after: int) -> None:
    assert verdict.overrule(before) == after


@pytest.mark.parametrize(
    ("status", "expected"),
    [(pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), (pytest.ExitCode.INTERRUPTED,) * 2],
)
def test_finding_about_tests_fails_only_a_run_that_went_well(status: int, expected: int) -> None:
    # Any: as far as it is asked.
    session: Any = SimpleNamespace(exitstatus=status)

    verdict.fail_tests(session)

    assert session.exitstatus == expected
