from dataclasses import replace

import pytest

from tests.infra.clusters import compute_chance, find_clusters, find_coincidences
from tests.infra.flakes import Attempt, RepeatedTest


def make_test(name: str, failing: set[int], *, worker: str = "", shown: str = "") -> RepeatedTest:
    """Make a test of ten attempts; without a worker, those of one number are of one pass."""
    return RepeatedTest(
        name,
        tuple(
            Attempt(
                nodeid=f"{name}[{step}]",
                step=step,
                outcome="failed" if step in failing else "passed",
                worker_id=worker or "master",
                start=float(step),
                stop=step + 0.9,
                group="" if worker else f"#{step}",
                fingerprint=shown if step in failing else "",
            )
            for step in range(10)
        ),
    )


def test_tests_that_fail_at_one_line_are_one_cluster() -> None:
    tests = [
        make_test("a", {1}, shown="KeyError lab.py:3"),
        make_test("b", {5}, shown="KeyError t.py:9"),
        make_test("c", {7}, shown="KeyError lab.py:3"),
    ]

    [cluster] = find_clusters(tests)

    assert (cluster.nodeids, cluster.reason) == (("a", "c"), "KeyError lab.py:3")


@pytest.mark.parametrize("shown", ["crashed", "teardown", "AssertionError (case.py:882)"])
def test_what_names_no_line_of_the_project_joins_nothing(shown: str) -> None:
    tests = [make_test("a", {1}, shown=shown), make_test("b", {5}, shown=shown)]

    assert not find_clusters(tests)


def test_tests_that_fail_in_the_same_passes_are_one_cluster() -> None:
    tests = [make_test("a", {1, 4, 8}), make_test("b", {2, 3, 5}), make_test("c", {1, 4, 8})]

    [cluster] = find_clusters(tests)

    assert (cluster.nodeids, cluster.reason) == (("a", "c"), "at the same times")


@pytest.mark.parametrize("failing", [{1, 2, 3}, {1, 4, 9}])
def test_few_common_failures_may_be_an_accident(failing: set[int]) -> None:
    assert not find_coincidences([make_test("a", {1, 4, 8}), make_test("b", failing)])


def test_chance_of_three_common_failures_in_ten_is_one_in_120() -> None:
    one, other = make_test("a", {1, 4, 8}), make_test("b", {1, 4, 8})

    assert compute_chance(one, other) == pytest.approx(1 / 120)


def test_workers_fail_together_at_the_same_time() -> None:
    tests = [make_test("a", {1, 4, 8}, worker="gw0"), make_test("b", {1, 4, 8}, worker="gw1")]

    assert find_coincidences(tests) == [(0, 1)]


def test_one_worker_never_runs_two_tests_at_the_same_time() -> None:
    tests = [make_test(name, {1, 4, 8}, worker="gw0") for name in "ab"]

    assert not find_coincidences(tests)


def test_test_that_always_fails_coincides_with_nothing() -> None:
    tests = [make_test("a", set(range(10))), make_test("b", {1, 2})]

    assert not find_coincidences(tests)


def test_clusters_that_share_a_test_are_one() -> None:
    middle = make_test("b", {1, 4, 8}, shown="KeyError lab.py:3")
    tests = [make_test("a", {5}, shown="KeyError lab.py:3"), middle, make_test("c", {1, 4, 8})]

    [cluster] = find_clusters([replace(test) for test in tests])

    assert cluster.nodeids == ("a", "b", "c")
    assert cluster.reason == "KeyError lab.py:3; at the same times"
