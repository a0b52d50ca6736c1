"""A hunt as one HTML page that needs nothing else: no script, no other file, no network; pure.

Its sentences are those of `rendering`, its pictures those of `drawing`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import count

from .drawing import Drawing, draw_schedule, make_printable, render_bar
from .page_style import STYLE, render_patterns
from .rendering import (
    NO_OWNERS,
    group_clusters,
    iterate_lists,
    render_confirmation,
    render_failure,
    render_headline,
    render_rate,
    render_reach,
    render_summary,
)
from .verdicts import Evidence, HuntRecord, Verdict

HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)

FOLDED = 8
"""A list with more entries than this begins folded."""


def render_page(record: HuntRecord, *, owners: Mapping[str, str] = NO_OWNERS) -> str:
    """Render the page.

    :param owners: of the flaky tests that are known already, by node id: who, and until when.
    """
    groups = group_clusters(record.verdicts)
    numbers = count(1)
    numbered = [[(next(numbers), verdict) for verdict in group] for group in groups]
    parts = [
        f"{HEAD}<title>Flaky tests, hunt {_quote(record.hunt_id)}</title>",
        f"<style>{STYLE}</style></head><body>{render_patterns()}<main>",
        *_render_top(record),
        *_render_table(numbered, owners),
        *(_render_group(group, owners) for group in numbered),
        *_render_bottom(record),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _render_top(record: HuntRecord) -> Iterator[str]:
    started = datetime.fromtimestamp(record.started, UTC)
    yield f"<h1>{_quote(render_headline(record))}</h1>"
    yield (
        f'<p class="faint">Hunt {_quote(record.hunt_id)}, begun {started:%Y-%m-%d %H:%M} UTC</p>'
    )


def _render_table(
    groups: Sequence[Sequence[tuple[int, Verdict]]], owners: Mapping[str, str]
) -> Iterator[str]:
    """Yield the table of all verdicts."""
    if not groups:
        return
    yield '<div class="scroll"><table><thead><tr><th>Test</th><th>Kind</th><th>Failed</th>'
    yield "<th>Command failed</th><th>Known</th></tr></thead><tbody>"
    for group in groups:
        for number, verdict in group:
            together = f' <span class="faint">(cluster {verdict.cluster})</span>'
            yield (
                f'<tr><td><a class="path" href="#v{number}">{_quote(verdict.nodeid)}</a>'
                f"{together if len(group) > 1 else ''}</td>"
                f"<td>{_quote(verdict.kind.value)}</td>"
                f'<td class="number">{verdict.tally.failures} of {verdict.tally.runs}</td>'
                f'<td class="number">{_render_times(verdict)}</td>'
                f"<td>{_quote(owners.get(verdict.nodeid, ''))}</td></tr>"
            )
    yield "</tbody></table></div>"


def _render_times(verdict: Verdict) -> str:
    confirmed = verdict.confirmed
    return f"{confirmed.failures} of {confirmed.runs}" if confirmed.runs else "not tried"


def _render_group(group: Sequence[tuple[int, Verdict]], owners: Mapping[str, str]) -> str:
    sections = "\n".join(
        _render_verdict(number, verdict, owners.get(verdict.nodeid, ""))
        for number, verdict in group
    )
    if len(group) == 1:
        return sections
    title = f"<h2>{len(group)} tests that fail together</h2>"
    return f'<section>{title}<div class="cluster">{sections}</div></section>'


def _render_verdict(number: int, verdict: Verdict, owner: str) -> str:
    parts = [
        f'<section id="v{number}"><h2 class="path">{_quote(verdict.nodeid)}</h2>',
        f'<p><span class="badge">{_quote(verdict.kind.value)}</span> '
        f"{_quote(render_summary(verdict))}</p>",
        f"<p>It {_quote(render_rate(verdict.tally))}.</p>",
        *([f"<p>Known: {_quote(owner)}.</p>"] if owner else ()),
        *(
            [f"<p><code>{_quote(failure)}</code></p>"]
            if (failure := render_failure(verdict))
            else ()
        ),
        *_render_lists(verdict),
        *_render_evidence(verdict.evidence),
        *_render_schedule(verdict),
        *_render_command(verdict),
        "</section>",
    ]
    return "\n".join(parts)


def _render_lists(verdict: Verdict) -> Iterator[str]:
    for name, entries in iterate_lists(verdict):
        items = "".join(f'<li class="path">{_quote(entry)}</li>' for entry in entries)
        title = _quote(name[:1].upper() + name[1:])
        if len(entries) > FOLDED:
            yield (f"<details><summary>{title}: {len(entries)}</summary><ul>{items}</ul></details>")
        else:
            yield f"<h3>{title}</h3><ul>{items}</ul>"


def _render_evidence(evidence: Sequence[Evidence]) -> Iterator[str]:
    if not evidence:
        return
    yield '<h3>How it is known</h3><div class="scroll"><table><thead><tr><th>What was changed</th>'
    yield "<th>With it</th><th>Otherwise</th><th>It was applied</th></tr></thead><tbody>"
    for one in evidence:
        yield (
            f"<tr><td>{_quote(one.change)}</td>"
            f'<td class="number">{_quote(one.after.render())}</td>'
            f'<td class="number">{_quote(one.before.render())}</td>'
            f"<td>{_quote(one.applied) or 'not told'}</td></tr>"
        )
    yield "</tbody></table></div>"


def _render_schedule(verdict: Verdict) -> Iterator[str]:
    if not verdict.bars:
        return
    drawing = draw_schedule(verdict.bars)
    yield "<details open><summary>What ran around the failure</summary>"
    yield f'<div class="scroll">{drawing.svg}</div>'
    yield f'<ul class="legend">{"".join(_render_legend(drawing))}</ul></details>'


def _render_legend(drawing: Drawing) -> Iterator[str]:
    for one in drawing.named:
        role = f"{one.bar.role}{' failed' if one.bar.outcome == 'failed' else ''}"
        yield (
            f"<li>{_render_swatch(role)}<b>{_quote(one.sign)}</b> {_quote(one.bar.role)}: "
            f'<span class="path">{_quote(render_bar(one.bar))}</span></li>'
        )
    others = drawing.drawn - len(drawing.named)
    rest = f"; {drawing.left_out} further away are not drawn" if drawing.left_out else ""
    yield f"<li>{_render_swatch('bystander')}other tests: {others}{rest}</li>"


def _render_swatch(role: str) -> str:
    return (
        '<svg class="swatch" viewBox="0 0 28 16" aria-hidden="true">'
        f'<rect class="bar {_quote(role)}" x="1" y="1" width="26" height="14"/></svg>'
    )


def _render_command(verdict: Verdict) -> Iterator[str]:
    text = _quote(render_confirmation(verdict))
    yield f"<h3>Again</h3><p>{text[:1].upper()}{text[1:]}.</p>"
    if verdict.command:
        yield _render_code(verdict.command)


def _render_bottom(record: HuntRecord) -> Iterator[str]:
    yield "<section><h2>How far this reaches</h2>"
    for text in render_reach(record):
        yield f"<p>{_quote(text)}</p>"
    yield f"<p>Hunt again:</p>{_render_code(record.command)}</section>"


def _render_code(command: str) -> str:
    return f'<pre tabindex="0"><code>{_quote(command)}</code></pre>'


def _quote(text: str) -> str:
    return escape(make_printable(text))
