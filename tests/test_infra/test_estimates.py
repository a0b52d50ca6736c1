"""Estimates of tests from their own past and from their neighbours'."""

import pytest

from tests.infra.estimates import Source, build_estimates, compute_median, strip_repeat

COSTS = {
    "a.py::test_one": 1.0,
    "a.py::test_par[x]": 2.0,
    "a.py::test_par[y]": 6.0,
    "b.py::test_two": 11.0,
}


@pytest.mark.parametrize(
    ("nodeid", "cost_s", "source"),
    [
        pytest.param("a.py::test_one", 1.0, Source.MEASURED, id="measured"),
        pytest.param("a.py::test_one[3-10]", 1.0, Source.FUNCTION, id="repeat of a test"),
        pytest.param("a.py::test_par[y-3-10]", 6.0, Source.FUNCTION, id="repeat of parameters"),
        pytest.param("a.py::test_par[z]", 4.0, Source.FUNCTION, id="other parameters"),
        pytest.param("a.py::test_new", 3.0, Source.FILE, id="same file"),
        pytest.param("c.py::test_new", 5.0, Source.SUITE, id="other file"),
    ],
)
def test_estimate_comes_from_nearest_past(nodeid: str, cost_s: float, source: Source) -> None:
    (estimate,) = build_estimates([nodeid], COSTS)

    assert (estimate.cost_s, estimate.source) == (cost_s, source)


def test_estimate_without_any_past_is_small() -> None:
    (estimate,) = build_estimates(["a.py::test_one"], {})

    assert (estimate.cost_s, estimate.source) == (0.01, Source.NONE)


def test_estimates_keep_order_and_repeats() -> None:
    estimates = build_estimates(["b.py::test_two", "a.py::test_one", "b.py::test_two"], COSTS)

    assert [estimate.cost_s for estimate in estimates] == [11.0, 1.0, 11.0]


@pytest.mark.parametrize(
    ("nodeid", "stripped"),
    [
        ("a.py::test[2-3]", "a.py::test"),
        ("a.py::test[x-2-3]", "a.py::test[x]"),
        ("a.py::test[1-2-3]", "a.py::test[1]"),
        ("a.py::test[4-3]", "a.py::test[4-3]"),
        ("a.py::test[2-4]", "a.py::test[2-4]"),
        ("a[2-3].py::test", "a[2-3].py::test"),
    ],
)
def test_repeat_is_stripped_where_it_is_one(nodeid: str, stripped: str) -> None:
    assert strip_repeat(nodeid, 3) == stripped


def test_median_of_even_number_lies_between() -> None:
    assert compute_median([4.0, 1.0, 2.0, 100.0]) == 3.0
