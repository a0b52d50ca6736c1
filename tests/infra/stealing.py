"""Which tests an idle worker takes from a busy one; pure.  When it does is left to `dispatch`."""

from collections.abc import Callable, Sequence

from .desks import Desk, Desks


def choose_loot(
    thief: Desk,
    desks: Desks,
    costs_s: Sequence[float],
    *,
    is_movable: Callable[[int], bool],
    least_s: float,
) -> tuple[Desk, list[int]] | None:
    """Choose the worker with the most that can be taken, and the last half of that.

    Less than `least_s` of expected time is not worth the asking.  A worker has begun its first
    test, and has its second one in its hands (`run_one_test` of xdist's worker side).
    """
    able = {
        victim: [
            index
            for index in victim.get_all()[2:]
            if is_movable(index)
            and desks.tokens.can_take(thief.worker, desks.plan.get_lanes(index))
        ]
        for victim in desks
        if victim is not thief
    }
    totals = {victim: sum(costs_s[index] for index in able[victim]) for victim in able}
    victim = max(totals, key=totals.__getitem__, default=None)
    if victim is None or totals[victim] <= least_s:
        return None
    return victim, _take_half(victim, able[victim], costs_s)


def _take_half(victim: Desk, able: Sequence[int], costs_s: Sequence[float]) -> list[int]:
    """Return the last ones that take no more than half of all that the worker has; one at least."""
    loot: list[int] = []
    loot_s = 0.0
    for index in reversed(able):
        if loot and loot_s + costs_s[index] > victim.load_s / 2:
            break
        loot.append(index)
        loot_s += costs_s[index]
    return loot[::-1]
