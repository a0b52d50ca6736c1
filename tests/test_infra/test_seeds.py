import random
import sys

import pytest

from tests.infra.guard.randomness import RandomState
from tests.infra.guard.resource import compare
from tests.infra.seeds import HashSeeds, derive_seed, draw_run_seed, read_hash_seed, seed_process


def test_seed_is_the_same_for_the_same_label_only() -> None:
    assert derive_seed(1, "gw0") == derive_seed(1, "gw0")
    assert len({derive_seed(run, label) for run in (1, 2) for label in ("gw0", "gw1")}) == 4
    assert 0 <= derive_seed(1, "gw0") < 2**32


def test_run_seeds_differ() -> None:
    assert draw_run_seed() != draw_run_seed()


def test_seeded_process_draws_the_same_again_until_it_is_undone() -> None:
    state = random.getstate()

    undo = seed_process(7)
    first = random.random()
    undo_again = seed_process(7)

    assert random.random() == first
    undo_again()
    undo()
    assert random.getstate() == state


def test_each_worker_gets_a_seed_of_its_own_and_the_user_nothing() -> None:
    environ: dict[str, str] = {"PYTHONHASHSEED": "random"}
    seeds = HashSeeds(environ, 5, {})

    seeds.open()
    first = environ["PYTHONHASHSEED"]
    seeds.advance()

    assert first.isdigit()
    assert environ["PYTHONHASHSEED"] != first
    seeds.close()
    assert environ == {"PYTHONHASHSEED": "random"}


def test_seed_that_the_user_chose_stays() -> None:
    environ = {"PYTHONHASHSEED": "3"}
    seeds = HashSeeds(environ, 5, {})

    seeds.open()
    seeds.advance()
    assert environ == {"PYTHONHASHSEED": "3"}

    environ["PYTHONHASHSEED"] = "4"
    seeds.close()
    assert environ == {"PYTHONHASHSEED": "4"}


def test_recorded_seeds_come_again_whatever_the_user_chose() -> None:
    environ = {"PYTHONHASHSEED": "3"}
    seeds = HashSeeds(environ, 5, {"gw0": "10", "gw1": "11"})
    found = []

    seeds.open()
    for _ in range(2):
        found.append(environ["PYTHONHASHSEED"])
        seeds.advance()
    seeds.close()

    assert found == ["10", "11"]
    assert environ == {"PYTHONHASHSEED": "3"}


@pytest.mark.skipif(not sys.flags.hash_randomization, reason="this process has hash seed 0")
def test_hash_seed_is_known_only_where_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    assert read_hash_seed() == ""

    monkeypatch.setenv("PYTHONHASHSEED", "12")
    assert read_hash_seed() == "12"


def test_generator_that_the_guard_puts_back_goes_on_alike() -> None:
    state = random.getstate()
    draws = []

    for _ in range(2):
        random.seed(1)
        guard = RandomState()
        before = guard.read()
        random.seed(99)
        (change,) = compare({"random": before}, {"random": guard.read()})
        guard.restore(change)
        draws.append(random.random())

    assert draws[0] == draws[1]
    random.setstate(state)
