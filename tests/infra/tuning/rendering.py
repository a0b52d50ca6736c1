"""A campaign as text: a table of what was predicted and measured, and what to do."""

from collections.abc import Iterator, Sequence

from .results import Results, Trial

HEADINGS = ("tests", "workers", "lanes", "predicted", "measured", "off by", "runs")


def render_results(results: Results, written: Sequence[str]) -> str:
    """Render all that a person wants to know."""
    lines = [*_render_head(results), "", *_render_table(results.trials), ""]
    lines += [f"- {line}" for line in results.recommendations]
    if written:
        lines += ["", "written:", *(f"  {line}" for line in written)]
    return "\n".join(lines)


def _render_head(results: Results) -> Iterator[str]:
    if results.is_interrupted:
        yield "Interrupted: this is what was done until then."
    if not results.trials:
        yield "Nothing was measured."
        return
    rounds = "1 round" if results.rounds == 1 else f"medians of {results.rounds} rounds"
    yield f"On {results.cores} cores, {rounds}, one run at a time:"


def _render_table(trials: Sequence[Trial]) -> Iterator[str]:
    if not trials:
        return
    rows = [HEADINGS, *(_build_row(trial) for trial in trials)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        yield "  ".join([*left, *right]).rstrip()


def _build_row(trial: Trial) -> tuple[str, ...]:
    used = trial.workers_used
    is_told = isinstance(trial.setup.workers, int) or used is None
    lanes = ", ".join(f"{name} = {width}" for name, width in trial.setup.widths)
    note = ", outcomes differ" if trial.differing else ""
    return (
        trial.scope,
        f"{trial.setup.workers}" if is_told else f"{trial.setup.workers} ({used})",
        lanes,
        _render(trial.predicted_s),
        _render(trial.measured_s),
        "" if trial.error is None else f"{trial.error:+.0%}",
        f"{len(trial.runs_s)}{note}",
    )


def _render(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"
