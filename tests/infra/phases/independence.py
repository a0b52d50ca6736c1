"""Phase 2: tests share nothing: by their sources, and by probes that the repository names."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from .categories import JUDGED, build_verb_failure
from .evidence import Evidence
from .gates import Gate, Judgement, Verdict, build_failure, build_pass

PARALLEL_INI: Final = "pytest-parallel.ini"


def judge_shared_state(evidence: Evidence) -> Judgement:
    """Tell whether `check` finds what breaks in parallel."""
    answer = evidence.hands.run_verb("check", *evidence.suite)
    findings, files = answer.data.get("findings"), answer.data.get("files")
    if answer.exit_code not in JUDGED or not isinstance(findings, list) or not files:
        return build_verb_failure("check", answer)
    figure = f"{len(findings)} findings in {files} files"
    if not findings and not answer.exit_code:
        return build_pass(figure)
    remedy = "mend them, or suppress one with a reason: `check` shows how"
    return build_failure(figure, remedy, *(_render_finding(one) for one in findings))


def build_probe(name: str, *, workers: int = 0) -> Callable[[Evidence], Judgement]:
    """Return what judges by the tests that the repository names for one kind of independence."""

    def judge(evidence: Evidence) -> Judgement:
        nodeids = evidence.expectations.probes.get(name, ())
        if not nodeids:
            return Judgement(
                Verdict.NOT_RUN,
                "no probes are named",
                remedy=f"name tests that prove it in the ini key `phases`: {name} = NODE IDS",
            )
        return judge_probe(evidence, (*choose_arguments(evidence.root, workers), *nodeids))

    return judge


def judge_probe(evidence: Evidence, arguments: tuple[str, ...]) -> Judgement:
    """Run probes: all of them have to pass, and a skipped one proves nothing."""
    survey = evidence.hands.run_pytest(*arguments)
    passed = survey.list_tests_that("passed")
    others = [f"{nodeid} {end}" for nodeid, end in survey.outcomes.items() if end != "passed"]
    figure = f"{len(passed)} of {len(survey.outcomes)} probes passed"
    if passed and not others and not survey.exit_code:
        return build_pass(figure)
    return build_failure(
        figure,
        f"run them by hand: pytest {' '.join(arguments)}",
        *others,
        *(() if others else survey.said),
    )


def choose_arguments(root: Path, workers: int) -> tuple[str, ...]:
    """Return pytest's arguments: workers take the parallel configuration where there is one."""
    ini = ("-c", PARALLEL_INI) if workers and (root / PARALLEL_INI).exists() else ()
    return (*ini, "-n", str(workers))


def _render_finding(finding: object) -> str:
    if not isinstance(finding, dict):
        return str(finding)
    where = f"{finding.get('path')}:{finding.get('line')}"
    return f"{where}: {finding.get('rule')} {finding.get('message', '')}".rstrip()


GATES: Final = (
    Gate(2, 1, "sources share no state", judge_shared_state),
    Gate(2, 2, "builders are independent per thread", build_probe("builders")),
    Gate(2, 3, "parameters are unique to a process", build_probe("parameters", workers=4)),
    Gate(2, 4, "mocks are independent", build_probe("mocks")),
)
