import math

import pytest
from app import ledger

BRANCHES = [range(first, first + 3000) for first in range(0, 18_000, 3000)]


def test_sum_of_all_branches():
    expected = sum(ledger.branch_sum(branch) for branch in BRANCHES)
    assert ledger.total(BRANCHES) == expected


def test_sum_is_close():
    assert ledger.total(BRANCHES) == pytest.approx(ledger.total_exactly(BRANCHES), rel=1e-6)


def test_no_branches():
    assert ledger.total([]) == 0


def test_one_branch():
    assert ledger.total([[1.0]]) == math.sin(1.0) * 1e6


def test_exact_sum_does_not_depend_on_order():
    assert ledger.total_exactly(BRANCHES) == ledger.total_exactly(BRANCHES[::-1])


def test_branch_sum():
    assert ledger.branch_sum([0, 0]) == 0
