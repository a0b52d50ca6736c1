"""The verb itself, its processes, and the scripts that stand for it."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra import cli
from tests.infra.phases.hands import Processes, run_process
from tests.infra.phases.survey import PLUGINS
from tests.test_infra.conftest import ROOT, InnerSuite

SCRIPTS = ROOT / "docs" / "parallel-testing-scripts"

WRAPPERS = {
    "00_phase0_validate_dependencies.sh": "phase 0",
    "01_phase1_validate_test_categorization.sh": "phase 1",
    "02_phase2_validate_thread_safety.sh": "phase 2",
    "03_phase3_validate_performance.sh": "phase 3",
    "99_e2e_validate_complete_implementation.sh": "phase e2e",
    "phase1_helper_add_test_markers.py": "mark",
    "phase2_helper_validate_thread_safety.py": "check",
    "phase3_helper_measure_performance.py": "measure",
    "phase3_helper_optimize_parallel_config.py": "tune",
    "phase3_helper_validate_parallel_execution.sh": "prove",
}

SUITE = """
import pytest

@pytest.mark.unit
def test_passed(): pass

@pytest.mark.unit
def test_failed(): assert False

def test_skipped(): pytest.skip("a reason")
"""


@pytest.fixture
def bare_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the working one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "ini", "words"),
    [
        ([], "", "no phase is named; give one of 0, 1, 2, 3, e2e"),
        (["0"], "phases = tests = many", "'tests = many' is no number of tests"),
        (["--rollback"], "", "there is nothing to take back"),
        (["1", "--rollback"], "", "takes back all phases at once; give it alone"),
    ],
)
def test_mistake_is_told_and_gives_2(
    bare_directory: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    ini: str,
    words: str,
) -> None:
    (bare_directory / "pytest.ini").write_text(f"[pytest]\n{ini}\n")

    assert cli.main(["phase", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.proof
def test_session_tells_what_it_found(inner: InnerSuite) -> None:
    inner.write(test_a=SUITE, conftest=f"pytest_plugins = [{inner.plugin!r}]")

    survey = Processes("tests.infra", inner.path).run_pytest("-n", "0", "test_a.py")

    assert survey.exit_code == 1
    assert list(survey.plugins) == list(PLUGINS)
    assert {"unit", "integration", "slow"} <= set(survey.markers)
    assert survey.used_markers["unit"] == "test_a.py::test_passed"
    assert survey.outcomes == {
        "test_a.py::test_passed": "passed",
        "test_a.py::test_failed": "failed",
        "test_a.py::test_skipped": "skipped",
    }


@pytest.mark.proof
def test_session_that_never_began_tells_why(inner: InnerSuite) -> None:
    survey = Processes("tests.infra", inner.path).run_pytest("--no-such-option")

    assert survey.exit_code == 4
    assert "unrecognized arguments" in "\n".join(survey.said)


@pytest.mark.proof
def test_phase_2_finds_shared_state_by_the_real_check(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner.write(test_a='import os\n\ndef test_a():\n    os.environ["A"] = "1"\n', ini="testpaths=.")
    monkeypatch.chdir(inner.path)

    code = cli.main(["phase", "2", "--json"])

    data = json.loads(capsys.readouterr().out)
    assert (code, data["is_passed"]) == (1, False)
    assert [gate["verdict"] for gate in data["gates"]] == ["FAILED", *["NOT RUN"] * 3]
    assert data["gates"][0]["details"][0].startswith("test_a.py:4: PTI101")


@pytest.mark.proof
def test_phase_0_finds_what_a_real_session_lacks(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner.write(
        test_a="import pytest\n\n@pytest.mark.odd\ndef test_a(): pass",
        conftest=f"pytest_plugins = [{inner.plugin!r}]",
    )
    (inner.path / "pytest.ini").write_text("[pytest]\naddopts = -p no:repeat\ntestpaths = .\n")
    monkeypatch.chdir(inner.path)

    assert cli.main(["phase", "0", "--json"]) == 1

    gates = json.loads(capsys.readouterr().out)["gates"]
    assert [gate["verdict"] for gate in gates[1:3]] == ["FAILED", "FAILED"]
    assert gates[1]["details"] == ["pytest-repeat is not loaded"]
    assert gates[2]["details"] == ["odd is not registered; test_a.py::test_a has it"]


def test_interrupted_process_is_ended_before_we_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None and not started:
                started.append(self)
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)

    with pytest.raises(KeyboardInterrupt):
        run_process([sys.executable, "-S", "-c", "import time; time.sleep(60)"], tmp_path)

    assert started[0].returncode is not None


@pytest.mark.parametrize("name", WRAPPERS)
def test_script_is_executable_and_one_line_for_its_verb(name: str) -> None:
    path = SCRIPTS / name

    lines = path.read_text().splitlines()
    assert path.stat().st_mode & stat.S_IXUSR
    assert lines[0] in ("#!/bin/sh", "#!/usr/bin/env python3")
    verb = WRAPPERS[name]
    assert f"-m tests.infra {verb} " in lines[-1] or f'"tests.infra", "{verb}"' in lines[-1]


def test_every_script_is_known() -> None:
    assert {path.name for path in SCRIPTS.iterdir() if path.is_file()} == set(WRAPPERS)


@pytest.mark.proof
@pytest.mark.parametrize("name", WRAPPERS)
def test_script_explains_its_verb_from_anywhere(name: str) -> None:
    done = subprocess.run(
        [SCRIPTS / name, "--help"],
        cwd=ROOT / "tests",
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert f"-m tests.infra {WRAPPERS[name].split()[0]}" in done.stdout


@pytest.mark.proof
def test_script_passes_its_exit_code_on() -> None:
    script = SCRIPTS / "00_phase0_validate_dependencies.sh"

    done = subprocess.run(
        [script, "--no-such-option"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 2
