"""`mark`: a category for every test that has none, decided by what it takes and what it does."""

import argparse
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ..errors import MissingPackageError, SettingError
from ..marking.categories import Borders, Category, Timing
from ..marking.deciding import decide, render_s
from ..marking.doing import read_doing
from ..marking.gathering import Gathered, gather
from ..marking.registration import (
    UnregisteredError,
    find_unregistered,
    is_strict,
    render_remedy,
)
from ..marking.rendering import Decided, Marking, render_check, render_marking
from ..marking.subjects import (
    Library,
    Subject,
    count_categories,
    find_bases,
    find_subjects,
    list_without,
)
from ..marking.timing import choose_slowest, measure, read_timings
from .budgets import hear_interrupts
from .verb import ExitCode, Outcome, Verb

DESCRIPTION: Final = """\
Put one of the markers unit, integration and slow on every test that has none of them, where the
test is defined.  Markers that are there are kept, and so is every byte of the source.

What a test takes decides (under 100 ms, up to 5 s, above), and what it does: waiting in real time
makes it slow; several steps of a life, sockets, processes or threads make it integration, however
quick it is.  The times come from the history of past runs; --measure makes a run first, in which
sleeping, sockets and processes are heard, too, and up to two more of the tests near a border.
Without any, the source alone decides.

Shown are the diff and, for each test, the reasons; what is unsure is listed for a person.  Nothing
is written without --write.  Exit code 1 tells that tests are without a category.

examples:
  {prog}                         decide, and show what would be changed
  {prog} --measure --write       run the suite, then mark it
  {prog} tests/unit -k net       only what pytest would run with these arguments
  {prog} --check                 list the tests without a category
"""


def run(arguments: argparse.Namespace) -> Outcome:
    """Decide for the tests that pytest would run, and mark them if told to."""
    borders = read_borders(arguments)
    with hear_interrupts():
        if not arguments.check:
            require_libcst()
        try:
            gathered = gather(arguments.pytest_args)
            return check(gathered) if arguments.check else mark(arguments, gathered, borders)
        except KeyboardInterrupt:
            return Outcome("interrupted; nothing was written", {}, ExitCode.INTERRUPTED)


def check(gathered: Gathered) -> Outcome:
    """List the tests without a category."""
    without, counts = list_without(gathered.items), count_categories(gathered.items)
    data = {"without": without, "counts": counts, "total": len(gathered.items)}
    text = render_check(without, counts, len(gathered.items))
    if gathered.broken:
        broken = "\n".join(f"{path}: {why}" for path, why in gathered.broken.items())
        return Outcome(f"{broken}\n{text}", {**data, "broken": gathered.broken}, ExitCode.USAGE)
    return Outcome(text, data, ExitCode.FINDING if without else ExitCode.SOUND)


def mark(arguments: argparse.Namespace, gathered: Gathered, borders: Borders) -> Outcome:
    """Decide, edit, and write if told to."""
    library = Library()
    root = gathered.config.rootpath.resolve()
    subjects, orphans = find_subjects(gathered.items, root, library)
    timings, evidence = find_timings(arguments, gathered, subjects, borders)
    decided = [decide_one(one, timings, borders, library, root) for one in subjects]
    remedy = check_registration(gathered, decided, is_writing=arguments.write)
    from ..marking.application import apply  # noqa: PLC0415  it imports the optional libcst

    applied = apply(decided, root, find_bases(gathered.items), is_writing=arguments.write)
    marking = Marking(
        decided=decided,
        orphans=orphans,
        broken={**gathered.broken, **applied.broken},
        changed=applied.changed,
        diff=applied.diff,
        is_written=arguments.write and bool(applied.changed),
        evidence=evidence,
        unregistered=remedy,
    )
    return Outcome(render_marking(marking), marking.to_data(), choose_exit_code(marking))


def choose_exit_code(marking: Marking) -> ExitCode:
    """Return what the caller is told: files that can't be used, then tests without a category."""
    if marking.broken:
        return ExitCode.USAGE
    is_left = bool(marking.decided) and not marking.is_written
    return ExitCode.FINDING if is_left or marking.orphans else ExitCode.SOUND


def find_timings(
    arguments: argparse.Namespace,
    gathered: Gathered,
    subjects: Sequence[Subject],
    borders: Borders,
) -> tuple[Mapping[str, Timing], str]:
    """Return what is known of the tests' times, and a sentence about where from."""
    wanted = [nodeid for subject in subjects for nodeid in subject.nodeids]
    if arguments.measure and wanted:
        # Where xdist is, a configuration may ask for workers.
        has_xdist = gathered.config.pluginmanager.hasplugin("xdist")
        alone = [*arguments.pytest_args, *(["-n", "0"] if has_xdist else [])]
        timings, took_s = measure(alone, borders, arguments.progress)
        return timings, f"Measured now, in {render_s(took_s)}."
    timings = read_timings(gathered.config)
    known = sum(nodeid in timings for nodeid in wanted)
    if known == len(wanted):
        return timings, "Times are those of past runs."
    without = f"{len(wanted) - known} of {len(wanted)} tests were never measured"
    return timings, f"{without}: for them the source alone decides; --measure runs the suite first."


def decide_one(
    subject: Subject,
    timings: Mapping[str, Timing],
    borders: Borders,
    library: Library,
    root: Path,
) -> Decided:
    """Decide for the tests of one function."""
    timing, name = choose_slowest(subject.nodeids, timings)
    stage = library.build_stage(subject, root)
    doing = read_doing(subject.definition.node, stage, subject.fixtures)
    path = subject.source.path.relative_to(root).as_posix()
    return Decided(subject, decide(timing, doing, borders, name), path)


def check_registration(gathered: Gathered, decided: Sequence[Decided], *, is_writing: bool) -> str:
    """Return what the project's configuration lacks; refuse to write where that would break it.

    :raises UnregisteredError: it would.
    """
    used = {one.decision.category.value for one in decided}
    names = find_unregistered(gathered.config, used)
    if not names:
        return ""
    remedy = render_remedy(gathered.config, [category.value for category in Category])
    if is_writing and is_strict(gathered.config):
        raise UnregisteredError(names, remedy)
    return f"Not registered as markers: {', '.join(names)}; {remedy}"


def read_borders(arguments: argparse.Namespace) -> Borders:
    """Read the borders between the categories.

    :raises SettingError: they are no times, or not in order.
    """
    borders = Borders(arguments.unit_ms / 1000, arguments.slow_s)
    if not 0 < borders.unit_s < borders.slow_s < float("inf"):
        raise SettingError(
            "--slow-s",
            f"{arguments.slow_s:g}",
            f"is not above --unit-ms={arguments.unit_ms:g} and both above 0",
            "give some such as --unit-ms=100 --slow-s=5",
        )
    return borders


def require_libcst() -> None:
    """Make sure that sources can be changed.

    :raises MissingPackageError: they can't.
    """
    if importlib.util.find_spec("libcst") is None:
        raise MissingPackageError(
            "libcst",
            "mark changes sources with it",
            "install it (uv sync --group tools, or pip install libcst); --check works without it",
        )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="change the files")
    parser.add_argument(
        "--check", action="store_true", help="only list the tests without a category"
    )
    parser.add_argument(
        "--measure", action="store_true", help="run the tests first, for their times"
    )
    parser.add_argument(
        "--unit-ms", type=float, default=100.0, metavar="N", help="a unit test takes less (100)"
    )
    parser.add_argument(
        "--slow-s", type=float, default=5.0, metavar="N", help="a slow test takes more (5)"
    )


VERB: Final = Verb(
    name="mark",
    summary="a category for each test: unit, integration or slow",
    description=DESCRIPTION,
    run=run,
    add_arguments=_add_arguments,
    takes_pytest_args=True,
)
