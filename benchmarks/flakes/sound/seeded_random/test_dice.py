import random

import pytest
from app.dice import Dice, token


@pytest.fixture
def kept_generator():
    state = random.getstate()
    yield
    random.setstate(state)


def test_same_seed_same_rolls():
    assert Dice(7).roll(20) == Dice(7).roll(20)


def test_rolls_are_in_range():
    assert set(Dice().roll(200)) <= {1, 2, 3, 4, 5, 6}


def test_number_of_rolls():
    assert len(Dice().roll(5)) == 5


def test_shuffled_keeps_all():
    assert sorted(Dice().shuffled(range(10))) == list(range(10))


def test_shuffled_by_seed():
    assert Dice(3).shuffled("abcdef") == Dice(3).shuffled("abcdef")


def test_argument_is_not_shuffled():
    items = [1, 2, 3]
    Dice().shuffled(items)
    assert items == [1, 2, 3]


def test_tokens_have_a_length():
    assert len(token()) == 32


def test_tokens_differ():
    assert len({token() for _ in range(50)}) == 50


@pytest.mark.usefixtures("kept_generator")
def test_seeded_module():
    random.seed(5)
    first = random.random()
    random.seed(5)
    assert random.random() == first


def test_mean_of_many_is_near():
    values = [random.Random(11).uniform(0, 1) for _ in range(100)]
    assert 0 <= sum(values) / len(values) <= 1
