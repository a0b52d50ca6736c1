import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.trials import Sighting
from tests.infra.restaging import Conditioned
from tests.infra.tries import build_reports
from tests.test_infra.conftest import InnerSuite
from tests.test_infra.forks import run_in_fork

SUITE = """
import time
from pathlib import Path

HERE = Path(__file__).parent

def test_sound(): pass

def test_waits():
    (HERE / "waiting").touch()
    time.sleep(0.3)
    assert not (HERE / "came").exists()

def test_comes():
    time.sleep(0.1)
    if (HERE / "waiting").exists():
        (HERE / "came").touch()
"""

RESTAGING = ("-p", "tests.infra.restaging", "--isolation=off", "-p", "no:cacheprovider")

ErrorText = Callable[[pytest.RunResult], str]


@pytest.fixture
def staged(inner: InnerSuite) -> InnerSuite:
    inner.write(test_it=SUITE)
    return inner


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--under=moon=full"], "'moon=full' names no condition; give one of seed"),
        (["--under=zone=Nowhere/Land"], "'Nowhere/Land' is no time zone here; give one"),
        (["--under=locale=xx_YY"], "'xx_YY' is not installed; give one"),
        (["--tries=0"], "--tries = '0' is below 1; give a whole number from 1 on"),
        (["--busy=-1"], "--busy = '-1' is below 0; give a whole number from 0 on"),
        (["-n2", "--tries=2"], "-n = '2' lets workers run the tests; add -n 0"),
        (["-n2", "--under=seed=3"], "-n = '2' lets workers run the tests; add -n 0"),
        (["--beside=t.py::no"], "--beside=t.py::no is no test that was collected; give its whole"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_option_is_refused_with_the_way_out(
    staged: InnerSuite, error_text: ErrorText, options: list[str], text: str
) -> None:
    # This module has imported what is to be loaded there.
    known = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"

    assert text in error_text(staged.run_here("-W", known, *RESTAGING, *options))


@pytest.mark.proof
def test_tests_of_one_process_run_under_conditions(staged: InnerSuite) -> None:
    text = "import os, time\ndef test_it(): raise ValueError(os.getpid(), time.tzname[0])"
    staged.write(test_it=text)

    result = staged.run(*RESTAGING, "-n0", "--under=pid=4711", "--under=zone=EAST-14")

    result.stdout.fnmatch_lines(["*ValueError: (4711, 'EAST')"])


@pytest.mark.proof
def test_tries_end_with_the_first_failure(staged: InnerSuite) -> None:
    text = """
    import os
    def test_rare(): assert os.urandom(1)[0] % 4
    def test_skips():
        import pytest
        pytest.skip("x")
    """
    staged.write(test_it=text)

    result = staged.run(*RESTAGING, "-n0", "--tries=60", "-v")

    assert result.ret == 1
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.re_match_lines([r"try \d+ of 60: AssertionError"])


@pytest.mark.proof
def test_test_that_passes_in_all_tries_is_reported_once(staged: InnerSuite) -> None:
    result = staged.run(*RESTAGING, "-n0", "--tries=3", "test_it.py::test_sound")

    assert result.ret == 0
    result.assert_outcomes(passed=1)


@pytest.mark.proof
def test_neighbour_begins_at_the_same_time(staged: InnerSuite) -> None:
    beside = ("--beside=test_it.py::test_comes", "test_it.py::test_comes")

    alone = staged.run(*RESTAGING, "-n0", "test_it.py::test_waits")
    result = staged.run(*RESTAGING, "-n0", *beside, "test_it.py::test_waits", "--tries=5")

    alone.assert_outcomes(passed=1)
    result.assert_outcomes(failed=1)
    assert not (staged.path / "came").exists()


@pytest.mark.proof
def test_test_beside_itself_may_fail_in_either_process(staged: InnerSuite) -> None:
    text = """
    import os, time
    from pathlib import Path

    def test_claims():
        claim = Path(__file__).with_name("claim")
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL))
        time.sleep(0.3)
        claim.unlink()
    """
    staged.write(test_it=text)
    beside = "--beside=test_it.py::test_claims"

    for _ in range(4):
        result = staged.run(*RESTAGING, "-n0", beside, "test_it.py::test_claims")
        result.assert_outcomes(failed=1)


@pytest.mark.proof
def test_second_run_fails_in_forks_too(staged: InnerSuite) -> None:
    text = "SEEN = []\ndef test_once():\n    SEEN.append(1)\n    assert len(SEEN) < 2"
    staged.write(test_it=text)
    twice = ("-p", "tests.infra.rehearsal", "--order=twice")

    result = staged.run(*twice, *RESTAGING, "-n0", "--busy=1")

    result.assert_outcomes(passed=1, failed=1)


@pytest.mark.proof
def test_error_of_collection_is_told_and_nothing_runs(staged: InnerSuite) -> None:
    staged.write(test_it="import no_such_module")

    result = staged.run(*RESTAGING, "-n0", "--busy=1")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No module named 'no_such_module'*"])


@pytest.fixture
def item(request: pytest.FixtureRequest) -> pytest.Item:
    """Any test: the one that asks for it."""
    found: pytest.Item = request.node
    return found


@pytest.mark.parametrize(
    ("outcome", "reported"),
    [
        ("passed", "passed"),
        ("xpassed", "passed"),
        ("failed", "failed"),
        ("crashed", "failed"),
        ("hung", "failed"),
        ("skipped", "skipped"),
        ("xfailed", "skipped"),
    ],
)
def test_outcome_of_a_fork_is_that_of_the_call(
    item: pytest.Item, outcome: str, reported: str
) -> None:
    sighting = Sighting(0, outcome, 1.0, 3.5, "E at t.py:1", "boom")

    setup, call, teardown = build_reports(item, sighting, "try 2 of 3")

    assert (setup.outcome, call.outcome, teardown.outcome) == ("passed", reported, "passed")
    assert (call.duration, setup.duration) == (2.5, 0)
    if reported == "failed":
        assert call.longreprtext == "try 2 of 3: E at t.py:1\nboom"


# --- in this process, or in a fork of it ---------------------------------------------------------

HERE = (
    *("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"),
    *(*InnerSuite.quick, *RESTAGING),
)


def test_all_tries_run_in_forks_of_the_process_that_collected(staged: InnerSuite) -> None:
    text = """
    import os, pytest
    SEEN = []
    def test_adds(): SEEN.append(os.getpid())
    def test_skips(): pytest.skip("x")
    def test_reads(): assert len(SEEN) == 1
    """
    staged.write(test_it=text)

    result = staged.run_here(*HERE, "--tries=2")

    result.assert_outcomes(passed=2, skipped=1)


def test_neighbour_that_was_asked_for_is_not_reported(staged: InnerSuite) -> None:
    text = "def test_a(): assert 0, 'why'\ndef test_b(): pass"
    staged.write(test_it=text)

    result = staged.run_here(*HERE, "--beside=test_it.py::test_b")

    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r"try 1 of 1: AssertionError"])


def test_collection_alone_runs_nothing(staged: InnerSuite) -> None:
    result = staged.run_here(*HERE, "--tries=2", "--collect-only", "-q")

    assert result.ret == 0
    assert "test_it.py::test_sound" in result.stdout.str()


def test_conditions_alone_are_put_on_this_process(item: pytest.Item) -> None:
    # Any: pytest's own class is final.
    config: Any = SimpleNamespace(rootpath=item.config.rootpath)

    def stage() -> str:
        side = Conditioned(config, Conditions(zone="EAST-14"))
        side.pytest_runtestloop()
        side.pytest_runtest_protocol(item)
        return time.tzname[0]

    assert run_in_fork(stage) == "EAST"
