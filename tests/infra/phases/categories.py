"""Phase 1: each test has a category, and there are as many of each as expected."""

import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from .evidence import Evidence
from .expectations import CATEGORIES
from .foundations import SOUND_EXITS
from .gates import Gate, Judgement, build_failure, build_pass
from .hands import VerbAnswer

COUNT_TITLE: Final = "Phase 1 Gate 2"

JUDGED: Final = (0, 1)
"""Exit codes of a verb that has judged: sound, or a finding."""


def judge_marking(evidence: Evidence) -> Judgement:
    """Put a category on each test that has none, and tell whether any is left without."""
    changed: object = ()
    if not evidence.is_check_only:
        answer = evidence.run_verb("mark", "--measure", "--write")
        if answer.exit_code not in JUDGED or not answer.data:
            return build_verb_failure("mark --measure --write", answer)
        changed = answer.data.get("changed")
    answer = evidence.run_verb("mark", "--check")
    without = answer.data.get("without")
    if answer.exit_code not in JUDGED or not isinstance(without, list):
        return build_verb_failure("mark --check", answer)
    total = answer.data.get("total")
    if without or answer.exit_code:
        return build_failure(
            f"{len(without)} of {total} tests without a category",
            "run `mark`, look at what it is unsure of, and write the marker by hand",
            *map(str, without),
        )
    files = len(changed) if isinstance(changed, list | tuple) else 0
    return build_pass(f"{total} tests with a category, {files} files changed")


def judge_count(evidence: Evidence) -> Judgement:
    """Tell whether the suite has as many tests as expected, or as last time."""
    survey = evidence.get_survey()
    count = len(survey.nodeids)
    expected = evidence.expectations.tests
    source = "expected"
    if expected is None:
        expected, source = read_count(evidence.last_figures), "counted before"
    figure = f"{count} tests, at least {expected} {source}"
    if survey.exit_code not in SOUND_EXITS:
        remedy = "mend what pytest says when it collects: pytest --collect-only"
        return build_failure("the suite can't be collected", remedy, *survey.said)
    if count < expected:
        remedy = "find out which tests are gone, or change `tests` in the ini key `phases`"
        return build_failure(figure, remedy, *(survey.said if not count else ()))
    return build_pass(figure)


def read_count(last_figures: Mapping[str, str]) -> int:
    """Return how many tests there were when they were counted last; at least one."""
    match = re.match(r"(\d+) tests", last_figures.get(COUNT_TITLE, ""))
    return max(1, int(match[1])) if match else 1


def judge_distribution(evidence: Evidence) -> Judgement:
    """Tell whether each category has as many tests as expected, and each test one category."""
    answer = evidence.run_verb("mark", "--check")
    counts, total = answer.data.get("counts"), answer.data.get("total")
    if not isinstance(counts, dict) or not isinstance(total, int):
        return build_verb_failure("mark --check", answer)
    details = [
        f"{name}: {counts.get(name, 0)}, expected {expected}"
        for name, expected in evidence.expectations.counts.items()
        if counts.get(name, 0) not in expected
    ]
    together = sum(counts.get(name, 0) for name in CATEGORIES)
    if together != total:
        details.append(f"{together} categories on {total} tests: each has one")
    figure = ", ".join(f"{counts.get(name, 0)} {name}" for name in CATEGORIES)
    if details:
        remedy = "correct the markers, or the ranges in the ini key `phases`"
        return build_failure(figure, remedy, *details)
    return build_pass(figure)


def judge_sources(evidence: Evidence) -> Judgement:
    """Tell whether all sources of tests compile."""
    paths = evidence.find_sources()
    broken = [problem for path in paths if (problem := find_error(path, evidence.root))]
    if not paths:
        return build_failure("no sources", "name the suite in the ini key `phases`: suite = PATH")
    if broken:
        figure = f"{len(broken)} of {len(paths)} files do not compile"
        return build_failure(figure, "mend them; --rollback takes back what was marked", *broken)
    return build_pass(f"{len(paths)} files compile")


def find_error(path: Path, root: Path) -> str | None:
    """Compile a file, and tell what is wrong with it."""
    with warnings.catch_warnings():
        # An invalid escape is the linters' business, and no error.
        warnings.simplefilter("ignore")
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (OSError, SyntaxError, ValueError) as error:
            return f"{path.relative_to(root.resolve())}: {error}"
    return None


def build_verb_failure(command: str, answer: VerbAnswer) -> Judgement:
    """Return that a verb did not do what it was asked for."""
    return build_failure(
        f"{command} ended with exit code {answer.exit_code}",
        f"run `{command}` by hand, and mend what it says",
        *answer.said,
    )


def list_marked_files(evidence: Evidence) -> Iterable[Path]:
    """Return which files marking may change."""
    return () if evidence.is_check_only else evidence.find_suite()


GATES: Final = (
    Gate(1, 1, "tests have a category", judge_marking, list_marked_files),
    Gate(1, 2, "no test is missing", judge_count),
    Gate(1, 3, "categories are distributed as expected", judge_distribution),
    Gate(1, 4, "sources compile", judge_sources),
)
