"""From recorded lists to the tests that are collected now, and to what each of them waits for."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..schedules import Step

Fitted = tuple[int, Step]
"""A test's position in the collection, and what it was in the recorded run."""

LONGEST_GAP_S = 2.0
"""A gap between an event and the test that followed it is kept up to this length."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What has to have happened before a test may begin."""

    begun: tuple[int, ...]
    """How many tests of each slot."""
    ended: tuple[int, ...]
    slot: int = -1
    """Of the other worker whose event came last before the test; -1 where the own one's did."""
    gap_s: float = 0.0
    """How long after that event the test began."""


def fit(
    lists: Mapping[int, Sequence[Step]], nodeids: Sequence[str]
) -> tuple[dict[int, list[Fitted]], list[str]]:
    """Find the recorded tests in a collection; return those that are not there, too."""
    seen: Counter[str] = Counter()
    places: dict[tuple[str, int], int] = {}
    for index, nodeid in enumerate(nodeids):
        places[nodeid, seen[nodeid]] = index
        seen[nodeid] += 1
    fitted = {
        slot: [(places[key], step) for step in steps if (key := (step.nodeid, step.nth)) in places]
        for slot, steps in lists.items()
    }
    missing = [
        step.nodeid
        for steps in lists.values()
        for step in steps
        if (step.nodeid, step.nth) not in places
    ]
    return fitted, list(dict.fromkeys(missing))


def find_waits(lists: Mapping[int, Sequence[Fitted]], slot: int) -> list[Wait]:
    """Find what each test of a slot waits for: all that had begun or ended before it began."""
    begins = [[step.start_s for _, step in lists[one]] for one in sorted(lists)]
    ends = [[step.stop_s for _, step in lists[one]] for one in sorted(lists)]
    waits = []
    for number, start_s in enumerate(begins[slot]):
        begun = [bisect_left(times, start_s) for times in begins]
        ended = [bisect_right(times, start_s) for times in ends]
        begun[slot] = ended[slot] = 0
        last_s, other = _find_last_event(begins, ends, begun, ended)
        if number and ends[slot][number - 1] >= last_s:
            other = -1
        gap_s = min(start_s - last_s, LONGEST_GAP_S) if other >= 0 else 0.0
        waits.append(Wait(tuple(begun), tuple(ended), other, gap_s))
    return waits


def _find_last_event(
    begins: Sequence[Sequence[float]],
    ends: Sequence[Sequence[float]],
    begun: Sequence[int],
    ended: Sequence[int],
) -> tuple[float, int]:
    """Return when the last of these events happened, and on which slot; -1 where there is none."""
    events = [
        (times[count - 1], slot)
        for column, counts in ((begins, begun), (ends, ended))
        for slot, (times, count) in enumerate(zip(column, counts, strict=True))
        if count
    ]
    return max(events, default=(0.0, -1))
