"""Which runs are worth making."""

import pytest

from tests.infra.records import Routing
from tests.infra.tuning.candidates import (
    Setup,
    choose_setups,
    find_most_workers,
    list_widenable,
    list_widths,
    list_workers,
    propose_widths,
)
from tests.infra.tuning.scopes import ALL, Scope

LANES = {"integration": 2, "slow": 1, "db": 2}


def make_scope(name: str = ALL, **widths: int) -> Scope:
    widths = widths or LANES
    return Scope(name, [f"t.py::test_{lane}" for lane in widths], _route(widths), widths)


def _route(widths: dict[str, int]) -> list[Routing]:
    return [Routing(lanes=(lane,)) for lane in widths]


@pytest.mark.parametrize(
    ("share", "fitting", "most"),
    [
        pytest.param(1.0, 100, 4, id="computing: as many as cores"),
        pytest.param(0.5, 100, 8, id="half"),
        pytest.param(0.0, 100, 16, id="waiting"),
        pytest.param(0.0, 3, 3, id="no room for more"),
    ],
)
def test_more_workers_than_cores_only_where_tests_wait(
    share: float, fitting: int, most: int
) -> None:
    assert find_most_workers(4, share, fitting) == most


def test_no_more_workers_than_tests_are_listed() -> None:
    assert list_workers(4, 100) == [0, 1, 2, 3, 4]
    assert list_workers(4, 3) == [0, 1, 2, 3]
    assert list_workers(4, 1) == [0]
    assert list_workers(1, 100) == [0, 1]


def test_the_best_number_and_its_neighbours_are_run() -> None:
    totals_s = {0: 20.0, 1: 21.0, 2: 11.0, 3: 9.0, 4: 9.5, 5: 9.6}

    setups = choose_setups(totals_s, scope=make_scope(), has_auto=True)

    assert [setup.workers for setup in setups] == [0, 2, 3, 4, "auto"]


def test_a_neighbour_that_is_far_slower_is_not_run() -> None:
    totals_s = {0: 9.0, 2: 30.0, 3: 10.0, 4: 14.0}

    setups = choose_setups(totals_s, scope=make_scope("unit"), has_auto=True)

    assert [setup.workers for setup in setups] == [0, 3]


def test_where_no_workers_can_be_only_one_process_is_run() -> None:
    assert choose_setups({0: 1.0}, scope=make_scope(), has_auto=False) == (Setup(0),)


@pytest.mark.parametrize(
    ("ini", "allowed", "expected"),
    [
        pytest.param((), (), ["integration"], id="a default above 1"),
        pytest.param(("integration",), (), [], id="somebody's decision"),
        pytest.param(("integration",), ("integration",), ["integration"], id="allowed"),
        pytest.param((), ("slow", "db"), ["db", "integration", "slow"], id="named by the user"),
        pytest.param((), ("other",), ["integration"], id="no test is in it"),
    ],
)
def test_lanes_that_protect_something_are_left(
    ini: tuple[str, ...], allowed: tuple[str, ...], expected: list[str]
) -> None:
    assert list_widenable(make_scope(), ini, allowed) == expected


def test_a_lane_with_another_width_than_the_default_is_somebodys_decision() -> None:
    assert list_widenable(make_scope(integration=3), (), ()) == []


def test_the_smallest_width_that_gains_is_proposed() -> None:
    def predict(scope: Scope, workers: int) -> float:
        return 12.0 / min(scope.widths["integration"], workers, 3)

    setups = list(propose_widths(make_scope(), ["integration"], [2, 3, 4], predict))

    assert setups == [Setup(3, (("integration", 4),))]


def test_a_width_that_gains_little_is_not_proposed() -> None:
    def predict(scope: Scope, workers: int) -> float:  # noqa: ARG001  asked like the model
        return 12.0 - 0.1 * scope.widths["integration"]

    assert list(propose_widths(make_scope(), ["integration"], [2, 3, 4], predict)) == []


def test_lanes_are_doubled_until_no_worker_waits() -> None:
    assert list(list_widths(1, 8)) == [2, 4, 8]
    assert list(list_widths(2, 3)) == [4]
    assert list(list_widths(2, 2)) == []
    assert list(list_widths(0, 8)) == [], "an exclusive lane"
