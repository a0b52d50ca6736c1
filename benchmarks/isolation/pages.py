"""The benchmark's report: its parts, and the tables in them.  Measuring is left to `guard`."""

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from judging import Finding, Verdict


@dataclass(slots=True)
class Page:
    """A page in parts, each of which can be measured alone."""

    head: str
    parts: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Page":
        """Read a page that was written before, or begin one."""
        if not path.exists():
            return cls("", {})
        head, *parts = path.read_text(encoding="utf-8").split("\n## ")
        split = [part.split("\n", 1) for part in parts]
        return cls(head, {name: text.strip() + "\n" for name, text in split})

    def render(self, order: Sequence[str]) -> str:
        """Render the parts that there are, in this order."""
        parts = [f"## {name}\n\n{self.parts[name]}" for name in order if name in self.parts]
        return "\n".join([self.head, *parts])


def render_found(table: Mapping[str, Sequence[Verdict]]) -> str:
    """Render how each tool did on the planted leaks: in all, by resource, and what was missed."""
    plants = len(next(iter(table.values())))
    asked = [len(verdicts) for verdicts in table.values()]
    resources = list(dict.fromkeys(one.resource for one in next(iter(table.values()))))
    rows = {
        "right culprit and right resource": [_count(v, "is_found") for v in table.values()],
        "right culprit": [_count(v, "is_culprit_right") for v in table.values()],
        "right resource": [_count(v, "is_resource_right") for v in table.values()],
        "anything at all": [sum(bool(one.findings) for one in v) for v in table.values()],
        "false alarms in these suites": [sum(len(one.extras) for one in v) for v in table.values()],
    }
    lines = [
        f"{plants} planted leaks, each in a suite of its own with innocent tests around it.",
        "",
        f"| | {' | '.join(table)} |",
        f"|---|{'---|' * len(table)}",
        f"| suites asked about | {' | '.join(map(str, asked))} |",
        *(f"| {name} | {' | '.join(map(str, figures))} |" for name, figures in rows.items()),
        "",
        "Right culprit and right resource, by resource:",
        "",
        f"| resource | {' | '.join(table)} |",
        f"|---|{'---|' * len(table)}",
        *(_render_resource(resource, table) for resource in resources),
        "",
        *_render_misses(next(iter(table.values()))),
    ]
    return "\n".join(lines) + "\n"


def render_lawful(findings: Mapping[str, Sequence[Finding]], fewest: int, most: int) -> str:
    """Render what was reported on the control suite."""
    lines = [
        f"{fewest} lawful tests ({most} with `--count=2`), in which nothing is to be found.",
        "",
        "| run | reported | resources |",
        "|---|---|---|",
    ]
    for name, found in findings.items():
        counts = collections.Counter(one.resource for one in found)
        text = ", ".join(f"{resource} {count}" for resource, count in counts.most_common())
        lines.append(f"| {name} | {len(found)} | {text or '-'} |")
    mine = [(name, one) for name, all_ in findings.items() for one in all_ if "guard" in name]
    if mine:
        lines += ["", "False alarms of the guard:", ""]
        lines += [f"- {name}: {one}" for name, one in mine]
    return "\n".join(lines) + "\n"


def _count(verdicts: Sequence[Verdict], name: str) -> int:
    return sum(bool(getattr(one, name)) for one in verdicts)


def _render_resource(resource: str, table: Mapping[str, Sequence[Verdict]]) -> str:
    of_it = [[one for one in v if one.resource == resource] for v in table.values()]
    figures = [f"{_count(verdicts, 'is_found')} of {len(verdicts)}" for verdicts in of_it]
    return f"| {resource} | {' | '.join(figures)} |"


def _render_misses(verdicts: Sequence[Verdict]) -> list[str]:
    missed = [one for one in verdicts if not one.is_found]
    noisy = [one for one in verdicts if one.extras]
    lines = [f"Missed by the guard: {len(missed)}.", ""]
    lines += [f"- {one.plant}: {'; '.join(one.findings) or 'nothing'}" for one in missed]
    if noisy:
        lines += ["", "False alarms of the guard in these suites:", ""]
        lines += [f"- {one.plant}: {'; '.join(one.extras)}" for one in noisy]
    return lines
