from datetime import date
from pathlib import Path

import pytest

from tests.infra.errors import KnownFlakyError
from tests.infra.known_flakes import (
    KnownFlaky,
    find_entry,
    find_unused,
    parse_known,
    read_known,
)

PATH = Path("known-flaky.toml")

DAY = date(2030, 1, 31)

TEXT = """\
# what we know
[[flaky]]
test = "t.py::test_a"
owner = "ann"
expires = 2030-01-31
reason = "issue 12"

[[flaky]]
test = "t.py::*[1]"
owner = "bob"
expires = 2030-01-31
reason = "issue 13"
"""


def make_entry(test: str) -> KnownFlaky:
    return KnownFlaky(test, "ann", DAY, "issue 12")


def test_entries_are_read_in_their_order() -> None:
    entries = parse_known(TEXT, PATH)

    assert entries[0] == make_entry("t.py::test_a")
    assert [entry.owner for entry in entries] == ["ann", "bob"]


def test_empty_file_knows_nothing() -> None:
    assert parse_known("", PATH) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ('2030-01-31\nreason = "issue 13', 'soon\nreason = "issue 13', 11, "no TOML"),
        ('owner = "bob"', 'ownr = "bob"', 10, "the key ownr"),
        ('owner = "bob"\n', "", 8, "lacks the key owner"),
        ('owner = "bob"', "owner = 3", 10, "owner = 3, which is no text"),
        ('owner = "bob"', 'owner = " "', 10, "owner = ' '"),
        ('reason = "issue 13"', "reason = []", 12, "reason = "),
        ('2030-01-31\nreason = "issue 13', '"2030"\nreason = "issue 13', 11, "which is no day"),
        ('2030-01-31\nreason = "issue 13', '2030-01-31 10:00:00\nreason = "', 11, "is no day"),
        ("# what we know", "[[flakey]]", 1, "the key flakey"),
        ("# what we know", "limit = 3", 1, "the key limit"),
    ],
)
def test_mistake_is_told_with_its_line_and_key(old: str, new: str, line: int, problem: str) -> None:
    with pytest.raises(KnownFlakyError) as caught:
        parse_known(TEXT.replace(old, new), PATH)

    assert caught.value.line == line
    assert problem in str(caught.value)
    assert "[[flaky]], then test = " in str(caught.value)


def test_table_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(KnownFlakyError, match=r"line 1: .* in place of a list"):
        parse_known('[flaky]\ntest = "a"', PATH)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnownFlakyError, match="known_flaky in the ini file"):
        read_known(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("test", "covers"),
    [
        ("t.py::test_a[1-x]", True),
        ("t.py::test_?[1-x]", True),
        ("t.py::*[1-x]", True),
        ("t.py::test_a", False),
        ("t.py::test_a*", True),
        ("*.py::test_b*", False),
    ],
)
def test_entry_covers_by_name_or_pattern(test: str, covers: bool) -> None:
    assert make_entry(test).covers("t.py::test_a[1-x]") is covers


def test_entry_that_names_a_test_wins() -> None:
    entries = [make_entry("*"), make_entry("t.py::test_a")]

    assert find_entry(entries, "t.py::test_a") is entries[1]
    assert find_entry(entries, "t.py::test_b") is entries[0]
    assert find_entry(entries[1:], "t.py::test_b") is None


def test_entry_excuses_up_to_and_with_its_day() -> None:
    entry = make_entry("a")

    assert not entry.is_expired(DAY)
    assert entry.is_expired(date(2030, 2, 1))
    assert entry.render(DAY) == "known flaky, ann, until 2030-01-31: issue 12"
    assert "ann, was excused until 2030-01-31" in entry.render(date(2030, 2, 1))


def test_entries_about_no_test_are_found() -> None:
    entries = [make_entry("t.py::a"), make_entry("t.py::*"), make_entry("u.py::*")]

    assert find_unused(entries, ["t.py::a"]) == entries[2:]
