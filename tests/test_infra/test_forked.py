import threading
from pathlib import Path

import pytest

from tests.infra import forked
from tests.infra import stage as stages
from tests.infra.forked import describe, survey_ground
from tests.infra.session import SESSION
from tests.infra.stage import Stage


def test_stage_lets_nobody_go_before_the_others_are_there() -> None:
    stage = Stage(2)
    passed: list[int] = []

    def follow() -> None:
        stage.wait(0, 1)
        passed.append(1)

    thread = threading.Thread(target=follow)
    thread.start()
    thread.join(0.05)
    waiting = list(passed)
    stage.wait(1, 1)
    thread.join()

    assert (waiting, passed) == ([], [1])


def test_stage_does_not_wait_for_who_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(3)
    stage.leave(1)
    stage.leave(2)

    slept: list[float] = []
    monkeypatch.setattr(stages, "_sleep", slept.append)
    stage.wait(0, 5)

    assert slept == []


def test_stage_waits_once_for_who_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    clock = iter(range(10_000))
    monkeypatch.setattr(stages, "_sleep", slept.append)
    monkeypatch.setattr(stages, "read_clock", lambda: float(next(clock)))
    stage = Stage(2)

    stage.wait(0, 1)
    first = len(slept)
    stage.wait(0, 2)

    assert first > 0
    assert len(slept) == first


def test_late_one_is_waited_for_again_when_it_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    clock = iter(range(10_000))
    monkeypatch.setattr(stages, "_sleep", slept.append)
    monkeypatch.setattr(stages, "read_clock", lambda: float(next(clock)))
    stage = Stage(2)
    stage.wait(0, 2)
    stage.wait(1, 1)
    before = len(slept)

    stage.wait(0, 3)

    assert len(slept) > before


def test_lonely_cast_keeps_nobody_waiting() -> None:
    stage = Stage(1)

    stage.leave(0)

    assert not stage.is_shared


def test_exception_is_described_by_the_project_s_innermost_line(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("import os\n\ndef work():\n    os.listdir('/no/such')\n", encoding="utf-8")
    names: dict[str, object] = {"__name__": "app"}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), names)
    work = names["work"]
    assert callable(work)

    with pytest.raises(FileNotFoundError) as caught:
        work()
    error = describe(caught, tmp_path)

    assert error.types[:2] == ("builtins.FileNotFoundError", "builtins.OSError")
    assert "builtins.object" not in error.types
    assert (error.path, error.line, error.errno) == (str(path), 4, 2)
    assert error.modules[-1] == "app"
    assert "/no/such" in error.message


def test_exception_from_elsewhere_has_no_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x" * 5000)
    error = describe(caught, tmp_path)

    assert (error.path, error.line, error.errno) == ("", 0, 0)
    assert len(error.message) == forked.SHOWN_TEXT


def test_own_directories_are_those_of_the_fork_of_the_run_and_of_the_cache(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    config = request.config
    own = [str(tmp_path.resolve()), str(config.stash[SESSION].run_path.resolve())]

    found = survey_ground(config, tmp_path / "fork").own_directories

    assert found[:2] == own
    assert [Path(one).is_dir() for one in found[2:]] == [True] * hasattr(config, "cache")


def test_without_a_cache_a_fork_has_no_directory_of_it(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(request.config, "cache", raising=False)

    assert len(survey_ground(request.config, tmp_path / "fork").own_directories) == 2
