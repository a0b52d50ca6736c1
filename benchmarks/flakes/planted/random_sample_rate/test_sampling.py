import pytest
from app.sampling import Sampler, sample


def test_one_in_ten_is_sampled():
    assert 16 <= len(sample(range(200), Sampler(0.1))) <= 24


def test_nothing_is_sampled():
    assert sample(range(100), Sampler(0)) == []


def test_everything_is_sampled():
    assert sample("abc", Sampler(1)) == ["a", "b", "c"]


def test_order_is_kept():
    found = sample(range(100), Sampler(0.5))
    assert found == sorted(found)


@pytest.mark.parametrize("seed", range(3))
def test_seeded_sample(seed):
    assert sample(range(50), Sampler(0.3, seed)) == sample(range(50), Sampler(0.3, seed))
