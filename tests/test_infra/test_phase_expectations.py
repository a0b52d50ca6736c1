import pytest

from tests.infra.errors import SettingError
from tests.infra.phases.expectations import Expectations, Range, parse_expectations


def test_nothing_is_expected_but_a_gain_by_default() -> None:
    assert parse_expectations("\n") == Expectations(gain_percent=50.0)


def test_every_line_is_read() -> None:
    found = parse_expectations("""
        suite = tests/suite "tests/two words"
        tests = 208
        unit = 180-200
        slow = 3-
        integration = 7
        gain = 12.5 %
        unit_time = 2m
        slow_time = 500ms
        builders = a.py::test_a b.py
        measure = --rounds 3
    """)

    assert found == Expectations(
        suite=("tests/suite", "tests/two words"),
        tests=208,
        counts={"unit": Range(180, 200), "slow": Range(3, None), "integration": Range(7, 7)},
        gain_percent=12.5,
        times_s={"unit": 120.0, "slow": 0.5},
        probes={"builders": ("a.py::test_a", "b.py")},
        verb_arguments={"measure": ("--rounds", "3")},
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("tests", "is no expectation; write it as NAME = VALUE"),
        ("tests =", "is no expectation"),
        ("test = 3", "names nothing that a gate looks at; did you mean tests"),
        ("xyz = 3", "names nothing that a gate looks at; known are suite"),
        ("tests = many", "is no number of tests; give one such as 208"),
        ("tests = 0", "is no number of tests"),
        ("unit = 200-180", "is no range of numbers"),
        ("unit = -5", "is no range of numbers"),
        ("gain = 50", "is no share of the time"),
        ("gain = 100%", "is no share of the time"),
        ("slow_time = 60", "is no time; give one such as 500ms, 60s or 2m"),
        ("slow_time = 0s", "is no time"),
        ('suite = "a', "can't be split"),
    ],
)
def test_mistake_is_told_with_its_line_and_the_way_out(line: str, problem: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_expectations(line)

    assert str(caught.value).startswith(f"phases = {line!r} ")
    assert problem in str(caught.value)


def test_second_line_of_one_name_is_a_mistake() -> None:
    with pytest.raises(SettingError, match="is the second line of tests; keep one of them"):
        parse_expectations("tests = 3\ntests = 4")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("unit = 2-3", (2, 3), (1, 4)), ("unit = 2-", (2, 99), (1,)), ("unit = 2", (2,), (1, 3))],
)
def test_range_holds_its_ends(text: str, inside: tuple[int, ...], outside: tuple[int, ...]) -> None:
    found = parse_expectations(text).counts["unit"]

    assert all(count in found for count in inside)
    assert not any(count in found for count in outside)
