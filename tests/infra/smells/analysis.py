"""The way in: files to findings.

Reading files is left to the caller; what is not Python comes back as `Unreadable`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from . import fixed, leaks, parameters, patches, paths, suppression, timing
from .findings import Finding, Unreadable
from .leaks import Context
from .modules import Module, parse_module
from .project import Project
from .sightings import Sighting
from .undoing import Judge

FINDERS: Final[Sequence[Callable[[Context], Iterator[Sighting]]]] = (
    leaks.find_leaks,
    patches.find_started_patches,
    patches.find_lonely_setups,
    fixed.find_fixed_ports,
    fixed.find_fixed_vmids,
    fixed.find_fixed_names,
    paths.find_path_writes,
    timing.find_sleeps,
    timing.find_elapsed_bounds,
    timing.find_clock_comparisons,
    timing.find_running_threads,
    parameters.find_unordered,
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text and names."""

    text: str
    path: str
    nodeid: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a check found."""

    findings: tuple[Finding, ...]
    unreadable: tuple[Unreadable, ...]
    file_count: int
    line_count: int


def analyse(sources: Iterable[Source], tell: Callable[[int], None] | None = None) -> Analysis:
    """Check files together, since a fixture is used in other files than its own.

    :param tell: called with the number of files read so far.
    """
    read: list[tuple[Source, Module]] = []
    unreadable = []
    line_count = 0
    for source in sources:
        line_count += source.text.count("\n")
        try:
            read.append((source, parse_module(source.text, source.path, source.nodeid)))
        except SyntaxError as error:
            problem = error.msg or "no Python"
            unreadable.append(Unreadable(source.path, error.lineno or 1, problem))
        except (ValueError, RecursionError) as error:
            unreadable.append(Unreadable(source.path, 1, str(error)))
        if tell is not None:
            tell(len(read) + len(unreadable))
    project = Project([module for _, module in read])
    judge = Judge(project)
    findings = [
        finding
        for source, module in read
        for finding in _check_file(source, module, project, judge)
    ]
    return Analysis(tuple(sorted(findings)), tuple(unreadable), len(read), line_count)


def _check_file(source: Source, module: Module, project: Project, judge: Judge) -> list[Finding]:
    found = []
    for scope in module.scopes:
        context = Context(project, module, scope, judge)
        sightings = [sighting for finder in FINDERS for sighting in finder(context)]
        if sightings:
            tests = leaks.find_concerned(context)
            found += [_build(sighting, source.path, tests) for sighting in sightings]
    comments = list(suppression.read_suppressions(source.text))
    return suppression.apply(list(dict.fromkeys(found)), comments, source.path)


def _build(sighting: Sighting, path: str, tests: tuple[str, ...]) -> Finding:
    node = sighting.node
    return Finding(
        path, node.lineno, node.col_offset + 1, sighting.rule_id, sighting.message, tests
    )
