"""pytest-hygiene and whyflaky on the same suites, each in an environment of its own.

Both are run as their documents say, and judged by what they can express: neither knows fixtures,
so that a test that uses the planted one is right, too.  whyflaky starts from a test that fails, so
that each suite has a victim of the leak for it, which the others do without.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from judging import UNNAMED, Finding, Verdict, judge
from planted import Plant
from proving.oldest import make_environment
from pytest_runs import Python
from suites import NEIGHBOURS, make_place, read_lawful, run_suite

OUR_FIVE: Final = ("pytest", "pytest-xdist", "pytest-asyncio", "pytest-repeat", "filelock")
HYGIENE: Final = (*NEIGHBOURS, "-p", "pytest_hygiene.plugin", "--hygiene-verbose")
VICTIM: Final = "test_zz_victim.py"
TIMEOUT_S: Final = 600

ASPECTS: Final[Mapping[str, str]] = {
    "env": "environ",
    "cwd": "cwd",
    "syspath": "sys.path",
    "sysmodules": "sys.modules",
    "warnings": "warnings",
    "logging": "logging",
    "threads": "threads",
    "random": "random",
}
"""pytest-hygiene's auditors, by our names of what they look at."""

STATES: Final[Mapping[str, str]] = {
    "env": "environ",
    "cwd": "cwd",
    "module_globals": "objects",
    "random_state_changed": "random",
    "warnings_filters_changed": "warnings",
}
"""What whyflaky's evidence can hold, by our names."""


@dataclass(frozen=True, slots=True)
class Environments:
    """The interpreters of the two."""

    hygiene: Path
    whyflaky: Path


def install(work: Path) -> Environments:
    """Install both, numpy beside pytest-hygiene for the control suite, unless they are there."""
    wanted = {
        "hygiene": (*OUR_FIVE, "pytest-hygiene", "numpy", "hypothesis"),
        "whyflaky": (*OUR_FIVE, "whyflaky"),
    }
    pythons = {}
    for name, packages in wanted.items():
        (work / name).mkdir(parents=True, exist_ok=True)
        pythons[name] = work / name / "env" / "bin" / "python"
        if not pythons[name].exists():
            make_environment(work / name, sys.executable, packages)
    return Environments(**pythons)


def try_hygiene(executable: Path, plant: Plant, work: Path) -> Verdict:
    """Run pytest-hygiene over a planted suite; what it only warns of counts as found, too."""
    place = make_place(work / f"{plant.name}-hygiene", plant.build_files())
    python = Python(executable=str(executable))
    finished = run_suite(python, place, [*HYGIENE, *plant.options])
    findings = [one for one in read_hygiene(finished.output) if not one.text.startswith("info")]
    return judge(plant, findings, knows_tests_only=True)


def try_hygiene_lawful(executable: Path, work: Path) -> list[Finding]:
    """Run pytest-hygiene over the control suite."""
    place = make_place(work / "lawful-hygiene", read_lawful())
    python = Python(executable=str(executable))
    return read_hygiene(run_suite(python, place, HYGIENE).output)


def read_hygiene(output: str) -> list[Finding]:
    """Read pytest-hygiene's section of a run's output."""
    findings = []
    nodeid = ""
    _, _, section = output.partition(" test hygiene ")
    for line in section.splitlines():
        if match := re.match(r"  (LEAK|warn|info) \[(\w+)\] (.*)", line):
            label, aspect, text = match.groups()
            findings.append(Finding("test", nodeid, ASPECTS[aspect], f"{label} {text}"))
        elif "::" in line:
            nodeid = line.strip()
    return findings


def try_whyflaky(executable: Path, plant: Plant, work: Path) -> Verdict:
    """Let whyflaky scan a planted suite with a victim."""
    files = {**plant.build_files(), VICTIM: plant.build_victim()}
    if plant.options:
        files["pytest.ini"] += f"addopts = {' '.join(plant.options)}\n"
    place = make_place(work / f"{plant.name}-whyflaky", files)
    report = place.root / "report.json"
    scan(executable, place.suite, report, place.build_environ())
    findings = read_whyflaky(json.loads(report.read_text())) if report.exists() else []
    shutil.rmtree(place.root)
    return judge(plant, findings, knows_tests_only=True)


def scan(executable: Path, suite: Path, report: Path, environ: Mapping[str, str]) -> None:
    """Run `whyflaky scan` with its own defaults, for ten minutes at most."""
    python = Python(executable=str(executable), has_autoload=True)
    command = [str(executable.with_name("whyflaky")), "scan", ".", "-q", "--json", str(report)]
    try:
        subprocess.run(
            [*command, "--db", str(report.with_suffix(".db"))],
            cwd=suite,
            env=python.build_environ(environ),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return


def read_whyflaky(report: Mapping[str, Any]) -> list[Finding]:
    """Read whom whyflaky names in its report, and of what.

    Any: the report is another tool's JSON.
    """
    findings: list[Finding] = []
    for flake in report["flakes"]:
        diagnosis = flake.get("diagnosis") or {}
        evidence = diagnosis.get("state_evidence") or {}
        for polluter in diagnosis.get("polluters") or ():
            findings += _read_polluter(flake["test_id"], polluter, evidence.get(polluter) or {})
    return findings


def _read_polluter(victim: str, polluter: str, evidence: Mapping[str, Any]) -> Sequence[Finding]:
    # Any: see above.  Without evidence the polluter is named, and no state.
    states = [STATES[name] for name in evidence if name in STATES] or [UNNAMED]
    return [Finding("test", polluter, state, f"fails {victim}") for state in states]
