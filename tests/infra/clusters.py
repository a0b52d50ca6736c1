"""Which tests fail together, and by which rule that is known; pure.

Two tests are in one cluster if

- they failed at the same line with the same exception, which then lies in what both use.  What
  names no line, such as a crash, doesn't count.
- or their failures fell together more often than by accident: in the same passes, where a session,
  module or class is repeated as a whole in one process; else at overlapping times on two workers.
  The attempts of one test that met a failure of the other are the marked ones, its failures are
  the drawn ones, and the hypergeometric law tells the chance of so many hits; of the two
  directions the greater chance counts, and of all pairs those that Benjamini and Hochberg's rule
  accepts.

A fingerprint joins also tests that fail always; falling together needs passes, too.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from .failures import is_placed
from .flakes import Cluster, RepeatedTest, Verdict
from .sampling import compute_overlap_chance, find_threshold

MOST_PAIRED: Final = 100
"""So many flaky tests are compared in pairs; among more, only fingerprints are looked at."""


def find_clusters(tests: Sequence[RepeatedTest]) -> list[Cluster]:
    """Find the clusters of two tests and more, in the order of their first tests."""
    reasons: dict[tuple[int, int], str] = {}
    for fingerprint, numbers in _group_by_fingerprint(tests).items():
        for number in numbers[1:]:
            reasons.setdefault((numbers[0], number), fingerprint)
    for pair in find_coincidences(tests):
        reasons.setdefault(pair, "at the same times")
    leaders = _join(len(tests), reasons)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number, leader in enumerate(leaders):
        members[leader].append(number)
    return [
        Cluster(
            tuple(tests[number].nodeid for number in some),
            "; ".join(dict.fromkeys(reasons[pair] for pair in sorted(reasons) if pair[0] in some)),
        )
        for some in members.values()
        if len(some) > 1
    ]


def find_coincidences(tests: Sequence[RepeatedTest]) -> list[tuple[int, int]]:
    """Find the pairs of flaky tests whose failures fell together beyond chance."""
    flaky = [
        number
        for number, test in enumerate(tests)
        if test.verdict is Verdict.FLAKY and test.failures
    ]
    if len(flaky) > MOST_PAIRED:
        return []
    chances = {
        (one, other): max(
            compute_chance(tests[one], tests[other]), compute_chance(tests[other], tests[one])
        )
        for one, other in combinations(flaky, 2)
    }
    threshold = find_threshold(list(chances.values()))
    return [pair for pair, chance in chances.items() if chance <= threshold]


def compute_chance(one: RepeatedTest, other: RepeatedTest) -> float:
    """Compute how likely so many failures of `one` meet failures of `other` by accident."""
    met = [any(own.meets(failure) for failure in other.failures) for own in one.attempts]
    hits = sum(is_met for own, is_met in zip(one.attempts, met, strict=True) if own.is_failure)
    return compute_overlap_chance(len(met), sum(met), len(one.failures), hits)


def _group_by_fingerprint(tests: Sequence[RepeatedTest]) -> dict[str, list[int]]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, test in enumerate(tests):
        for fingerprint in dict.fromkeys(failure.fingerprint for failure in test.failures):
            if is_placed(fingerprint):
                groups[fingerprint].append(number)
    return groups


def _join(count: int, pairs: "dict[tuple[int, int], str]") -> list[int]:
    """Return each one's leader: the first one that pairs lead to."""
    leaders = list(range(count))

    def find(number: int) -> int:
        while leaders[number] != number:
            number = leaders[number]
        return number

    for one, other in pairs:
        first, second = sorted((find(one), find(other)))
        leaders[second] = first
    return [find(number) for number in range(count)]
