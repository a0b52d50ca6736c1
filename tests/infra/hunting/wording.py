"""One sentence for each finding."""

from collections.abc import Sequence
from typing import Final

from .finding import Finding
from .verdicts import Kind

SENTENCES: Final = {
    Kind.SECOND_RUN: "passes, and fails when it runs again in the same process",
    Kind.FILE: "uses a file or directory that something else may change",
    Kind.PORT: "needs a port that something else may hold",
    Kind.DATABASE: "needs a database that something else may hold or change",
    Kind.RANDOM: "fails with some random numbers and passes with others",
    Kind.TIME: "depends on when, or in which time zone, it runs",
    Kind.ASYNC_WAIT: "waits a while and then looks, and what it waits for may take longer",
    Kind.DEADLINE: "sets a deadline that a busy machine does not keep",
    Kind.CONCURRENCY: "has a race between threads or processes",
    Kind.NETWORK: "needs an answer from the network that may come late or not at all",
    Kind.EXHAUSTION: "fails when the machine runs out of something",
    Kind.UNORDERED: "relies on an order that Python or the system does not promise",
    Kind.FLOAT: "compares floating point numbers more exactly than they are computed",
    Kind.ID_COLLISION: "takes an id that something else may have, too",
    Kind.UNKNOWN: "fails now and then; no experiment told why",
    Kind.BROKEN: "fails in every run",
}

SHARED: Final = {
    Kind.FILE: ": both use the same file or directory",
    Kind.PORT: ": both use the same port",
    Kind.DATABASE: ": both use the same database",
    Kind.ID_COLLISION: ": both take the same id",
}


def summarise(finding: Finding, nodeids: Sequence[str]) -> str:
    """Say in a sentence why a test fails."""
    names = ", then ".join(nodeids[test] for test in finding.culprits)
    if finding.kind is Kind.VICTIM:
        return f"fails after {names}"
    if finding.kind is Kind.BRITTLE:
        return f"fails unless {names} ran before it"
    if finding.kind is Kind.IMPORT:
        verb = "are" if len(finding.files) > 1 else "is"
        return f"fails where {', '.join(finding.files)} {verb} imported, too"
    if finding.is_shared and finding.neighbours:
        other = nodeids[finding.neighbours[0]]
        name = "itself" if finding.neighbours[0] == finding.test else other
        return f"fails beside {name} in another process{SHARED.get(finding.kind, '')}"
    return SENTENCES[finding.kind]
