"""A hunt in words, for a terminal; pure.

The same as a page with pictures is in `page`, which takes its phrases from here.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Final

from ..sampling import bound_without_failure
from .chances import find_interval
from .verdicts import Evidence, HuntRecord, Kind, Shown, Tally, Verdict, count_kinds

WIDTH: Final = 79

CULPRITS: Final = {
    Kind.VICTIM: "polluter",
    Kind.BRITTLE: "setter",
    Kind.IMPORT: "file that pollutes",
}
"""What the culprits of a kind are called; those of others only have to run beside the test."""

NO_OWNERS: Final[Mapping[str, str]] = {}


def render_hunt(record: HuntRecord, *, owners: Mapping[str, str] = NO_OWNERS) -> str:
    """Render all of it.

    :param owners: of the flaky tests that are known already, by node id: who, and until when.
    """
    lines = [*_wrap(render_headline(record)), ""]
    for verdicts in group_clusters(record.verdicts):
        indent = ""
        if len(verdicts) > 1:
            indent = "  "
            lines += [f"{len(verdicts)} tests that fail together:"]
        for verdict in verdicts:
            block = _render_verdict(verdict, owners.get(verdict.nodeid, ""), indent)
            lines += [*block, ""]
    for text in render_reach(record):
        lines += _wrap(text)
    return "\n".join([*lines, f"Hunt again: {record.command}"])


def render_headline(record: HuntRecord) -> str:
    """Render how many tests are flaky, of which kinds, and what it took."""
    flaky = [one for one in record.verdicts if one.kind is not Kind.BROKEN]
    broken = len(record.verdicts) - len(flaky)
    tests = len(record.verdicts) + record.sound.tests
    kinds = ", ".join(f"{kind.value} {count}" for kind, count in count_kinds(flaky).items())
    parts = [f"{len(flaky)} of {_count(tests, 'test')} flaky"]
    parts += [f"({kinds})"] if kinds else []
    parts += [f"and {broken} failing always"] if broken else []
    text = f"{' '.join(parts)}; hunted for {render_time(record.finished - record.started)}"
    return text if record.is_complete else f"{text}, not to the end"


def render_reach(record: HuntRecord) -> Iterator[str]:
    """Yield the sentences: what is shown of the other tests, what was tried, and what was not."""
    yield render_sound(record.sound)
    if record.axes:
        tried = ", ".join(f"{name} ({count})" for name, count in record.axes.items())
        yield f"Tried, and in how many runs: {tried}."
    if not record.is_complete:
        yield "The hunt did not come to its end; what it did not reach is not shown."
    for text in record.left_out:
        yield f"Left out: {_end(text)}"
    for text in record.notes:
        yield f"Note: {_end(text)}"


def render_sound(sound: Shown) -> str:
    """Render what is shown of the tests that never failed, and how far that reaches."""
    if not sound.tests:
        return "No other test ran."
    if not sound.fewest_runs:
        return f"Not seen to fail: {_count(sound.tests, 'test')}, but some of them never ran."
    bound = bound_without_failure(sound.fewest_runs)
    return (
        f"Never failed: {_count(sound.tests, 'test')}, each in {_count(sound.fewest_runs, 'run')} "
        f"or more; that leaves up to {bound:.1%} for how often a "
        "given one fails (at 95%)."
    )


def render_rate(tally: Tally) -> str:
    """Render how often a test failed, and what that says about how often it fails."""
    low, high = find_interval(tally)
    return f"{tally.render()} runs; at 95% that is {low:.0%} to {high:.0%}"


def render_evidence(evidence: Evidence) -> str:
    """Render what one change did, with the runs that show it."""
    return (
        f"{evidence.change}: {evidence.after.render()}; "
        f"otherwise {evidence.before.render()}{_applied(evidence)}"
    )


def render_confirmation(verdict: Verdict) -> str:
    """Render how sure the command is, in fresh processes."""
    confirmed, cleared = verdict.confirmed, verdict.cleared
    if not verdict.command:
        return "no command makes it fail again for certain"
    if not confirmed.runs:
        return "the command was not tried again in fresh processes"
    text = f"in fresh processes the command {confirmed.render()} times"
    return f"{text}, and {cleared.render()} without the cause" if cleared.runs else text


def render_culprits(kind: Kind, count: int) -> str:
    """Render what the culprits are called."""
    word = CULPRITS.get(kind, "neighbour")
    if kind is Kind.IMPORT:
        return word if count == 1 else "files that pollute together"
    return word if count == 1 else f"{word}s, all needed"


def render_summary(verdict: Verdict) -> str:
    """Render the verdict's sentence; an unknown cause is called so."""
    if verdict.kind is not Kind.UNKNOWN:
        return _begin(_end(verdict.summary))
    return f"The cause is not known. {_begin(_end(verdict.summary))}".rstrip()


def render_failure(verdict: Verdict) -> str:
    """Render where it failed and with which message."""
    return ": ".join(filter(None, (verdict.fingerprint, verdict.text)))


def render_time(seconds: float) -> str:
    """Render a length of time as one would say it."""
    if seconds < 60:  # noqa: PLR2004  a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def group_clusters(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Put tests that fail together beside each other, else keep the order."""
    groups: dict[tuple[int, str], list[Verdict]] = {}
    for verdict in verdicts:
        key = (verdict.cluster, "" if verdict.cluster else verdict.nodeid)
        groups.setdefault(key, []).append(verdict)
    return list(groups.values())


def _render_verdict(verdict: Verdict, owner: str, indent: str) -> Iterator[str]:
    yield f"{indent}{verdict.nodeid}: {verdict.kind.value}"
    for text in _iterate_details(verdict, owner):
        yield from _wrap(text, f"{indent}  ")
    for name, tests in iterate_lists(verdict):
        yield f"{indent}  {name}:"
        for test in tests:
            yield f"{indent}    {test}"
    if verdict.evidence:
        yield f"{indent}  how it is known:"
        for evidence in verdict.evidence:
            yield from _wrap(render_evidence(evidence), f"{indent}    ")
    yield from _wrap(render_confirmation(verdict), f"{indent}  ")
    if verdict.command:
        yield f"{indent}  again: {verdict.command}"


def _iterate_details(verdict: Verdict, owner: str) -> Iterator[str]:
    yield render_summary(verdict)
    yield render_rate(verdict.tally)
    yield render_failure(verdict)
    if owner:
        yield f"known: {owner}"


def iterate_lists(verdict: Verdict) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the lists of a verdict that are not empty, by what they are called."""
    if verdict.culprits:
        yield render_culprits(verdict.kind, len(verdict.culprits)), verdict.culprits
    if verdict.cleaners:
        yield "taken back by", verdict.cleaners
    if verdict.state:
        yield "what is left or shared", verdict.state


def _applied(evidence: Evidence) -> str:
    return f" ({evidence.applied})" if evidence.applied else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _begin(text: str) -> str:
    """Write a sentence's first word large, unless it may be a name."""
    first = text.split(maxsplit=1)[:1]
    return f"{text[0].upper()}{text[1:]}" if first and first[0].isalpha() else text


def _end(text: str) -> str:
    text = text.strip()
    return f"{text}." if text and text[-1] not in ".!?" else text


def _wrap(text: str, indent: str = "") -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
