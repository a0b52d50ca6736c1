import time

import pytest
from app import search

PLACES = (5, 1, 9, 3, 7, 2)


def test_search_is_quick():
    start = time.perf_counter()
    search.search(PLACES, budget_s=0.05)
    took = time.perf_counter() - start
    assert took < 0.13, f"took {took:.3f} s"


def test_search_never_gets_worse():
    assert search.length(search.search(PLACES, 0.01)) <= search.length(PLACES)


def test_no_budget_no_change():
    assert len(search.search(PLACES, 0)) == 6


def test_tours_begin_at_the_first_place():
    assert {tour[0] for tour in search.tours((4, 5, 6))} == {4}


@pytest.mark.parametrize(("tour", "expected"), [((1, 2), 2), ((1, 2, 4), 6)])
def test_length(tour, expected):
    assert search.length(tour) == expected


def test_budget_is_used():
    start = time.thread_time()
    search.search(PLACES, 0.02)
    assert time.thread_time() - start >= 0.02
