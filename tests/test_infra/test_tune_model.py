"""Predictions from a few runs: processors that are shared, start-ups, categories."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.infra.plan import Plan
from tests.infra.records import Routing
from tests.infra.tuning.model import (
    Sample,
    build_model,
    find_cpu_share,
    find_slowdown,
    find_worker_cpu,
    join_samples,
)
from tests.infra.tuning.scopes import ALL, Scope
from tests.infra.tuning.sharing import Sharing, predict_shared

WAITING = Sharing(cores=2, cpu_share=0.0)
COMPUTING = Sharing(cores=2, cpu_share=1.0)


def make_plan(count: int, cost_s: float) -> Plan:
    return Plan([f"t{number}.py::test" for number in range(count)], [cost_s] * count)


def make_scope(count: int, routing: Routing, widths: Mapping[str, int]) -> Scope:
    return Scope(ALL, [f"t.py::test_{n}" for n in range(count)], [routing] * count, widths)


def make_sample(workers: int, count: int, cost_s: float, *, tests_s: float) -> Sample:
    return Sample(
        workers=workers,
        startup_s=2.0 if workers else 1.0,
        tests_s=tests_s,
        rest_s=0.3 if workers else 0.1,
        cpu_s=1.1,
        startup_cpu_s=0.5,
        durations_s={f"t.py::test_{number}": cost_s for number in range(count)},
        is_warm=True,
    )


@pytest.mark.parametrize(
    ("sharing", "workers", "expected_s"),
    [
        pytest.param(WAITING, 2, 10.0, id="waiting, as many as cores"),
        pytest.param(WAITING, 4, 5.0, id="waiting, more than cores"),
        pytest.param(COMPUTING, 2, 10.0, id="computing, as many as cores"),
        pytest.param(COMPUTING, 4, 10.0, id="computing, more than cores"),
        pytest.param(replace(COMPUTING, cpu_share=0.75), 4, 7.5, id="computing most of the time"),
        pytest.param(replace(COMPUTING, known=2, slowdown=1.5), 1, 20.0, id="one of two siblings"),
        pytest.param(replace(COMPUTING, known=2, slowdown=1.5), 2, 15.0, id="both siblings"),
        pytest.param(replace(COMPUTING, known=2, slowdown=1.5), 4, 15.0, id="more than siblings"),
        pytest.param(replace(WAITING, warmup_s=3.0), 2, 11.5, id="a warm-up for one more"),
    ],
)
def test_workers_share_processors(sharing: Sharing, workers: int, expected_s: float) -> None:
    predicted_s = predict_shared(make_plan(20, 1.0), workers, sharing)

    assert predicted_s == pytest.approx(expected_s, abs=0.6 if sharing.warmup_s else 0.05)


def test_one_process_takes_what_its_tests_take() -> None:
    assert predict_shared(make_plan(20, 1.0), 0, COMPUTING) == 20.0


def test_a_lane_holds_workers_up() -> None:
    plan = replace(
        make_plan(12, 1.0),
        routings=dict.fromkeys(range(12), Routing(lanes=("integration",))),
        widths={"integration": 2},
    )
    wider = replace(plan, widths={"integration": 4})

    assert predict_shared(plan, 4, WAITING) == pytest.approx(6.0, abs=0.05)
    assert predict_shared(wider, 4, WAITING) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize(
    ("cpu_s", "share"),
    [
        pytest.param(0.6, 0.0, id="waits"),
        pytest.param(0.61, 0.0, id="hardly computes"),
        pytest.param(5.6, 0.5, id="half"),
        pytest.param(12.0, 1.0, id="more than its time: threads"),
    ],
)
def test_cpu_share_is_what_start_and_end_leave(cpu_s: float, share: float) -> None:
    sample = replace(make_sample(0, 10, 1.0, tests_s=10.0), cpu_s=cpu_s)

    assert find_cpu_share(sample) == pytest.approx(share)


def test_slowdown_is_that_of_most_of_the_time() -> None:
    alone = {"set up here": 1.0, "a": 2.0, "b": 2.0, "short": 0.001}
    beside = {"set up here": 9.0, "a": 2.8, "b": 3.0, "short": 0.1}

    assert find_slowdown(alone, beside) == pytest.approx(1.5)
    assert find_slowdown(alone, {"a": 1.0, "b": 1.0}) == 1.0


def test_model_gives_back_what_it_was_calibrated_by() -> None:
    scope = make_scope(20, Routing(), {})
    alone = make_sample(0, 20, 1.0, tests_s=20.4)
    beside = make_sample(2, 20, 1.0, tests_s=11.0)

    model = build_model(2, scope, alone, beside)

    assert model.predict(scope, 0) == pytest.approx(1.0 + 20.4 + 0.1)
    assert model.predict(scope, 2) == pytest.approx(2.0 + 11.0 + 0.3)


def test_model_takes_tests_and_start_ups_to_other_numbers() -> None:
    scope = make_scope(20, Routing(), {})
    alone = make_sample(0, 20, 1.0, tests_s=20.0)

    model = build_model(2, scope, alone, make_sample(2, 20, 1.0, tests_s=10.0))

    # Four workers, of 0.5 s of computing each, share two cores: 0.5 s more.
    assert model.predict(scope, 4) == pytest.approx(2.0 + 0.5 + 5.0 + 0.3, abs=0.1)


def test_what_workers_compute_is_what_the_run_computed_more() -> None:
    alone = replace(make_sample(0, 20, 1.0, tests_s=20.0), cpu_s=21.0)
    beside = replace(make_sample(2, 20, 1.2, tests_s=12.0), cpu_s=28.0)

    waiting = find_worker_cpu(alone, beside, WAITING)
    computing = find_worker_cpu(alone, beside, replace(COMPUTING, known=2, slowdown=1.2))

    assert waiting == pytest.approx(3.5)
    assert computing == pytest.approx(1.5)


def test_one_worker_starts_sooner_than_two_that_slow_each_other() -> None:
    scope = make_scope(20, Routing(), {})
    alone = replace(make_sample(0, 20, 1.0, tests_s=20.0), cpu_s=20.0)
    beside = replace(make_sample(2, 20, 1.5, tests_s=15.0), cpu_s=33.0)

    model = build_model(2, scope, alone, beside)

    assert model.worker_cpu_s == pytest.approx(1.6, abs=0.2)
    assert model.predict(scope, 1) == pytest.approx(2.3 - model.worker_cpu_s / 3 + 20.0, abs=0.1)


def test_workers_that_start_cold_are_started_one_after_the_other() -> None:
    scope = make_scope(20, Routing(), {})
    alone = make_sample(0, 20, 1.0, tests_s=20.0)
    warm = make_sample(2, 20, 1.0, tests_s=10.0)

    cold_s = build_model(2, scope, alone, replace(warm, is_warm=False)).predict(scope, 4)

    assert cold_s - build_model(2, scope, alone, warm).predict(scope, 4) == pytest.approx(0.3)


def test_without_workers_only_one_process_is_predicted() -> None:
    scope = make_scope(5, Routing(), {})

    model = build_model(2, scope, make_sample(0, 5, 1.0, tests_s=5.0), None)

    assert model.predict(scope, 0) == pytest.approx(6.1)


def test_samples_are_joined_by_medians_of_the_tests_that_all_have() -> None:
    samples = [make_sample(0, count, 1.0 * count, tests_s=1.0 * count) for count in (3, 4, 8)]

    joined = join_samples(samples)

    assert joined.tests_s == 4.0
    assert joined.durations_s == {f"t.py::test_{number}": 4.0 for number in range(3)}
