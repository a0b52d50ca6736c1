"""Compares passes test by test, and says of each difference what is certain about it; pure.

The same test in the same settings (order, hash seed, workers, which tests) should go the same way:
if not, it fails at random.  Only what agrees with itself can differ by order or by placement.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from .journal import Account, Occurrence
from .plan import Pass
from .process import Ending, Result

ENOUGH: Final = 2
"""How often each way must have been seen, in the same settings, before it counts as settled."""


BAD: Final = ("failed", "crashed", "hung", "failed after a rerun")


class Kind(Enum):
    """In what a test differs, as far as that is certain."""

    RANDOM = "at random"
    ORDER = "by order"
    HASH_SEED = "by hash seed"
    PLACEMENT = "by placement"
    SECOND_RUN = "second run in the same process"
    TESTS = "set of tests"
    END = "ends its process"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a test, and the settings that it ran in."""

    item: Pass
    number: int
    """1 for its first run in the process; later ones have run before."""
    outcome: str
    fingerprint: str = ""
    text: str = ""

    @property
    def settings(self) -> tuple[str, int, str, tuple[str, ...], int]:
        """What must be equal for two runs to be the same experiment.

        The first half of `twice` is nothing else than the natural order.
        """
        order = self.item.order
        if self.number == 1:
            order = order.removeprefix("twice:").replace("twice", "natural")
        return (order, self.item.workers, self.item.hash_seed, self.item.only, self.number)


@dataclass(frozen=True, slots=True)
class Divergence:
    """A test that did not go the same way in all passes."""

    nodeid: str
    kind: Kind
    samples: Sequence[Sample] = ()
    is_settled: bool = True
    """Whether each way was seen often enough to tell order from chance."""
    note: str = ""
    witness: Sample | None = None
    """The run that went another way than the others."""

    @property
    def shown(self) -> Sample | None:
        """The run to repeat in order to see a failure: the odd one, unless it is the good one."""
        bad = [one for one in (self.witness, *self.samples) if one and one.outcome in BAD]
        return bad[0] if bad else self.witness


def find_divergences(results: Sequence[Result]) -> list[Divergence]:
    """Return every test that differs between the passes, in the order of the collection."""
    found = list(find_changed_tests(results))
    strange = {base(divergence.nodeid) for divergence in found}
    for nodeid, samples in collect_samples(results).items():
        if base(nodeid) in strange:
            continue
        divergence = judge(nodeid, samples)
        if divergence is not None:
            found.append(divergence)
    return found


def collect_samples(results: Iterable[Result]) -> dict[str, list[Sample]]:
    """Return how each test went, pass by pass."""
    samples: defaultdict[str, list[Sample]] = defaultdict(list)
    for result in results:
        for occurrence in [*result.account.occurrences, *_find_ends(result)]:
            samples[occurrence.nodeid].append(_build_sample(result.item, occurrence))
    return dict(samples)


def judge(nodeid: str, samples: Sequence[Sample]) -> Divergence | None:
    """Tell in what a test differs; None where it went the same way each time."""
    if len({sample.outcome for sample in samples}) == 1:
        is_end = samples[0].outcome in ("crashed", "hung")
        return Divergence(nodeid, Kind.END, samples, witness=samples[0]) if is_end else None
    serial = [sample for sample in samples if sample.item.is_serial]
    first = [sample for sample in serial if sample.number == 1 and not sample.item.only]
    if witness := _find_contradiction(serial):
        return Divergence(nodeid, Kind.RANDOM, samples, witness=witness)
    for kind, group in (
        (Kind.ORDER, _drop_other_seeds(first)),
        (Kind.HASH_SEED, first),
        (Kind.PLACEMENT, [sample for sample in samples if sample.number == 1]),
        (Kind.SECOND_RUN, [sample for sample in serial if not sample.item.only]),
    ):
        if witness := _find_odd(group):
            if kind is Kind.SECOND_RUN:
                return _judge_second_run(nodeid, samples, witness)
            return _settle(nodeid, kind, samples, witness)
    # Only its run without the others differs.
    return _settle(nodeid, Kind.ORDER, samples, _find_odd(serial) or samples[0])


def find_changed_tests(results: Sequence[Result]) -> Iterator[Divergence]:
    """Yield the tests that not every process collected, or not at the same place."""
    told = [
        (result.item, worker, list(nodeids))
        for result in results
        if not result.item.only
        for worker, nodeids in result.account.collected.items()
    ]
    if not told:
        return
    reference = told[0][2]
    changed: dict[str, tuple[str, Pass]] = {}
    for item, worker, nodeids in told[1:]:
        left = [nodeid for nodeid in reference if not _is_left_out(nodeid, item)]
        process = f"{worker} of {item.name}" if item.workers else item.name
        where = f"{process}, hash seed {item.hash_seed}"
        for nodeid, note in _compare_collections(left, nodeids, where):
            changed.setdefault(nodeid, (note, item))
    for nodeid, (note, item) in changed.items():
        witness = Sample(item, 1, "collected otherwise")
        yield Divergence(nodeid, Kind.TESTS, note=note, witness=witness)


def count_alike_failures(results: Sequence[Result]) -> tuple[int, int]:
    """Return how many tests fail in every pass, and how many of those not always alike."""
    alike = other = 0
    for samples in collect_samples(results).values():
        if {sample.outcome for sample in samples} == {"failed"}:
            is_alike = len({sample.fingerprint for sample in samples}) == 1
            alike, other = alike + is_alike, other + (not is_alike)
    return alike + other, other


def base(nodeid: str) -> str:
    """Return a test's name without its parameters."""
    return nodeid.partition("[")[0]


def get_tests(account: Account) -> Sequence[str]:
    """Return each test of a pass once."""
    return list(dict.fromkeys(account.nodeids))


def _build_sample(item: Pass, occurrence: Occurrence) -> Sample:
    return Sample(
        item, occurrence.number, occurrence.outcome, occurrence.fingerprint, occurrence.text
    )


def _find_ends(result: Result) -> Iterator[Occurrence]:
    """Yield the tests in which a pass died or hung; an interrupted one blames nobody."""
    outcome = {Ending.DIED: "crashed", Ending.HUNG: "hung"}.get(result.ending)
    if outcome is None:
        return
    done = Counter(occurrence.nodeid for occurrence in result.account.occurrences)
    # In parallel any of the open ones may be the one; a dead controller is nobody's fault.
    if result.item.is_serial or outcome == "hung":
        for nodeid in result.account.open:
            yield Occurrence(nodeid, done[nodeid] + 1, outcome)


def _find_contradiction(samples: Iterable[Sample]) -> Sample | None:
    """Return a run that went another way than one in the same settings."""
    seen: dict[object, str] = {}
    for sample in samples:
        if seen.setdefault(sample.settings, sample.outcome) != sample.outcome:
            return sample
    return None


def _drop_other_seeds(samples: Sequence[Sample]) -> list[Sample]:
    seed = samples[0].item.hash_seed if samples else ""
    return [sample for sample in samples if sample.item.hash_seed == seed]


def _find_odd(samples: Sequence[Sample]) -> Sample | None:
    """Return the first run that went another way than the first one of all."""
    return next((sample for sample in samples if sample.outcome != samples[0].outcome), None)


def _judge_second_run(nodeid: str, samples: Sequence[Sample], witness: Sample) -> Divergence:
    """Tell a test that disturbs itself from one that the tests behind it disturb."""
    alone = [sample for sample in samples if sample.item.only == (nodeid,)]
    alone = [sample for sample in alone if sample.item.order.startswith("twice")]
    if own := _find_odd(alone):
        note = "its own first run is enough: alone, twice, it fails, too"
        return Divergence(nodeid, Kind.SECOND_RUN, samples, note=note, witness=own)
    if len(alone) > 1:
        found = _settle(nodeid, Kind.ORDER, samples, witness)
        return replace(found, note="not by its own first run: tests that come later disturb it")
    return _settle(nodeid, Kind.SECOND_RUN, samples, witness)


def _settle(nodeid: str, kind: Kind, samples: Sequence[Sample], witness: Sample) -> Divergence:
    return Divergence(
        nodeid, kind, samples, is_settled=_is_settled(kind, samples, witness), witness=witness
    )


def _is_settled(kind: Kind, samples: Sequence[Sample], witness: Sample) -> bool:
    serial = [sample for sample in samples if sample.item.is_serial]
    if kind is Kind.PLACEMENT:
        # Which tests meet is chance in parallel, so two runs of one placement need not agree.
        odd = [sample for sample in samples if not sample.item.is_serial]
        odd = [sample for sample in odd if sample.outcome == witness.outcome]
        return len(odd) >= ENOUGH and len(serial) >= ENOUGH
    natural = Counter(sample.settings for sample in serial)
    first = serial[0].settings
    return natural[witness.settings] >= ENOUGH and natural[first] >= ENOUGH


def _is_left_out(nodeid: str, item: Pass) -> bool:
    return bool({nodeid, base(nodeid)} & set(item.without))


def _compare_collections(
    reference: Sequence[str], nodeids: Sequence[str], where: str
) -> Iterator[tuple[str, str]]:
    """Yield the tests that are missing, new, or at another place, and what is wrong with them."""
    if list(reference) == list(nodeids):
        return
    missing, new = Counter(reference) - Counter(nodeids), Counter(nodeids) - Counter(reference)
    for nodeid in missing:
        yield base(nodeid), f"{nodeid} is not collected in {where}"
    for nodeid in new:
        yield base(nodeid), f"{nodeid} is collected only in {where}"
    if missing or new:
        return
    for one, other in zip(reference, nodeids, strict=True):
        if one != other:
            yield (
                base(one),
                f"its parameters come in another order in {where} ({other} in place of {one})"
                if base(one) == base(other)
                else f"it is collected at another place in {where}",
            )


def group_by_outcome(samples: Sequence[Sample]) -> Mapping[str, Sequence[str]]:
    """Return, for each outcome, the names of the passes that saw it, in their order."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for sample in samples:
        name = replace(sample.item, without=()).name
        run = f" (run {sample.number})" if sample.item.runs > 1 else ""
        groups[sample.outcome].append(f"{name}{run}")
    return {outcome: list(names) for outcome, names in groups.items()}
