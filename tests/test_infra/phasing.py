"""What the tests of the phases share: hands that answer as told, and small repositories."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.infra.phases.evidence import Evidence
from tests.infra.phases.expectations import parse_expectations
from tests.infra.phases.foundations import NEEDED_MARKERS
from tests.infra.phases.hands import Answer, VerbAnswer
from tests.infra.phases.survey import PLUGINS, Survey

NODEIDS = [f"test_a.py::test_{number}" for number in range(4)]

SOUND_SURVEY = Survey(
    exit_code=0, plugins=list(PLUGINS), markers=list(NEEDED_MARKERS), nodeids=NODEIDS
)

MARKED = {"without": [], "counts": {"unit": 2, "integration": 1, "slow": 1}, "total": 4}


def build_measured(**changes: object) -> dict[str, object]:
    """Build what `measure` says of a suite that is twice as fast on four workers."""
    row = {"wall_s": 10.0, "test_count": 4, "workers": [2]}
    analysis = {"verdict": "faster", "percentage": 50.0, "time_saved": 10.0}
    return {
        "baseline": {"wall_s": 20.0, "test_count": 4},
        "parallel": {"2": row | {"wall_s": 15.0}, "4": row},
        "categories": {"unit": {"parallel": row, "analysis": analysis}},
        "analysis": {"2": analysis | {"percentage": 25.0}, "4": analysis},
        "bound": {"by_workers": {"2": {"total_s": 11.0}, "4": {"total_s": 6.0, "words": "6 s"}}},
    } | changes


TUNED = {"optimal_configurations": {"all": {"workers": 4}}, "recommendations": ["Take 4."]}


@dataclass
class ToldHands:
    """Hands that say what they are told to, and remember what they were asked for."""

    verbs: dict[str, VerbAnswer] = field(default_factory=dict)
    survey: Survey = SOUND_SURVEY
    tools: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    effects: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    """What else a verb does."""

    def run_verb(self, verb: str, *arguments: str) -> VerbAnswer:
        self.asked.append((verb, *arguments))
        self.effects.get(verb, lambda: None)()
        return self.verbs[verb]

    def run_pytest(self, *arguments: str) -> Survey:
        self.asked.append(("pytest", *arguments))
        return self.survey

    def run_tool(self, *command: str) -> Answer:
        self.asked.append(command)
        return self.tools.pop(0)


def build_sound_hands() -> ToldHands:
    """Build hands of a suite that passes every gate."""
    return ToldHands(
        verbs={
            "mark": VerbAnswer(0, MARKED | {"changed": ["test_a.py"]}),
            "check": VerbAnswer(0, {"findings": [], "files": 3}),
            "measure": VerbAnswer(0, build_measured()),
            "tune": VerbAnswer(0, TUNED),
        },
        tools=[Answer(0, "", "")],
    )


def build_evidence(root: Path, hands: ToldHands, text: str = "suite = .") -> Evidence:
    """Build what gates judge by."""
    return Evidence(root, parse_expectations(text), hands)


def isolate_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep git from the user's own configuration, and from a repository around this one."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


class GitRepository:
    """A repository with one commit of one test file."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "x")
        self.git("config", "user.email", "x@example.org")
        (top / "test_a.py").write_bytes(b"def test_a():\r\n    pass")
        (top / "pytest.ini").write_text("[pytest]\ntestpaths = .\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=begin")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True
        )
        return done.stdout
