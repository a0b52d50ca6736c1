"""Findings as text, GitHub's annotations and SARIF; nothing is printed here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .analysis import Analysis
from .findings import Finding
from .rules import TABLE, Severity

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def render_text(
    findings: Sequence[Finding], analysis: Analysis, *, retired: int, shown: Sequence[Finding] = ()
) -> str:
    """Render for people: each finding with its why and mend, and the sum."""
    lines = [line for finding in findings for line in _render_finding(finding)]
    lines += [f"{_get_place(finding)} retired: watched and clean" for finding in shown]
    lines += [unreadable.render() for unreadable in analysis.unreadable]
    return "\n".join([*lines, *_render_sum(findings, analysis, retired)])


def _render_finding(finding: Finding) -> Iterable[str]:
    yield f"{_get_place(finding)} {finding.message}"
    yield f"    why:  {finding.rule.why}"
    yield f"    mend: {finding.rule.mend}"


def _get_place(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}:{finding.column}: {finding.rule_id} {finding.rule.name}:"


def _render_sum(findings: Sequence[Finding], analysis: Analysis, retired: int) -> Iterable[str]:
    counts = Counter(finding.rule_id for finding in findings)
    rules = ", ".join(f"{rule_id} {count}" for rule_id, count in sorted(counts.items()))
    watched = f"; {retired} more retired: watched and clean (--retired)" if retired else ""
    found = f"{len(findings)} finding{'s' * (len(findings) != 1)}"
    yield (
        f"{found} in {analysis.file_count} files, {analysis.line_count} lines"
        + (f": {rules}" if rules else "")
        + watched
    )


def render_github(findings: Sequence[Finding], analysis: Analysis) -> str:
    """Render as workflow commands, which GitHub shows beside the line."""
    lines = [_render_command(finding) for finding in findings]
    lines += [
        f"::error file={_escape_property(bad.path)},line={bad.line}::{_escape(bad.problem)}"
        for bad in analysis.unreadable
    ]
    return "\n".join(lines)


def _render_command(finding: Finding) -> str:
    title = f"{finding.rule_id} {finding.rule.name}"
    text = f"{finding.message}: {finding.rule.why}. Mend: {finding.rule.mend}"
    place = f"file={_escape_property(finding.path)},line={finding.line},col={finding.column}"
    return f"::{finding.rule.severity.value} {place},title={title}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


# Any: JSON of SARIF's shape, https://docs.oasis-open.org/sarif/sarif/v2.1.0/
def build_sarif(findings: Sequence[Finding], analysis: Analysis) -> dict[str, Any]:
    """Build a SARIF log of one run."""
    driver = {
        "name": "infra-check",
        "rules": [
            {
                "id": rule.id,
                "name": rule.name,
                "shortDescription": {"text": rule.name.replace("-", " ")},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.mend},
                "defaultConfiguration": {"level": rule.severity.value},
            }
            for rule in TABLE
        ],
    }
    problems = [
        {
            "level": Severity.ERROR.value,
            "message": {"text": bad.problem},
            "locations": [_build_location(bad.path, bad.line, 1)],
        }
        for bad in analysis.unreadable
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_build_result(finding) for finding in findings],
        "invocations": [
            {"executionSuccessful": not problems, "toolExecutionNotifications": problems}
        ],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _build_result(finding: Finding) -> Mapping[str, object]:
    return {
        "ruleId": finding.rule_id,
        "level": finding.rule.severity.value,
        "message": {"text": f"{finding.message}. {finding.rule.mend}"},
        "locations": [_build_location(finding.path, finding.line, finding.column)],
    }


def _build_location(path: str, line: int, column: int) -> Mapping[str, object]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path},
            "region": {"startLine": line, "startColumn": column},
        }
    }


def render_rules() -> str:
    """Render the table of rules."""
    return "\n".join(
        f"{rule.id}  {rule.name} ({rule.severity.value}"
        f"{', watched' if rule.is_watched else ''})\n    why:  {rule.why}\n    mend: {rule.mend}"
        for rule in TABLE
    )


def render_rules_table() -> str:
    """Render the table of rules for the reference."""
    rows = [f"| `{rule.id}` | {rule.name} | {rule.why} | {rule.mend} |" for rule in TABLE]
    return "\n".join(["| rule | name | why | mend |", "|---|---|---|---|", *rows])
