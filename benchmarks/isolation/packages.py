"""The isolation guard on the test suites of well-known packages, from their source distributions.

Each suite is run without our plugin, and with a copy of it under another name, in both tiers.
Outcomes must be equal, and each leak reported by the first tier must be confirmed by hand
(`confirmed`).  Prints a report and, with `--write`, puts it into `packages.md`; the exit code is 1
if an outcome changed or a leak is not confirmed.

    uv run python benchmarks/isolation/packages.py --work DIR --write
    uv run python benchmarks/isolation/packages.py --work DIR --only click
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

# What all benchmarks share lies one directory up.
sys.path.append(str(Path(__file__).parents[1]))

from confirmed import CONFIRMED
from judging import Finding
from ours import read_findings
from pytest_runs import ROOT, Finished, Python, run_pytest
from sources import PACKAGES, Package, copy_infra, fetch, install
from suites import Place, make_place

RESULT: Final = Path(__file__).with_suffix(".md")
RECORDER: Final = Path(__file__).parent / "recording" / "outcome_recorder.py"
PLUGIN: Final = ("-p", "vendored_infra.plugin", "--isolation=report")
SETTLED: Final = ("-o", "asyncio_default_fixture_loop_scope=function")
"""pytest-asyncio warns where this is not set, and most of the suites make errors of warnings."""

TIMEOUT_S: Final = 900


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a package's suite."""

    outcomes: Mapping[str, str]
    findings: Sequence[Finding]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came out for one package."""

    package: Package
    plain: Trial
    first: Trial
    second: Trial

    @property
    def differences(self) -> list[str]:
        """Tests whose outcome is not what it is without our plugin."""
        plain, first = self.plain.outcomes, self.first.outcomes
        names = sorted({*plain, *first})
        return [
            f"{name}: {plain.get(name, 'absent')}, with the guard {first.get(name, 'absent')}"
            for name in names
            if plain.get(name) != first.get(name)
        ]

    @property
    def unconfirmed(self) -> list[Finding]:
        """Leaks of the first tier that nobody has confirmed."""
        return [one for one in self.first.findings if not explain(self.package, one)]


def explain(package: Package, finding: Finding) -> str:
    """Return why a reported leak is one; empty where nobody has confirmed it."""
    return next(
        (
            one.reason
            for one in CONFIRMED
            if one.is_about(package.name, finding.resource, finding.culprit)
        ),
        "",
    )


def try_package(package: Package, vendored: Path, work: Path) -> Result:
    """Run a package's suite without our plugin and with it."""
    source = fetch(package, work)
    executable = str(install(package, work))
    python = Python(root=vendored, executable=executable, has_autoload=True)
    place = make_place(work / "places" / package.name, {})
    plain = run_once(python, package, source, place, ())
    first = run_once(python, package, source, place, (*PLUGIN, "--isolation-tier=1"))
    second = run_once(python, package, source, place, (*PLUGIN, "--isolation-tier=2"))
    return Result(package, plain, first, second)


def run_once(
    python: Python, package: Package, source: Path, place: Place, plugin: Sequence[str]
) -> Trial:
    """Run a package's suite once."""
    recorded = place.root / "outcomes.json"
    leaks = place.cache / "d" / "infra" / "leaks.json"
    recorded.unlink(missing_ok=True)
    leaks.unlink(missing_ok=True)
    own = ("-q", "-p", "outcome_recorder", "-o", f"cache_dir={place.cache}", *SETTLED, *plugin)
    finished = run_pytest(
        python,
        [*own, *package.args],
        source,
        timeout_s=TIMEOUT_S,
        environ={**place.build_environ(), "OUTCOMES": str(recorded)},
    )
    outcomes = read_recorded(recorded, finished)
    findings = read_findings(place, finished) if plugin else []
    return Trial(outcomes, findings, finished.wall_s)


def read_recorded(path: Path, finished: Finished) -> dict[str, str]:
    """Read the outcomes of a run; one that has none is shown and ends the benchmark."""
    if finished.is_hung or not path.exists():
        sys.exit(f"{' '.join(finished.command)} did not end well:\n{finished.output[-4000:]}")
    outcomes: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return outcomes


def render(results: Sequence[Result]) -> str:
    """Render the table, each leak of the first tier with its verdict, and the second tier's."""
    lines = [
        "# The isolation guard on well-known packages",
        "",
        f"Their own test suites, from their source distributions. Python "
        f"{platform.python_version()}, pytest {version('pytest')}. "
        "Again: `uv run python benchmarks/isolation/packages.py --work DIR --write`.",
        "",
        "| package | tests | not passed | outcomes changed by the guard | leaks, tier 1 "
        "| of them confirmed | reported by tier 2 | without, tier 1, tier 2 |",
        "|---|---|---|---|---|---|---|---|",
        *(_render_row(result) for result in results),
        "",
        "## Leaks that the first tier reports",
        "",
        *(line for result in results for line in _render_leaks(result)),
        "",
        "## What the second tier reports beyond them",
        "",
        *(line for result in results for line in _render_second(result)),
    ]
    return "\n".join(lines) + "\n"


def _render_row(result: Result) -> str:
    outcomes = list(result.plain.outcomes.values())
    bad = len(outcomes) - outcomes.count("passed")
    first = result.first.findings
    times = ", ".join(f"{one.wall_s:.1f} s" for one in (result.plain, result.first, result.second))
    return (
        f"| {result.package.pin} | {len(outcomes)} | {bad} | {len(result.differences)} "
        f"| {len(first)} | {len(first) - len(result.unconfirmed)} "
        f"| {len(result.second.findings)} | {times} |"
    )


def _render_leaks(result: Result) -> list[str]:
    name = result.package.name
    return [
        f"- {name}: {_shorten(one)}: **{explain(result.package, one) or 'not confirmed'}**"
        for one in result.first.findings
    ] + [f"- {name}: outcome changed: {one}" for one in result.differences]


def _render_second(result: Result) -> list[str]:
    known = {(one.resource, one.culprit) for one in result.first.findings}
    return [
        f"- {result.package.name}: {_shorten(one)}: "
        f"**{explain(result.package, one) or 'not looked into'}**"
        for one in result.second.findings
        if (one.resource, one.culprit) not in known
    ]


def _shorten(finding: Finding) -> str:
    text = str(finding).replace("|", "/").replace("\n", " ")
    return text if len(text) <= 240 else f"{text[:237]}..."


def main() -> int:
    """Run all packages, or one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", help="directory to download, install and run in; kept")
    parser.add_argument("--only", default="", help="one package by name")
    parser.add_argument("--write", action="store_true", help="write packages.md, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(options.work or name).resolve()
        vendored = copy_infra(ROOT / "tests" / "infra", RECORDER, work)
        results = [
            try_package(package, vendored, work)
            for package in PACKAGES
            if options.only in ("", package.name)
        ]
    text = render(results).replace(str(work), "DIR")
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return int(any(result.differences or result.unconfirmed for result in results))


if __name__ == "__main__":
    sys.exit(main())
