"""`measure`: sequential against parallel, by numbers of workers and by category."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from ..archive import DIRECTORY, read_history
from ..errors import CollectionFailedError, SettingError
from ..machine import read_machine
from ..measuring.campaign import CATEGORIES, Campaign, Wish
from ..measuring.drawing import draw_report
from ..measuring.regression import Regression, compare_reports, parse_share, read_report
from ..measuring.rendering import render_progress, render_report
from ..measuring.report import Report, build_report
from ..measuring.runner import CACHE, Measured, has_xdist, measure_run
from ..measuring.specs import AUTO, RunSpec, Workers, render_command
from .budgets import hear_interrupts, parse_budget
from .outputs import write_output
from .progress import Progress
from .verb import ExitCode, Outcome, Verb

DESCRIPTION: Final = """\
Run the suite in one process and on workers, in turns, each a pytest of its own with the arguments
given here, and tell what workers gain: medians with their intervals, the time until the first
test, processor time, memory, and the time that no number of workers can come below.

In one process the suite runs by pytest.ini (or what pytest finds in its place), on workers by
pytest-parallel.ini where that is there.  Each category (the markers unit, integration and slow)
is measured by itself, too.  The runs use a cache of their own; the suite's own is not touched.

Runs whose outcomes differ are not compared: which tests, and the command, are told instead.
Rounds go on until each median is known within 10%, or the budget is spent.
A gain or a loss is told as one where its whole interval lies beyond 5%; else it is noise.

It writes performance_report.json and performance_report.svg.

examples:
  {prog}                                   the whole suite, on 2, 4 and auto workers
  {prog} --workers 2 --rounds 5 tests/unit part of it, five rounds
  {prog} --no-categories --budget 5m       the suite only, in about five minutes
  {prog} --compare old.json --tolerance 20%  fails where workers are slower by more than that
"""

REPORT_FILE: Final = "performance_report.json"
PICTURE_FILE: Final = "performance_report.svg"

VERSION: Final = 1


def run(arguments: argparse.Namespace) -> Outcome:
    """Make the runs, and tell and write what they show."""
    wish = build_wish(arguments)
    tolerance = parse_share(arguments.tolerance)
    old = read_report(Path(arguments.compare)) if arguments.compare else None
    report = conduct(wish, arguments.progress)
    if report is None:
        return Outcome("Interrupted before all had run once.", {}, ExitCode.INTERRUPTED)
    data = report.to_data()
    regression = None if old is None else compare_reports(old, data, tolerance=tolerance)
    if regression is not None:
        data["regression"] = regression.to_data()
    exit_code = choose_exit_code(report, regression)
    record = json.dumps({"version": VERSION, "exit_code": exit_code, **data}, indent=2)
    write_output("--output", Path(arguments.output), f"{record}\n")
    write_output("--picture", Path(arguments.picture), draw_report(report))
    texts = [render_report(report), *([regression.render()] if regression else [])]
    texts.append(f"Written: {arguments.output}, {arguments.picture}")
    return Outcome("\n\n".join(texts), data, exit_code)


def conduct(wish: Wish, progress: Progress) -> Report | None:
    """Make the runs of a campaign; None where it was interrupted before a configuration ran twice.

    :raises CollectionFailedError: the very first run did not get to its tests.
    """
    cores = read_machine().cores
    machine = describe_machine(cores)

    with hear_interrupts(), tempfile.TemporaryDirectory(prefix="measure-") as name:
        directory = Path(name)

        def measure(spec: RunSpec, label: str, *, timeout_s: float | None) -> Measured:
            progress.update(f"{label}: {spec.name} ...")
            measured = measure_run(spec, directory, timeout_s=timeout_s)
            progress.tell(render_progress(label, spec.name, measured.wall_s))
            return measured

        campaign = Campaign(wish, measure, time.monotonic, cores)
        campaign.conduct()
        if campaign.first is not None and not campaign.first.is_complete:
            raise CollectionFailedError(campaign.first.output)
        if not campaign.runs:
            return None
        history = read_history(directory / CACHE / "d" / DIRECTORY, None)
    commands = list_commands(campaign)
    return build_report(
        campaign, history, machine=machine, command=wish.arguments, commands=commands
    )


def list_commands(campaign: Campaign) -> dict[str, str]:
    """Return for each configuration the command that runs it again."""
    markers = {run.spec: run.markexpr for run in campaign.warmups}
    return {
        spec.name: render_command(
            spec, directory=Path.cwd(), has_xdist=has_xdist(), markexpr=markers.get(spec, "")
        )
        for spec in campaign.runs
    }


def choose_exit_code(report: Report, regression: Regression | None) -> ExitCode:
    """Return what the caller is told: a finding counts more than an interrupt."""
    if report.has_differences or (regression is not None and regression.is_worse):
        return ExitCode.FINDING
    return ExitCode.INTERRUPTED if report.is_interrupted else ExitCode.SOUND


def build_wish(arguments: argparse.Namespace) -> Wish:
    """Read what the user asks for.

    :raises SettingError: it can't be read.
    """
    if arguments.rounds is not None and arguments.rounds < 1:
        raise SettingError("--rounds", str(arguments.rounds), "is too few", "give at least 1")
    workers = parse_workers(arguments.workers)
    if not has_xdist():
        raise SettingError(
            "--workers",
            arguments.workers,
            "needs pytest-xdist, which is not installed",
            "install it: there is nothing to compare one process with",
        )
    return Wish(
        arguments=tuple(arguments.pytest_args),
        workers=workers,
        categories=() if arguments.no_categories else CATEGORIES,
        rounds=arguments.rounds,
        budget_s=parse_budget(arguments.budget),
    )


def parse_workers(text: str) -> tuple[Workers, ...]:
    """Read numbers of workers such as `2,4,auto`.

    :raises SettingError: they are none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    is_sound = words and all(word == AUTO or (word.isdecimal() and int(word) > 0) for word in words)
    if not is_sound:
        raise SettingError(
            "--workers", text, "are no numbers of workers", "give some such as 2,4,auto"
        )
    return tuple(dict.fromkeys("auto" if word == AUTO else int(word) for word in words))


def describe_machine(cores: int) -> dict[str, object]:
    """Return the facts of this machine that times depend on."""
    return {
        "cores": cores,
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "pytest": _find_version("pytest"),
        "xdist": _find_version("pytest-xdist"),
        "load": list(os.getloadavg()) if sys.platform != "win32" else None,
        "measured": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", default="2,4,auto", metavar="N,N", help="numbers of workers (2,4,auto)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="make just so many rounds")
    parser.add_argument(
        "--budget", default="15m", metavar="5m", help="make no further round beyond this time (15m)"
    )
    parser.add_argument(
        "--no-categories", action="store_true", help="leave out unit, integration and slow"
    )
    parser.add_argument(
        "--output", default=REPORT_FILE, metavar="FILE", help=f"the report ({REPORT_FILE})"
    )
    parser.add_argument(
        "--picture", default=PICTURE_FILE, metavar="FILE", help=f"the picture ({PICTURE_FILE})"
    )
    parser.add_argument("--compare", metavar="FILE", help="an older report to compare with")
    parser.add_argument(
        "--tolerance",
        default="20%",
        metavar="20%",
        # argparse formats help texts, and nothing else: a sign of percent is written twice.
        help="how much slower than the older report is no finding (20%%)",
    )


VERB: Final = Verb(
    name="measure",
    summary="what workers gain, and what bounds it",
    description=DESCRIPTION,
    run=run,
    add_arguments=_add_arguments,
    takes_pytest_args=True,
)
