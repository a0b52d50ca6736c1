"""`tune`: the number of workers and the widths of lanes with which a suite runs soonest."""

import argparse
import tempfile
from pathlib import Path
from typing import Final

from ..errors import SettingError
from ..machine import read_machine
from ..options import EXCLUSIVE
from ..tuning.advice import Case, list_recommendations
from ..tuning.campaign import Campaign, Wish
from ..tuning.hands import MeasuringHands
from ..tuning.ini_edit import check_writable, plan_edits, write_edits
from ..tuning.ini_files import IniPair, find_inis, read_lanes
from ..tuning.rendering import render_results
from ..tuning.results import Results, find_optimum
from ..tuning.scopes import ALL
from .budgets import hear_interrupts
from .outputs import write_json
from .prove import parse_workers
from .verb import ExitCode, Outcome, Verb

OUTPUT: Final = "parallel_optimization_results.json"

DESCRIPTION: Final = """\
Find the number of workers, and the widths of lanes, with which a suite runs soonest: all of its
tests, and those marked unit and integration by themselves.

A few runs, in one process and on workers, calibrate a model; with it the scheduler itself predicts
every number of workers.  The best ones and their neighbours are then run, one run at a time and in
turns.  A lane is widened only where its width is a default above 1, or where --lane names it, and
only if all tests end in at least three runs as they do in one process.

The runs use a cache of their own; the suite's own cache stays as it is.  Where -n auto is as
good as the best number, it stays.  An interrupt ends the run that goes on; what was done until then
is kept.

examples:
  {prog}                            the whole suite
  {prog} --rounds 1 --no-categories a quick look
  {prog} --workers 1,2,3,4          measure just these numbers, beside one process and -n auto
  {prog} --lane db --write          lane db may be wider, too; put the best into the ini files
"""


def run(arguments: argparse.Namespace) -> Outcome:
    """Make the runs, and tell what they show."""
    output = Path(arguments.output)
    pair = find_inis(Path.cwd(), arguments.pytest_args)
    wish = build_wish(arguments, pair)
    _check(output, pair if arguments.write else None)
    with hear_interrupts(), tempfile.TemporaryDirectory(prefix="tune-") as directory:
        hands = MeasuringHands(Path(directory), arguments.progress)
        campaign = Campaign(wish, hands, read_machine())
        campaign.conduct()
    results = build_results(campaign)
    # First of all: where the ini files can't be written, the results are not lost.
    write_json("--output", output, {**results.to_data(), "written": []})
    written = write_best(results, pair) if arguments.write else []
    data = {**results.to_data(), "written": written}
    write_json("--output", output, data)
    return Outcome(render_results(results, written), data, choose_exit_code(results))


def build_wish(arguments: argparse.Namespace, pair: IniPair) -> Wish:
    """Read what the user asks for.

    :raises SettingError: it can't be read, or asks for what is never done.
    """
    if arguments.rounds < 1:
        raise SettingError("--rounds", str(arguments.rounds), "is too few", "give 1 or more")
    widths = read_lanes(pair.lanes)
    for lane in arguments.lane:
        if lane == "serial" or widths.get(lane) == EXCLUSIVE:
            raise SettingError(
                "--lane", lane, "is exclusive, and stays so", "name a lane that has a width"
            )
    return Wish(
        arguments=tuple(arguments.pytest_args),
        rounds=arguments.rounds,
        workers=parse_workers(arguments.workers),
        lanes=tuple(arguments.lane),
        has_categories=not arguments.no_categories,
        ini_lanes=pair.lanes,
        known_lanes=pair.known_lanes,
    )


def build_results(campaign: Campaign) -> Results:
    """Put together what a campaign found."""
    trials = list(campaign.build_trials())
    costs_s = campaign.model.costs_s if campaign.model else {}
    cases = []
    for scope in campaign.scopes if campaign.model else ():
        own = [trial for trial in trials if trial.scope == scope.name]
        widths = {lane: scope.widths[lane] for lane in sorted(scope.lanes)}
        cases.append(Case(scope, costs_s, own, find_optimum(own, widths)))
    return Results(
        trials=trials,
        optima={case.scope.name: case.optimum for case in cases if case.optimum},
        recommendations=list_recommendations(
            cases,
            has_workers=campaign.hands.has_workers,
            has_categories=campaign.wish.has_categories and not campaign.is_interrupted,
            unsteady=campaign.find_unsteady(),
            memory=campaign.memory,
        ),
        cores=campaign.machine.cores,
        rounds=campaign.wish.rounds,
        is_interrupted=campaign.is_interrupted,
    )


def write_best(results: Results, pair: IniPair) -> list[str]:
    """Put what is best for all tests into the ini files; return what that changed.

    :raises InfraError: the files can't be written.
    """
    best = results.optima.get(ALL)
    if best is None or results.is_interrupted:
        return []
    edits = plan_edits(pair, best.trial.setup.workers, dict(best.trial.setup.widths))
    return write_edits(edits) or ["nothing: the files say so already"]


def choose_exit_code(results: Results) -> ExitCode:
    """Return what the caller is told: that tests end otherwise on workers, or an interrupt."""
    if results.differing:
        return ExitCode.FINDING
    return ExitCode.INTERRUPTED if results.is_interrupted else ExitCode.SOUND


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each (3)")
    parser.add_argument(
        "--workers", default="", metavar="N,N", help="numbers to measure (those that look best)"
    )
    parser.add_argument(
        "--lane", action="append", default=[], metavar="NAME", help="a lane that may be widened"
    )
    parser.add_argument("--no-categories", action="store_true", help="all tests together only")
    parser.add_argument(
        "--output", default=OUTPUT, metavar="FILE", help=f"write the results there ({OUTPUT})"
    )
    parser.add_argument(
        "--write", action="store_true", help="put what is best into pytest-parallel.ini"
    )


def _check(output: Path, pair: IniPair | None) -> None:
    """Refuse, before any run, what could not be written after all of them."""
    if not output.parent.is_dir():
        raise SettingError("--output", str(output), "is in no directory", "make that first")
    if pair is not None:
        check_writable(pair)


VERB: Final = Verb(
    name="tune",
    summary="the number of workers and the widths of lanes that are fastest",
    description=DESCRIPTION,
    run=run,
    add_arguments=_add_arguments,
    takes_pytest_args=True,
)
