"""`pytest --replay`: finds the recorded run, and starts a pytest that runs it again.

It needs a process of its own: hash seed, environment and umask are those of its begin.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from ..circumstances import HASH_SEED, build_variables
from ..errors import ReplayError
from ..schedules import MASTER, pick_config_args
from ..shelf import find_path, find_shelf, read_schedule
from .request import Replay, choose

OWN_FLAGS: Final = ("--replay", "--worker", "--until")

FOREIGN: Final = re.compile(
    r"-n.*|-d|--(numprocesses|dist|tx|run-seed|vmid-pid|randomly-seed)(=.*)?"
)
"""Arguments that say otherwise what a recorded run says."""

XDIST_VARIABLES: Final = ("WORKER", "WORKER_COUNT", "TESTRUNUID")


def launch(config: pytest.Config) -> int:
    """Run what is asked for in a pytest of its own, and return its exit status.

    :raises InfraError: there is nothing such to run again.
    """
    arguments = [str(argument) for argument in config.invocation_params.args]
    if not config.getoption("replay", None):
        raise ReplayError("--worker and --until say which part of a run", "add --replay RUN")
    refuse_contradictions(arguments)
    path = find_path(find_shelf(config), config.getoption("replay")).resolve()
    worker_id = config.getoption("replay_worker") or ""
    replay = choose(read_schedule(path), worker_id, config.getoption("replay_until") or "")
    directory = config.rootpath / replay.schedule.directory
    return wait_for(
        subprocess.Popen(  # noqa: S603  our own interpreter
            [*find_program(replay), *build_arguments(replay, arguments, path)],
            cwd=directory if directory.is_dir() else config.invocation_params.dir,
            env=build_environ(replay, os.environ),
            umask=replay.schedule.circumstances.umask if os.name == "posix" else -1,
        )
    )


def refuse_contradictions(arguments: Sequence[str]) -> None:
    """Refuse what a replay takes from the record.

    :raises ReplayError: there is such an argument.
    """
    for argument in arguments:
        if argument == "--":
            return
        if FOREIGN.fullmatch(argument):
            problem = f"{argument} contradicts --replay, which does as the recorded run did"
            raise ReplayError(problem, "drop it; one worker's list runs with --worker gw0")


def find_program(replay: Replay) -> list[str]:
    """Find what to call: the script or the module, as they have different search paths."""
    script = Path(sys.executable).with_name("pytest")
    if replay.schedule.is_module or not script.is_file():
        return [sys.executable, "-m", "pytest"]
    return [sys.executable, str(script)]


def build_arguments(replay: Replay, arguments: Sequence[str], path: Path) -> list[str]:
    """Build the arguments: the recorded ones, the user's own, and ours with the last word."""
    schedule = replay.schedule
    hashes = {worker.hash_seed for worker in schedule.workers}
    ours = [f"--replaying={path}"]
    if replay.worker is not None:
        ours += ["--worker", replay.worker.worker_id, "-n", "0"]
    else:
        ours += ["-n", str(schedule.worker_count), "--dist=load", "--scheduler=lanes"]
        # Forked workers share their hash seed.
        ours += [] if len(hashes) == 1 else ["--warm-start=off"]
    if replay.until:
        ours += ["--until", replay.until]
    if schedule.randomly_seed is not None:
        ours += [f"--randomly-seed={schedule.randomly_seed}"]
    # A recorded -x would cut the list; one of the user's own may.
    own = ["--maxfail=0", *_pick_own(arguments, schedule.arguments)]
    return [*schedule.arguments, *own, *ours]


def build_environ(replay: Replay, environ: Mapping[str, str]) -> dict[str, str]:
    """Build the environment: what was recorded, and what a worker has from xdist."""
    schedule, worker = replay.schedule, replay.worker
    built = build_variables(schedule.circumstances.variables, environ)
    for name in XDIST_VARIABLES:
        built.pop(f"PYTEST_XDIST_{name}", None)
    if worker is None:
        return built
    if worker.hash_seed:
        built[HASH_SEED] = worker.hash_seed
    if worker.worker_id != MASTER:
        values = (worker.worker_id, str(schedule.worker_count), schedule.run_id)
        names = [f"PYTEST_XDIST_{name}" for name in XDIST_VARIABLES]
        built |= dict(zip(names, values, strict=True))
    return built


def wait_for(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a pytest to its end; what interrupts this process ends that one, in its own time."""
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        while True:
            try:
                status = process.wait()
            except KeyboardInterrupt:
                # At a terminal, all processes of the group have heard it already.
                if not (sys.stdin and sys.stdin.isatty()):
                    process.send_signal(signal.SIGINT)
            else:
                return status if status >= 0 else 128 - status
    finally:
        signal.signal(signal.SIGTERM, before)


def _pick_own(arguments: Sequence[str], recorded: Sequence[str]) -> list[str]:
    """Drop from the user's arguments those of `--replay`, and those that were recorded, too."""
    own = list(_drop_flags(arguments))
    config_args = pick_config_args(own)
    if config_args != pick_config_args(recorded):
        return own
    for argument in config_args:
        own.remove(argument)
    return own


def _drop_flags(arguments: Sequence[str]) -> Iterator[str]:
    words = iter(arguments)
    for word in words:
        if word in OWN_FLAGS:
            next(words, None)
        elif word.partition("=")[0] not in OWN_FLAGS:
            yield word
