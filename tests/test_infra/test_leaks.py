import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.errors import RecordError
from tests.infra.leaks import (
    Book,
    Leak,
    read_leaks,
    render_book,
    render_heading,
    render_leak,
)

LEAK = Leak(
    kind="test",
    culprit="t.py::test_a",
    nodeid="t.py::test_a",
    resource="environ",
    path="os.environ['X']",
    before="unset",
    after="'1'",
    remedy="use monkeypatch.setenv",
    is_restored=True,
    worker_id="gw0",
)
OF_FIXTURE = replace(LEAK, kind="fixture", culprit="server", resource="ports", path="port 80")
OF_IMPORT = replace(LEAK, kind="import", culprit="t.py", nodeid="t.py")


def make_book(*leaks: Leak) -> Book:
    book = Book()
    for leak in leaks:
        book.add(leak)
    return book


def test_leak_travels_as_json() -> None:
    assert Leak.from_json(LEAK.to_json()) == LEAK


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "record": "other"}'])
def test_text_that_is_no_leak_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="not a leak"):
        Leak.from_json(text)


def test_leak_of_an_import_is_told_once_for_all_workers() -> None:
    book = make_book(OF_IMPORT, replace(OF_IMPORT, worker_id="gw1", nodeid="other.py"))

    assert list(book.leaks.values()) == [OF_IMPORT]


def test_same_leak_of_two_tests_is_told_twice() -> None:
    assert len(make_book(LEAK, replace(LEAK, culprit="t.py::test_b")).leaks) == 2


def test_book_of_a_worker_adds_to_the_book_of_the_run() -> None:
    book, of_worker = make_book(LEAK), Book(watched={"t.py::test_a"}, stale={"t.py::b": "cwd"})

    book.merge(of_worker.to_json())

    assert json.loads(book.to_text())["watched"] == ["t.py::test_a"]
    assert json.loads(book.to_text())["stale_exemptions"] == {"t.py::b": "cwd"}


def test_leak_is_rendered_with_its_mend_and_its_exemption() -> None:
    text = render_leak([LEAK, OF_FIXTURE])

    assert text.startswith("isolation: 2 things left changed")
    assert "os.environ['X']: unset before, '1' after; put back" in text
    assert "(by the fixture server)" in text
    assert "@pytest.mark.leaks('environ', reason=\"...\")" in text


def test_leak_of_many_tests_takes_one_entry() -> None:
    leaks = [replace(LEAK, culprit=f"t.py::test_{n}", nodeid=f"t.py::test_{n}") for n in range(9)]

    lines = render_book(make_book(*leaks))

    assert lines[0] == "t.py::test_0 and 8 more"
    assert len(lines) == 3


def test_heading_counts_kinds() -> None:
    heading = render_heading(make_book(LEAK, OF_FIXTURE, OF_IMPORT))

    assert heading == "isolation: 3 left changed (environ 2, ports 1)"


def test_needless_exemption_is_told() -> None:
    assert render_book(Book(stale={"t.py::test_b": "cwd"})) == [
        "t.py::test_b: the marker leaks(cwd) exempts what did not leak; drop it"
    ]


def test_book_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "leaks.json"
    path.write_text(make_book(LEAK, OF_FIXTURE).to_text(), encoding="utf-8")

    assert read_leaks(path) == (LEAK, OF_FIXTURE)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "leaks": [{}]}'])
def test_file_that_is_no_book_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "leaks.json").write_text(text, encoding="utf-8")

    assert read_leaks(tmp_path / "leaks.json") == ()
    assert read_leaks(tmp_path / "absent.json") == ()
