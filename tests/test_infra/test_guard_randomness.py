"""The shared random generator while the guard is on: it counts seeds, and is as it always was."""

import copy
import pickle
import random
from collections.abc import Callable, Iterator

import pytest

from tests.infra.guard.randomness import LONGEST, NEXT, SHARED, RandomState, Tripwire

seeding = pytest.mark.leaks("random", reason="it sets the shared generator itself")


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> Iterator[RandomState]:
    """Yield the resource over a generator of which no other guard knows."""
    monkeypatch.setattr(SHARED, "__class__", random.Random)
    resource = RandomState()
    yield resource
    resource.close()
    assert type(SHARED) is random.Random


@pytest.fixture
def looks(generator: RandomState, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect the states that the resource reads."""
    found: list[object] = []
    read = random.getstate

    def note() -> tuple[object, ...]:
        found.append(read())
        return read()

    generator.read()
    monkeypatch.setattr(random, "getstate", note)
    return found


def test_private_names_of_random_are_still_there() -> None:
    """Where they are not, the state is read after every test, which costs 20 µs more."""
    assert type(SHARED) in (random.Random, Tripwire)
    assert hasattr(SHARED, NEXT)


@seeding
@pytest.mark.parametrize(
    "act",
    [lambda: random.seed(3), lambda: random.setstate(random.Random(4).getstate())],
    ids=["seed", "setstate"],
)
def test_seed_is_counted(generator: RandomState, act: Callable[[], object]) -> None:
    before = generator.read()

    act()

    assert generator.read() != before


def test_drawing_costs_no_look(generator: RandomState, looks: list[object]) -> None:
    before = generator.read()

    for draw in (random.random, random.getrandbits, random.shuffle, random.choice):
        draw(*{"getrandbits": [9], "random": []}.get(draw.__name__, [[1, 2, 3]]))

    assert generator.read() == before
    assert not looks


def test_gauss_is_drawing(generator: RandomState, looks: list[object]) -> None:
    before = generator.read()

    random.gauss(0, 1)

    assert generator.read() == before
    assert len(looks) == 1


def test_what_was_drawn_over_many_tests_is_no_seed(
    generator: RandomState, looks: list[object]
) -> None:
    before = generator.read()

    for _ in range(4 * LONGEST):
        random.randbytes(20_000)
        generator.read()
    random.setstate(random.getstate())

    assert generator.read() == before
    assert len(looks) <= 4 + 2


@seeding
def test_numbers_are_those_of_an_ordinary_generator(generator: RandomState) -> None:
    del generator
    random.seed(7)
    other = random.Random(7)

    assert [random.gauss(0, 1) for _ in range(5)] == [other.gauss(0, 1) for _ in range(5)]
    assert random.sample(range(99), 9) == other.sample(range(99), 9)


@pytest.mark.parametrize("duplicate", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copy_is_an_ordinary_generator(
    generator: RandomState, duplicate: Callable[[random.Random], random.Random]
) -> None:
    del generator
    twin = duplicate(SHARED)

    assert type(SHARED) is Tripwire
    assert type(twin) is random.Random
    assert twin.random() == random.random()


@seeding
def test_guard_within_a_guard_leaves_the_class(generator: RandomState) -> None:
    inner = RandomState()
    random.seed(1)
    assert inner.read() != 0

    inner.close()

    assert type(SHARED) is Tripwire
    assert generator.read() != 0
