"""How `prove` does on a suite with ten planted divergences, and on this project's own tests.

    python benchmarks/isolation/prove.py [--seeds 1,2,3] [--own tests/suite] [--write]

Each divergence must be named, as what it is, with a command that shows it again; the commands are
run.  None of the sound tests may be accused.
"""

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from divergent import (  # noqa: E402  the path comes first
    PLANTED,
    PORT_VARIABLE,
    SOUND_FILES,
    Planted,
    write_suite,
)

REPORT: Final = Path(__file__).with_suffix(".md")

TRIES: Final = 12
"""How often a command is run until it shows a failure; those of chance and of timing need that."""

# Any: a record of JSON.
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was said about one planted divergence."""

    planted: Planted
    accused: Sequence[str]
    kinds: Sequence[str]
    tries: int
    """How many runs the command took to show it; 0: it did not."""

    @property
    def is_right(self) -> bool:
        """Whether it was named as what it is, with a command that shows it."""
        return bool(self.accused) and {*self.kinds} == {self.planted.kind} and self.tries > 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One proof of the planted suite."""

    seed: int
    findings: Sequence[Finding]
    invented: Sequence[str]
    sound: int
    """How many tests there are that nobody may accuse."""
    wall_s: float


def main() -> int:
    """Run what is asked for; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--own", action="append", default=[], metavar="ARGUMENTS")
    parser.add_argument("--write", action="store_true")
    found = parser.parse_args()
    trials = [run_trial(int(seed)) for seed in found.seeds.split(",") if seed]
    owns = [run_own(shlex.split(arguments)) for arguments in found.own]
    text = render(trials, owns)
    print(text)
    if found.write:
        REPORT.write_text(text, encoding="utf-8")
    is_good = all(is_perfect(trial) for trial in trials) and not any(own[1] for own in owns)
    return 0 if is_good else 1


def is_perfect(trial: Trial) -> bool:
    """Tell whether all were named rightly, and nothing else."""
    return all(finding.is_right for finding in trial.findings) and not trial.invented


def run_trial(seed: int) -> Trial:
    """Prove a fresh copy of the planted suite, and run the commands that the proof gives."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_suite(directory)
        environ = build_environ()
        began = time.monotonic()
        record, _ = prove(["--seed", str(seed)], directory, environ)
        wall_s = time.monotonic() - began
        found = {entry["nodeid"]: entry for entry in record["divergences"]}
        findings = [examine(planted, found, directory, environ) for planted in PLANTED]
    expected = {nodeid for planted in PLANTED for nodeid in planted.nodeids}
    sound = count_sound(record)
    return Trial(seed, findings, sorted(set(found) - expected), sound, wall_s)


def prove(
    arguments: Sequence[str], directory: Path, environ: Mapping[str, str]
) -> tuple[Record, int]:
    """Run the command, and return its record and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.infra", "prove", "--json", *arguments],
        cwd=directory,
        env=dict(environ),
        stdout=subprocess.PIPE,
        check=False,
    )
    record: Record = json.loads(done.stdout)
    return record, done.returncode


def examine(
    planted: Planted, found: Mapping[str, Record], directory: Path, environ: Mapping[str, str]
) -> Finding:
    """Compare what was planted with what was found."""
    accused = [nodeid for nodeid in planted.nodeids if nodeid in found]
    kinds = [found[nodeid]["kind"] for nodeid in accused]
    tries = 0
    if accused:
        command = found[accused[0]]["command"]
        tries = count_tries(command, accused[0], directory, environ)
    return Finding(planted, accused, kinds, tries)


def count_tries(command: str, nodeid: str, directory: Path, environ: Mapping[str, str]) -> int:
    """Return after how many runs the command showed the test's failure; 0 for never."""
    setting, _, *arguments = shlex.split(command)
    name, _, value = setting.partition("=")
    for number in range(1, TRIES + 1):
        done = subprocess.run(
            [sys.executable, *arguments, "-vv"],
            cwd=directory,
            env={**environ, name: value},
            capture_output=True,
            text=True,
            check=False,
        )
        if shows(done.stdout + done.stderr, nodeid):
            return number
    return 0


def shows(output: str, nodeid: str) -> bool:
    """Tell whether pytest's output shows that a test fails, kills, or is not always collected."""
    lines = output.splitlines()
    if any(nodeid in line and ("FAILED" in line or "crashed" in line) for line in lines):
        return True
    if "Different tests were collected" in output:
        return True
    # The process died in it: its line has no outcome, and is the last one.
    return bool(lines) and lines[-1].startswith(nodeid) and "PASSED" not in lines[-1]


def count_sound(record: Record) -> int:
    """Return how many of the tests are sound ones."""
    return sum(nodeid.partition("::")[0] in SOUND_FILES for nodeid in record["nodeids"])


def run_own(arguments: Sequence[str]) -> tuple[str, str]:
    """Prove a part of this project; return a paragraph, and what is wrong, if anything."""
    began = time.monotonic()
    record, code = prove(["--seed", "1", *arguments], ROOT, build_environ())
    pairs = record["pairs"]
    text = (
        f"`prove --seed 1 {shlex.join(arguments)}`: {record['tests']} tests, "
        f"{len(record['passes'])} passes, {time.monotonic() - began:.0f} s, exit code {code}; "
        f"{len(record['divergences'])} divergences; {pairs['covered']:,} of "
        f"{pairs['possible']:,} ordered pairs in one process; each test that ran did so "
        f"{record['fewest_runs']} times or more (bound {record['failure_bound_95']:.0%}).\n"
    )
    names = "".join(f"- {one['nodeid']}: {one['kind']}\n" for one in record["divergences"])
    return text + names, "" if code == 0 and pairs["all"] else "not proved"


def build_environ() -> dict[str, str]:
    """Return an environment in which our package can be imported, and a port that is free."""
    dropped = ("PYTEST_", "PROXMOX_TEST_", "PYTHONHASHSEED")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    return {**environ, "PYTHONPATH": str(ROOT), PORT_VARIABLE: str(port)}


def render(trials: Sequence[Trial], owns: Sequence[tuple[str, str]]) -> str:
    """Render the report."""
    lines = [
        "# What `prove` finds",
        "",
        "Written by `python benchmarks/isolation/prove.py --write`.  A suite with ten planted",
        "divergences (`benchmarks/isolation/divergent.py`); *again* is the number of runs that the",
        "printed command took to show the failure.",
        "",
    ]
    for trial in trials:
        right = sum(finding.is_right for finding in trial.findings)
        lines += [
            f"## Seed {trial.seed}: {right} of {len(trial.findings)} right, "
            f"{len(trial.invented)} of {trial.sound} sound tests accused, {trial.wall_s:.0f} s",
            "",
            "| planted | accused | said | again |",
            "|---|---|---|---|",
            *(_render_finding(finding) for finding in trial.findings),
            "",
            *(f"Accused wrongly: {nodeid}" for nodeid in trial.invented),
        ]
    if owns:
        lines += ["## This project's own tests", "", *(text for text, _ in owns)]
    return "\n".join(lines).rstrip() + "\n"


def _render_finding(finding: Finding) -> str:
    mark = "" if finding.is_right else " (WRONG)"
    kinds = ", ".join(sorted({*finding.kinds})) or "nothing"
    accused = ", ".join(finding.accused) or "-"
    return f"| {finding.planted.name}{mark} | {accused} | {kinds} | {finding.tries} |"


if __name__ == "__main__":
    sys.exit(main())
