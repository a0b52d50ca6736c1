"""The verb itself, and one measured run; whole measurements are made when asked for."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.infra import cli
from tests.infra.commands import measure
from tests.infra.commands.measure import parse_workers
from tests.infra.errors import SettingError
from tests.infra.measuring.runner import Measured, measure_run
from tests.infra.measuring.specs import RunSpec
from tests.test_infra.conftest import ROOT, InnerSuite
from tests.test_infra.measurings import PASSED, FakeRuns

MIXED = """
import time
import pytest

@pytest.mark.unit
def test_passes(): time.sleep(0.2)

@pytest.mark.unit
@pytest.mark.extra
def test_is_excluded(): pass

@pytest.mark.skip(reason="to be skipped")
def test_is_skipped(): pass

def test_fails(): assert False
"""

MIXED_INI = """
markers =
    unit
    extra
"""

UNEQUAL = """
import os
import pytest

@pytest.mark.unit
def test_differs(): assert "PYTEST_XDIST_WORKER" not in os.environ

def test_same(): pass
"""

SLEEPER = """
import os, pathlib, time

def test_sleeps():
    pathlib.Path("pid").write_text(str(os.getpid()))
    time.sleep(60)
"""


@pytest.fixture
def fake_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeRuns:
    """Runs that the verb takes for real ones; two workers halve the time."""
    runs = FakeRuns({0: [10.0], 2: [5.0], "auto": [5.0]}, markers={"unit": 2})

    def make(spec: RunSpec, _: Path, *, timeout_s: float | None) -> Measured:
        return runs(spec, "", timeout_s=timeout_s)

    monkeypatch.setattr(measure, "measure_run", make)
    monkeypatch.chdir(tmp_path)
    return runs


@pytest.mark.usefixtures("fake_runs")
def test_verb_writes_report_and_picture(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["measure", "--json", "--workers=2,auto", "-k", "a"])

    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert json.loads(Path("performance_report.json").read_text(encoding="utf-8")) == printed
    assert Path("performance_report.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert (printed["version"], printed["exit_code"], printed["command"]) == (1, 0, ["-k", "a"])
    assert printed["analysis"]["auto"]["verdict"] == "faster"
    assert printed["commands"]["unit, -n 2"] == "python -m pytest -k a -n 2 -m unit"
    assert printed["machine"]["pytest"] == pytest.__version__


def test_verb_fails_where_outcomes_differ(
    fake_runs: FakeRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_runs.broken = {2: {**PASSED, "t.py::test_a": "failed"}}

    code = cli.main(["measure", "--workers=2", "--no-categories"])

    out = capsys.readouterr().out
    assert code == 1
    assert "t.py::test_a: in one process passed, on workers failed" in out
    assert "again: python -m pytest -n 2" in out


def test_verb_fails_where_workers_have_become_slower(
    fake_runs: FakeRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["measure", "--workers=2", "--output=old.json"])
    fake_runs.times_s = {0: [10.0], 2: [7.0]}

    code = cli.main(["measure", "--workers=2", "--compare=old.json", "--tolerance=30%"])
    again = cli.main(["measure", "--workers=2", "--compare=old.json", "--tolerance=40%"])

    out = capsys.readouterr().out
    assert (code, again) == (1, 0)
    assert "-n 2: 5.00 s before, 7.00 s now (+40%, more than 30%)" in out


def test_verb_tells_what_it_has_when_it_is_interrupted(
    fake_runs: FakeRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_runs.interrupt_at = 1
    early = cli.main(["measure", "--workers=2"])
    fake_runs.interrupt_at = 7

    late = cli.main(["measure", "--workers=2", "--no-categories"])

    out = capsys.readouterr().out
    assert (early, late) == (130, 130)
    assert "Interrupted before all had run once." in out
    assert "after a warm-up, interrupted; " in out


def test_verb_refuses_a_suite_that_does_not_start(
    fake_runs: FakeRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_runs.broken = {0: {}}

    code = cli.main(["measure"])

    assert code == 2
    assert "pytest collected no tests to look at" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argument",
    ["--workers=0", "--workers=", "--workers=many", "--rounds=0", "--budget=soon"],
)
def test_verb_refuses_what_it_can_not_read(argument: str, fake_runs: FakeRuns) -> None:
    assert cli.main(["measure", argument]) == 2
    assert not fake_runs.asked


def test_numbers_of_workers_are_read_once_each() -> None:
    assert parse_workers("2, auto,4,2") == (2, "auto", 4)
    with pytest.raises(SettingError, match="are no numbers of workers"):
        parse_workers("2,-1")


def test_a_run_in_one_process_is_measured(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inner.write(test_it=MIXED, ini=MIXED_INI)
    monkeypatch.chdir(inner.path)

    # No plugin of ours: any suite can be measured.
    found = measure_run(RunSpec((*inner.quick, "-m", "not extra")), tmp_path / "own")

    assert {name.partition("::")[2]: outcome for name, outcome in found.outcomes.items()} == {
        "test_passes": "passed",
        "test_is_skipped": "skipped",
        "test_fails": "failed",
    }
    assert (found.exit_code, found.workers, found.markers["unit"]) == (1, 0, 1)
    assert found.startup_s + found.tests_s + found.rest_s == pytest.approx(found.wall_s)
    assert 0.2 <= found.tests_s < found.wall_s
    assert found.is_complete
    assert not (inner.path / ".pytest_cache").exists()


@pytest.mark.proof
def test_a_category_on_workers_is_measured(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inner.write(test_it=MIXED, ini=MIXED_INI)
    monkeypatch.chdir(inner.path)

    found = measure_run(RunSpec((*inner.quick, "-m", "not extra"), 2, "unit"), tmp_path / "own")

    assert dict(found.outcomes) == {"test_it.py::test_passes": "passed"}
    assert (found.exit_code, found.workers) == (0, 2)
    assert found.markexpr == "(not extra) and unit"
    assert found.durations_s["test_it.py::test_passes"] >= 0.2
    assert found.cpu_s > 0.2


@pytest.mark.proof
def test_workers_of_a_nursery_are_counted(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    burn = "import time\ndef test_{}():\n    end = time.process_time() + 0.5\n"
    burn += "    while time.process_time() < end: pass\n"
    inner.write(test_it="".join(burn.format(name) for name in "abcd"), ini="warm_start = on\n")
    monkeypatch.chdir(inner.path)
    spec = RunSpec((*inner.quick, "-p", inner.plugin), 2)

    cold, warm = (measure_run(spec, tmp_path / "own") for _ in range(2))

    assert "workers start cold" in cold.output
    assert "workers start cold" not in warm.output
    assert cold.cpu_s > 2
    assert warm.cpu_s > 2


@pytest.mark.proof
def test_verb_measures_a_suite_and_names_what_differs(
    inner: InnerSuite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner.write(test_it=UNEQUAL, ini="markers =\n    unit\n")
    monkeypatch.chdir(inner.path)

    code = cli.main(["measure", "--workers=2", "--rounds=1", *inner.quick])

    found = json.loads(Path("performance_report.json").read_text(encoding="utf-8"))
    assert code == found["exit_code"] == 1
    (one,) = found["analysis"]["2"]["differences"]
    assert (one["nodeid"], one["parallel"]) == ("test_it.py::test_differs", {"failed": 1})
    assert found["left_out"] == ["integration", "slow"]
    again = found["commands"]["-n 2"].replace("python", sys.executable, 1)
    assert subprocess.run(again, shell=True, capture_output=True, check=False).returncode == 1
    assert "test_it.py::test_differs: in one process passed" in capsys.readouterr().out


@pytest.mark.proof
def test_an_interrupted_verb_leaves_no_process(inner: InnerSuite) -> None:
    inner.write(test_it=SLEEPER)
    note = inner.path / "pid"
    command = [sys.executable, "-m", "tests.infra", "measure", "--workers=2", *inner.quick]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=inner.path, env=environ) as verb:
        while not note.exists() or not note.read_text(encoding="utf-8"):
            time.sleep(0.05)
        verb.send_signal(signal.SIGTERM)
        code = verb.wait(30)

    assert code == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text(encoding="utf-8")), 0)


def test_progress_tells_each_run(fake_runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)

    cli.main(["measure", "--workers=2", "--rounds=1", "--no-categories"])

    assert len(fake_runs.asked) == 4
    assert "warm-up 2 of 2: -n 2: 5.0 s\n" in stream.getvalue()
    assert "round 1, run 1 of 2: in one process: 10.0 s\n" in stream.getvalue()
