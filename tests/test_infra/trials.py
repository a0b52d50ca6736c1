"""Passes of proofs that never took place, as the tests of what compares them need them."""

from collections.abc import Mapping, Sequence

from tests.infra.proving.journal import Account, Occurrence
from tests.infra.proving.plan import Pass
from tests.infra.proving.process import Ending, Result

NATURAL = Pass()
TWICE = Pass("twice")
REVERSE = Pass("reverse")
OTHER_SEED = Pass(hash_seed="1")
PARALLEL = Pass(workers=2)


def make_result(
    item: Pass,
    outcomes: Mapping[str, str | Sequence[str]],
    *,
    ending: Ending = Ending.COMPLETE,
    still_open: Sequence[str] = (),
    collected: Mapping[str, Sequence[str]] | None = None,
) -> Result:
    """Make a pass: each test's outcome, or outcomes one after the other where it ran twice."""
    runs = {one: (found,) if isinstance(found, str) else found for one, found in outcomes.items()}
    occurrences = [
        Occurrence(nodeid, number + 1, found[number], 0.1, fingerprint="E t.py:1")
        for number in range(max(map(len, runs.values()), default=0))
        for nodeid, found in runs.items()
        if number < len(found)
    ]
    nodeids = [*outcomes, *(nodeid for nodeid in still_open if nodeid not in outcomes)]
    told = {"master": nodeids} if collected is None else collected
    exit_code = None if ending in (Ending.DIED, Ending.HUNG) else 0
    account = Account(told, tuple(occurrences), still_open, exit_code=exit_code)
    return Result(item, account, ending, 1.0, "the last line\n")
