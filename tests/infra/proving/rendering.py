"""A proof in words: a table of passes, what differs, and what was and was not covered; pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from .comparison import Divergence, Kind, collect_samples, group_by_outcome
from .pairs import PairCount
from .process import Result
from .proof import Proof

HEADER: Final = ("pass", "hash seed", "tests", "time", "end", "differ")

HINTS: Final = {
    Kind.TESTS: "pytest-xdist runs nothing at all where its workers collect differently",
    Kind.RANDOM: "it goes either way, so the command may have to be run several times",
    Kind.PLACEMENT: "it depends on which tests meet, so the command may have to be run again",
}

SHOWN_LEAKS: Final = 20


def render_proof(proof: Proof) -> str:
    """Render all of it."""
    lines = [
        *render_passes(proof),
        "",
        *_render_divergences(proof),
        *_render_leaks(proof),
        *_render_coverage(proof),
        *render_verdict(proof),
    ]
    return "\n".join(lines)


def render_passes(proof: Proof) -> list[str]:
    """Render the table of passes."""
    rows = [HEADER, *(_build_row(result, proof.divergences) for result in proof.results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def render_verdict(proof: Proof) -> Iterator[str]:
    """Yield the sentences: what is shown, how far it reaches, and what is not covered."""
    yield _render_conclusion(proof)
    yield render_pairs(proof.pairs, len(proof.unrun))
    if proof.failing:
        more = f" ({proof.failing_otherwise} of them not always alike)"
        yield (
            f"Tests that fail in every pass, which is no divergence: {proof.failing}"
            f"{more if proof.failing_otherwise else ''}."
        )
    if proof.fewest_runs and not proof.divergences:
        yield (
            f"Each test that ran did so {proof.fewest_runs} times or more without a difference; "
            f"that leaves up to {proof.bound:.0%} for the probability that a given one differs "
            "(at 95%; it is no proof that it never does)."
        )
    for note in proof.notes:
        yield f"Note: {note}."
    yield "Not covered:"
    for line in proof.not_covered:
        yield f"  - {line}"
    yield f"Again with the same orders: --seed {proof.wish.seed}"


def render_pairs(pairs: PairCount, unrun: int) -> str:
    """Render how many ordered pairs ran in one process."""
    aside = f" (tests that ran in no pass, not counted: {unrun})" if unrun else ""
    if pairs.is_all:
        return (
            f"Every one of the {pairs.possible:,} ordered pairs ran in one process: each test "
            f"after each other one, both ways, and after itself{aside}."
        )
    share = pairs.covered / pairs.possible if pairs.possible else 0.0
    return (
        f"{pairs.covered:,} of {pairs.possible:,} ordered pairs (a test after another, or after "
        f"itself) ran in one process: {share:.1%}{aside}."
    )


def _render_conclusion(proof: Proof) -> str:
    if proof.divergences or proof.broken:
        broken = f"; passes that broke off: {len(proof.broken)}" if proof.broken else ""
        text = f"{len(proof.divergences)} of {proof.tests} tests differ between passes{broken}."
    else:
        text = f"No test of {proof.tests} differs in {proof.compared} passes."
    if proof.is_interrupted:
        return f"Not proved: interrupted. {text}"
    if proof.compared <= 1:
        return f"Not proved: the budget left nothing to compare. {text}"
    return text


def _build_row(result: Result, divergences: Sequence[Divergence]) -> tuple[str, ...]:
    differ = sum(_differs_in(result, divergence) for divergence in divergences)
    return (
        result.item.name,
        result.item.hash_seed,
        str(len(result.account.occurrences)),
        f"{result.duration_s:.1f} s",
        result.ending.value,
        str(differ or "-"),
    )


def _differs_in(result: Result, divergence: Divergence) -> bool:
    """Tell whether a test went another way in a pass than in the first one."""
    if not divergence.samples:
        return divergence.witness is not None and divergence.witness.item == result.item
    own = collect_samples([result]).get(divergence.nodeid, ())
    return any(sample.outcome != divergence.samples[0].outcome for sample in own)


def _render_divergences(proof: Proof) -> Iterator[str]:
    for divergence in proof.divergences:
        yield from _render_divergence(divergence, proof)
        yield ""


def _render_divergence(divergence: Divergence, proof: Proof) -> Iterator[str]:
    doubt = "" if divergence.is_settled else " (seen once: it may be chance)"
    verb = "" if divergence.kind in (Kind.END, Kind.TESTS, Kind.SECOND_RUN) else "differs "
    yield f"{divergence.nodeid}: {verb}{divergence.kind.value}{doubt}"
    if divergence.note:
        yield f"  {divergence.note}"
    for outcome, names in group_by_outcome(divergence.samples).items():
        yield f"  {outcome}: {', '.join(_count(names))}"
    shown = divergence.shown
    if shown is not None and shown.text:
        yield f"  {shown.fingerprint}: {shown.text}"
    if hint := HINTS.get(divergence.kind):
        yield f"  {hint}"
    yield f"  again: {proof.render_command(divergence)}"


def _count(names: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        yield f"{name} x{count}" if count > 1 else name


def _render_leaks(proof: Proof) -> Iterator[str]:
    if not proof.leaks:
        return
    yield f"Leaks that the guard saw: {len(proof.leaks)}"
    for leak in proof.leaks[:SHOWN_LEAKS]:
        yield f"  {leak.render_culprit()} left {leak.render()}; {leak.remedy}"
    if len(proof.leaks) > SHOWN_LEAKS:
        yield f"  and {len(proof.leaks) - SHOWN_LEAKS} more (--json has all)"
    yield ""


def _render_coverage(proof: Proof) -> Iterator[str]:
    if proof.coverage is None:
        return
    if not proof.coverage:
        yield "The same lines are covered in one process and in several."
    for line in proof.coverage:
        yield f"Covered otherwise in parallel: {line}"
    yield ""
