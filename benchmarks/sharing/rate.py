"""Whether a rate limit is kept, and in which order, by many processes at once.

First the bar: two runs of pytest with eight workers each call one service for three minutes, under
a limit of 60 a minute and 5 at once.  Then, ten times as fast and shorter, eight processes of three
kinds: ours, pyrate-limiter's own `Limiter` over its SQLite bucket with a file lock, and without.
Last, eight processes of ours of which one is killed every second and started again.  Each call
notes when it asked and when it was let through, by the machine's clock; no limiter is asked.

    uv run python benchmarks/sharing/rate.py [--write] [--only runs,ours,library,unlocked,killed]
"""

import argparse
import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from pytest_runs import OURS, QUIET_PLUGINS, Python, UnexpectedRunError, run_pytest  # noqa: E402  found by the line above

from tests.infra.rate_limits import RateLimit  # noqa: E402  found by the line above
from tests.infra.sharing.limits import RateLimiter  # noqa: E402  found by the line above
from tests.infra.sharing.limits_clock import find_machine_clock  # noqa: E402  found by the line above
from tests.infra.sharing.limits_ledger import Ledger  # noqa: E402  found by the line above

RESULT: Final = Path(__file__).with_suffix(".md")

SLOW: Final = RateLimit("llm_api", 60, 5)
FAST: Final = RateLimit("llm_api", 600, 5)
MINUTES: Final = 3
WORKERS: Final = 8
FAST_S: Final = 60.0
JITTER_S: Final = 0.05
"""Of two that ask within this time of each other, either may be first."""

SUITE: Final = """
import time
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_call(rate_limit, number):
    limiter = rate_limit("llm_api", per_minute=60, burst=5)
    asked = time.clock_gettime(time.CLOCK_BOOTTIME)
    limiter.wait()
    began = time.clock_gettime(time.CLOCK_BOOTTIME)
    with open({notes!r}, "a") as file:
        file.write(f"{{asked}} {{began}} {run}\\n")
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the service, in seconds of the machine's clock."""

    asked: float
    began: float
    who: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What the calls of one trial show."""

    what: str
    limit: RateLimit
    span_s: float
    calls: int
    most_a_minute: int
    most_at_once: int
    """In any time in which the limit allows as many as may begin at once."""
    longest_s: float
    median_s: float
    overtaken: int
    """Calls that were let through after one that had asked later."""
    shares: str

    @property
    def error(self) -> float:
        """By how much the calls of the whole span miss the limit; above 0 there were too many."""
        return self.calls / (self.limit.per_minute * self.span_s / 60) - 1


# --- trials --------------------------------------------------------------------------------------


def try_runs(directory: Path) -> Figures:
    """Let two runs of pytest call the service for three minutes."""
    count = SLOW.per_minute * MINUTES // 2 + 10
    notes = directory / "notes"
    for run in ("one", "other"):
        (directory / run).mkdir()
        text = SUITE.format(count=count, notes=str(notes), run=run)
        (directory / run / "test_calls.py").write_text(text, encoding="utf-8")
    environ = {"PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
    args = (*QUIET_PLUGINS, *OURS, "-q", f"-n{WORKERS}", "-p", "no:cacheprovider")
    with ThreadPoolExecutor(2) as pool:
        started = [
            pool.submit(run_pytest, Python(), args, directory / run, environ=environ)
            for run in ("one", "other")
        ]
        for finished in [run.result() for run in started]:
            if finished.returncode:
                raise UnexpectedRunError("ours", finished)
            print(finished.output[-1200:], file=sys.stderr)
    calls = read_notes(notes)
    return measure(f"two runs of {WORKERS} workers", SLOW, calls, MINUTES * 60, callers=2)


def try_processes(what: str, kind: str, directory: Path, *, is_killing: bool = False) -> Figures:
    """Let eight processes call the service as often as they may."""
    notes = directory / "notes"
    processes = [start_client(kind, directory, number) for number in range(WORKERS)]
    deadline = time.monotonic() + FAST_S + 5
    killed = 0
    chosen = random.Random(1)  # noqa: S311  a choice, no secret
    while time.monotonic() < deadline:
        time.sleep(1.0)
        if is_killing:
            number = chosen.randrange(WORKERS)
            processes[number].kill()
            processes[number].wait()
            killed += 1
            processes[number] = start_client(kind, directory, number)
    for process in processes:
        process.kill()
        process.wait()
    return measure(
        f"{what}{f', {killed} killed' if killed else ''}", FAST, read_notes(notes), FAST_S
    )


def start_client(kind: str, directory: Path, number: int) -> "subprocess.Popen[bytes]":
    """Start a process that calls the service."""
    command = [sys.executable, __file__, "--client", kind, str(directory), str(number)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def run_client(kind: str, directory: Path, number: str) -> None:
    """Call the service again and again, until somebody ends this process."""
    wait = build_wait(kind, directory)
    descriptor = os.open(directory / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        asked = time.clock_gettime(time.CLOCK_BOOTTIME)
        wait()
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        os.write(descriptor, f"{asked} {began} {number}\n".encode())


def build_wait(kind: str, directory: Path) -> Callable[[], object]:
    """Build what lets one call through."""
    if kind == "ours":
        ledger = Ledger(
            directory,
            FAST,
            run_path=directory,
            is_dead=lambda _: False,
            clock=find_machine_clock(),
        )
        return RateLimiter(ledger, timeout_s=600, note=lambda _: None).wait
    from pyrate_limiter import Limiter, Rate, SingleBucketFactory, SQLiteBucket  # noqa: PLC0415  optional

    rates = [Rate(FAST.burst, FAST.burst_ms), Rate(FAST.per_minute, 60_000)]
    bucket = SQLiteBucket.init_from_file(
        rates, db_path=str(directory / "library.db"), use_file_lock=kind == "library"
    )
    limiter = Limiter(SingleBucketFactory(bucket, schedule_leak=False))
    return lambda: limiter.try_acquire("call", blocking=True)


# --- figures -------------------------------------------------------------------------------------


def read_notes(path: Path) -> list[Call]:
    """Read what the calls noted; the last line of one that was killed may be torn."""
    calls = []
    for line in path.read_text(encoding="ascii").splitlines():
        with contextlib.suppress(ValueError):
            asked, began, who = line.split()
            calls.append(Call(float(asked), float(began), who))
    return sorted(calls, key=lambda call: call.began)


def measure(
    what: str, limit: RateLimit, calls: Sequence[Call], span_s: float, *, callers: int = WORKERS
) -> Figures:
    """Measure the calls of the first `span_s` seconds."""
    first = calls[0].began
    calls = [call for call in calls if call.began < first + span_s]
    begins = [call.began for call in calls]
    waits = sorted(call.began - call.asked for call in calls)
    whos = sorted(call.who for call in calls)
    shares = [len(list(group)) for _, group in itertools.groupby(whos)]
    # Who had none is not among them.
    shares += [0] * (callers - len(shares))
    return Figures(
        what=what,
        limit=limit,
        span_s=span_s,
        calls=len(calls),
        most_a_minute=count_most(begins, 60),
        # The clock that places are told by has milliseconds.
        most_at_once=count_most(begins, limit.burst_ms / 1000 - 0.001),
        longest_s=waits[-1],
        median_s=waits[len(waits) // 2],
        overtaken=count_overtaken(calls),
        shares=f"{min(shares)} to {max(shares)}",
    )


def count_most(times: Sequence[float], span_s: float) -> int:
    """Count the most of these ordered times that lie in any span."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= span_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def count_overtaken(calls: Sequence[Call]) -> int:
    """Count the calls before which one began that had asked later."""
    overtaken, latest = 0, 0.0
    for call in calls:
        overtaken += latest > call.asked + JITTER_S
        latest = max(latest, call.asked)
    return overtaken


def render(all_figures: Sequence[Figures]) -> str:
    """Render a page."""
    lines = [
        "# Whether a rate limit is kept by many processes",
        "",
        f"Python {sys.version.split()[0]}, pyrate-limiter {version('pyrate-limiter')}, pytest "
        f"{version('pytest')}, pytest-xdist {version('pytest-xdist')}; {os.cpu_count()} cores, "
        f"load average {os.getloadavg()[2]:.0f} over the last quarter of an hour. "
        "Again: `uv run python benchmarks/sharing/rate.py --write`.",
        "",
        "`ours` is the fixture's limiter; `library` is pyrate-limiter's `Limiter` over its SQLite "
        'bucket with a file lock, `unlocked` the same without. "At once" counts calls in any time '
        "in which the limit allows as many as may begin at once (5 s at 60 a minute and 5 at "
        f"once). Overtaken are calls that began after one that had asked {JITTER_S * 1000:.0f} ms "
        "later, or more; a process that still waits overtakes nobody and is overtaken by nobody "
        "here, but has none of the calls in the last column. A killed process costs its place, and "
        "the time in which the next one starts.",
        "",
        "| trial | limit | seconds | calls | against the limit | most in a minute | most at once | "
        "median wait | longest wait | overtaken | calls of each |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.what} | {one.limit.per_minute} a minute, {one.limit.burst} | "
        f"{one.span_s:.0f} | {one.calls} | {one.error:+.1%} | {one.most_a_minute} | "
        f"{one.most_at_once} | {one.median_s:.2f} s | {one.longest_s:.2f} s | "
        f"{one.overtaken} | {one.shares} |"
        for one in all_figures
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Try all, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}, too")
    parser.add_argument("--only", default="runs,ours,library,unlocked,killed")
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        kind, directory, number = options.client
        run_client(kind, Path(directory), number)
    all_figures = []
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as directory:
            all_figures.append(try_one(name, Path(directory)))
            print(all_figures[-1], file=sys.stderr, flush=True)
    text = render(all_figures)
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    ours = [one for one in all_figures if not one.what.startswith(("library", "unlocked"))]
    is_kept = all(
        one.error <= 0.05 and one.most_a_minute <= one.limit.per_minute * 1.05 for one in ours
    )
    return int(not is_kept)


def try_one(name: str, directory: Path) -> Figures:
    """Run the trial of this name."""
    if name == "runs":
        return try_runs(directory)
    if name == "killed":
        return try_processes("ours", "ours", directory, is_killing=True)
    return try_processes(name, name, directory)


if __name__ == "__main__":
    raise SystemExit(main())
