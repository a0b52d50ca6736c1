"""Gates in their order, put on record and into commits, and taken back: in real repositories."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.infra.errors import PhaseError
from tests.infra.phases.backup import NAME as BACKUP
from tests.infra.phases.backup import Backup
from tests.infra.phases.campaign import Campaign, Wish
from tests.infra.phases.commits import Repository, build_message
from tests.infra.phases.gates import Verdict
from tests.infra.phases.hands import VerbAnswer
from tests.infra.phases.progress_file import NAME, append_line, read_last_figures
from tests.infra.phases.rendering import campaign_to_data, render_campaign
from tests.infra.phases.rollback import roll_back
from tests.test_infra.phasing import (
    MARKED,
    GitRepository,
    ToldHands,
    build_evidence,
    build_sound_hands,
    isolate_git,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MARKER = "import pytest\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """A repository, unmoved by the user's own configuration."""
    isolate_git(monkeypatch)
    return GitRepository(tmp_path)


@pytest.fixture
def hands(tmp_path: Path) -> ToldHands:
    """Hands whose `mark` writes, as the real one does."""
    hands = build_sound_hands()
    path = tmp_path / "test_a.py"

    def mark() -> None:
        if not path.read_text().startswith(MARKER):
            path.write_text(MARKER + path.read_text())

    hands.effects = {"mark": mark}
    return hands


def run_phases(
    root: Path, hands: ToldHands, *phases: int, is_committing: bool = False,
    is_keeping_going: bool = False, text: str = "suite = .",
) -> Campaign:  # fmt: skip
    campaign = Campaign(
        root=root,
        wish=Wish(phases, is_committing=is_committing, is_keeping_going=is_keeping_going),
        build_evidence=lambda: build_evidence(root, hands, text),
        tell=lambda _: None,
        repository=Repository(root),
        backup=Backup(root),
        now=lambda: NOW,
    )
    campaign.conduct()
    return campaign


def test_each_gate_has_a_line_in_the_record(made: GitRepository, hands: ToldHands) -> None:
    head = made.git("rev-parse", "--short", "HEAD").strip()

    campaign = run_phases(made.top, hands, 1)

    stamp = "2026-01-31T12:00:00+00:00"
    assert (made.top / NAME).read_text().splitlines() == [
        f"Phase 1 Gate 1: PASSED (commit: {head}) {stamp} 4 tests with a category, 1 files changed",
        f"Phase 1 Gate 2: PASSED (commit: {head}-dirty) {stamp} 4 tests, at least 1 counted before",
        f"Phase 1 Gate 3: PASSED (commit: {head}-dirty) {stamp} 2 unit, 1 integration, 1 slow",
        f"Phase 1 Gate 4: PASSED (commit: {head}-dirty) {stamp} 1 files compile",
    ]
    assert read_last_figures(made.top)["Phase 1 Gate 4"] == "1 files compile"
    assert "Phase 1 Gate 1: PASSED  tests have a category: 4 tests" in render_campaign(campaign)


def test_each_gate_is_one_commit_of_what_it_changed(made: GitRepository, hands: ToldHands) -> None:
    hands.verbs["check"] = VerbAnswer(1, {"findings": [{"path": "a.py"}], "files": 1})
    (made.top / "mine.txt").write_text("mine")

    run_phases(made.top, hands, 1, 2, is_committing=True)

    log = made.git("log", "--reverse", "--format=%s", "--name-only", "HEAD~5..").split("\n")
    assert [line for line in log if line] == [
        "Phase 1 Gate 1: PASSED, 4 tests with a category, 1 files changed", NAME, "test_a.py",
        "Phase 1 Gate 2: PASSED, 4 tests, at least 1 counted before", NAME,
        "Phase 1 Gate 3: PASSED, 2 unit, 1 integration, 1 slow", NAME,
        "Phase 1 Gate 4: PASSED, 1 files compile", NAME,
        "Phase 2 Gate 1: FAILED, 1 findings in 1 files", NAME,
    ]  # fmt: skip
    assert made.git("status", "--porcelain") == "?? mine.txt\n"
    assert not (made.top / BACKUP).exists()


@pytest.mark.parametrize("is_committing", [True, False])
def test_rollback_gives_everything_back(
    made: GitRepository, hands: ToldHands, *, is_committing: bool
) -> None:
    before = made.git("rev-parse", "HEAD^{tree}")
    (made.top / "test_a.py").chmod(0o640)
    run_phases(made.top, hands, 1, 2, is_committing=is_committing)
    assert (made.top / "test_a.py").read_text().startswith(MARKER)

    roll_back(made.top)

    assert made.git("rev-parse", "HEAD^{tree}") == before
    assert made.git("status", "--porcelain", "--ignored") == ""
    assert (made.top / "test_a.py").read_bytes() == b"def test_a():\r\n    pass"
    assert (made.top / "test_a.py").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("is_committing", [True, False])
def test_rollback_works_after_an_interrupt(
    made: GitRepository, hands: ToldHands, *, is_committing: bool
) -> None:
    def end_half_way() -> None:
        (made.top / "test_a.py").write_text("half")
        raise KeyboardInterrupt

    hands.effects = {"mark": end_half_way}
    before = made.git("rev-parse", "HEAD^{tree}")

    campaign = run_phases(made.top, hands, 0, 1, is_committing=is_committing)

    assert campaign_to_data(campaign)["is_interrupted"]
    assert [result.judgement.verdict for result in campaign.results] == [Verdict.PASSED] * 4
    if is_committing:
        assert made.git("status", "--porcelain") == "", "so that --commit can go on"
    roll_back(made.top)
    assert made.git("rev-parse", "HEAD^{tree}") == before
    assert made.git("status", "--porcelain", "--ignored") == ""


def test_rollback_works_where_we_were_killed_behind_a_commit(
    made: GitRepository, hands: ToldHands, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.git("rev-parse", "HEAD^{tree}")
    monkeypatch.setattr(Backup, "forget", Mortal.end)
    with pytest.raises(Mortal):
        run_phases(made.top, hands, 1, is_committing=True)

    roll_back(made.top)

    assert made.git("rev-parse", "HEAD^{tree}") == before
    assert made.git("status", "--porcelain", "--ignored") == ""


class Mortal(Exception):  # noqa: N818  it is no error, but an end
    @classmethod
    def end(cls, *_: object) -> None:
        raise cls


def test_changes_that_the_user_committed_come_back_behind_ours(
    made: GitRepository, hands: ToldHands
) -> None:
    run_phases(made.top, hands, 1)
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message=by hand")
    Repository(made.top).commit(
        [append_to(made.top / "test_a.py")], build_message("Phase 1 Gate 1", "PASSED", "more")
    )

    roll_back(made.top)

    assert (made.top / "test_a.py").read_bytes() == b"def test_a():\r\n    pass"


def append_to(path: Path) -> str:
    path.write_text(path.read_text() + "\n\n\n\n# more\n")
    return path.name


def test_project_may_lie_below_the_repository_s_top(made: GitRepository, hands: ToldHands) -> None:
    root = made.top / "sub"
    root.mkdir()
    (root / "test_b.py").write_text("pass\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message=sub")
    before = made.git("rev-parse", "HEAD^{tree}")
    hands.effects = {"mark": lambda: (root / "test_b.py").write_text(MARKER)}

    run_phases(root, hands, 1, is_committing=True)

    assert made.git("show", "--format=", "--name-only", "HEAD~3") == f"sub/{NAME}\nsub/test_b.py\n"
    roll_back(root)
    assert made.git("rev-parse", "HEAD^{tree}") == before
    assert made.git("status", "--porcelain", "--ignored") == ""


def test_rollback_works_without_git(tmp_path: Path, hands: ToldHands) -> None:
    (tmp_path / "test_a.py").write_text("pass\n")
    run_phases(tmp_path, hands, 1)

    roll_back(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["test_a.py"]
    assert (tmp_path / "test_a.py").read_text() == "pass\n"


def test_nothing_to_take_back_is_told(made: GitRepository) -> None:
    with pytest.raises(PhaseError, match="there is nothing to take back"):
        roll_back(made.top)


@pytest.mark.parametrize(("is_keeping_going", "phases"), [(False, {1}), (True, {1, 2})])
def test_failed_phase_is_the_last_one_unless_told_otherwise(
    made: GitRepository, hands: ToldHands, *, is_keeping_going: bool, phases: set[int]
) -> None:
    hands.verbs["mark"] = VerbAnswer(1, MARKED | {"without": ["t.py::test_x"]})

    campaign = run_phases(made.top, hands, 1, 2, is_keeping_going=is_keeping_going)

    assert {result.gate.phase for result in campaign.results} == phases
    assert campaign.has_failed()


def test_commits_are_refused_where_a_way_back_is_open(
    made: GitRepository, hands: ToldHands
) -> None:
    run_phases(made.top, hands, 1)
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message=kept")

    with pytest.raises(PhaseError, match="can still be taken back"):
        run_phases(made.top, hands, 1, is_committing=True)


def test_mistake_of_the_user_fails_its_gate_only(tmp_path: Path, hands: ToldHands) -> None:
    hands.effects = {}

    campaign = run_phases(tmp_path, hands, 1, text="suite = nowhere")

    (result,) = (result for result in campaign.results if result.gate.number == 4)
    assert result.judgement.verdict is Verdict.FAILED
    assert "nowhere can't be checked" in result.judgement.details[0]


def test_record_that_ends_without_a_break_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("by hand")

    append_line(tmp_path, "Phase 1 Gate 2: PASSED (commit: none) NOW 7 tests")

    assert (tmp_path / NAME).read_text().startswith("by hand\nPhase 1")
    assert read_last_figures(tmp_path) == {"Phase 1 Gate 2": "7 tests"}
