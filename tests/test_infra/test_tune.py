"""The verb itself; whole tunings take half a minute, and are made when asked for."""

import json
from pathlib import Path

import pytest

from tests.infra import cli
from tests.infra.commands.tune import build_results, write_best
from tests.infra.tuning.campaign import Wish
from tests.infra.tuning.ini_files import find_inis
from tests.test_infra.conftest import InnerSuite
from tests.test_infra.tuned import PaperHands, conduct, make_tests

SUITE = """
import time
import pytest

@pytest.mark.parametrize("number", range(8))
def test_wait(number): time.sleep(0.3)
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--rounds", "0"], "too few", id="rounds"),
        pytest.param(["--workers", "2,auto"], "are no numbers of workers", id="workers"),
        pytest.param(["--lane", "serial"], "is exclusive, and stays so", id="serial"),
        pytest.param(["--lane", "alone"], "is exclusive, and stays so", id="exclusive"),
        pytest.param(["--output", "gone/results.json"], "in no directory", id="output"),
        pytest.param(["--write"], "is not there", id="write"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_run(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nlanes = alone = exclusive\n")
    monkeypatch.chdir(tmp_path)

    assert cli.main(["tune", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_best_for_all_tests_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "pytest-parallel.ini").write_text("[pytest]\naddopts = -n 2\n")
    campaign = conduct(PaperHands(make_tests(integration=24)), Wish(rounds=1, has_categories=False))
    results = build_results(campaign)

    first = write_best(results, find_inis(tmp_path, ()))
    again = write_best(results, find_inis(tmp_path, ()))

    assert len(first) == 3
    assert again == ["nothing: the files say so already"]
    lanes = "lanes =\n    integration = 8\n"
    assert (tmp_path / "pytest-parallel.ini").read_text() == f"[pytest]\naddopts = -n 8\n{lanes}"


def test_an_interrupted_tuning_writes_no_ini(tmp_path: Path) -> None:
    (tmp_path / "pytest-parallel.ini").write_text("[pytest]\naddopts = -n 2\n")
    campaign = conduct(PaperHands(make_tests(unit=24), interrupt_at=12))

    assert write_best(build_results(campaign), find_inis(tmp_path, ())) == []


@pytest.mark.proof
def test_a_suite_that_waits_is_tuned(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.write(test_it=SUITE, conftest=f'pytest_plugins = ["{inner.plugin}"]')
    ini = inner.path / "pytest-parallel.ini"
    ini.write_text((inner.path / "pytest.ini").read_text())
    monkeypatch.chdir(inner.path)

    code = cli.main(["tune", "--json", "--rounds=1", "--write", *inner.quick])

    told = json.loads(capsys.readouterr().out)
    kept = json.loads((inner.path / "parallel_optimization_results.json").read_text())
    assert code == 0
    assert {**kept, "version": 1, "exit_code": 0} == told
    assert {"workers", "predicted_s", "measured_s", "sequential_s", "speedup_factor"} <= set(
        kept["optimal_configurations"]["all"]
    )
    assert {row["workers"] for row in kept["predictions"]} >= {0, 2, "auto"}
    assert f"-n {kept['optimal_configurations']['all']['workers']}" in ini.read_text()
    assert not (inner.path / ".pytest_cache").exists()
