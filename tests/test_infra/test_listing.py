import json

import pytest

from tests.infra.listing import Listed, Listing, render_listing
from tests.infra.records import Routing

SLOW = Routing(lanes=("slow",))
API = Routing(lanes=("api",), groups=("db",))
WIDTHS = {"serial": 0, "slow": 1, "api": 2}
REASON = ("marker slow (pytest.ini:3)",)

TESTS = [
    Listed("t.py::a", SLOW, REASON, 4.0, "measured"),
    Listed("t.py::b", API, (), 3.0, "file"),
    Listed("t.py::c", API, (), 3.5, "file"),
    Listed("t.py::d", Routing(is_exclusive=True), (), 1.0, "suite"),
    Listed("t.py::e", Routing()),
]


def test_each_test_has_a_line_with_its_lanes_time_and_reason() -> None:
    lines = render_listing(Listing(TESTS, WIDTHS, workers=2)).splitlines()

    assert lines[:5] == [
        "t.py::a: slow (1 at a time); 4.00 s (measured); marker slow (pytest.ini:3)",
        "t.py::b: api (2 at a time), group db; 3.00 s (file)",
        "t.py::c: api (2 at a time), group db; 3.50 s (file)",
        "t.py::d: exclusive; 1.00 s (suite)",
        "t.py::e: anywhere",
    ]


def test_table_shows_what_each_lane_takes_at_least() -> None:
    text = render_listing(Listing(TESTS, WIDTHS, workers=2))

    assert (
        "lane         width        tests  expected  at least\n"
        "(exclusive)  exclusive        1    1.00 s    1.00 s\n"
        "api          2 at a time      2    6.50 s    3.25 s\n"
        "slow         1 at a time      1    4.00 s    4.00 s\n"
        "group db     one worker       2    6.50 s    6.50 s\n"
    ) in text


@pytest.mark.parametrize(
    ("workers", "where"), [(2, "2 workers"), (None, "any number of workers")], ids=["two", "any"]
)
def test_bound_of_the_run_is_told_with_its_reason(workers: int | None, where: str) -> None:
    text = render_listing(Listing(TESTS, WIDTHS, workers=workers))

    assert text.endswith(
        "The tests take at least 7.5 s (exclusive tests: 1.0 s, then group db: 6.5 s) "
        f"on {where}, apart from 1 test without an expected time."
    )


def test_suite_without_lanes_and_times_says_so() -> None:
    text = render_listing(Listing([Listed("t.py::e", Routing())], {}, workers=None))

    assert "Every test runs anywhere" in text
    assert "No expected times are known" in text


def test_lane_of_tests_without_a_time_is_not_said_to_take_none() -> None:
    text = render_listing(Listing([Listed("t.py::e", SLOW)], WIDTHS, workers=2))

    assert "slow  1 at a time      1   unknown   unknown" in text


def test_findings_come_last() -> None:
    text = render_listing(Listing(TESTS, WIDTHS, workers=2, findings=["a is both", "b is none"]))

    assert text.endswith("finding: a is both\nfinding: b is none")


def test_data_survives_json() -> None:
    data = json.loads(json.dumps(Listing(TESTS, WIDTHS, workers=2).to_data()))

    assert data["tests"][0]["expected_s"] == 4.0
    assert data["tests"][4]["expected_s"] is None
    assert [row["least_s"] for row in data["lanes"]] == [1.0, 3.25, 4.0, 6.5]
    assert data["bound"] == {
        "exclusive_s": 1.0,
        "limited_s": 6.5,
        "limit": "group",
        "name": "db",
        "width": 1,
        "total_s": 7.5,
    }
