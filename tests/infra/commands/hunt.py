"""`hunt`: runs that make flaky tests fail, and experiments that tell why."""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Final

from ..errors import SettingError
from ..hunting.hunter import Hunt, Wish
from ..hunting.memory import read_seed
from ..hunting.page import render_page
from ..hunting.rendering import render_hunt
from ..hunting.repository import find_changed_tests
from ..hunting.verdicts import HuntRecord, Kind
from ..known_flakes import FILE as KNOWN_FILE
from ..known_flakes import KnownFlaky, find_entry, read_known
from ..machine import read_machine
from ..shelf import RUNS
from .budgets import hear_interrupts, parse_budget
from .outputs import write_output
from .verb import ExitCode, Outcome, Verb

DESCRIPTION: Final = """\
Find the flaky tests of a suite, name the cause of each, and give one command that fails again.

First the suite is surveyed: twice in one process, in reverse and random orders, each test beside
itself and beside others, under load, with other hash seeds, time zones, clocks, orders of
directories and turns of threads, and repeated until sound tests are accepted (Wald's sequential
test).  Then each suspect is taken apart: one thing is changed at a time until it is known what
turns it.  Tests run in forks of a process that has collected once; what is found is confirmed in
fresh processes, with the command that is printed, and without its cause.

A survey takes some 30 runs of the suite.  The budget ends it; what was left out is said.  An
interrupted hunt goes on from where it was, as long as the sources are the same.  What tests do to
files through Python is taken back after each run.  It needs a system that can fork.

examples:
  {prog}                            the whole suite, in at most ten minutes
  {prog} --budget 1h tests/unit     part of it, with more time
  {prog} t.py::test_a t.py::test_b  two tests, beside and after each other
  {prog} --changed --since main     what a branch touches
  {prog} --html hunt.html           a page with the schedules drawn
"""


def run(arguments: argparse.Namespace) -> Outcome:
    """Hunt, and tell what was found."""
    if not hasattr(os, "fork"):
        raise SettingError("hunt", sys.platform, "can't fork", "use `prove`, or hunt elsewhere")
    wish = build_wish(arguments)
    known = read_known(path) if (path := wish.root / KNOWN_FILE).exists() else ()
    for option in ("output", "html"):
        if path := getattr(arguments, option):
            check_target(f"--{option}", Path(path))
    with hear_interrupts(), tempfile.TemporaryDirectory(prefix="hunt-") as directory:
        record = Hunt(wish, Path(directory), arguments.progress).conduct()
    owners = name_owners(record, known)
    page = render_page(record, owners=owners)
    for option, text in (("output", record.to_json()), ("html", page)):
        if path := getattr(arguments, option):
            write_output(f"--{option}", Path(path), f"{text}\n")
    text = render_hunt(record, owners=owners)
    return Outcome(text, build_data(record), choose_exit_code(record, known))


def build_wish(arguments: argparse.Namespace) -> Wish:
    """Read what the user asks for.

    :raises SettingError: it can't be read, or has no meaning.
    :raises RepositoryError: `--changed` without a repository.
    """
    if arguments.since and not arguments.changed:
        raise SettingError("--since", arguments.since, "goes with --changed", "give that, too")
    root = Path.cwd()
    since = (arguments.since or "HEAD") if arguments.changed else None
    cache = root / ".pytest_cache" / "d" / "infra"
    memory = cache / "hunt.jsonl"
    return Wish(
        arguments=tuple(arguments.pytest_args),
        budget_s=parse_budget(arguments.budget),
        seed=choose_seed(arguments.seed, None if arguments.fresh else read_seed(memory)),
        cores=read_machine().cores,
        root=root,
        memory=memory,
        is_fresh=arguments.fresh,
        shelf=cache / RUNS,
        reached=None if since is None else find_changed_tests(root, since),
        since=since,
    )


def choose_seed(given: int | None, remembered: int | None) -> int:
    """Choose the seed: the one that is asked for, that of an interrupted hunt, or a new one.

    :raises SettingError: it is below 1.
    """
    if given is not None and given < 1:
        raise SettingError("--seed", str(given), "is below 1", "give a whole number from 1 on")
    return given or remembered or random.SystemRandom().randrange(1, 1000)


def build_data(record: HuntRecord) -> Mapping[str, object]:
    """Return the record for JSON, with its fields at the top."""
    return asdict(record)


def name_owners(record: HuntRecord, known: Sequence[KnownFlaky]) -> Mapping[str, str]:
    """Return, by node id, who owns a flaky test that is known already, and until when."""
    today = date_of_today()
    entries = {one.nodeid: find_entry(known, one.nodeid) for one in record.verdicts}
    return {nodeid: one.render(today) for nodeid, one in entries.items() if one is not None}


def choose_exit_code(record: HuntRecord, known: Sequence[KnownFlaky] = ()) -> ExitCode:
    """Return what the caller is told: a flaky test is a finding, unless it is known and excused.

    A test that always fails is none.
    """
    today = date_of_today()
    for verdict in record.verdicts:
        entry = find_entry(known, verdict.nodeid)
        is_excused = entry is not None and not entry.is_expired(today)
        if verdict.kind is not Kind.BROKEN and not is_excused:
            return ExitCode.FINDING
    is_interrupted = any(note.startswith("interrupted") for note in record.notes)
    return ExitCode.INTERRUPTED if is_interrupted else ExitCode.SOUND


def date_of_today() -> date:
    """Return the day by the machine's own clock."""
    return datetime.now().astimezone().date()


def check_target(option: str, path: Path) -> None:
    """See that a file can be written, before a long hunt and not after it.

    :raises SettingError: it can't.
    """
    problem = ""
    if path.is_dir():
        problem = "is a directory"
    elif not path.absolute().parent.is_dir():
        problem = "is in a directory that is not there"
    elif not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        problem = "can't be written"
    if problem:
        raise SettingError(option, str(path), problem, "give another file")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--budget", metavar="10m", default="10m", help="end within this time (10m)")
    parser.add_argument("--changed", action="store_true", help="hunt only what a diff touches")
    parser.add_argument(
        "--since", metavar="REV", default="", help="with --changed: against this revision (HEAD)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="of orders and random numbers (a new one)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget an interrupted hunt")
    parser.add_argument("--output", metavar="FILE", default="", help="write the record, as JSON")
    parser.add_argument("--html", metavar="FILE", default="", help="write a page with pictures")


VERB: Final = Verb(
    name="hunt",
    summary="flaky tests, why they are, and a command that fails again",
    description=DESCRIPTION,
    run=run,
    add_arguments=_add_arguments,
    takes_pytest_args=True,
)
