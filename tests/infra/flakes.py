"""Tests that ran more than once in a run, and what their outcomes say: frozen records, with JSON.

How often a test fails is estimated in `sampling`, which of them fail together is found in
`clusters`, and the text is built in `flake_report`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final, Self

from .errors import RecordError
from .estimates import get_file, get_function
from .identity import MASTER
from .records import FORMAT_VERSION, Span, read_object
from .repeats import Repetition
from .sampling import compute_interval

RERUN: Final = "rerun"

FAILURES: Final = frozenset({"failed", "crashed", RERUN})
"""A rerun is a failure that a plugin tried again."""

EXPECTED: Final = frozenset({"passed", "xpassed", "xfailed"})

CRASHED: Final = "crashed"
"""Fingerprint of a failure that took its process along."""


class Verdict(StrEnum):
    """What the outcomes of one test say."""

    FLAKY = "flaky"
    BROKEN = "fails always"
    SOUND = "sound"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known about a failure, apart from when it happened."""

    fingerprint: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One of several times that a test ran."""

    nodeid: str
    """Of the repetition."""
    step: int
    """The number of the repetition, from 0 on."""
    outcome: str
    worker_id: str
    start: float
    stop: float
    group: str = ""
    """The same for tests that ran in one pass over a session, module or class."""
    fingerprint: str = ""
    text: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether it failed, in whichever way."""
        return self.outcome in FAILURES

    def meets(self, other: "Attempt") -> bool:
        """Tell whether the two were in one pass, or at the same time on two workers."""
        if self.group and other.group:
            return self.group == other.group
        is_beside = self.worker_id != other.worker_id
        return is_beside and self.start < other.stop and other.start < self.stop


@dataclass(frozen=True, slots=True)
class RepeatedTest:
    """A test and all its attempts, in the order of their ends."""

    nodeid: str
    attempts: tuple[Attempt, ...]

    @property
    def counts(self) -> Counter[str]:
        """How often each outcome came."""
        return Counter(attempt.outcome for attempt in self.attempts)

    @property
    def failures(self) -> Sequence[Attempt]:
        """The attempts that failed."""
        return [attempt for attempt in self.attempts if attempt.is_failure]

    @property
    def runs(self) -> int:
        """How often it ran, without those that were skipped."""
        return sum(attempt.outcome != "skipped" for attempt in self.attempts)

    @property
    def went_well(self) -> bool:
        """Whether it ended at least once as it should."""
        return any(attempt.outcome in EXPECTED for attempt in self.attempts)

    @property
    def verdict(self) -> Verdict:
        """What the outcomes say; a skip or an expected failure now and then is flaky, too."""
        kinds = {"failed" if one.is_failure else one.outcome for one in self.attempts}
        if len(kinds) > 1:
            return Verdict.FLAKY
        if "failed" in kinds:
            return Verdict.BROKEN
        return Verdict.SKIPPED if "skipped" in kinds else Verdict.SOUND

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of how often it fails."""
        return compute_interval(len(self.failures), self.runs)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tests that fail together."""

    nodeids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class FlakeRecord:
    """What the repetitions of one run showed."""

    run_id: str
    tests: tuple[RepeatedTest, ...]
    """Those that are flaky or fail always."""
    clusters: tuple[Cluster, ...] = ()
    sound: int = 0
    """Tests that never failed, and whose outcomes never differed."""
    fewest_runs: int = 0
    """How often the one of them ran that ran least."""
    most_runs: int = 0
    skipped: int = 0
    """Tests that were skipped every time."""
    single: Mapping[str, int] | None = None
    """Type of item to how many could not be repeated."""

    def to_json(self) -> str:
        """Write the record with its format version, and for other tools what it says."""
        tests = [
            {**asdict(test), "verdict": test.verdict, "fails_95": test.interval}
            if test.runs
            else asdict(test)
            for test in self.tests
        ]
        data = {name: getattr(self, name) for name in self.__slots__}
        clusters = [asdict(cluster) for cluster in self.clusters]
        whole = {"version": FORMAT_VERSION, **data, "tests": tests, "clusters": clusters}
        return json.dumps({**whole, "single": dict(self.single or {})}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        :raises RecordError: it is something else.
        """
        found = read_object("record of flaky tests", text)
        try:
            found["tests"] = tuple(
                RepeatedTest(test["nodeid"], tuple(Attempt(**one) for one in test["attempts"]))
                for test in found["tests"]
            )
            found["clusters"] = tuple(
                Cluster(tuple(one["nodeids"]), one["reason"]) for one in found["clusters"]
            )
            return cls(**found)
        except (ValueError, TypeError, KeyError) as error:
            raise RecordError("record of flaky tests", str(error)) from error


def gather_tests(
    spans: Iterable[Span],
    repetitions: Mapping[str, Repetition],
    find_failure: Callable[[Span], Failure | None],
    *,
    scope: str = "function",
) -> list[RepeatedTest]:
    """Put together the tests that ran more than once, reruns included, sorted by node id.

    :param repetitions: node id of a repetition to what it repeats.
    :param find_failure: tells what is known of an attempt, nothing where it went well.
    :param scope: what is repeated as a whole; told by attempts of one process only, because
        workers are in different repetitions at a time.
    """
    attempts: defaultdict[str, list[Attempt]] = defaultdict(list)
    for span in spans:
        found = repetitions.get(span.nodeid) or Repetition(span.nodeid, 0)
        attempts[found.test].append(_build_attempt(span, found, find_failure(span), scope))
    ranked = sorted(attempts.items())
    return [RepeatedTest(nodeid, tuple(some)) for nodeid, some in ranked if some[1:]]


def build_record(
    run_id: str,
    tests: Sequence[RepeatedTest],
    clusters: Sequence[Cluster],
    single: Mapping[str, int] | None = None,
) -> FlakeRecord:
    """Build the record of a run from its repeated tests."""
    verdicts = [(test, test.verdict) for test in tests]
    runs = [test.runs for test, verdict in verdicts if verdict is Verdict.SOUND]
    return FlakeRecord(
        run_id=run_id,
        tests=tuple(
            test for test, verdict in verdicts if verdict in (Verdict.FLAKY, Verdict.BROKEN)
        ),
        clusters=tuple(clusters),
        sound=len(runs),
        fewest_runs=min(runs, default=0),
        most_runs=max(runs, default=0),
        skipped=sum(verdict is Verdict.SKIPPED for _, verdict in verdicts),
        single=single or {},
    )


def _build_attempt(span: Span, found: Repetition, failure: Failure | None, scope: str) -> Attempt:
    is_alone = span.worker_id == MASTER and scope != "function"
    is_crash = span.outcome == "crashed"
    failure = failure or Failure()
    return Attempt(
        nodeid=span.nodeid,
        step=found.step,
        outcome=span.outcome,
        worker_id=span.worker_id,
        start=span.start,
        stop=span.stop,
        group=f"{_find_group(found.test, scope)}#{found.step}" if is_alone else "",
        fingerprint=CRASHED if is_crash else failure.fingerprint,
        text=failure.text,
    )


def _find_group(nodeid: str, scope: str) -> str:
    if scope == "session":
        return ""
    return get_file(nodeid) if scope == "module" else get_function(nodeid).rpartition("::")[0]
