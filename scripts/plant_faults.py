"""Breaks the tools on purpose, one fault at a time, and counts the tests that notice.

The faults are tables in planted_faults and its like; each names the directory of tests/suite
whose tests must notice it.
"""

import argparse
import ast
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

from fault import SUITE, Fault
from fault_report import (
    Outcome,
    Verdict,
    render_document,
    render_list,
    render_progress,
    render_summary,
)
from planted_faults import FAULTS

ROOT: Final = Path(__file__).resolve().parents[1]
REPORT: Final = ROOT / "docs" / "planted-faults.md"
PACKAGE: Final = "proxmox_mcp"
TIMEOUT_S: Final = 300

PROBE: Final = "planted_faults_probe"
PROBE_SOURCE: Final = f'''
import os, pathlib, sys

def pytest_sessionfinish(session):
    module = sys.modules.get("{PACKAGE}.tools")
    text = getattr(module, "__file__", "nothing")
    pathlib.Path(__file__).with_name("imported.txt").write_text(text)
'''
"""A plugin of the inner run, which tells what it really imported."""

DESCRIPTION: Final = """\
Show that the suite notices broken tools.

For each fault, copy the installed package proxmox_mcp, change one line of the copy, and run
against it the directory of tests/suite that the fault names. A fault is caught when at least
one test fails. The unchanged copy runs first and has to pass; the installed package itself is
never touched.

A fault that no test notices is a missing test: write it, then run this again with --only.
"""
EPILOG: Final = """\
examples:
  python scripts/plant_faults.py --list
  python scripts/plant_faults.py --only start-sends-put
  python scripts/plant_faults.py --write      # refresh docs/planted-faults.md

exit codes: 0 every fault was caught, 1 at least one was missed, 2 the call or a fault's
description is wrong, 3 the check itself didn't work (nothing is known about the tests).
"""


class Exit(IntEnum):
    """What the exit codes mean."""

    CAUGHT = 0
    MISSED = 1
    USAGE = 2
    BROKEN = 3


class PlantingError(Exception):
    """The check can't be carried out; the text says why, and the way out."""

    exit_code = Exit.BROKEN


class FaultTextError(PlantingError):
    """The description of a fault doesn't fit the installed package."""

    exit_code = Exit.USAGE

    def __init__(self, fault: Fault, found: int) -> None:
        super().__init__(fault, found)
        self.fault = fault
        self.found = found

    def __str__(self) -> str:
        where = f"{self.fault.function} of {self.fault.file}"
        return (
            f"fault {self.fault.name!r}: its old text is {self.found} times in {where}, not once; "
            f"correct the table in planted_faults.py to the installed version"
        )


def plant(source: str, fault: Fault) -> str:
    """Return the source with the fault in it; raise `FaultTextError` when it doesn't fit."""
    lines = source.splitlines(keepends=True)
    span = _find_function(source, fault.function)
    if span is None:
        raise FaultTextError(fault, 0)
    start, end = span
    body = "".join(lines[start:end])
    found = body.count(fault.old)
    if found != 1:
        raise FaultTextError(fault, found)
    return "".join(lines[:start]) + body.replace(fault.old, fault.new) + "".join(lines[end:])


def _find_function(source: str, qualified: str) -> tuple[int, int] | None:
    """Return the lines of `name` or `Class.name`, from 0, the end excluded."""
    class_name, _, name = qualified.rpartition(".")
    body = ast.parse(source).body
    if class_name:
        owners = [one for one in body if isinstance(one, ast.ClassDef) and one.name == class_name]
        body = [member for owner in owners for member in owner.body]
    for member in body:
        if not isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if member.name == name and member.end_lineno is not None:
            return member.lineno - 1, member.end_lineno
    return None


def find_package() -> Path:
    """Return the directory of the installed package."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        msg = f"{PACKAGE} isn't installed; install the dependency group 'suite'"
        raise PlantingError(msg)
    return Path(spec.origin).parent


def run_with(fault: Fault | None, package: Path, suites: Sequence[str]) -> Outcome:
    """Run the directories against a fresh copy of the package, with the fault in it."""
    with tempfile.TemporaryDirectory(prefix="planted-fault-") as name:
        directory = Path(name).resolve()
        copy = directory / PACKAGE
        shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
        if fault is not None:
            file = copy / fault.file
            file.write_text(plant(file.read_text("utf-8"), fault), "utf-8")
        return _run_suites(directory, suites)


def _run_suites(directory: Path, suites: Sequence[str]) -> Outcome:
    (directory / f"{PROBE}.py").write_text(PROBE_SOURCE, "utf-8")
    junit = directory / "junit.xml"
    command = [
        sys.executable, "-m", "pytest", *suites, "-q", "-c", "pytest.ini", "-p", "no:cacheprovider",
        "-p", "no:xdist", "-p", PROBE, f"--junitxml={junit}",
    ]  # fmt: skip
    try:
        run = subprocess.run(
            command, cwd=ROOT, env=_environment(directory), timeout=TIMEOUT_S,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        msg = f"the suite didn't end within {TIMEOUT_S} s; repeat with --only and look where"
        raise PlantingError(msg) from error
    _require_copy(directory, run.stdout + run.stderr)
    return _read_outcome(junit)


def _environment(directory: Path) -> dict[str, str]:
    # What the caller's own pytest run has set would change the inner one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTHONPATH": str(directory), "PYTHONDONTWRITEBYTECODE": "1"}


def _require_copy(directory: Path, output: str) -> None:
    proof = directory / "imported.txt"
    if not proof.exists():
        msg = f"the suite didn't run to its end; its last words:\n{output[-2000:]}"
        raise PlantingError(msg)
    imported = Path(proof.read_text("utf-8"))
    if not imported.is_relative_to(directory):
        msg = f"the suite imported {imported}, not the copy; nothing may precede PYTHONPATH"
        raise PlantingError(msg)


def _read_outcome(junit: Path) -> Outcome:
    # The file was written by our own run of pytest a moment ago.
    cases = list(ET.parse(junit).iter("testcase"))  # noqa: S314 - see above
    failed = [
        f"{case.get('classname', '').removeprefix(SUITE.replace('/', '.') + '.')}"
        f"::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    # A test whose body and whose teardown both fail is there twice.
    return Outcome(len(cases), tuple(dict.fromkeys(failed)))


def check_unbroken(faults: Sequence[Fault], package: Path) -> Outcome:
    """Run what the faults name against an unchanged copy, and raise when anything fails."""
    outcome = run_with(None, package, sorted({fault.suite for fault in faults}))
    if outcome.failed or not outcome.tests:
        first = ", ".join(outcome.failed[:3]) or "there is no test"
        msg = f"the suite fails without a fault ({first}); make it pass first: pytest {SUITE}"
        raise PlantingError(msg)
    return outcome


def plant_all(faults: Sequence[Fault], package: Path, say: Callable[[str], None]) -> list[Verdict]:
    """Plant one fault after the other, telling of each."""
    verdicts = []
    for number, fault in enumerate(faults, start=1):
        verdict = Verdict(fault, run_with(fault, package, [fault.suite]))
        say(render_progress(number, len(faults), verdict))
        verdicts.append(verdict)
    return verdicts


def require_fitting(faults: Sequence[Fault], package: Path) -> None:
    """Raise before the first run when any fault doesn't fit the package."""
    for fault in faults:
        file = package / fault.file
        if not file.is_file():
            raise FaultTextError(fault, 0)
        plant(file.read_text("utf-8"), fault)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list the faults and stop")
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=[fault.name for fault in FAULTS],
        help="plant this fault alone; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--write", action="store_true",
        help="write docs/planted-faults.md; needs all faults, so not together with --only",
    )  # fmt: skip
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("--write needs all faults; leave --only out")
    faults = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    if options.list:
        print(render_list(faults))
        return Exit.CAUGHT
    try:
        return _check(faults, is_written=options.write)
    except PlantingError as error:
        print(f"plant_faults: {error}", file=sys.stderr)
        return error.exit_code


def _check(faults: Sequence[Fault], *, is_written: bool) -> int:
    package = find_package()
    require_fitting(faults, package)
    unbroken = check_unbroken(faults, package)
    _say(f"without a fault: {unbroken.tests} tests pass")
    verdicts = plant_all(faults, package, _say)
    if is_written:
        REPORT.write_text(render_document(verdicts, unbroken.tests), "utf-8")
    print(render_summary(verdicts))
    return Exit.CAUGHT if all(verdict.is_caught for verdict in verdicts) else Exit.MISSED


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
