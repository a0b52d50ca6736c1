import pytest

from tests.infra.plan import Plan, build_units, find_groups
from tests.infra.records import Routing

NODEIDS = [f"{file}.py::test_{number}" for file in "ab" for number in range(4)]


def cut(plan: Plan) -> list[list[int]]:
    return [unit.indices for unit in build_units(plan, find_groups(plan), workers=1)]


def test_short_tests_of_a_file_stay_together() -> None:
    plan = Plan([*NODEIDS, "c.py::long"], [0.01] * 8 + [10.0])

    assert cut(plan) == [[8], [0, 1, 2, 3], [4, 5, 6, 7]]


def test_long_tests_go_alone_the_longest_first() -> None:
    assert cut(Plan(NODEIDS[:3], [1.0, 3.0, 2.0])) == [[1], [2], [0]]


def test_failed_tests_come_first_and_alone() -> None:
    plan = Plan([*NODEIDS, "c.py::long"], [0.01] * 8 + [10.0], failed={2})

    assert cut(plan) == [[2], [8], [4, 5, 6, 7], [0, 1, 3]]


def test_lanes_do_not_mix_in_a_unit() -> None:
    slow = Routing(("slow",))
    plan = Plan([*NODEIDS[:4], "c.py::long"], [0.01] * 4 + [10.0], {1: slow, 2: slow}, {"slow": 1})

    assert cut(plan) == [[4], [0, 3], [1, 2]]


def test_group_is_one_unit_however_long() -> None:
    group = Routing(groups=("db",))

    assert cut(Plan(NODEIDS, [1.0] * 8, {0: group, 7: group})) == [
        [0, 7],
        [1],
        [2],
        [3],
        [4],
        [5],
        [6],
    ]


def test_exclusive_tests_are_in_no_unit() -> None:
    assert cut(Plan(NODEIDS[:2], [1.0, 1.0], {0: Routing(is_exclusive=True)})) == [[1]]


@pytest.mark.parametrize(
    ("dist", "groups"),
    [
        ("load", [0, 0, 0, 0]),
        ("loadfile", [1, 1, 2, 2]),
        ("loadscope", [1, 2, 3, 3]),
        ("worksteal", [0, 0, 0, 0]),
    ],
)
def test_scopes_of_the_user_are_groups(dist: str, groups: list[int]) -> None:
    nodeids = ["a.py::One::test", "a.py::Other::test", "b.py::test_1", "b.py::test_2"]

    found = find_groups(Plan(nodeids, [1.0] * 4, dist=dist))

    names = dict.fromkeys(found.values())
    numbers = {name: number for number, name in enumerate(names, start=1)}
    assert [numbers.get(found.get(index, ""), 0) for index in range(4)] == groups


def test_group_of_the_user_ties_his_scopes_together() -> None:
    group = Routing(groups=("db",))

    found = find_groups(Plan(NODEIDS, [1.0] * 8, {0: group, 7: group}, dist="loadfile"))

    assert len(set(found.values())) == 1
