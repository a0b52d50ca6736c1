import random
from itertools import product

import pytest

from tests.infra.proving import pairs
from tests.infra.proving.pairs import PairCount, count_pairs


def count_by_hand(nodeids: list[str], sequences: list[list[str]]) -> int:
    return sum(
        any(
            one in sequence[:position]
            for sequence in sequences
            for position, name in enumerate(sequence)
            if name == other
        )
        for one, other in product(nodeids, nodeids)
    )


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_those_that_brute_force_finds(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(pairs, "COLUMNS", rng.choice([1, 3, 100]))
    nodeids = [f"t{number}" for number in range(rng.randint(1, 7))]
    sequences = [rng.choices([*nodeids, "gone"], k=rng.randint(0, 12)) for _ in range(3)]

    found = count_pairs(nodeids, sequences)

    assert found == PairCount(count_by_hand(nodeids, sequences), len(nodeids) ** 2)


def test_twice_in_one_process_covers_every_pair() -> None:
    nodeids = [f"t{number}" for number in range(300)]

    assert count_pairs(nodeids, [nodeids * 2]).is_all
    assert not count_pairs(nodeids, [nodeids, nodeids[::-1]]).is_all
    assert count_pairs(nodeids, [nodeids, nodeids[::-1]]).covered == 300 * 299


def test_nothing_is_covered_where_nothing_ran() -> None:
    assert not count_pairs([], []).is_all
