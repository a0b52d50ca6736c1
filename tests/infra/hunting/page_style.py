"""How the page of a hunt looks: colours for light and dark, patterns that do without colour."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --text: #1d2430; --faint: #5b6675;
  --line: #d5dae1; --panel: #f4f6f8; --bystander: #c3cad4; --victim: #b3261e;
  --polluter: #8a5200; --setter: #1a56b0; --cleaner: #13703a; --neighbour: #6f3aa5; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181e; --text: #e4e8ee;
  --faint: #9aa5b4; --line: #343c48; --panel: #1d232b; --bystander: #4a5462; --victim: #ff8a80;
  --polluter: #ffb95c; --setter: #8ab8ff; --cleaner: #6fd79a; --neighbour: #cfa4ff; } }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.1rem; } h3 { font-size: 1rem; }
h1, h2, h3 { overflow-wrap: anywhere; margin: 1.2em 0 .4em; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
.cluster { border-left: 4px solid var(--line); padding-left: 1rem; }
p, ul, dl { margin: .4em 0; } ul { padding-left: 1.2em; } dd { margin: 0 0 .5em 1.2em; }
dt, .faint { color: var(--faint); } a { color: var(--setter); }
code, pre, .path { font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
h2.path { font-size: 1.05rem; font-weight: 700; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 4px; padding: .75rem;
  white-space: pre-wrap; user-select: all; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; } .number { white-space: nowrap; }
.badge { border: 1px solid currentColor; border-radius: 4px; padding: 0 .4em; white-space: nowrap;
  font-size: .875rem; }
.schedule { display: block; width: 100%; min-width: 40rem; margin: .5rem 0; }
.schedule text { fill: var(--text); font: 12px system-ui, "DejaVu Sans", sans-serif; }
.schedule .time, .schedule .idle { fill: var(--faint); text-anchor: middle; font-size: 11px; }
.schedule .sign { text-anchor: middle; font-weight: 700; font-size: 13px; }
.rule, .tick { stroke: var(--line); } .tick { stroke-dasharray: 1 3; }
.lead { stroke: var(--text); } .gap { fill: var(--panel); stroke: var(--line);
  stroke-dasharray: 4 3; }
.bar { stroke: var(--ground); stroke-width: 1; }
.bar.bystander { fill: var(--bystander); } .bar.victim { fill: var(--victim); }
.bar.polluter { fill: url(#polluter); } .bar.setter { fill: url(#setter); }
.bar.cleaner { fill: url(#cleaner); } .bar.neighbour { fill: url(#neighbour); }
.bar.victim, .bar.polluter, .bar.setter, .bar.cleaner, .bar.neighbour, .bar.failed {
  stroke: var(--text); stroke-width: 1.5; }
.bar.bystander.thin { stroke: none; }
.bar.bystander.failed { stroke-dasharray: 3 2; }
.legend { list-style: none; padding: 0; } .legend li { margin: .2em 0; }
.swatch { width: 28px; height: 16px; vertical-align: -3px; margin-right: .4em; }
.patterns { position: absolute; width: 0; height: 0; }
.patterns rect { fill: var(--ground); } .patterns path { fill: none; stroke-width: 2.5; }
.patterns .polluter { stroke: var(--polluter); } .patterns .setter { stroke: var(--setter); }
.patterns .cleaner { stroke: var(--cleaner); } .patterns .neighbour { stroke: var(--neighbour); }
@media print { details > * { display: block; } .schedule { min-width: 0; } }
"""

_LINES: Final = {
    "polluter": "M-2 2L2 -2M0 8L8 0M6 10L10 6",
    "setter": "M0 4H8",
    "cleaner": "M4 0V8",
    "neighbour": "M0 0L8 8M0 8L8 0",
}


def render_patterns() -> str:
    """Render the patterns of the bars, which every drawing of the page uses."""
    patterns = (
        f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8"/><path class="{name}" d="{path}"/></pattern>'
        for name, path in _LINES.items()
    )
    return f'<svg class="patterns" aria-hidden="true"><defs>{"".join(patterns)}</defs></svg>'
