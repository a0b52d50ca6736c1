"""What `check` finds of the planted smells, beside ruff with all its rules; false alarms; speed.

A smell counts as found by `check` where it reports the planted rule on the planted line, and as
found by ruff where one of the rules that are about shared state, time or order hits a line of the
case; ruff's rules of style are left out.
In `smells/*.txt`, `### name rule` begins a case, `--- path` a file of it (`test_case.py` if none is
named), and `# <-` ends the line that is to be found.
  With `--write`, the tables go into `static_check.md`.

    uv run python benchmarks/isolation/static_check.py --write [DIRECTORY of sources for the speed]
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
RESULT = Path(__file__).with_suffix(".md")
sys.path.insert(0, str(ROOT))

from tests.infra.smells.analysis import Source, analyse  # noqa: E402 - after the path
from tests.infra.smells.findings import Finding  # noqa: E402 - likewise

SMELLS: Final = Path(__file__).parent / "smells"
MARK: Final = "# <-"

TELLING: Final = frozenset({
    "ASYNC251", "B003", "B006", "B019", "B039", "DTZ005", "DTZ011", "NPY002", "PLW0603",
    "PLW1507", "PT028", "PTH208", "RUF006", "RUF012", "S104", "S108", "S311", "SIM115",
    "shared-clock-mock", "pytest-fixture-autouse", "mutable-class-default",
})  # fmt: skip
"""Ruff's rules that speak of what the catalogue is about."""

ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One small suite."""

    name: str
    rule: str
    """What is planted; empty in a lawful case."""
    files: Mapping[str, str]

    def find_marked(self) -> set[tuple[str, int]]:
        """Find the lines that are to be found, as file and number."""
        return {
            (path, number)
            for path, text in self.files.items()
            for number, line in enumerate(text.splitlines(), 1)
            if line.endswith(MARK)
        }


def read_cases(pattern: str) -> list[Case]:
    """Read all cases of the files of a pattern, sorted by file."""
    return [case for path in sorted(SMELLS.glob(pattern)) for case in _read_file(path)]


def _read_file(path: Path) -> Iterator[Case]:
    _, *cases = re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for case in cases:
        title, _, body = case.partition("\n")
        name, _, rule = title.partition(" ")
        parts = re.split(r"^--- (.*)\n", body, flags=re.MULTILINE)
        files = dict(zip(parts[1::2], parts[2::2], strict=True)) or {"test_case.py": parts[0]}
        yield Case(name, rule.strip(), files)


def check(case: Case) -> list[Finding]:
    """Check one case."""
    return list(analyse(Source(text, path, path) for path, text in case.files.items()).findings)


def is_found(case: Case) -> bool:
    """Whether `check` reports the planted rule on the planted line."""
    marked = case.find_marked()
    return any((f.path, f.line) in marked and f.rule_id == case.rule for f in check(case))


def find_by_ruff(cases: Sequence[Case]) -> dict[str, set[str]]:
    """Run ruff over all cases at once, and return the telling rules by case."""
    with tempfile.TemporaryDirectory() as directory:
        for case in cases:
            for path, text in case.files.items():
                file = Path(directory, case.name, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        options = ["--isolated", "--preview", "--select", "ALL", "--output-format", "json"]
        command = [sys.executable, "-m", "ruff", "check", *options, "."]
        result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        found: dict[str, set[str]] = {case.name: set() for case in cases}
        for hit in json.loads(result.stdout):
            name = Path(hit["filename"]).resolve().relative_to(Path(directory).resolve()).parts[0]
            rule = hit["code"] or hit.get("name") or ""
            if rule in TELLING:
                found[name].add(rule)
    return found


def measure_speed(paths: Sequence[Path]) -> tuple[int, float]:
    """Return the lines, and lines a second of processor time: the median of the rounds."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in paths]
    sources = [
        Source(text, str(path), path.as_posix()) for text, path in zip(texts, paths, strict=True)
    ]
    speeds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        analysis = analyse(sources)
        speeds.append(analysis.line_count / (time.process_time() - began))
    return analysis.line_count, sorted(speeds)[ROUNDS // 2]


def render(directories: Sequence[Path]) -> str:
    """Measure all, and render the page."""
    planted, lawful = read_cases("planted*.txt"), read_cases("lawful*.txt")
    by_ruff = find_by_ruff(planted)
    found = {case.name for case in planted if is_found(case)}
    alarms = [(case.name, finding) for case in lawful for finding in check(case)]
    return "\n".join([
        "# The static check, measured",
        "",
        f"Python {platform.python_version()}, ruff {version('ruff')}. "
        "Made by `benchmarks/isolation/static_check.py --write`; the cases are in `smells/`.",
        "",
        f"- found of {len(planted)} planted smells: **{len(found)}** by `check`, "
        f"{sum(map(bool, by_ruff.values()))} by ruff with all its rules",
        f"- findings on {len(lawful)} lawful cases: **{len(alarms)}**"
        + "".join(f"; {name}: {finding.rule_id}" for name, finding in alarms),
        *_render_speeds(directories),
        "",
        "| smell | rule | `check` | ruff |",
        "|---|---|---|---|",
        *(
            f"| {case.name} | {case.rule} | {'found' if case.name in found else 'missed'} | "
            f"{', '.join(sorted(by_ruff[case.name])) or '-'} |"
            for case in planted
        ),
        "",
    ])  # fmt: skip


def _render_speeds(directories: Sequence[Path]) -> Iterator[str]:
    for directory in directories:
        paths = sorted(directory.rglob("*.py"))
        lines, speed = measure_speed(paths)
        whole = directory.resolve()
        is_ours = whole.is_relative_to(ROOT)
        name = whole.relative_to(ROOT if is_ours else whole.parents[1]).as_posix()
        yield f"- {name}: {lines:,} lines at {speed:,.0f} lines a second on one core"


def main() -> None:
    """Print the page; write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("directories", nargs="*", type=Path, default=[ROOT / "tests"])
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} too")
    arguments = parser.parse_args()
    text = render(arguments.directories)
    print(text)
    if arguments.write:
        RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
