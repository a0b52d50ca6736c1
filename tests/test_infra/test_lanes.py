import pytest

from tests.infra.lanes import find_contradiction, join_groups, read_groups


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], ()),
        ([pytest.mark.unit, pytest.mark.parallel_safe], ()),
        ([pytest.mark.slow], ("slow",)),
        ([pytest.mark.serial, pytest.mark.slow], ("serial", "slow")),
        ([pytest.mark.xdist_group("db")], ("db",)),
        ([pytest.mark.xdist_group(name="db")], ("db",)),
        ([pytest.mark.xdist_group], ("default",)),
        ([pytest.mark.xdist_group("db"), pytest.mark.slow], ("db", "slow")),
        ([pytest.mark.slow, pytest.mark.slow], ("slow",)),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) else "",
)
def test_groups_of_marks(marks: list[pytest.MarkDecorator], expected: tuple[str, ...]) -> None:
    assert read_groups(decorator.mark for decorator in marks) == expected


def test_serial_contradicts_parallel_safe() -> None:
    sentence = find_contradiction("t.py::test_a", ["unit", "parallel_safe", "serial"])

    assert sentence == "t.py::test_a is marked both serial and parallel_safe"


@pytest.mark.parametrize("marks", [[], ["serial"], ["parallel_safe", "slow"]])
def test_other_marks_go_together(marks: list[str]) -> None:
    assert find_contradiction("t.py::test_a", marks) is None


def test_separate_groups_stay_separate() -> None:
    joined = join_groups({0: ("db",), 1: ("slow",), 2: ("db",)})

    assert joined == {0: "db", 1: "slow", 2: "db"}


def test_test_in_two_groups_ties_them_together() -> None:
    joined = join_groups({0: ("slow",), 1: ("db", "slow"), 2: ("db",), 3: ("net",)})

    assert joined == {0: "db", 1: "db", 2: "db", 3: "net"}


def test_chain_of_groups_becomes_one() -> None:
    joined = join_groups({0: ("c", "d"), 1: ("b", "c"), 2: ("a", "b"), 3: ("d",)})

    assert set(joined.values()) == {"a"}
