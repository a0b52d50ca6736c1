"""`prove`: the suite in every order and placement that tells something, compared test by test."""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Final

from ..errors import SettingError
from ..machine import read_machine
from ..proving.campaign import Campaign
from ..proving.covered_lines import compare_coverage
from ..proving.plan import Wish
from ..proving.proof import Proof, build_proof
from ..proving.rendering import render_proof
from ..proving.runner import PassRunner, find_sorting_plugins
from .budgets import hear_interrupts, parse_budget
from .outputs import write_json
from .verb import ExitCode, Outcome, Verb

DESCRIPTION: Final = """\
Run the suite in passes, each a pytest of its own with the arguments given here, and compare the
outcome of each test: the natural order, the suite twice in one process (each test after each other
one and after itself), reverse order, several workers, random orders, and the natural order again.

What differs is named, with what is certain about it (by order, by placement, at random, on its
second run, another set of tests), and with the command that shows it again.  What was not covered
is said, too.  The passes use caches of their own; the suite's own cache is not touched.

An interrupt ends the pass that runs, and what was done until then is printed.

examples:
  {prog}                                the whole suite, by pytest.ini
  {prog} --budget 5m tests/unit -k net  part of it, in at most five minutes
  {prog} --seed 7 --orders 10           ten random orders, always the same ones
  {prog} --output proof.json            the record for another program
"""


def run(arguments: argparse.Namespace) -> Outcome:
    """Run the passes, and tell what they show."""
    wish = build_wish(arguments)
    blocked = find_sorting_plugins()
    with hear_interrupts(), tempfile.TemporaryDirectory(prefix="prove-") as directory:
        hands = PassRunner(wish, Path(directory), arguments.progress, blocked)
        campaign = Campaign(wish, hands, time.monotonic, read_machine().cores)
        campaign.conduct()
        coverage = compare_coverage(campaign.results)
    proof = build_proof(campaign, blocked=blocked, coverage=coverage)
    exit_code = choose_exit_code(proof)
    if arguments.output:
        write_json("--output", Path(arguments.output), {"exit_code": exit_code, **proof.to_data()})
    return Outcome(render_proof(proof), proof.to_data(), exit_code)


def choose_exit_code(proof: Proof) -> ExitCode:
    """Return what the caller is told: what was found, then whether anything was compared."""
    if proof.divergences or proof.broken:
        return ExitCode.FINDING
    if proof.is_interrupted:
        return ExitCode.INTERRUPTED
    # A budget that lets nothing be compared is a mistake in the arguments.
    return ExitCode.SOUND if proof.compared > 1 else ExitCode.USAGE


def build_wish(arguments: argparse.Namespace) -> Wish:
    """Read what the user asks for.

    :raises SettingError: it can't be read.
    """
    seed = arguments.seed
    return Wish(
        arguments=tuple(arguments.pytest_args),
        budget_s=None if arguments.budget is None else parse_budget(arguments.budget),
        orders=arguments.orders,
        workers=parse_workers(arguments.workers),
        seed=random.SystemRandom().randrange(1, 10**6) if seed is None else seed,
        hash_seed=_read_hash_seed(os.environ.get("PYTHONHASHSEED", "")),
    )


def parse_workers(text: str) -> tuple[int, ...]:
    """Read numbers of workers such as `2,4`; an empty text means no parallel pass.

    :raises SettingError: they are no numbers from 1 on.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not all(word.isdecimal() and int(word) for word in words):
        raise SettingError("--workers", text, "are no numbers of workers", "give some such as 2,4")
    return tuple(dict.fromkeys(int(word) for word in words))


def _read_hash_seed(text: str) -> str:
    """Return the hash seed that the user has fixed, if any."""
    return text if text.isdecimal() else ""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--budget", metavar="5m", help="plan the passes within this time")
    parser.add_argument("--orders", type=int, default=3, metavar="K", help="random orders (3)")
    parser.add_argument(
        "--workers", default="2,4", metavar="N,N", help="numbers of workers to run with (2,4)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="of the random orders and the hashes (a new one)"
    )
    parser.add_argument("--output", metavar="FILE", help="write the record there, as JSON")


VERB: Final = Verb(
    name="prove",
    summary="that no test's outcome depends on order, placement or repetition",
    description=DESCRIPTION,
    run=run,
    add_arguments=_add_arguments,
    takes_pytest_args=True,
)
