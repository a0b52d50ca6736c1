"""Each test here starts one pytest of its own; what needs several of them is a proof."""

import os
import signal
import threading

import pytest

from tests.infra.proving.covered_lines import compare_lines
from tests.infra.proving.plan import Pass, Wish, build_arguments, build_environ
from tests.infra.proving.process import (
    Deadline,
    Ending,
    Job,
    Result,
    build_own_arguments,
    run_pass,
)
from tests.test_infra.conftest import InnerSuite

DYING = """
import os

def test_a(): pass
def test_b(): os._exit(3)
"""

WAITING = """
import pathlib, time
import pytest

@pytest.fixture(scope="session", autouse=True)
def wide():
    yield
    pathlib.Path("torn_down").touch()

def test_a(): pass
def test_b():
    pathlib.Path("begun").touch()
    time.sleep(60)
"""


def run_inner(
    inner: InnerSuite, *, item: Pass | None = None, deadline: Deadline | None = None
) -> Result:
    item = item or Pass()
    directory = inner.path / "pass"
    arguments = build_arguments(
        item, Wish((*inner.quick, str(inner.path))), own=build_own_arguments(directory)
    )
    job = Job(item, arguments, build_environ(item, os.environ), directory, deadline)
    return run_pass(job, lambda _: None)


@pytest.mark.proof
@pytest.mark.slow
def test_a_process_that_dies_names_the_test(inner: InnerSuite) -> None:
    inner.write(test_it=DYING)

    result = run_inner(inner)

    assert result.ending is Ending.DIED
    assert [one.nodeid for one in result.account.occurrences] == ["test_it.py::test_a"]
    assert result.account.open == ("test_it.py::test_b",)


@pytest.mark.proof
@pytest.mark.slow
def test_an_interrupt_ends_a_pass_as_a_person_would(inner: InnerSuite) -> None:
    inner.write(test_it=WAITING)
    begun = inner.path / "begun"

    def interrupt() -> None:
        while not begun.exists():
            pass
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    result = run_inner(inner)
    thread.join()
    signal.signal(signal.SIGINT, before)

    assert result.ending is Ending.INTERRUPTED
    assert [one.outcome for one in result.account.occurrences] == ["passed"]
    assert (inner.path / "torn_down").exists()


@pytest.mark.proof
def test_a_hanging_pass_is_ended_and_names_the_test(inner: InnerSuite) -> None:
    inner.write(test_it=WAITING)

    result = run_inner(inner, deadline=Deadline(3, Ending.HUNG))

    assert result.ending is Ending.HUNG
    assert result.account.open == ("test_it.py::test_b",)
    assert result.duration_s < 30


def test_lines_that_only_one_of_two_passes_covers_are_named() -> None:
    serial = {"a.py": frozenset({1, 2}), "b.py": frozenset({1})}
    parallel = {"a.py": frozenset({1, 3}), "b.py": frozenset({1})}

    assert list(compare_lines(serial, parallel)) == [
        "a.py: not in parallel: 2",
        "a.py: only in parallel: 3",
    ]
