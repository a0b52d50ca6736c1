"""The verb itself, and one whole hunt."""

import argparse
import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra import cli
from tests.infra.commands import hunt
from tests.infra.commands.budgets import hear_interrupts, parse_budget
from tests.infra.commands.hunt import choose_exit_code, choose_seed
from tests.infra.commands.outputs import write_output
from tests.infra.commands.verb import ExitCode
from tests.infra.errors import SettingError
from tests.infra.hunting.hunter import Hunt, Wish
from tests.infra.hunting.memory import Memory, build_key
from tests.infra.hunting.verdicts import HuntRecord, Kind
from tests.test_infra.conftest import InnerSuite
from tests.test_infra.hunts import make_hunt, make_verdict

Run = Callable[..., tuple[int, str, str]]

FLAKY = make_verdict(Kind.VICTIM)
BROKEN = make_verdict(Kind.BROKEN)
INTERRUPTED = ("interrupted; the same command goes on from here",)


@pytest.fixture
def wishes() -> list[Wish]:
    """What was asked of the hunts that did not take place."""
    return []


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wishes: list[Wish],
) -> Run:
    """Run the command line in an empty directory; what a hunt would find is given."""
    monkeypatch.chdir(tmp_path)

    def run_cli(*arguments: str, found: HuntRecord | None = None) -> tuple[int, str, str]:
        def conduct(self: Hunt) -> HuntRecord:
            wishes.append(self.wish)
            return found or make_hunt()

        monkeypatch.setattr(Hunt, "conduct", conduct)
        code = cli.main(["hunt", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run_cli


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--budget", "soon"], "--budget = 'soon' is no time; give one such as 90s"),
        (["--budget", "0m"], "--budget = '0m' is no time; give one such as 90s"),
        (["--since", "main"], "--since = 'main' goes with --changed; give that, too"),
        (["--seed", "0"], "--seed = '0' is below 1; give a whole number from 1 on"),
        (["--output", "."], "--output = '.' is a directory; give another file"),
        (["--html", "no/x.html"], "is in a directory that is not there; give another file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistake_is_told_before_anything_runs(
    run: Run, wishes: list[Wish], arguments: Sequence[str], text: str
) -> None:
    code, out, err = run(*arguments)

    assert (code, out) == (ExitCode.USAGE, "")
    assert text in err
    assert wishes == []


def test_changed_without_a_repository_is_a_mistake(run: Run, wishes: list[Wish]) -> None:
    code, out, err = run("--changed")

    assert (code, out, wishes) == (ExitCode.USAGE, "", [])
    assert "repository" in err


def test_file_that_can_not_be_written_is_told_after_the_hunt_too(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"can't be written \(Is a directory\)"):
        write_output("--html", tmp_path, "text")

    assert list(tmp_path.iterdir()) == []


# --- what is asked and told ----------------------------------------------------------------------


def test_what_is_asked_for_reaches_the_hunt(run: Run, wishes: list[Wish], tmp_path: Path) -> None:
    run("--budget=90s", "--seed=7", "--fresh", "t.py::test_a", "-x")

    (wish,) = wishes
    assert wish.arguments == ("t.py::test_a", "-x")
    assert (wish.budget_s, wish.seed, wish.is_fresh) == (90, 7, True)
    assert (wish.root, wish.reached) == (tmp_path, None)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (make_hunt(), ExitCode.SOUND),
        (make_hunt(FLAKY), ExitCode.FINDING),
        (make_hunt(BROKEN), ExitCode.SOUND),
        (make_hunt(BROKEN, FLAKY), ExitCode.FINDING),
        (replace(make_hunt(), notes=INTERRUPTED), ExitCode.INTERRUPTED),
        (replace(make_hunt(FLAKY), notes=INTERRUPTED), ExitCode.FINDING),
    ],
    ids=["sound", "flaky", "broken", "both", "interrupted", "interrupted-flaky"],
)
def test_exit_code_tells_what_was_found(run: Run, found: HuntRecord, code: ExitCode) -> None:
    assert choose_exit_code(found) is code
    assert run(found=found)[0] == code


def test_record_and_page_are_written(run: Run, tmp_path: Path) -> None:
    found = make_hunt(FLAKY)

    run("--output=hunt.json", "--html", str(tmp_path / "hunt.html"), found=found)

    text = (tmp_path / "hunt.json").read_text(encoding="utf-8")
    assert HuntRecord.from_json(text) == found
    page = (tmp_path / "hunt.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert FLAKY.nodeid.rpartition("::")[2] in page


def test_json_has_the_fields_of_the_record_at_the_top(run: Run) -> None:
    code, out, _ = run("--json", found=make_hunt(FLAKY))

    data = json.loads(out)
    assert data["exit_code"] == code == ExitCode.FINDING
    assert data["verdicts"][0]["nodeid"] == FLAKY.nodeid


# --- the seed ------------------------------------------------------------------------------------


def test_seed_is_the_one_given_or_that_of_an_interrupted_hunt_or_new() -> None:
    assert choose_seed(5, 7) == 5
    assert choose_seed(None, 7) == 7
    assert len({choose_seed(None, None) for _ in range(9)}) > 1


@pytest.mark.parametrize(("options", "is_same"), [([], True), (["--fresh"], False)])
def test_interrupted_hunt_goes_on_with_its_seed(
    run: Run,
    wishes: list[Wish],
    tmp_path: Path,
    options: Sequence[str],
    is_same: bool,
) -> None:
    path = tmp_path / ".pytest_cache" / "d" / "infra" / "hunt.jsonl"
    Memory(path, build_key(tmp_path, [], [], 123456)).read()

    run(*options)

    assert (wishes[0].seed == 123456) is is_same


# --- interrupts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_interrupt_a_verb_and_only_meanwhile(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), hear_interrupts():
        os.kill(os.getpid(), number)

    assert signal.getsignal(number) is before


@pytest.mark.parametrize("text", ["0", "0s", "0h0m", "12 34", "1x", "m"])
def test_budget_without_time_or_sense_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="is no time"):
        parse_budget(text)


# --- a whole hunt --------------------------------------------------------------------------------

SUITE = """
import random

STATE = []

def test_sound(): assert STATE is not None
def test_victim(): assert not STATE
def test_polluter(): STATE.append(1)
def test_random(): assert random.random() < 0.6
"""


@pytest.mark.proof
def test_hunt_finds_the_victim_and_the_random_test_and_accuses_no_other(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str]
) -> None:
    inner.write(test_it=SUITE)
    options = ["-p", "tests.infra.plugin", "-p", "no:hypothesispytest"]

    code = cli.main(["hunt", "--json", "--seed=7", "--budget=5m", *options])

    data = json.loads(capsys.readouterr().out)
    found = {one["nodeid"].rpartition("::")[2]: one for one in data["verdicts"]}
    assert code == ExitCode.FINDING
    assert {name: one["kind"] for name, one in found.items()} == {
        "test_victim": "victim",
        "test_random": "random",
    }
    assert found["test_victim"]["culprits"] == ["test_it.py::test_polluter"]
    for verdict in found.values():
        assert verdict["confirmed"]["failures"] == verdict["confirmed"]["runs"] > 0
        assert verdict["cleared"]["failures"] == 0 < verdict["cleared"]["runs"]
    assert data["is_complete"]


def test_arguments_of_the_verb_are_its_own() -> None:
    parser = argparse.ArgumentParser()
    add = hunt.VERB.add_arguments
    assert add is not None
    add(parser)

    found = vars(parser.parse_args([]))

    assert found == {
        "budget": "10m",
        "changed": False,
        "since": "",
        "seed": None,
        "fresh": False,
        "output": "",
        "html": "",
    }
