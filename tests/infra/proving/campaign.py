"""All passes of a proof, one after the other: within the budget, past crashes, until interrupted.

It decides which pass comes next; how one is run is given to it, so it can be tried without pytest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from ..errors import InfraError, SettingError
from .comparison import Divergence, Kind, base, find_divergences
from .plan import Pass, Wish, build_plan, predict
from .process import Deadline, Ending, Result

PATIENCE: Final = 10.0
"""A pass that takes so many times what it was expected to take, and a minute more, hangs."""

MORE_PATIENCE_S: Final = 60.0

SLACK: Final = 1.2
"""How much longer than predicted a pass may be expected to take when it is fitted in."""

SAME_AGAIN: Final = 6
"""How often the tests that differ are run by themselves, in one order, to see chance at work.

A test that fails every other time goes the same way six times with a probability of 3%.
"""

ROUNDS: Final = 2
"""How often the passes that differ are run again."""

MAX_ALONE: Final = 10
RETRIES: Final = 3


class Runner(Protocol):
    """Runs one pass; the campaign's hands."""

    def __call__(self, item: Pass, *, label: str, deadline: Deadline | None) -> Result:
        """Run it, and return what it did; an interrupt is told by the result's ending."""


class NothingToProveError(InfraError):
    """The suite does not run at all, so there is nothing to compare."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output

    def __str__(self) -> str:
        return (
            "pytest ran no test of this suite in its natural order, so there is nothing to prove; "
            f"this is what it said:\n{self.output.strip()}"
        )


@dataclass(slots=True)
class Campaign:
    """What has been run so far, and what has been left out and why."""

    wish: Wish
    run: Runner
    clock: Callable[[], float]
    processors: int
    results: list[Result] = field(default_factory=list)
    left_out: list[tuple[Pass, str]] = field(default_factory=list)
    began: float = 0.0
    is_interrupted: bool = False

    def conduct(self) -> None:
        """Run all passes that the budget allows, then those that settle what was found.

        :raises NothingToProveError: the first pass ran no test.
        :raises SettingError: the budget ended the first pass.
        """
        self.began = self.clock()
        try:
            self._conduct(build_plan(self.wish))
        except KeyboardInterrupt:
            # Between two passes; within one, the pass is ended and its result says so.
            self.is_interrupted = True
        self.is_interrupted |= any(one.ending is Ending.INTERRUPTED for one in self.results)

    @property
    def first(self) -> Result:
        """The pass that all others are compared with: the first one that came to its end."""
        complete = [result for result in self.results if result.ending is Ending.COMPLETE]
        return (complete or self.results)[0]

    def _conduct(self, plan: Sequence[Pass]) -> None:
        without: tuple[str, ...] = ()
        for number, item in enumerate(plan, start=1):
            label = f"pass {number} of {len(plan)}: {item.name}"
            if not self._run_until_complete(replace(item, without=without), label):
                self.left_out.extend((rest, "interrupted") for rest in plan[number:])
                return
            if number == 1:
                without = self._check_first()
        self._settle()

    def _run_until_complete(self, item: Pass, label: str) -> bool:
        """Run a pass, again without the test that ended it; tell whether to go on."""
        for _ in range(RETRIES + 1):
            reason = self._refuse(item)
            if reason:
                self.left_out.append((item, reason))
                return True
            result = self.run(item, label=label, deadline=self._find_deadline(item))
            self.results.append(result)
            if result.ending is Ending.INTERRUPTED:
                return False
            blamed = _find_blamed(result)
            if not blamed:
                return True
            item = replace(item, without=(*item.without, *blamed))
            label = f"{label.partition(', again')[0]}, again without {', '.join(blamed)}"
        return True

    def _check_first(self) -> tuple[str, ...]:
        """Return the tests that no pass can run, because the first one ended in them."""
        if self.results[-1].ending is Ending.OUT_OF_BUDGET:
            raise SettingError(
                "--budget",
                f"{self.wish.budget_s:g} s",
                "is over before the first pass is",
                "give more time, or fewer tests",
            )
        if not any(result.account.occurrences for result in self.results):
            raise NothingToProveError(self.results[-1].output)
        return self.results[-1].item.without

    def _refuse(self, item: Pass) -> str:
        """Return why a pass is not begun, or an empty string."""
        if self.wish.budget_s is None or not self.results:
            return ""
        left_s = self.wish.budget_s - (self.clock() - self.began)
        needs_s = self._predict(item) * SLACK
        if needs_s <= left_s:
            return ""
        return f"needs about {needs_s:.0f} s, and {max(left_s, 0):.0f} s of the budget are left"

    def _predict(self, item: Pass) -> float:
        """Return what a pass will take, from the first one; of a few tests, what they took."""
        tests_s = self.first.tests_s
        start_s = max(self.first.duration_s - tests_s, 0.0)
        if item.only:
            chosen = [
                run.duration_s for run in self.first.account.occurrences if run.nodeid in item.only
            ]
            tests_s = sum(chosen)
        return predict(item, wall_s=start_s + tests_s, tests_s=tests_s, processors=self.processors)

    def _find_deadline(self, item: Pass) -> Deadline | None:
        limits = []
        if self.results:
            after_s = PATIENCE * self._predict(item) + MORE_PATIENCE_S
            limits.append(Deadline(after_s, Ending.HUNG))
        if self.wish.budget_s is not None:
            left_s = self.wish.budget_s - (self.clock() - self.began)
            limits.append(Deadline(max(left_s, 1.0), Ending.OUT_OF_BUDGET))
        return min(limits, key=lambda deadline: deadline.after_s, default=None)

    def _settle(self) -> None:
        """Run again what differs: by itself in one order, alone twice, and where it differed."""
        for item, label in self._find_settling():
            if not self._run_until_complete(item, f"settling: {label}"):
                return
        for _ in range(ROUNDS):
            for item in find_open_passes(find_divergences(self.results), self.first.item):
                if not self._run_until_complete(item, f"settling: {item.name}, again"):
                    return

    def _find_settling(self) -> Iterator[tuple[Pass, str]]:
        found = [
            one
            for one in find_divergences(self.results)
            if one.kind not in (Kind.RANDOM, Kind.TESTS, Kind.END)
        ]
        natural = self.first.item.base
        if found:
            nodeids = tuple(one.nodeid for one in found)
            for number in range(1, SAME_AGAIN + 1):
                label = f"what differs, by itself, {number} of {SAME_AGAIN}"
                yield replace(natural, only=nodeids), label
        for one in [one for one in found if one.kind is Kind.SECOND_RUN][:MAX_ALONE]:
            item = replace(natural, order="twice", only=(one.nodeid,))
            yield item, f"{one.nodeid} alone, twice"


def find_open_passes(divergences: Sequence[Divergence], natural: Pass) -> list[Pass]:
    """Return the passes that must be seen once more before chance is ruled out."""
    found: dict[Pass, None] = {}
    for one in divergences:
        if one.is_settled or one.witness is None or one.kind is Kind.TESTS:
            continue
        found[one.witness.item] = None
        if one.kind is Kind.HASH_SEED:
            found[natural] = None
    return [item for item in found if not item.only]


def _find_blamed(result: Result) -> tuple[str, ...]:
    """Return the tests that kept a pass from running the others."""
    if result.ending in (Ending.DIED, Ending.HUNG) and result.item.is_serial:
        return tuple(result.account.open)
    orders = [list(nodeids) for nodeids in result.account.collected.values()]
    if result.item.is_serial or result.account.occurrences or len(orders) < len(("gw0", "gw1")):
        return ()
    odd = [one for other in orders[1:] for one in _find_odd_tests(orders[0], other)]
    return tuple(dict.fromkeys(odd))


def _find_odd_tests(one: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    yield from (base(nodeid) for nodeid in {*one} ^ {*other})
    if set(one) == set(other):
        yield from (base(a) for a, b in zip(one, other, strict=False) if a != b)
