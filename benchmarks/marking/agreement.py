"""How far `mark` agrees with the markers that a person gave the Proxmox suite.

`python benchmarks/marking/agreement.py --work DIR [--write]`: strips a copy of this repository,
lets `mark` decide by the source alone, by the history of past runs, and by a run of its own, and
counts.  Results are in `agreement.md`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("agreement.md")
STRIP = Path(__file__).with_name("strip.py")
NAMES = ("unit", "integration", "slow")
IGNORED = (".git", "__pycache__", ".*cache", ".venv", "logs", "benchmarks")

WAYS = {
    "by the source alone": ((), False),
    "by the history of one run": ((), True),
    "by a run of its own (--measure)": (("--measure",), False),
}


def main() -> None:
    """Compare, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    found = parser.parse_args()
    text = "\n".join(["# Agreement of `mark` with a person's markers", "", *measure(found.work)])
    print(text)
    if found.write:
        RESULTS.write_text(text + "\n", encoding="utf-8")


def measure(work: Path) -> list[str]:
    """Return the lines of all tables."""
    truth = read_truth()
    lines = [
        f"{len(truth)} tests of `tests/suite`, their markers stripped. Again: "
        "`python benchmarks/marking/agreement.py --work DIR --write`.",
    ]
    for title, (options, has_history) in WAYS.items():
        copy = make_copy(work / "copy")
        if has_history:
            run(copy, "pytest", "-q", "-n0", "tests/suite")
        began = time.monotonic()
        decisions = decide(copy, options)
        took_s = time.monotonic() - began
        left = json.loads(run(copy, "tests.infra", "mark", "--check", "--json", "tests/suite"))
        lines += ["", f"## {title[0].upper()}{title[1:]}", ""]
        lines += render(truth, decisions, took_s, left)
    return lines


def read_truth() -> dict[str, str]:
    """Return the category that each test has in the repository."""
    truth = {}
    for name in NAMES:
        listing = run(ROOT, "pytest", "-q", "--collect-only", "-n0", "-m", name, "tests/suite")
        for line in listing.splitlines():
            if "::" in line:
                truth[line.strip()] = name
    return truth


def make_copy(copy: Path) -> Path:
    """Copy the repository, without its caches, and strip the suite."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*IGNORED))
    command = [sys.executable, str(STRIP), str(copy / "tests" / "suite"), "--in-place"]
    subprocess.run(command, check=True, capture_output=True)
    return copy


def decide(copy: Path, options: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """Let `mark` decide and write; return its decisions by node id."""
    found = json.loads(
        run(copy, "tests.infra", "mark", "--json", "--write", *options, "tests/suite")
    )
    return {one["nodeid"]: one for one in found["decisions"]}


def run(directory: Path, module: str, *arguments: str) -> str:
    """Run a module there; return what it printed."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False
    ).stdout


def render(
    truth: Mapping[str, str],
    decisions: Mapping[str, Mapping[str, object]],
    took_s: float,
    left: Mapping[str, object],
) -> list[str]:
    """Render one confusion matrix, and the tests beside its diagonal."""
    pairs = Counter((truth[nodeid], str(one["category"])) for nodeid, one in decisions.items())
    agreeing = sum(count for (one, other), count in pairs.items() if one == other)
    totals = Counter(str(one["category"]) for one in decisions.values())
    unsure = sum(bool(one["is_unsure"]) for one in decisions.values())
    rows = [
        f"| {person} | {' | '.join(str(pairs[person, name]) for name in NAMES)} |"
        for person in NAMES
    ]
    return [
        f"{agreeing} of {len(truth)} agree; {unsure} unsure; "
        f"{', '.join(f'{totals[name]} {name}' for name in NAMES)}; {took_s:.0f} s; "
        f"without a category afterwards: {len(left['without'])} of {left['total']}.",  # type: ignore[arg-type]  # a list
        "",
        "| person \\ `mark` | unit | integration | slow |",
        "|---|---|---|---|",
        *rows,
        "",
        *[
            f"- `{nodeid.removeprefix('tests/suite/')}`: {truth[nodeid]}, `mark` says "
            f"{one['category']} ({'; '.join(one['reasons'])})"  # type: ignore[arg-type]  # a list of texts
            for nodeid, one in decisions.items()
            if truth[nodeid] != one["category"]
        ],
    ]


if __name__ == "__main__":
    main()
