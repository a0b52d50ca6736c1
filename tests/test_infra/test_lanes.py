import pytest

from tests.infra.lanes import LaneTable, join_groups
from tests.infra.records import Routing
from tests.infra.settings import DEFAULT_LANES

mark = pytest.mark


def route(*marks: pytest.MarkDecorator) -> tuple[Routing | None, LaneTable]:
    table = LaneTable(DEFAULT_LANES)
    return table.route("t.py::test_a", (one.mark for one in marks)), table


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], None),
        ([mark.unit, mark.parallel_safe], None),
        ([mark.slow], Routing(lanes=("slow",))),
        ([mark.slow, mark.slow], Routing(lanes=("slow",))),
        ([mark.serial], Routing(is_exclusive=True)),
        ([mark.serial, mark.slow], Routing(lanes=("slow",), is_exclusive=True)),
        ([mark.integration, mark.slow], Routing(lanes=("integration", "slow"))),
        ([mark.lane("llm")], Routing(lanes=("llm",))),
        ([mark.lane("llm", 2), mark.lane(name="gpu")], Routing(lanes=("gpu", "llm"))),
        ([mark.lane("alone", width=0)], Routing(is_exclusive=True)),
        ([mark.xdist_group("db")], Routing(groups=("db",))),
        ([mark.xdist_group(name="db")], Routing(groups=("db",))),
        ([mark.xdist_group], Routing(groups=("default",))),
        ([mark.xdist_group("db"), mark.slow], Routing(lanes=("slow",), groups=("db",))),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_routing_of_marks(marks: list[pytest.MarkDecorator], expected: Routing | None) -> None:
    routing, table = route(*marks)

    assert routing == expected
    assert not table.conflicts


def test_table_knows_the_widths_of_the_lanes_in_use() -> None:
    _, table = route(mark.integration, mark.lane("llm", width=3), mark.lane("slow"))

    assert table.widths == {"integration": 2, "llm": 3, "slow": 1}


def test_width_once_given_holds_for_the_bare_marker() -> None:
    table = LaneTable({})
    table.route("t.py::test_a", [mark.lane("llm", width=3).mark])

    table.route("t.py::test_b", [mark.lane("llm").mark])

    assert table.widths == {"llm": 3}
    assert not table.conflicts


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([mark.unit, mark.parallel_safe, mark.serial], "is marked both serial and parallel_safe"),
        ([mark.lane], r"has the marker lane\(\), which is no lane: write"),
        ([mark.lane("llm", width=-1)], r"lane\('llm', width=-1\), which is no lane"),
        ([mark.lane("llm", width="two")], "which is no lane"),
        ([mark.lane("llm", width=True)], "which is no lane"),
        ([mark.lane("llm", 1, 2)], "which is no lane"),
        ([mark.lane("llm", speed=1)], "which is no lane"),
        ([mark.lane("llm", 1), mark.lane("llm", 2)], "'llm' the width 2, which is 1 elsewhere"),
        ([mark.lane("slow", 2)], "'slow' the width 2, which is 1 elsewhere"),
    ],
    ids=str,
)
def test_contradiction_is_one_sentence(marks: list[pytest.MarkDecorator], words: str) -> None:
    _, table = route(*marks)

    (sentence,) = table.conflicts
    assert sentence.startswith("t.py::test_a ")
    with pytest.raises(ValueError, match=words):
        raise ValueError(sentence)


def test_separate_groups_stay_separate() -> None:
    joined = join_groups({0: ("db",), 1: ("slow",), 2: ("db",)})

    assert joined == {0: "db", 1: "slow", 2: "db"}


def test_test_in_two_groups_ties_them_together() -> None:
    joined = join_groups({0: ("slow",), 1: ("db", "slow"), 2: ("db",), 3: ("net",)})

    assert joined == {0: "db", 1: "db", 2: "db", 3: "net"}


def test_chain_of_groups_becomes_one() -> None:
    joined = join_groups({0: ("c", "d"), 1: ("b", "c"), 2: ("a", "b"), 3: ("d",)})

    assert set(joined.values()) == {"a"}
