"""Whether ports and names are ever shared, and what killed workers and runs leave behind.

Rounds of three runs at once, each of eight workers: tests bind the ports that they get, and track
files, directories and processes.  In some rounds workers are killed, in some the process that
pytest began as; after every round one more run is made, and nothing may be left.  Prints a table
and, with `--write`, puts it into `unique.md` beside this file; the exit code is 1 where something
was shared or left.

    uv run python benchmarks/sharing/unique.py --write
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RESULT: Final = Path(__file__).with_suffix(".md")
TIMEOUT_S: Final = 180.0
GRACE_S: Final = 15.0
"""How long workers may outlive their killed controller."""

INI: Final = """[pytest]
addopts = -p tests.infra.plugin -p xdist.plugin --max-worker-restart=20
isolation = off
"""

SUITE: Final = """
import os, pathlib, random, socket, time
import pytest

HERE = pathlib.Path(__file__).parent
RUN = os.environ["ROUND_RUN"]

def note(kind, *values):
    with (HERE / "log").open("a") as log:
        log.write("".join(f"{kind} {RUN} {value}\\n" for value in values))

@pytest.mark.parametrize("number", range(32))
def test_shares_nothing(
    number, free_port, port_range, unique_name, worker_hostname, resource_cleanup_tracker
):
    ports = [free_port, *port_range(5)]
    note("port", *ports)
    note("name", unique_name("vm"))
    note("host", f"{worker_hostname}:{os.getpid()}")
    note("pid", os.getpid())
    servers = [socket.create_server(("", port)) for port in ports]
    name = unique_name("thing")
    resource_cleanup_tracker.file(HERE / "things" / f"{name}.txt").touch()
    resource_cleanup_tracker.directory(HERE / "things" / name).mkdir()
    process = resource_cleanup_tracker.start(["sleep", "600"])
    note("child", process.pid)
    time.sleep(0.05)
    for server in servers:
        server.close()
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Three runs at once, and what was found after them."""

    disturbance: str
    tests: int
    ports: int
    names: int
    shared: Sequence[str]
    """Ports, names and addresses that two tests had."""
    left: Sequence[str]
    failed: Sequence[str]
    """Summaries of undisturbed runs with a test that did not pass."""

    @property
    def is_right(self) -> bool:
        """Whether nothing was shared, left, or failed."""
        return not (self.shared or self.left or self.failed)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the rounds, print the table, and tell whether all are right."""
    options = parse_args(argv)
    chance = random.Random(options.seed)  # noqa: S311  no secret
    started = time.monotonic()
    kinds = ["none"] * options.rounds + ["workers killed"] * options.killed + ["run killed"]
    rounds = []
    for number, kind in enumerate(kinds):
        rounds.append(run_round(kind, chance, options.workers))
        print(number + 1, rounds[-1], flush=True)
    text = render(rounds, options, time.monotonic() - started)
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return 0 if all(one.is_right for one in rounds) else 1


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--killed", type=int, default=3, help="rounds in which workers are killed")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--write", action="store_true", help="write unique.md, too")
    return parser.parse_args(argv)


def run_round(disturbance: str, chance: random.Random, workers: int) -> Round:
    """Make three runs at once, disturb them, make one more, and look."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "things").mkdir()
        (directory / "test_suite.py").write_text(SUITE, encoding="utf-8")
        (directory / "pytest.ini").write_text(INI, encoding="utf-8")
        with contextlib.ExitStack() as stack:
            runs = [
                stack.enter_context(start(directory, str(run), [f"-n{workers}"]))
                for run in range(3)
            ]
            disturb(directory, runs, disturbance, chance)
            for run in runs:
                run.wait(TIMEOUT_S)
        failed = [] if disturbance != "none" else list(find_failed(directory))
        wait_for_workers(directory)
        with start(directory, "last", ["-n0", "-k", "nowhere"]) as run:
            run.wait(TIMEOUT_S)
        log = read_log(directory)
        return Round(
            disturbance,
            sum(kind == "pid" for kind, _, _ in log),
            sum(kind == "port" for kind, _, _ in log),
            sum(kind == "name" for kind, _, _ in log),
            list(find_shared(log)),
            list(find_left(directory, log)),
            failed,
        )


def start(directory: Path, run: str, args: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a run whose infrastructure is shared with the others of its round only."""
    environ = {**os.environ, "ROUND_RUN": run, "PYTHONPATH": str(ROOT)}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "--infra-dir", str(directory / "infra")]
    with (directory / f"output-{run}").open("wb") as output:
        return subprocess.Popen(
            [*command, "-p", "no:cacheprovider", *args],
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def disturb(
    directory: Path,
    runs: "Sequence[subprocess.Popen[bytes]]",
    disturbance: str,
    chance: random.Random,
) -> None:
    """Kill workers that have begun to run tests, or one run's first process."""
    victims = {"none": 0, "workers killed": 6, "run killed": 1}[disturbance]
    killed: set[int] = set()
    deadline = time.monotonic() + TIMEOUT_S
    while len(killed) < victims and time.monotonic() < deadline:
        time.sleep(0.1 + 0.4 * chance.random())
        seen = {int(value) for kind, _, value in read_log(directory) if kind == "pid"} - killed
        if all(run.poll() is not None for run in runs):
            return
        if seen:
            victim = chance.choice(sorted(seen))
            killed.add(victim)
            with contextlib.suppress(ProcessLookupError):
                os.kill(runs[0].pid if disturbance == "run killed" else victim, signal.SIGKILL)


def wait_for_workers(directory: Path) -> None:
    """Wait until the workers of a killed run have ended, as they do when its pipes close."""
    pids = {int(value) for kind, _, value in read_log(directory) if kind == "pid"}
    deadline = time.monotonic() + GRACE_S
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)


def read_log(directory: Path) -> list[tuple[str, str, str]]:
    """Read what tests noted: kind, run and value."""
    path = directory / "log"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    fields = [line.split() for line in text.splitlines()]
    return [(kind, run, value) for kind, run, value in fields]


def find_shared(log: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Yield what two tests of the round got, and addresses that two processes had."""
    seen: set[tuple[str, str]] = set()
    hosts: dict[str, str] = {}
    for kind, run, value in log:
        if kind in ("port", "name"):
            if (kind, value) in seen:
                yield f"{kind} {value} again in run {run}"
            seen.add((kind, value))
        elif kind == "host":
            address, _, pid = value.rpartition(":")
            if hosts.setdefault(address, pid) != pid:
                yield f"address {address} of {hosts[address]} and {pid}"


def find_left(directory: Path, log: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Yield files, directories and processes that are still there."""
    yield from (f"left {path}" for path in (directory / "things").iterdir())
    yield from (f"left {path}" for path in (directory / "infra").rglob("*"))
    for pid in (int(value) for kind, _, value in log if kind == "child"):
        if is_running(pid):
            yield f"left process {pid}"
            os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has asked after since its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2][1] != "Z"
    except OSError:
        return False


def find_failed(directory: Path) -> Iterator[str]:
    """Yield the last lines of runs in which a test did not pass."""
    for path in sorted(directory.glob("output-[0-9]")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if (
            not lines
            or " failed" in lines[-1]
            or " error" in lines[-1]
            or "32 passed" not in lines[-1]
        ):
            yield "\n".join(lines[-20:])


def render(rounds: Sequence[Round], options: argparse.Namespace, wall_s: float) -> str:
    """Render the table of rounds, and the verdict."""
    lines = [
        "# Ports, names and what is left behind",
        "",
        f"{len(rounds)} rounds of 3 runs at once with {options.workers} workers each, seed "
        f"{options.seed}, {wall_s:.0f} s, Python {platform.python_version()}, {os.cpu_count()} "
        "processors; written by `uv run python benchmarks/sharing/unique.py --write`.",
        "",
        "| disturbance | rounds | tests | ports | names | shared | left behind | failed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(one.disturbance for one in rounds):
        some = [one for one in rounds if one.disturbance == kind]
        columns = [
            len(some),
            sum(one.tests for one in some),
            sum(one.ports for one in some),
            sum(one.names for one in some),
            *(
                sum(len(found) for found in column)
                for column in zip(
                    *((one.shared, one.left, one.failed) for one in some), strict=True
                )
            ),
        ]
        lines.append(f"| {kind} | " + " | ".join(map(str, columns)) + " |")
    lines += [
        "",
        "Looked at after one more run, which removes what a killed run left.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
