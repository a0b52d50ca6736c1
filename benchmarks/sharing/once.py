"""Whether a once-per-run fixture is set up and torn down exactly once, whatever happens to its run.

A hundred runs, each of a kind, with a disturbance and at a moment that are drawn: workers that are
killed in a test or while the set-up goes on, `-x`, one or two Ctrl+C, SIGTERM, and `kill -9` of the
process that pytest began as.  The suite's own log tells what happened.  Prints a table and, with
`--write`, puts it into `once.md` beside this file; the exit code is 1 where a run did otherwise.

    uv run python benchmarks/sharing/once.py --write
"""

import argparse
import contextlib
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RESULT: Final = Path(__file__).with_suffix(".md")
RUN_TIMEOUT_S: Final = 90.0
END_TIMEOUT_S: Final = 20.0
"""How long the teardown may take after the end of a run that was killed."""

LATEST_S: Final = 4.0
"""How long after the set-up's begin a disturbance from outside comes at the latest."""

INI: Final = """[pytest]
addopts = -p tests.infra.plugin -p xdist.plugin
isolation = error
filterwarnings = error
"""

SUITE: Final = '''
import os, pathlib, signal, threading, time
import pytest
from tests.infra.sharing import once_per_run

LOG = pathlib.Path(__file__).with_name("log")
DISTURBANCE = os.environ["DISTURBANCE"]
MOMENT = float(os.environ["MOMENT"])

def note(text):
    with LOG.open("a") as log:
        log.write(f"{text} {os.getpid()}\\n")

@once_per_run()
def server(run):
    note("up")
    time.sleep(0.3)
    yield {"pid": os.getpid()}
    time.sleep(0.1)
    note("down")

@pytest.fixture(scope="session")
def early():
    """Kills the first worker that asks, while the set-up goes on."""
    if DISTURBANCE == "crash in set-up":
        try:
            LOG.with_name("victim").mkdir()
        except FileExistsError:
            return
        threading.Thread(target=die, daemon=True).start()

def die():
    while not LOG.exists():
        time.sleep(0.01)
    time.sleep(MOMENT * 0.3)
    os.kill(os.getpid(), signal.SIGKILL)

@pytest.mark.parametrize("number", range(12))
def test_uses(early, server, number):
    note("use")
    os.kill(server["pid"], 0)
    time.sleep(0.1)
    if number == int(MOMENT * 12):
        if DISTURBANCE == "crash in test":
            os.kill(os.getpid(), signal.SIGKILL)
        assert DISTURBANCE != "-x"
'''

KINDS: Final[dict[str, list[str]]] = {
    "two workers": ["-n2"],
    "two workers, --dist each": ["-n2", "--dist", "each"],
    "-n 0": ["-n0"],
    "without xdist": ["-p", "no:xdist", "-o", "addopts=-p tests.infra.plugin"],
}

IN_WORKERS: Final = ("crash in test", "crash in set-up")
"""Disturbances that kill the only process of a run without workers."""

DISTURBANCES: Final = ("none", "-x", *IN_WORKERS, "SIGINT", "SIGINT twice", "SIGTERM", "SIGKILL")


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: what it was, and what its log tells."""

    kind: str
    disturbance: str
    ups: int
    downs: int
    uses_after: int
    """How many tests used it after its teardown."""
    is_clean: bool
    """Whether the next run found, or left, nothing."""

    @property
    def is_right(self) -> bool:
        """Whether it was set up and torn down once; or not at all, where nobody came to ask."""
        return self.ups == self.downs <= 1 and not self.uses_after and self.is_clean


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trials, print the table, and tell whether all are right."""
    options = parse_args(argv)
    chance = random.Random(options.seed)  # noqa: S311  no secret
    started = time.monotonic()
    trials = []
    for number in range(options.runs):
        kind = chance.choice(list(KINDS))
        disturbance = DISTURBANCES[number % len(DISTURBANCES)]
        trials.append(run_trial(kind, disturbance, chance.random()))
        print(number + 1, trials[-1], flush=True)
    text = render(trials, options.seed, time.monotonic() - started)
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return 0 if all(trial.is_right for trial in trials) else 1


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--write", action="store_true", help="write once.md, too")
    return parser.parse_args(argv)


def run_trial(kind: str, disturbance: str, moment: float) -> Trial:
    """Run the suite in a new directory, disturb it, and read its log."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "test_suite.py").write_text(SUITE, encoding="utf-8")
        (directory / "pytest.ini").write_text(INI, encoding="utf-8")
        log = directory / "log"
        args = [*KINDS[kind], *(["-x"] if disturbance == "-x" else [])]
        with start(directory, args, disturbance, moment) as process:
            disturb(process, disturbance, moment, log.exists)
            process.wait(RUN_TIMEOUT_S)
        is_ended = wait_for(lambda: is_over(read_log(log)), END_TIMEOUT_S)
        lines = read_log(log)
        down = lines.index("down") if "down" in lines else len(lines)
        # What a killed run left is gone when the next one has ended.
        with start(directory, ["-n0", "-k", "nothing"], "none", 0) as process:
            process.wait(RUN_TIMEOUT_S)
        return Trial(
            kind,
            disturbance,
            lines.count("up"),
            lines.count("down"),
            lines[down:].count("use"),
            is_ended and not (directory / "infra").exists(),
        )


def start(
    directory: Path, args: Sequence[str], disturbance: str, moment: float
) -> "subprocess.Popen[bytes]":
    """Start pytest in a session of its own, in which a terminal's Ctrl+C reaches all."""
    environ = {**os.environ, "DISTURBANCE": disturbance, "MOMENT": str(moment)}
    environ |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "--infra-dir", str(directory / "infra"), *args]
    with (directory / "output").open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def disturb(
    process: "subprocess.Popen[bytes]", disturbance: str, moment: float, is_up: Callable[[], bool]
) -> None:
    """Send a signal from outside, at a moment after the set-up has begun."""
    if not disturbance.startswith("SIG"):
        return
    wait_for(lambda: is_up() or process.poll() is not None, RUN_TIMEOUT_S)
    # Squared: half of the moments are in the first quarter of the time, where most happens.
    time.sleep(LATEST_S * moment * moment)
    with contextlib.suppress(ProcessLookupError):
        if disturbance in ("SIGTERM", "SIGKILL"):
            process.send_signal(signal.Signals[disturbance])
        else:
            os.killpg(process.pid, signal.SIGINT)
        if disturbance == "SIGINT twice":
            time.sleep(0.1)
            os.killpg(process.pid, signal.SIGINT)


def read_log(path: Path) -> list[str]:
    """Read what the suite noted, without the PIDs."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [line.split()[0] for line in text.splitlines()]


def is_over(lines: Sequence[str]) -> bool:
    """Tell whether there are as many teardowns as set-ups."""
    return lines.count("up") == lines.count("down")


def wait_for(is_done: Callable[[], bool], timeout_s: float) -> bool:
    """Ask every 10 ms until it is done or the time is up."""
    deadline = time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def render(trials: Sequence[Trial], seed: int, wall_s: float) -> str:
    """Render the table of disturbances, and the verdict."""
    right = sum(trial.is_right for trial in trials)
    lines = [
        "# Once-per-run fixtures under disturbances",
        "",
        f"{len(trials)} runs, seed {seed}, {wall_s:.0f} s, Python {platform.python_version()}, "
        f"{os.cpu_count()} processors; written by `uv run python benchmarks/sharing/once.py "
        "--write`.",
        "",
        "| disturbance | runs | set up | torn down | right |",
        "|---|---|---|---|---|",
    ]
    for name in DISTURBANCES:
        some = [trial for trial in trials if trial.disturbance == name]
        ups, downs = sum(trial.ups for trial in some), sum(trial.downs for trial in some)
        good = sum(trial.is_right for trial in some)
        lines.append(f"| {name} | {len(some)} | {ups} | {downs} | {good} |")
    kinds = Counter(trial.kind for trial in trials)
    lines += [
        "",
        "Kinds of runs: " + ", ".join(f"{kind} {count}" for kind, count in kinds.items()) + ".",
        f"Exactly one set-up and one teardown, no test after it, nothing left behind: {right} of "
        f"{len(trials)}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
