"""What `tests/infra` adds to pytest: to its start, and to each test.

Runs with and without the plugin alternate, so that a noisy neighbour meets both, and medians are
compared; what the plugin does for each test is timed by itself, too, because whole runs differ by
more than that.  Prints a table and, with `--write`, puts it into `overhead.md` beside this file.

    uv run python benchmarks/overhead.py --write
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
PLUGIN = ("-p", "tests.infra.plugin")
FEW_PLUGINS = ("-p", "xdist.plugin", "-p", "no:cacheprovider")
# Times what the plugin does for each test, on real items and reports, in the run itself.
PROBE = """
import time
import pytest

REPORTS = []

def best_us(call, tests):
    def once():
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    return min(once() for _ in range(7)) / tests * 1e6

def pytest_runtest_logreport(report):
    REPORTS.append(report)

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    from tests.infra.plugin import SESSION, ControllerSide
    from tests.infra.session import build_manifest
    ours = session.config.stash[SESSION]
    side = ControllerSide(session.config, ours)
    tests = len(session.items)
    manifest = best_us(lambda: build_manifest(ours, session.items), tests)
    reports = best_us(lambda: [side.pytest_runtest_logreport(one) for one in REPORTS], tests)
    print("")
    print(f"probe {manifest:.2f} {reports:.2f}")
"""
TIMED_IMPORT = """
import sys, time
import pytest, _pytest.config, argparse, uuid, tempfile, shutil, json, dataclasses, socket, getpass
if {is_parallel}: import xdist.dsession
start = time.perf_counter()
import tests.infra.plugin
if {is_parallel}: import tests.infra.scheduler
print((time.perf_counter() - start) * 1000)
"""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What runs without the plugin, with it, and without it again took, in turns."""

    without: list[float]
    with_plugin: list[float]
    without_again: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        """Both medians, in the unit that was measured."""
        return statistics.median(self.without), statistics.median(self.with_plugin)

    @property
    def added(self) -> float:
        """The median of the differences between neighbours, which a slow phase meets alike."""
        return statistics.median(
            after - before for before, after in zip(self.without, self.with_plugin, strict=True)
        )

    @property
    def noise(self) -> float:
        """The median distance of two neighbours that ran the same."""
        return statistics.median(
            abs(after - before)
            for before, after in zip(self.without, self.without_again, strict=True)
        )

    def render(self, name: str, added: str) -> str:
        """Render a row of the table."""
        without, with_plugin = self.medians
        figures = f"{without:.0f} ms | {with_plugin:.0f} ms | {with_plugin / without:.2f}"
        return f"| {name} | {figures} | {added} | {self.noise:.0f} ms |"


def measure_import_ms(*, is_parallel: bool) -> float:
    """Return what importing the plugin takes once pytest is imported, from compiled files."""
    script = TIMED_IMPORT.format(is_parallel=is_parallel)
    return float(run([sys.executable, "-c", script]).stdout)


def measure_cpu_ms(directory: Path, args: Sequence[str]) -> float:
    """Return user and system time of one pytest run, its workers included."""
    before = os.times()
    run([sys.executable, "-m", "pytest", "-q", *FEW_PLUGINS, *args, str(directory)])
    after = os.times()
    user = after.children_user - before.children_user
    return (user + after.children_system - before.children_system) * 1000


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end in the repository's root; an exit code that shows no tests is fine."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )
    if done.returncode not in (0, 5):
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done


def alternate(directory: Path, args: Sequence[str], rounds: int) -> Rounds:
    """Measure runs without, with and without the plugin in turns, after one unmeasured round."""
    measured = Rounds([], [], [])
    for number in range(rounds + 1):
        without = measure_cpu_ms(directory, args)
        with_plugin = measure_cpu_ms(directory, [*PLUGIN, *args])
        without_again = measure_cpu_ms(directory, args)
        if number:
            measured.without.append(without)
            measured.with_plugin.append(with_plugin)
            measured.without_again.append(without_again)
    return measured


def measure_hooks(directory: Path, tests: int) -> str:
    """Return a line on what the plugin does for each test, timed by itself."""
    write_tests(directory, tests)
    (directory / "conftest.py").write_text(PROBE)
    output = run([sys.executable, "-m", "pytest", "-s", *FEW_PLUGINS, *PLUGIN, str(directory)])
    (line,) = [one for one in output.stdout.splitlines() if one.startswith("probe ")]
    _, manifest, reports = line.split()
    (directory / "conftest.py").unlink()
    return (
        f"For each test, timed by itself (best of 7 over {tests} tests): {manifest} µs after "
        f"collection in the process that runs it, {reports} µs on a controller for its reports."
    )


def write_tests(directory: Path, tests: int) -> Path:
    """Write a module of empty tests."""
    path = directory / "test_empty.py"
    path.write_text("".join(f"def test_{number}(): pass\n" for number in range(tests)))
    return path


def measure_start(directory: Path, rounds: int, args: Sequence[str]) -> str:
    """Return a row on a run without tests."""
    measured = alternate(directory, args, rounds)
    return measured.render(f"no tests, {name_mode(args)}", f"{measured.added:+.0f} ms")


def measure_tests(directory: Path, tests: int, rounds: int, args: Sequence[str]) -> str:
    """Return a row on many empty tests, with what the plugin adds to each, its start included."""
    path = write_tests(directory, tests)
    measured = alternate(directory, args, rounds)
    path.unlink()
    added = f"{measured.added:+.0f} ms, {measured.added / tests * 1000:+.1f} µs a test"
    return measured.render(f"{tests} empty tests, {name_mode(args)}", added)


def name_mode(args: Sequence[str]) -> str:
    """Return what a row calls these arguments."""
    return " ".join(args) or "sequential"


def main() -> int:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9, help="measured rounds (default: 9)")
    parser.add_argument("--tests", type=int, default=5000, help="empty tests (default: 5000)")
    parser.add_argument("--write", action="store_true", help="write overhead.md, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "pytest.ini").write_text("[pytest]\n")
        lines = measure_all(directory, options.rounds, options.tests)
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return 0


def measure_all(directory: Path, rounds: int, tests: int) -> list[str]:
    """Return the whole report, a line each."""
    imports = {
        is_parallel: statistics.median(
            measure_import_ms(is_parallel=is_parallel) for _ in range(rounds)
        )
        for is_parallel in (False, True)
    }
    modes: tuple[list[str], ...] = ([], ["-n", "2"])
    hooks = measure_hooks(directory, tests)
    (directory / "test_empty.py").unlink()
    starts = [measure_start(directory, rounds, args) for args in modes]
    rows = [measure_tests(directory, tests, rounds, args) for args in modes]
    return [
        "# What tests/infra adds to pytest",
        "",
        f"Medians of {rounds} alternating rounds; processor time of all processes. "
        f"Python {platform.python_version()}, pytest {version('pytest')}, "
        f"pytest-xdist {version('pytest-xdist')}, {os.cpu_count()} processors. "
        "Again: `uv run python benchmarks/overhead.py --write`.",
        "",
        f"Importing the plugin: {imports[False]:.1f} ms; "
        f"with the controller's scheduler: {imports[True]:.1f} ms.",
        "",
        hooks,
        "",
        "Whole runs, their start included. What two runs of the same differ by is noise, and "
        "a difference below it says nothing.",
        "",
        "| run | without | with | ratio | added | noise |",
        "|---|---|---|---|---|---|",
        *starts,
        *rows,
    ]


if __name__ == "__main__":
    sys.exit(main())
