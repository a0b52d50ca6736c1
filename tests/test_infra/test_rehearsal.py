from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.proving.journal import Account, Journal, Occurrence, read_journal
from tests.infra.proving.orders import is_chosen, is_order, put_in_order
from tests.test_infra.conftest import InnerSuite

THREE = """
def test_a(): pass
def test_b(): pass
def test_c(): pass
"""

KINDS = """
import unittest
import pytest

@pytest.fixture
def fresh():
    return []

@pytest.mark.parametrize("number", [1, 2])
def test_function(fresh, number):
    assert fresh == []
    fresh.append(number)

class TestMethods:
    def test_method(self):
        assert not hasattr(self, "seen")
        self.seen = True

    @pytest.mark.asyncio
    async def test_coroutine(self, fresh):
        assert not fresh and not hasattr(self, "seen")
        self.seen = True

class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ready = True

    @classmethod
    def tearDownClass(cls):
        del cls.ready

    def test_case(self):
        assert self.ready and not hasattr(self, "seen")
        self.seen = True
"""

DOCTEST = """
import math

def half(number):
    '''
    >>> math.floor(half(5))
    2
    '''
    return number / 2
"""

SCOPES = """
import pytest

LOG = []

@pytest.fixture(scope="session")
def wide():
    LOG.append("session up")
    yield
    print(LOG)

@pytest.fixture(scope="module")
def middle():
    LOG.append("module up")
    yield
    LOG.append("module down")

def test_both(wide, middle):
    LOG.append("test")
"""


@dataclass(frozen=True)
class Named:
    nodeid: str


Rehearse = Callable[..., Account]


@pytest.fixture
def rehearse(inner: InnerSuite) -> Rehearse:
    """Write an inner suite, run it in an order in this process, and read its journal."""

    def run(order: str, *arguments: str, **files: str) -> Account:
        inner.write(**files)
        journal = inner.path / "journal.jsonl"
        inner.run_here(
            "-p", "tests.infra.rehearsal", f"--order={order}", f"--journal={journal}", *arguments
        )
        account = read_journal(journal)
        journal.unlink(missing_ok=True)
        return account

    return run


def get_names(account: Account) -> str:
    return " ".join(one.nodeid.partition("::test_")[2] for one in account.occurrences)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("natural", "a b c"),
        ("reverse", "c b a"),
        ("twice", "a b c a b c"),
        ("twice:reverse", "c b a c b a"),
    ],
)
def test_tests_run_in_the_order_asked_for(rehearse: Rehearse, order: str, expected: str) -> None:
    account = rehearse(order, test_it=THREE)

    assert get_names(account) == expected
    assert [nodeid[-1] for nodeid in account.nodeids] == ["a", "b", "c"]
    assert account.exit_code == 0


def test_a_random_order_keeps_two_tests_in_order_when_others_are_left_out() -> None:
    tests = [Named(f"t.py::test_{number}") for number in range(50)]

    whole = put_in_order(tests, "random:5")
    part = put_in_order(tests[10:20][::-1], "twice:random:5")

    assert whole not in (tests, tests[::-1], put_in_order(tests, "random:6"))
    assert part == [test for test in whole if test in tests[10:20]]


def test_each_kind_of_test_runs_twice_as_if_new(rehearse: Rehearse) -> None:
    account = rehearse("twice", "--doctest-modules", test_it=KINDS, halves=DOCTEST)

    assert {(one.outcome, one.text) for one in account.occurrences} == {("passed", "")}
    assert [one.number for one in account.occurrences] == [1] * 6 + [2] * 6
    assert not account.single


def test_a_test_alone_follows_itself_with_new_fixtures(rehearse: Rehearse) -> None:
    account = rehearse("twice", "--only=test_it.py::test_function[2]", test_it=KINDS)

    assert [one.outcome for one in account.occurrences] == ["passed", "passed"]


def test_wide_fixtures_live_as_long_as_the_order_says(inner: InnerSuite) -> None:
    inner.write(test_a=SCOPES, test_b="def test_between(): pass")

    result = inner.run_here("-p", "tests.infra.rehearsal", "--order=twice", "-s")

    once = "'module up', 'test', 'module down'"
    result.stdout.fnmatch_lines([f"*[[]'session up', {once}, {once}[]]*"])


def test_a_test_that_can_not_be_copied_runs_once_and_is_named(rehearse: Rehearse) -> None:
    conftest = """
    import pytest

    class Stubborn(pytest.Item):
        def runtest(self): pass
        def __reduce_ex__(self, protocol): raise TypeError("one only")

    def pytest_collection_modifyitems(session, items):
        items.append(Stubborn.from_parent(session, name="stubborn"))
    """

    account = rehearse("twice", test_it=THREE, conftest=conftest)

    assert len(account.occurrences) == 7
    assert list(account.single.values()) == ["Stubborn: one only"]


def test_options_that_leave_tests_out_are_switched_off(rehearse: Rehearse) -> None:
    failing = THREE.replace("def test_a(): pass", "def test_a(): assert 0, 'no'")

    account = rehearse("natural", "-x", "--stepwise", test_it=failing)

    assert get_names(account) == "a b c"
    assert account.notes == (
        "pytest's option maxfail was switched off",
        "pytest's option stepwise was switched off",
    )


def test_a_failure_has_a_fingerprint_and_a_short_text(rehearse: Rehearse) -> None:
    suite = "def test_a():\n    raise ValueError('long ' * 100)\n"

    (found,) = rehearse("natural", test_it=suite).occurrences

    assert found.fingerprint == "ValueError test_it.py:2"
    assert found.text.startswith("ValueError: long long")
    assert len(found.text) < 320


def test_an_unknown_order_is_a_mistake_in_the_arguments(
    inner: InnerSuite, error_text: Callable[[pytest.RunResult], str]
) -> None:
    inner.write(test_it=THREE)

    result = inner.run_here("-p", "tests.infra.rehearsal", "--order=sideways")

    assert "--order=sideways is no order" in error_text(result)


@pytest.mark.parametrize(
    "text", ["natural", "twice", "twice:reverse", "random:7", "twice:random:7"]
)
def test_orders_are_told_by_name(text: str) -> None:
    assert is_order(text)


@pytest.mark.parametrize(
    "text", ["", "twice:", "random", "random:", "reverse:twice", "twicenatural"]
)
def test_what_names_no_order_is_none(text: str) -> None:
    assert not is_order(text)


@pytest.mark.parametrize(
    ("only", "without", "expected"),
    [
        ([], [], True),
        (["t.py::a"], [], True),
        (["t.py::a[1]"], [], True),
        (["t.py::a[2]"], [], False),
        (["t.py::ab"], [], False),
        ([], ["t.py::a"], False),
        ([], ["t.py::a[2]"], True),
    ],
)
def test_a_name_without_parameters_stands_for_all_of_them(
    only: list[str], without: list[str], *, expected: bool
) -> None:
    assert is_chosen("t.py::a[1]", only, without) is expected


@pytest.mark.proof
def test_the_controller_notes_what_its_workers_collect_and_run(inner: InnerSuite) -> None:
    inner.write(test_it=THREE)
    journal = inner.path / "journal.jsonl"

    inner.run("-p", "tests.infra.rehearsal", "--order=natural", f"--journal={journal}", "-n2")

    account = read_journal(journal)
    assert set(account.collected) == {"gw0", "gw1"}
    assert {one.worker_id for one in account.occurrences} <= {"gw0", "gw1"}
    assert sorted(get_names(account).split()) == ["a", "b", "c"]


def test_a_journal_that_was_cut_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(
        '{"event": "begun", "nodeid": "a"}\n'
        '{"event": "ended", "nodeid": "a", "number": 1, "outcome": "passed"}\n'
        '{"event": "begun", "nodeid": "b"}\n{"event": "end',
        encoding="utf-8",
    )

    account = read_journal(path)

    assert [one.nodeid for one in account.occurrences] == ["a"]
    assert account.open == ("b",)
    assert account.exit_code is None


def test_a_test_that_was_tried_again_is_over_once_it_ended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write_begun("a")
    journal.write_begun("a")
    journal.write_ended(Occurrence("a", 1, "passed after a rerun"))
    journal.close(0)

    account = read_journal(tmp_path / "journal.jsonl")

    assert (account.open, account.exit_code) == ((), 0)
