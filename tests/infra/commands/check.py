"""`check`: what in the tests' sources breaks in parallel, or in another order."""

import argparse
import json
import os
import sys
import time
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..durations import write_whole
from ..errors import InfraError, RecordError
from ..smells import rendering, watching
from ..smells.analysis import Analysis, Source, analyse
from ..smells.findings import Finding, Unreadable
from ..smells.rules import RULES
from ..smells.targets import find_files, find_root, get_shown, read_testpaths
from .verb import ExitCode, Outcome, Verb

DESCRIPTION: Final = """\
Read the sources of tests, and tell what in them breaks in parallel or in another order: writes to
what the process shares and nothing takes back, state of modules, classes and wide fixtures that
tests change, fixed ports, paths and ids, parameters without an order, sleeping before an assert.
What ruff finds is left to ruff.  Nothing is imported or run.

A finding is suppressed, with a reason, on its line or on the one above it:

    os.environ["A"] = "1"  # isolation: ignore[PTI101] the last test of its own process

Findings choose which tests the guard watches closely; those that it watched since their file was
last changed, and found clean, are retired.

examples:
  {prog}                        what pytest's testpaths name
  {prog} tests/test_a.py        one file; name conftest files too, for their fixtures
  {prog} --ignore PTI502        without a rule; --select PTI1 takes a whole family
  {prog} --format sarif >x.sarif
"""

PROGRESS_S: Final = 1.0
"""Shorter work than this is not worth a word."""

EVERY: Final = 50


class RuleUnknownError(InfraError):
    """A rule that was named doesn't exist."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id

    def __str__(self) -> str:
        return f"there is no rule {self.rule_id!r}; --rules lists them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `check` takes."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and directories")
    parser.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="of the output",
    )
    parser.add_argument("--select", metavar="RULES", default="", help="only these, by comma")
    parser.add_argument("--ignore", metavar="RULES", default="", help="all but these, by comma")
    parser.add_argument("--rules", action="store_true", help="list the rules, and end")
    parser.add_argument("--retired", action="store_true", help="show what the guard found clean")


def run(arguments: argparse.Namespace) -> Outcome:
    """Check the files that are asked for."""
    if arguments.rules:
        rules = [
            {"id": rule.id, "name": rule.name, "why": rule.why, "mend": rule.mend}
            for rule in RULES.values()
        ]
        return Outcome(rendering.render_rules(), {"rules": rules})
    chosen = choose_rules(arguments.select, arguments.ignore)
    here = Path.cwd()
    root = find_root(here)
    paths = [Path(path) for path in arguments.paths]
    files = find_files(paths or [root / path for path in read_testpaths(root)])
    broken: list[Unreadable] = []
    analysis = analyse(read_sources(files, here, root, broken), _build_teller(len(files)))
    broken += analysis.unreadable
    analysis = Analysis(
        analysis.findings, tuple(sorted(broken)), analysis.file_count, analysis.line_count
    )
    findings = [finding for finding in analysis.findings if finding.rule_id in chosen]
    kept, retired = retire(findings, root / watching.CACHE, here)
    problem = write_watch(findings, root)
    return build_outcome(kept, retired, analysis, arguments, problem)


def choose_rules(select: str, ignore: str) -> set[str]:
    """Return the rules that are looked for; a prefix stands for all that begin with it.

    :raises RuleUnknownError: a rule doesn't exist.
    """
    return (_expand(select) or set(RULES)) - _expand(ignore)


def _expand(text: str) -> set[str]:
    found = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        matching = {rule_id for rule_id in RULES if rule_id.startswith(part)}
        if not matching:
            raise RuleUnknownError(part)
        found |= matching
    return found


def read_sources(
    files: Sequence[Path], here: Path, root: Path, broken: list[Unreadable]
) -> Iterator[Source]:
    """Read files as Python reads them, and note those that can't be."""
    for path in files:
        shown = get_shown(path, here)
        try:
            with tokenize.open(path) as file:
                text = file.read()
        except (OSError, SyntaxError, UnicodeDecodeError) as error:
            broken.append(Unreadable(shown, 1, getattr(error, "strerror", None) or str(error)))
            continue
        yield Source(text, shown, get_shown(path, root))


def retire(
    findings: Sequence[Finding], cache: Path, here: Path
) -> tuple[list[Finding], list[Finding]]:
    """Part findings in those that stand and those that the guard found clean."""
    experience = read_experience(cache / watching.LEAKS_FILE)
    kept: list[Finding] = []
    retired: list[Finding] = []
    for finding in findings:
        changed_at = (here / finding.path).stat().st_mtime
        is_clean = watching.is_retired(finding, experience, changed_at)
        (retired if is_clean else kept).append(finding)
    return kept, retired


def read_experience(path: Path) -> watching.Experience:
    """Read what the guard has seen; nothing where there is no such file, or an unreadable one."""
    try:
        return watching.parse_leaks(path.read_text(encoding="utf-8"), path.stat().st_mtime)
    except (OSError, UnicodeDecodeError, RecordError):
        return watching.Experience()


def write_watch(findings: Sequence[Finding], root: Path) -> str | None:
    """Tell the guard which tests to watch, and return what prevents that.

    Where pytest has no cache yet, there is no guard to tell, and a check makes none.
    """
    cache = root / watching.CACHE
    if not cache.parents[1].is_dir():
        return None
    try:
        cache.mkdir(parents=True, exist_ok=True)
        text = watching.render_watch(watching.build_watch(findings))
        write_whole(cache / watching.WATCH_FILE, text)
    except OSError as error:
        return f"the guard can't be told what to watch: {error}; make {cache} writable"
    return None


def build_outcome(
    kept: Sequence[Finding],
    retired: Sequence[Finding],
    analysis: Analysis,
    arguments: argparse.Namespace,
    problem: str | None = None,
) -> Outcome:
    """Build text, data and exit code.

    :param problem: why the guard could not be told what to watch.
    """
    code = ExitCode.FINDING if kept else ExitCode.SOUND
    if analysis.unreadable:
        code = ExitCode.USAGE
    data: dict[str, object] = {
        "files": analysis.file_count,
        "lines": analysis.line_count,
        "findings": [finding.to_data() for finding in kept],
        "retired": [finding.to_data() for finding in retired],
        "unreadable": [bad.render() for bad in analysis.unreadable],
        "problem": problem,
    }
    return Outcome(_render(kept, retired, analysis, arguments, data), data, code)


def _render(
    kept: Sequence[Finding],
    retired: Sequence[Finding],
    analysis: Analysis,
    arguments: argparse.Namespace,
    data: dict[str, object],
) -> str:
    if arguments.format == "json":
        return json.dumps(data, indent=2)
    if arguments.format == "sarif":
        return json.dumps(rendering.build_sarif(kept, analysis), indent=2)
    if arguments.format == "github":
        return rendering.render_github(kept, analysis)
    shown = retired if arguments.retired else []
    text = rendering.render_text(kept, analysis, retired=len(retired), shown=shown)
    return f"{text}\n{data['problem']}" if data["problem"] else text


class _Teller:
    """Tells how far the reading is, at a terminal and when it takes long."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._started = time.monotonic()

    def __call__(self, count: int) -> None:
        if count % EVERY == 0 and time.monotonic() - self._started > PROGRESS_S:
            sys.stderr.write(f"\rread {count} of {self._total} files ")
            sys.stderr.flush()
        if count == self._total and time.monotonic() - self._started > PROGRESS_S:
            sys.stderr.write("\r" + " " * 40 + "\r")


def _build_teller(total: int) -> _Teller | None:
    return _Teller(total) if sys.stderr.isatty() and not os.environ.get("CI") else None


VERB: Final = Verb(
    name="check",
    summary="what in the tests' sources breaks in parallel, or in another order",
    description=DESCRIPTION,
    run=run,
    add_arguments=add_arguments,
)
