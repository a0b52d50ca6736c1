"""Phase 0: what everything else stands on is installed, loaded, registered and in agreement."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .evidence import Evidence
from .gates import Gate, Judgement, build_failure, build_pass
from .survey import PLUGINS

MINIMA: Final[Mapping[str, str]] = {
    "pytest": "9.1",
    "pytest-xdist": "3.8",
    "pytest-asyncio": "1.4",
    "pytest-repeat": "0.9.4",
    "filelock": "4.2",
    "libcst": "1.9",
    "psutil": "7",
}
"""The sessions' own dependencies, and those of `mark` and `measure`."""

NEEDED_MARKERS: Final = ("unit", "integration", "slow", "serial", "parallel_safe")

SOUND_EXITS: Final = (0, 5)
"""All is well, and there are no tests; the second is told by the gate that counts them."""


def judge_dependencies(_: Evidence) -> Judgement:
    """Tell whether what the phases need is installed, and new enough."""
    return judge_versions({name: find_version(name) for name in MINIMA})


def judge_versions(found: Mapping[str, str | None]) -> Judgement:
    """Compare versions with the least ones; None stands for what isn't installed."""
    lacking = [name for name, least in MINIMA.items() if not _is_enough(found.get(name), least)]
    figure = f"{len(MINIMA) - len(lacking)} of {len(MINIMA)} installed"
    details = [f"{name} {found.get(name) or 'is missing'} (>= {MINIMA[name]})" for name in lacking]
    if lacking:
        wanted = " ".join(f"'{name}>={MINIMA[name]}'" for name in lacking)
        return build_failure(figure, f"uv pip install {wanted}", *details)
    return build_pass(figure)


def find_version(name: str) -> str | None:
    """Return which version is installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def judge_plugins(evidence: Evidence) -> Judgement:
    """Tell whether a session of the suite has loaded what a parallel run needs."""
    survey = evidence.get_survey()
    missing = [name for name in PLUGINS if name not in survey.plugins]
    figure = f"{len(PLUGINS) - len(missing)} of {len(PLUGINS)} loaded"
    if not missing:
        return build_pass(figure)
    return build_failure(
        figure,
        "install what is missing, take -p no:... out of addopts, and name the infrastructure's "
        "plugin in pytest_plugins of the topmost conftest.py",
        *(f"{name} is not loaded" for name in missing),
        *(survey.said if survey.exit_code not in SOUND_EXITS else ()),
    )


def judge_markers(evidence: Evidence) -> Judgement:
    """Tell whether the categories are registered, and every marker that a test has."""
    survey = evidence.get_survey()
    unknown = [name for name in NEEDED_MARKERS if name not in survey.markers]
    details = [f"{name} is not registered" for name in unknown]
    for name, nodeid in survey.used_markers.items():
        if name not in survey.markers and name not in unknown:
            unknown.append(name)
            details.append(f"{name} is not registered; {nodeid} has it")
    figure = f"{len(unknown)} of {len(set(survey.markers) | set(unknown))} not registered"
    if survey.exit_code not in SOUND_EXITS:
        remedy = "mend what pytest says when it collects: pytest --collect-only"
        return build_failure("the suite can't be collected", remedy, *details, *survey.said)
    if unknown:
        return build_failure(figure, "add them to `markers` in the ini file", *details)
    return build_pass(f"{len(survey.markers)} registered, {len(survey.used_markers)} in use")


def judge_conflicts(evidence: Evidence) -> Judgement:
    """Tell whether the installed packages agree with each other: uv, pip, or their own word."""
    for command in list_checkers():
        answer = evidence.hands.run_tool(*command)
        lines = (*answer.output.splitlines(), *answer.errors.splitlines())
        if answer.exit_code and any("No module named pip" in line for line in lines):
            continue
        name = f"{Path(command[0]).stem} pip check"
        if answer.exit_code:
            return build_failure(f"{name} found conflicts", REMEDY, *filter(None, lines))
        return build_pass(f"{name}: none")
    conflicts = list(find_conflicts())
    if conflicts:
        return build_failure(f"{len(conflicts)} conflicts", REMEDY, *conflicts)
    return build_pass("the packages' metadata: none")


REMEDY: Final = "install versions that agree, as a lock file or `uv sync` does"


def list_checkers() -> Iterator[tuple[str, ...]]:
    """Return the commands that check the installed packages, the best one first."""
    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if uv:
        yield uv, "pip", "check", "--python", sys.executable
    yield sys.executable, "-m", "pip", "--disable-pip-version-check", "check"


def find_conflicts() -> Iterator[str]:
    """Tell the requirements of installed packages that nothing installed meets."""
    installed = {str(canonicalize_name(dist.name)): dist.version for dist in distributions()}
    for dist in distributions():
        for text in dist.requires or ():
            if problem := find_problem(text, installed):
                yield f"{dist.name} {dist.version} {problem}"


def find_problem(text: str, installed: Mapping[str, str]) -> str | None:
    """Tell what is wrong with one requirement, if it holds here."""
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return None
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return None
    found = installed.get(canonicalize_name(wanted.name))
    if found is None:
        return f"needs {wanted}, which is missing"
    if not wanted.specifier.contains(found, prereleases=True):
        return f"needs {wanted}, but {found} is installed"
    return None


def _is_enough(found: str | None, least: str) -> bool:
    return found is not None and Version(found) >= Version(least)


GATES: Final = (
    Gate(0, 1, "dependencies are installed", judge_dependencies),
    Gate(0, 2, "plugins are loaded", judge_plugins),
    Gate(0, 3, "markers are registered", judge_markers),
    Gate(0, 4, "packages agree", judge_conflicts),
)
