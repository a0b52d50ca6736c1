"""The record of a proof: passes, what differs, what was covered and what was not; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from ..leaks import Leak
from ..sampling import bound_without_failure
from .campaign import Campaign
from .comparison import (
    Divergence,
    Kind,
    collect_samples,
    count_alike_failures,
    find_divergences,
    group_by_outcome,
)
from .pairs import PairCount, count_pairs, count_runs
from .plan import Pass, Wish, find_guard_arguments, render_command
from .process import Ending, Result

NEVER_COVERED: Final = (
    "state outside these processes (databases, services, files that stay)",
    "a loaded machine, another clock, another machine",
    "three or more tests that only together disturb another, in orders that did not run",
)

USAGE_ERROR: Final = 4
"""Pytest's exit code for arguments that it can't use."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the passes show, and what they don't."""

    wish: Wish
    blocked: Sequence[str]
    results: Sequence[Result]
    divergences: Sequence[Divergence]
    nodeids: Sequence[str]
    pairs: PairCount
    fewest_runs: int
    """How often the test ran that ran least often, over all passes."""
    unrun: Sequence[str]
    """Tests that ran in no pass: skipped, or no pass came to them."""
    failing: int
    """How many tests fail in every pass."""
    failing_otherwise: int
    """How many of those fail in more than one way."""
    leaks: Sequence[Leak]
    coverage: Sequence[str] | None
    """Files whose covered lines differ between one process and several; None: not measured."""
    not_covered: Sequence[str]
    notes: Sequence[str]
    is_interrupted: bool

    @property
    def tests(self) -> int:
        """How many tests there are."""
        return len(self.nodeids)

    @property
    def broken(self) -> Sequence[Result]:
        """Passes that did not come to their end by themselves, without a person's wish."""
        return [result for result in self.results if is_broken(result)]

    @property
    def compared(self) -> int:
        """How many passes ran all of their tests."""
        return sum(result.ending is Ending.COMPLETE for result in self.results)

    @property
    def bound(self) -> float:
        """What failure probability the runs leave possible for a single test, at 95%."""
        return bound_without_failure(self.fewest_runs)

    def render_command(self, divergence: Divergence) -> str:
        """Render the command that shows a divergence again."""
        shown = divergence.shown
        if shown is None:
            return ""
        item = shown.item
        if divergence.kind is Kind.TESTS and item.is_serial:
            # Two processes that each have a hash seed of their own: xdist refuses to run them.
            item = Pass(workers=2, hash_seed="random")
        return render_command(item, self.wish, blocked=self.blocked)

    def to_data(self) -> Mapping[str, object]:
        """Return all of it as JSON can hold it."""
        return {
            "seed": self.wish.seed,
            "interrupted": self.is_interrupted,
            "tests": self.tests,
            "nodeids": list(self.nodeids),
            "unrun": list(self.unrun),
            "passes": [self._describe_pass(result) for result in self.results],
            "pairs": {
                "covered": self.pairs.covered,
                "possible": self.pairs.possible,
                "all": self.pairs.is_all,
            },
            "fewest_runs": self.fewest_runs,
            "failure_bound_95": round(self.bound, 4),
            "failing_everywhere": self.failing,
            "failing_not_alike": self.failing_otherwise,
            "divergences": [self._describe(divergence) for divergence in self.divergences],
            "leaks": [asdict(leak) for leak in self.leaks],
            "coverage": None if self.coverage is None else list(self.coverage),
            "not_covered": list(self.not_covered),
            "notes": list(self.notes),
        }

    def _describe_pass(self, result: Result) -> Mapping[str, object]:
        return {
            "name": result.item.name,
            "order": result.item.order,
            "workers": result.item.workers,
            "hash_seed": result.item.hash_seed,
            "only": list(result.item.only),
            "without": list(result.item.without),
            "ending": result.ending.value,
            "open": list(result.account.open),
            "tests": len(result.account.occurrences),
            "duration_s": round(result.duration_s, 3),
            "leaks": len(result.leaks),
            "command": render_command(result.item, self.wish, blocked=self.blocked),
        }

    def _describe(self, divergence: Divergence) -> Mapping[str, object]:
        shown = divergence.shown
        return {
            "nodeid": divergence.nodeid,
            "kind": divergence.kind.value,
            "settled": divergence.is_settled,
            "note": divergence.note,
            "outcomes": group_by_outcome(divergence.samples),
            "fingerprint": shown.fingerprint if shown else "",
            "failure": shown.text if shown else "",
            "command": self.render_command(divergence),
        }


def build_proof(
    campaign: Campaign, *, blocked: Sequence[str], coverage: Sequence[str] | None
) -> Proof:
    """Build the record of what a campaign has run."""
    results = campaign.results
    nodeids = list(dict.fromkeys(results[0].account.nodeids)) if results else []
    sequences = list(find_sequences(results))
    runs = count_runs(sequences)
    ran = [nodeid for nodeid in nodeids if nodeid in runs]
    failing, otherwise = count_alike_failures(results)
    return Proof(
        wish=campaign.wish,
        blocked=blocked,
        results=results,
        divergences=find_divergences(results),
        nodeids=nodeids,
        pairs=count_pairs(ran, sequences),
        fewest_runs=min((runs[nodeid] for nodeid in ran), default=0),
        unrun=[nodeid for nodeid in nodeids if nodeid not in runs],
        failing=failing,
        failing_otherwise=otherwise,
        leaks=find_leaks(results),
        coverage=coverage,
        not_covered=list(find_uncovered(campaign)),
        notes=list(find_notes(results, blocked)),
        is_interrupted=campaign.is_interrupted,
    )


def find_sequences(results: Sequence[Result]) -> Iterator[Sequence[str]]:
    """Yield, for each process of each pass, the tests that it ran, in order."""
    for result in results:
        workers: dict[str, list[str]] = {}
        for occurrence in result.account.occurrences:
            if occurrence.has_run:
                workers.setdefault(occurrence.worker_id, []).append(occurrence.nodeid)
        yield from workers.values()


def find_leaks(results: Sequence[Result]) -> Sequence[Leak]:
    """Return what the guard saw in any pass, each leak of a test once."""
    found = {
        (leak.nodeid, leak.resource, leak.path): leak
        for result in reversed(results)
        for leak in result.leaks
    }
    return list(reversed(found.values()))


def find_uncovered(campaign: Campaign) -> Iterator[str]:
    """Yield, in words, what the passes say nothing about."""
    results = campaign.results
    for item, reason in campaign.left_out:
        yield f"{item.name}: {reason}"
    for result in results:
        if result.ending is not Ending.COMPLETE:
            yield f"{result.item.name}: {result.ending.value}{_explain(result)}"
    samples = collect_samples(results)
    for outcome in ("skipped", "xfailed"):
        count = sum({one.outcome for one in runs} == {outcome} for runs in samples.values())
        if count:
            yield f"tests that are {outcome} in every pass: {count}"
    single = {nodeid: why for one in results for nodeid, why in one.account.single.items()}
    for nodeid, why in single.items():
        yield f"{nodeid} after itself: it can't be run twice ({why})"
    seeds = dict.fromkeys(result.item.hash_seed for result in results)
    yield f"other hash seeds than {' and '.join(seeds)}"
    if not find_guard_arguments():
        yield "leaks that disturbed no test: the guard was not on"
    yield from NEVER_COVERED


def find_notes(results: Sequence[Result], blocked: Sequence[str]) -> Iterator[str]:
    """Yield what the passes did otherwise than the user's configuration says."""
    for name in blocked:
        yield f"the plugin {name} was switched off: the order was the proof's own"
    yield from dict.fromkeys(note for result in results for note in result.account.notes)


def is_broken(result: Result) -> bool:
    """Tell whether a pass broke off; one that pytest refused to begin has shown nothing."""
    if result.ending is Ending.CUT:
        return result.account.exit_code != USAGE_ERROR
    if result.ending is Ending.DIED:
        return bool(result.account.collected)
    return result.ending is Ending.HUNG


def _explain(result: Result) -> str:
    """Return the test it was in, or pytest's last words."""
    if result.account.open:
        return f" in {', '.join(result.account.open)}"
    if len({tuple(nodeids) for nodeids in result.account.collected.values()}) > 1:
        return " (its workers collected different tests)"
    if result.ending is Ending.INTERRUPTED:
        return ""
    lines = [line for line in result.output.splitlines() if line.strip()]
    return f" ({lines[-1].strip()})" if lines else ""
