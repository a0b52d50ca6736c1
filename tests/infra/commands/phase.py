"""`phase`: from a sequential suite to a parallel one, by gates that pass or fail."""

import argparse
from pathlib import Path
from typing import Final

from ..errors import PhaseError
from ..phases.backup import Backup
from ..phases.campaign import Campaign, Wish
from ..phases.catalogue import PHASES
from ..phases.commits import Repository
from ..phases.evidence import Evidence
from ..phases.expectations import Expectations, parse_expectations
from ..phases.hands import Processes
from ..phases.rendering import (
    campaign_to_data,
    render_campaign,
    render_undone,
    undone_to_data,
)
from ..phases.rollback import roll_back
from ..smells.targets import find_root, read_setting
from .budgets import hear_interrupts
from .verb import ExitCode, Outcome, Verb

ALL: Final = "e2e"

PACKAGE: Final = __package__.rpartition(".")[0]

DESCRIPTION: Final = """\
Judge the gates of a phase, in order; each passes or fails, with a figure and the way out:

  0    what is needed is installed, loaded, registered, and agrees
  1    each test has a category (`mark` writes those that are missing), and their numbers are right
  2    no shared state (`check`), and the probes that the repository names pass
  3    same outcomes, a gain, times within limits (`measure`), a tuned configuration (`tune`)
  e2e  all of them, up to the first phase that failed

What is expected is in the ini key `phases`, a line each:

  suite = tests/suite            tests = 208            unit = 180-200      (integration, slow)
  gain = 50%                     unit_time = 60s        builders = NODE IDS (parameters, mocks)

Each verdict is a line of .parallel_test_progress.  What was changed can be taken back.

examples:
  {prog} e2e                    the whole path
  {prog} e2e --commit           likewise, one commit for each gate
  {prog} 1 --check-only         look at the categories, mark nothing
  {prog} --rollback             give back what was there before, with or without commits
"""


def run(arguments: argparse.Namespace) -> Outcome:
    """Judge what is asked for, or take back what was done."""
    root = find_root(Path.cwd())
    if arguments.rollback:
        return _roll_back(arguments, root)
    if arguments.phase is None:
        raise PhaseError(
            "no phase is named", "", f"give one of {', '.join(map(str, PHASES))}, {ALL}"
        )
    expectations = parse_expectations(read_setting(root, "phases"))
    campaign = build_campaign(arguments, root, expectations)
    with hear_interrupts():
        campaign.conduct()
    return Outcome(
        render_campaign(campaign), campaign_to_data(campaign), choose_exit_code(campaign)
    )


def build_campaign(
    arguments: argparse.Namespace, root: Path, expectations: Expectations
) -> Campaign:
    """Build the campaign that the user asks for."""
    hands = Processes(PACKAGE, root)
    is_check_only = arguments.check_only
    return Campaign(
        root=root,
        wish=Wish(
            phases=PHASES if arguments.phase == ALL else (int(arguments.phase),),
            is_committing=arguments.commit,
            is_check_only=is_check_only,
            is_keeping_going=arguments.keep_going,
        ),
        build_evidence=lambda: Evidence(root, expectations, hands, is_check_only),
        tell=arguments.progress.update,
        repository=Repository(root),
        backup=Backup(root),
    )


def choose_exit_code(campaign: Campaign) -> ExitCode:
    """Return what the caller is told: a failed gate, then that not all were judged."""
    if campaign.has_failed():
        return ExitCode.FINDING
    return ExitCode.INTERRUPTED if campaign.is_interrupted else ExitCode.SOUND


def _roll_back(arguments: argparse.Namespace, root: Path) -> Outcome:
    if arguments.phase is not None or arguments.commit or arguments.check_only:
        raise PhaseError("--rollback takes back all phases at once", "", "give it alone")
    undone = roll_back(root)
    return Outcome(render_undone(undone), undone_to_data(undone))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    names = [*map(str, PHASES), ALL]
    parser.add_argument("phase", nargs="?", choices=names, metavar="PHASE", help=", ".join(names))
    parser.add_argument("--check-only", action="store_true", help="put no marker on any test")
    parser.add_argument("--keep-going", action="store_true", help="past a phase that failed")
    parser.add_argument("--commit", action="store_true", help="one commit for each gate")
    parser.add_argument("--rollback", action="store_true", help="take back what phases changed")


VERB: Final = Verb(
    name="phase",
    summary="from a sequential suite to a parallel one, by gates that pass or fail",
    description=DESCRIPTION,
    run=run,
    add_arguments=_add_arguments,
)
