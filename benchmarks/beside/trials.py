"""One trial: the suite beside a plugin, sequentially and in parallel, and what differed."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proving.checks import Reported, read_junit
from pytest_runs import OURS, Finished, Python, run_pytest
from witness import DIRECTORY, Testimony, find_peak, read_testimony

from beside.neighbours import Neighbour, Way
from beside.suite import ENDLESS, WIDTHS, read_lane, write_suite

TIMEOUT_S = 90
BASE_PLUGINS = ("-p", "asyncio", "-p", "repeat", "-p", "xdist")
SIGNAL_METHOD = "--timeout-method=signal"
"""For the sequential run: the other method would end pytest itself."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run of the suite did."""

    finished: Finished
    outcomes: Mapping[str, list[str]]
    """Name of the test to the outcome of each report of it; reruns have reports of their own."""
    testimony: Testimony
    has_artefact: bool


def observe(python: Python, neighbour: Neighbour, args: list[str]) -> Observed:
    """Run the suite in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="beside-") as name:
        directory = Path(name)
        write_suite(directory)
        witness = directory / "witness"
        witness.mkdir()
        environ = {DIRECTORY: str(witness), "PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
        if neighbour.kills_workers:
            environ["ENDLESS"] = "yes"
        junit = directory / "junit.xml"
        command = [*BASE_PLUGINS, *OURS, *neighbour.all_args, f"--junitxml={junit}", *args]
        finished = run_pytest(python, command, directory, timeout_s=TIMEOUT_S, environ=environ)
        outcomes: dict[str, list[str]] = {}
        # A crash that pytest-rerunfailures repeats leaves an entry without a name.
        for one in filter(is_named, read_junit(junit)):
            outcomes.setdefault(one.name, []).append(one.outcome)
        return Observed(
            finished=finished,
            outcomes=outcomes,
            testimony=read_testimony(witness),
            has_artefact=any(directory.glob(neighbour.artefact or "junit.xml")),
        )


def is_named(one: Reported) -> bool:
    """Tell whether an entry of the JUnit file says which test it is about."""
    return one.name != "None"


def run_sequentially(python: Python, neighbour: Neighbour, way: Way) -> Observed:
    """Run what the way chooses without workers."""
    signal = [SIGNAL_METHOD] if neighbour.kills_workers else []
    return observe(python, neighbour, [*way.args, *signal])


def run_in_parallel(python: Python, neighbour: Neighbour, way: Way) -> Observed:
    """Run the way as it is; one process alone must not be ended by a timeout."""
    signal = [SIGNAL_METHOD] if neighbour.kills_workers and not way.has_workers else []
    return observe(python, neighbour, [*way.args, *way.parallel, *signal])


def find_problems(
    neighbour: Neighbour, way: Way, sequential: Observed, parallel: Observed
) -> list[str]:
    """Return a sentence for each thing that went wrong in the parallel run."""
    if parallel.finished.is_hung:
        return ["it hung"]
    problems = [f"left behind: {line}" for line in parallel.finished.leftovers]
    if "INTERNALERROR" in parallel.finished.output:
        problems.append("INTERNALERROR")
    if not parallel.has_artefact and neighbour.artefact:
        problems.append(f"no {neighbour.artefact}")
    if not way.runs_everywhere:
        problems += find_broken_limits(parallel.testimony)
    return problems + list(compare(neighbour, way, sequential, parallel))


def compare(
    neighbour: Neighbour, way: Way, sequential: Observed, parallel: Observed
) -> Iterator[str]:
    """Compare the outcomes per test, and the exit codes."""
    is_cut_short = way.is_cut_short(neighbour)
    for name, before in sequential.outcomes.items():
        got = parallel.outcomes.get(name, [])
        if not got and is_cut_short:
            continue
        # Sequentially, pytest-timeout ends the first attempt only; and nothing crashes.
        has_crashed = name.startswith(ENDLESS) and neighbour.kills_workers and way.has_workers
        wanted = ["failed"] if has_crashed else before
        if way.runs_everywhere:
            # Each worker reports it; a flaky test passes where another one's copy has run.
            got = wanted if "flaky" in name and got else got[: len(wanted)]
        if got != wanted:
            yield f"{name}: {', '.join(got) or 'not reported'}; sequentially {', '.join(wanted)}"
    for name in set(parallel.outcomes) - set(sequential.outcomes):
        yield f"{name}: {', '.join(parallel.outcomes[name])}; sequentially not run"
    codes = sequential.finished.returncode, parallel.finished.returncode
    if codes[0] != codes[1] and not (is_cut_short and codes[1] in (1, 2)):
        yield f"exit code {codes[1]}, sequentially {codes[0]}"


def find_broken_limits(testimony: Testimony) -> list[str]:
    """Find tests beside exclusive ones, and lanes with too many at a time."""
    # A test that another one of a rerun or a timeout ended has no end of its own.
    seen = [one for one in testimony.seen if not one.nodeid.endswith(ENDLESS)]
    broken = [
        f"{other.nodeid} beside {one.nodeid}"
        for one in seen
        for other in seen
        if read_lane(one.nodeid) == "exclusive"
        and other is not one
        and other.start < one.stop
        and one.start < other.stop
    ]
    for lane, width in WIDTHS.items():
        crowd = find_peak(one for one in seen if read_lane(one.nodeid) == lane)
        if len(crowd) > width:
            broken.append(f"{len(crowd)} at a time in lane {lane}")
    return broken
