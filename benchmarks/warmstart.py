"""What a warm start saves: four workers on the suite of the real Proxmox tools.

Cold and warm runs alternate, so that a noisy neighbour meets both, and medians are compared.
A run ends after a few quick tests; what counts is the time from its process's start until the last
of its workers calls its first test, and the processor time until then of all processes that make
workers: the workers, and, when warm, the one that forks them and its clients.  Prints a table
and, with `--write`, puts it into `warmstart.md` beside this file.

    uv run python benchmarks/warmstart.py --write
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
WORKERS = 4
RUN = ("-c", "pytest-parallel.ini", "-n", str(WORKERS), "-q", "tests/suite", "-k", "test_power")
BARS = (("time until the last worker's first test", 0.5), ("processor time until then", 0.4))

# In workers: their processor time when they call their first test.  In the controller: when the
# last one did so, and the processor time of what else makes workers, which is one living child,
# the nursery, and those that have ended, the clients.  Cold runs have no such child.
PROBE = """
import os
import resource
import time
from pathlib import Path

FIRST = {}
TICKS = os.sysconf("SC_CLK_TCK")

def read_children():
    for path in Path("/proc").glob("[0-9]*/stat"):
        fields = path.read_text().rpartition(")")[2].split()
        if int(fields[1]) == os.getpid():
            yield (int(fields[11]) + int(fields[12])) / TICKS

class Controller:
    def pytest_runtest_logreport(self, report):
        if report.when == "call" and hasattr(report, "worker_id"):
            FIRST.setdefault(report.worker_id, report.start)

    def pytest_unconfigure(self, config):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        living = list(read_children())
        makers = sum(living) + (ended.ru_utime + ended.ru_stime if living else 0)
        print("")
        print("probe", max(FIRST.values()), makers)

class Worker:
    def pytest_runtest_call(self, item):
        if not FIRST:
            FIRST["cpu"] = time.process_time()
            path = Path(__file__).with_name(item.config.workerinput["workerid"])
            path.with_suffix(".cpu").write_text(str(FIRST["cpu"]))

def pytest_configure(config):
    side = Worker if hasattr(config, "workerinput") else Controller
    config.pluginmanager.register(side())
"""


@dataclass(frozen=True, slots=True)
class Start:
    """What one run took, in seconds."""

    first_test: float
    workers_cpu: float
    """Until then, of all processes but the controller."""
    all_cpu: float
    """Of all processes, to the end of the run."""


def measure(directory: Path, mode: str) -> Start:
    """Run once, and return what it took until its last worker's first test, and to its end."""
    for path in directory.glob("*.cpu"):
        path.unlink()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.time()
    output = run([*RUN, "-p", "warm_probe", f"--warm-start={mode}"], directory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (line,) = [one for one in output.splitlines() if one.startswith("probe ")]
    workers = [float(path.read_text()) for path in directory.glob("*.cpu")]
    if len(workers) != WORKERS:
        sys.exit(f"only {len(workers)} of {WORKERS} workers ran a test:\n{output}")
    _, first, makers = line.split()
    everything = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Start(float(first) - started, sum(workers) + float(makers), everything)


def run(args: list[str], directory: Path) -> str:
    """Run pytest in the repository's root, with a cache of its own and compiled files."""
    environ = {**os.environ, "PYTHONPATH": str(directory)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={directory / 'cache'}", *args]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def alternate(directory: Path, rounds: int) -> tuple[list[Start], list[Start]]:
    """Measure cold and warm runs in turns, after two that compile and learn."""
    for _ in range(2):
        measure(directory, "on")
    cold: list[Start] = []
    warm: list[Start] = []
    for _ in range(rounds):
        cold.append(measure(directory, "off"))
        warm.append(measure(directory, "on"))
    return cold, warm


def render_row(name: str, cold: list[float], warm: list[float]) -> str:
    """Render a row: both medians, and the median of the ratios of neighbours with its range."""
    ratios = sorted(after / before for before, after in zip(cold, warm, strict=True))
    spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return (
        f"| {name} | {statistics.median(cold):.2f} s | {statistics.median(warm):.2f} s | {spread} |"
    )


def render(cold: list[Start], warm: list[Start]) -> list[str]:
    """Return the whole report, a line each."""
    return [
        "# What a warm start saves",
        "",
        f"`pytest {' '.join(RUN)}`, with and without `--warm-start=on`; {len(cold)} alternating "
        f"rounds, medians. Python {platform.python_version()}, pytest {version('pytest')}, "
        f"pytest-xdist {version('pytest-xdist')}, {os.cpu_count()} processors. "
        "Again: `uv run python benchmarks/warmstart.py --write`.",
        "",
        f"Bars: {'; '.join(f'{name} at most {bar:g} times' for name, bar in BARS)}.",
        "",
        "| | cold | warm | ratio (range) |",
        "|---|---|---|---|",
        render_row(BARS[0][0], [one.first_test for one in cold], [one.first_test for one in warm]),
        render_row(
            BARS[1][0], [one.workers_cpu for one in cold], [one.workers_cpu for one in warm]
        ),
        render_row(
            "processor time of the whole run",
            [one.all_cpu for one in cold],
            [one.all_cpu for one in warm],
        ),
    ]


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9, help="measured rounds (default: 9)")
    parser.add_argument("--write", action="store_true", help="write warmstart.md, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "warm_probe.py").write_text(PROBE, encoding="utf-8")
        cold, warm = alternate(directory, options.rounds)
    text = "\n".join(render(cold, warm)) + "\n"
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
