"""Properties of a test report that tell what a test's repetitions showed, as JUnit files have them.

Writing the file is left to pytest's junitxml.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import pytest

from .flakes import RERUN, RepeatedTest
from .records import Span
from .repeats import Repetition


class PropertyWriter:
    """Writes what the repetitions showed into the report that ends the last of them.

    pytest's junitxml takes a test's properties from there.  A test whose last repetition never
    ends, because of -x or a crash, has none.
    """

    def __init__(self) -> None:
        self._awaited: Counter[str] = Counter()
        self._repetitions: Mapping[str, Repetition] = {}
        self._spans: defaultdict[str, list[Span]] = defaultdict(list)
        self._seen = 0

    def begin(self, repetitions: Mapping[str, Repetition]) -> None:
        """Count how many repetitions of each test are to come."""
        self._repetitions = repetitions
        self._awaited = Counter(found.test for found in repetitions.values())

    def note(
        self,
        report: pytest.TestReport,
        spans: Sequence[Span],
        gather: Callable[[Sequence[Span]], Sequence[RepeatedTest]],
    ) -> None:
        """Add the properties, if this report ends the last repetition of its test."""
        for span in spans[self._seen :]:
            if found := self._repetitions.get(span.nodeid):
                self._spans[found.test].append(span)
                self._awaited[found.test] -= span.outcome != RERUN
        self._seen = len(spans)
        mine = self._repetitions.get(report.nodeid)
        if mine is not None and not self._awaited[mine.test]:
            for test in gather(self._spans.pop(mine.test, [])):
                report.user_properties.extend(build_properties(test).items())


def build_properties(test: RepeatedTest) -> Mapping[str, str]:
    """Build what a test report in JUnit's form says about a repeated test."""
    properties = {
        "repeated.verdict": str(test.verdict),
        "repeated.runs": str(test.runs),
        "repeated.failures": str(len(test.failures)),
    }
    if test.runs:
        low, high = test.interval
        properties["repeated.fails_95"] = f"{low:.3f}-{high:.3f}"
    return properties
