"""Gates and what was taken back, as text for people and as what JSON can hold."""

from collections.abc import Iterator, Sequence

from .campaign import Campaign, Result
from .gates import Verdict
from .progress_file import NAME
from .rollback import Undone


def render_campaign(campaign: Campaign) -> str:
    """Render a line for each gate, with the way out of each that failed, and the sum."""
    lines = [line for result in campaign.results for line in _render_result(result)]
    return "\n".join([*lines, _render_sum(campaign.results, campaign)])


def campaign_to_data(campaign: Campaign) -> dict[str, object]:
    """Return all of it as what JSON can hold."""
    return {
        "phases": list(campaign.wish.phases),
        "is_passed": not campaign.has_failed() and not campaign.is_interrupted,
        "is_interrupted": campaign.is_interrupted,
        "gates": [_result_to_data(result) for result in campaign.results],
    }


def render_undone(undone: Undone) -> str:
    """Render what was taken back."""
    lines = [f"took back {name}" for name in undone.files]
    if undone.commit:
        lines.append(f"reverted {len(undone.commits)} commits of gates in {undone.commit}")
    return "\n".join([*lines, *undone.remarks])


def undone_to_data(undone: Undone) -> dict[str, object]:
    """Return it as what JSON can hold."""
    return {
        "restored": list(undone.files),
        "reverted": list(undone.commits),
        "commit": undone.commit,
        "remarks": list(undone.remarks),
    }


def _render_result(result: Result) -> Iterator[str]:
    judgement = result.judgement
    commit = f" [{result.commit}]" if result.commit else ""
    yield (
        f"{result.gate.title}: {judgement.verdict.value}  {result.gate.name}: "
        f"{judgement.figure}{commit}"
    )
    yield from (f"    {detail}" for detail in judgement.details)
    if judgement.remedy:
        yield f"  way out: {judgement.remedy}"


def _render_sum(results: Sequence[Result], campaign: Campaign) -> str:
    counts = {
        verdict: sum(result.judgement.verdict is verdict for result in results)
        for verdict in Verdict
    }
    parts = [f"{count} {verdict.value.lower()}" for verdict, count in counts.items() if count]
    end = "interrupted; " if campaign.is_interrupted else ""
    took_s = sum(result.took_s for result in results)
    return f"\n{end}{', '.join(parts) or 'no gate was judged'} in {took_s:.1f} s; see {NAME}"


def _result_to_data(result: Result) -> dict[str, object]:
    judgement = result.judgement
    return {
        "phase": result.gate.phase,
        "gate": result.gate.number,
        "name": result.gate.name,
        "verdict": judgement.verdict.value,
        "figure": judgement.figure,
        "details": list(judgement.details),
        "remedy": judgement.remedy,
        "judged": result.judged,
        "changed": list(result.changed),
        "commit": result.commit,
        "took_s": result.took_s,
    }
