"""Which runs a campaign makes, with runs that only count time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.infra.measuring.campaign import MOST_ROUNDS, Wish, choose_workers
from tests.infra.measuring.specs import (
    RunSpec,
    Workers,
    build_arguments,
    build_environ,
    render_command,
)
from tests.test_infra.measurings import PASSED, FakeRuns, make_campaign

STEADY: Mapping[int | str, Sequence[float]] = {0: [10.0], 2: [6.0], 4: [7.0], "auto": [6.0]}


def test_rounds_go_to_and_fro_after_a_warm_up() -> None:
    runs = FakeRuns(STEADY)

    make_campaign(runs, Wish(rounds=2))

    there = [0, 2, 4, "auto"]
    assert [spec.workers for spec in runs.asked] == [*there, *there, *reversed(there)]
    assert runs.labels[0] == "warm-up"
    assert runs.labels[-1] == "round 2, run 4 of 4"
    # The first run may take as long as it likes, the others ten times that and a minute.
    assert (runs.timeouts_s[0], runs.timeouts_s[-1]) == (None, 160)


def test_steady_runs_need_the_fewest_rounds() -> None:
    assert make_campaign(FakeRuns(STEADY), Wish()).rounds == 5


def test_unsteady_runs_are_given_up_after_many_rounds() -> None:
    runs = FakeRuns({0: [10.0], 2: [4.0, 8.0] * 20})

    campaign = make_campaign(runs, Wish(workers=(2,), budget_s=10_000))

    assert campaign.rounds == MOST_ROUNDS


def test_no_round_begins_that_would_break_the_budget() -> None:
    runs = FakeRuns(STEADY)

    campaign = make_campaign(runs, Wish(budget_s=100))

    assert (campaign.rounds, runs.now_s) == (2, 87)


def test_each_category_is_run_in_both_ways_or_left_out() -> None:
    runs = FakeRuns(STEADY, markers={"unit": 2, "slow": 1})

    campaign = make_campaign(runs, Wish(workers=(2,), rounds=1))

    asked = [(spec.category, spec.workers) for spec in campaign.runs]
    assert asked == [(None, 0), (None, 2), ("unit", 0), ("unit", 2), ("slow", 0), ("slow", 2)]
    assert campaign.left_out == ["integration"]


def test_what_differs_is_measured_no_further() -> None:
    runs = FakeRuns(STEADY, broken={4: {**PASSED, "t.py::test_a": "failed"}})

    campaign = make_campaign(runs, Wish(rounds=3))

    assert [spec.workers for spec in campaign.refused] == [4]
    assert [spec.workers for spec in runs.asked].count(4) == 1
    assert len(campaign.runs[RunSpec(workers=2)]) == 3


def test_nothing_is_measured_where_all_differs() -> None:
    runs = FakeRuns(STEADY, broken={2: {}})

    campaign = make_campaign(runs, Wish(workers=(2,), rounds=3))

    assert (campaign.rounds, len(runs.asked)) == (0, 2)


def test_an_interrupt_keeps_whole_rounds() -> None:
    runs = FakeRuns(STEADY)
    runs.interrupt_at = 10

    campaign = make_campaign(runs, Wish())

    assert campaign.is_interrupted
    assert [len(made) for made in campaign.runs.values()] == [1, 1, 1, 1]


def test_a_suite_that_does_not_start_is_run_once() -> None:
    runs = FakeRuns(STEADY, broken={0: {}})

    campaign = make_campaign(runs, Wish())

    assert (campaign.runs, len(runs.asked)) == ({}, 1)


@pytest.mark.parametrize(
    ("workers", "cores", "chosen"),
    [((2, 4, "auto"), 2, 2), ((2, 4), 8, 4), ((4, 8), 2, 4), (("auto",), 2, "auto")],
)
def test_categories_run_on_as_many_workers_as_cores(
    workers: tuple[Workers, ...], cores: int, chosen: Workers
) -> None:
    assert choose_workers(workers, cores) == chosen


def test_workers_take_the_parallel_configuration(tmp_path: Path) -> None:
    spec = RunSpec(("-k", "a", "--", "t.py"), 2)
    plain = build_arguments(spec, directory=tmp_path, has_xdist=True, own=["-x"])
    (tmp_path / "pytest-parallel.ini").touch()

    found = build_arguments(spec, directory=tmp_path, has_xdist=True, own=["-x"])

    assert plain == ["-k", "a", "-n", "2", "-x", "--", "t.py"]
    assert found == ["-k", "a", "-c", "pytest-parallel.ini", "-n", "2", "-x", "--", "t.py"]


def test_the_users_own_configuration_is_kept(tmp_path: Path) -> None:
    (tmp_path / "pytest-parallel.ini").touch()
    spec = RunSpec(("-c", "other.ini"), "auto")

    found = build_arguments(spec, directory=tmp_path, has_xdist=True)

    assert found == ["-c", "other.ini", "-n", "auto"]


@pytest.mark.parametrize(("has_xdist", "place"), [(True, "-n 0"), (False, "-p no:xdist")])
def test_a_command_repeats_a_category_in_one_process(
    tmp_path: Path, has_xdist: bool, place: str
) -> None:
    spec = RunSpec(("t.py",), 0, "unit")

    command = render_command(
        spec, directory=tmp_path, has_xdist=has_xdist, markexpr="(not proof) and unit"
    )

    assert command == f"python -m pytest t.py {place} -m '(not proof) and unit'"


def test_runs_write_bytecode_apart_and_know_of_no_outer_run(tmp_path: Path) -> None:
    environ = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_XDIST_WORKER": "gw0", "HOME": "/h"}

    assert build_environ(environ, tmp_path) == {"HOME": "/h", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    assert build_environ({"HOME": "/h"}, tmp_path) == {"HOME": "/h"}
