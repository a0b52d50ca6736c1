"""Finds where two plays of one scenario differ; leaves judging the differences to the test."""

from collections.abc import Iterator, Mapping

from tests.truth.play import Outcome


def compare_outcomes(ours: list[Outcome], theirs: list[Outcome]) -> Iterator[str]:
    """Give one line for each difference, named by step and place in the answer."""
    # A refused task has no end to ask for, so one play may have fewer steps than the other.
    for one, other in zip(ours, theirs, strict=False):
        if one.step.partition(".")[2] != other.step.partition(".")[2]:
            yield f"{one.step}: theirs went on with {other.step}"
            return
        for difference in _compare(one, other):
            yield f"{one.step}: {difference}"
    if len(ours) != len(theirs):
        yield f"{len(ours)} steps, theirs {len(theirs)}"


def _compare(ours: Outcome, theirs: Outcome) -> Iterator[str]:
    if ours.status != theirs.status:
        yield f"status {_brief(ours)}, theirs {_brief(theirs)}"
        return
    if ours.message != theirs.message:
        yield f"message {ours.message!r}, theirs {theirs.message!r}"
    if ours.errors != theirs.errors:
        yield f"errors {dict(ours.errors)}, theirs {dict(theirs.errors)}"
    yield from _compare_answers("answer", ours.answer, theirs.answer)


def _brief(outcome: Outcome) -> str:
    return f"{outcome.status} {outcome.message} {dict(outcome.errors) or ''}".strip()


def _compare_answers(where: str, ours: object, theirs: object) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        yield from _compare_objects(where, ours, theirs)
    elif isinstance(ours, list) and isinstance(theirs, list):
        yield from _compare_lists(where, ours, theirs)
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{where} {ours!r}, theirs {theirs!r}"


def _compare_objects(
    where: str, ours: Mapping[str, object], theirs: Mapping[str, object]
) -> Iterator[str]:
    for name in sorted(set(ours) | set(theirs)):
        if name not in theirs:
            yield f"{where}.{name} only in ours"
        elif name not in ours:
            yield f"{where}.{name} only in theirs"
        else:
            yield from _compare_answers(f"{where}.{name}", ours[name], theirs[name])


def _compare_lists(where: str, ours: list[object], theirs: list[object]) -> Iterator[str]:
    if ours and _is_keyed(ours) and _is_keyed(theirs):
        yield from _compare_objects(where, _by_key(ours), _by_key(theirs))
        return
    if len(ours) != len(theirs):
        yield f"{where} has {len(ours)} entries, theirs {len(theirs)}"
        return
    pairs = zip(sorted(ours, key=str), sorted(theirs, key=str), strict=True)
    for number, (one, other) in enumerate(pairs):
        yield from _compare_answers(f"{where}[{number}]", one, other)


def _is_keyed(entries: list[object]) -> bool:
    """Whether each entry is about one option, as those of pending changes are."""
    return all(isinstance(entry, dict) and "key" in entry for entry in entries)


def _by_key(entries: list[object]) -> dict[str, object]:
    return {str(entry["key"]): entry for entry in entries if isinstance(entry, dict)}
