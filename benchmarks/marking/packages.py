"""What `mark` does to the suites of well-known packages that nobody here wrote.

`python benchmarks/marking/packages.py --work DIR [--write]`: fetches their source distributions,
runs each suite, marks it with `--measure --write`, compares every byte, marks it again, and runs it
again.  Results are in `packages.md`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("packages.md")

TOOLBOX = "toolbox"
"""The name under which `tests/infra` is copied: the packages have a `tests` of their own."""

REGISTERING = """\
import json


def pytest_configure(config):
    for name in ("unit", "integration", "slow"):
        config.addinivalue_line("markers", f"{name}: a category")


outcomes = {}


def pytest_runtest_logreport(report):
    outcomes.setdefault(report.nodeid, []).append([report.when, report.outcome])


def pytest_sessionfinish(session):
    if not session.config.option.collectonly:
        with open("../outcomes.json", "w") as file:
            json.dump(outcomes, file)
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, what its tests need, and which of them are run."""

    name: str
    version: str
    needs: tuple[str, ...]
    tests: tuple[str, ...]
    """Pytest's arguments; what needs a network or a whole second package is left out."""


PACKAGES = (
    Package("itsdangerous", "2.2.0", ("freezegun",), ("tests",)),
    Package("pluggy", "1.6.0", (), ("testing",)),
    Package("click", "8.5.1", (), ("tests",)),
)


def main() -> None:
    """Do it for all packages, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    found = parser.parse_args()
    found.work.mkdir(parents=True, exist_ok=True)
    rows = [measure(package, found.work.resolve()) for package in PACKAGES]
    text = "\n".join([*HEADER, *rows])
    print(text)
    if found.write:
        RESULTS.write_text(text + "\n", encoding="utf-8")


HEADER = (
    "# `mark` on packages of others",
    "",
    "Source distributions, marked with `--measure --write`. Again: "
    "`python benchmarks/marking/packages.py --work DIR --write`.",
    "",
    "*Other bytes*: lines that are in only one of the two versions and are neither a marker, an "
    "import of pytest nor an empty line beside one. *Outcomes*: node ids whose outcome differs "
    "between the run before and the one after. *Again*: files that a second call changes.",
    "",
    "| package | tests | unit, integration, slow | unsure | for a person | files changed "
    "| lines added | other bytes | outcomes | again | `mark` took |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)


def measure(package: Package, work: Path) -> str:
    """Return a package's row."""
    python, home = prepare(package, work)
    before_files = read_files(home)
    before = run_suite(python, home, package)
    began = time.monotonic()
    marking = mark(python, home, package, "--measure", "--write")
    took_s = time.monotonic() - began
    after_files = read_files(home)
    added, foreign = compare(before_files, after_files)
    after = run_suite(python, home, package)
    names = before.keys() | after.keys()
    differing = {name for name in names if before.get(name) != after.get(name)}
    again = mark(python, home, package, "--write")
    decisions = marking["decisions"]
    counts = Counter(one["category"] for one in decisions)
    numbers = ", ".join(str(counts[name]) for name in ("unit", "integration", "slow"))
    unsure = sum(one["is_unsure"] for one in decisions)
    cells = (
        *(f"{package.name} {package.version}", len(before), numbers, unsure),
        *(len(marking["for_a_person"]), len(marking["changed"]), added, foreign),
        *(f"{len(differing)} differ", len(again["changed"]), f"{took_s:.0f} s"),
    )
    for name in sorted(differing):
        print(f"{name}: {before.get(name)} before, {after.get(name)} after")
    row = f"| {' | '.join(map(str, cells))} |"
    print(row, flush=True)
    return row


def prepare(package: Package, work: Path) -> tuple[Path, Path]:
    """Fetch a package, unpack it, and install it with what its tests need, apart from all else."""
    environment = work / f"{package.name}-environment"
    python = environment / "bin" / "python"
    name = f"{package.name}-{package.version}"
    archive = work / "sources" / f"{name}.tar.gz"
    if not python.exists():
        check(sys.executable, "-m", "venv", str(environment))
    if not archive.exists():
        options = ("--no-binary", package.name, "--no-deps", "--quiet")
        requirement = f"{package.name}=={package.version}"
        check(python, "-m", "pip", "download", *options, "--dest", archive.parent, requirement)
        needs: tuple[str | Path, ...] = (
            "pytest==9.2.0",
            "filelock",
            "libcst",
            *package.needs,
            archive,
        )
        check(python, "-m", "pip", "install", "--quiet", *needs)
    home = work / name
    shutil.rmtree(home, ignore_errors=True)
    with tarfile.open(archive) as file:
        file.extractall(work, filter="data")
    copy_tools(work / "tools")
    return python, home


def copy_tools(tools: Path) -> None:
    """Copy `tests/infra` under another name, with a plugin that registers the categories."""
    shutil.rmtree(tools, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tests" / "infra", tools / TOOLBOX, ignore=ignored)
    (tools / "registering.py").write_text(REGISTERING, encoding="utf-8")


def check(*command: str | Path) -> None:
    """Run a command that has to succeed."""
    subprocess.run(list(map(str, command)), check=True)


def read_files(home: Path) -> dict[Path, bytes]:
    """Read all files of the distribution."""
    skipped = {"__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache"}
    return {
        path: path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and skipped.isdisjoint(path.parts) and path.suffix != ".pyc"
    }


def run(python: Path, home: Path, module: str, *arguments: str) -> str:
    """Run a module in the package's directory; return what it printed."""
    environ = {
        "PYTHONPATH": str(home.parent / "tools"),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home.parent),
    }
    found = subprocess.run(
        [str(python), "-m", module, *arguments],
        cwd=home,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.stderr:
        print(found.stderr, file=sys.stderr)
    return found.stdout


def run_suite(python: Path, home: Path, package: Package) -> dict[str, object]:
    """Run the suite; return the outcome of every phase of every test."""
    outcomes = home.parent / "outcomes.json"
    outcomes.unlink(missing_ok=True)
    run(python, home, "pytest", "-p", "registering", "-q", "--tb=no", *package.tests)
    return dict(json.loads(outcomes.read_text(encoding="utf-8")))


# Any: JSON of any shape; what is missing raises.
def mark(python: Path, home: Path, package: Package, *options: str) -> dict[str, Any]:
    """Run `mark`; return what it reports."""
    arguments = ("mark", "--json", *options, "-p", "registering", *package.tests)
    found: dict[str, Any] = json.loads(run(python, home, TOOLBOX, *arguments))
    return found


def compare(before: Mapping[Path, bytes], after: Mapping[Path, bytes]) -> tuple[int, int]:
    """Return how many lines were added, and how many bytes differ in any other way."""
    added = foreign = 0
    for path in before.keys() | after.keys():
        old, new = before.get(path, b""), after.get(path, b"")
        if old != new:
            lines, rest = take_out(old.splitlines(keepends=True), new.splitlines(keepends=True))
            added += lines
            foreign += rest
    return added, foreign


def take_out(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[int, int]:
    """Walk over both; count the lines only in the new one, and bytes that fit in no way."""
    position = added = foreign = 0
    is_beside = False
    for line in new:
        is_ours = b".mark." in line or b"import pytest" in line or b"mark." in line
        if position < len(old) and line == old[position]:
            position += 1
            is_beside = False
        elif is_ours or not line.strip():
            added += 1
            is_beside = is_beside or is_ours
        else:
            foreign += len(line)
    return added, foreign + sum(map(len, old[position:]))


if __name__ == "__main__":
    main()
