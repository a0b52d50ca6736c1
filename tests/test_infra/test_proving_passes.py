"""Passes whose pytest is a few lines of shell: watched, ended, and what is read from them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.proving import covered_lines, process, runner
from tests.infra.proving.journal import ENDED_MARK
from tests.infra.proving.plan import SORTING_PLUGINS, Pass, Wish
from tests.infra.proving.process import Deadline, Ending, Job, Result, run_pass
from tests.infra.proving.runner import PassRunner, find_sorting_plugins, render_progress
from tests.test_infra.trials import NATURAL, PARALLEL, make_result

COLLECTED = {"event": "collected", "worker_id": "master", "nodeids": ["a", "b"]}
CLOSED = {"event": "closed", "exit_code": 0}


def end(nodeid: str) -> dict[str, object]:
    ended = {"event": "ended", "nodeid": nodeid, "number": 1, "outcome": "passed"}
    return {**ended, "duration_s": 0.5, "worker_id": "master", "fingerprint": "", "text": ""}


SetPytest = Callable[..., None]


@pytest.fixture
def set_pytest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetPytest:
    """Put in the place of pytest what leaves such a journal, and goes on then."""

    def put(*events: dict[str, object], then: str = "") -> None:
        (tmp_path / "told.jsonl").write_text("".join(f"{json.dumps(e)}\n" for e in events))
        script = tmp_path / "interpreter"
        copy = f"cp {tmp_path}/told.jsonl ${{word#--journal=}}"
        script.write_text(
            "#!/bin/sh\n"
            f'for word in "$@"; do case "$word" in --journal=*) {copy};; esac; done\n'
            f"echo said\n{then}\n"
        )
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))

    return put


def run(path: Path, *, deadline: Deadline | None = None, watch: Callable[[int], None]) -> Result:
    directory = path / "pass"
    arguments = process.build_own_arguments(directory)
    return run_pass(Job(Pass(), arguments, {"PATH": "/bin"}, directory, deadline), watch)


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        ([COLLECTED, end("a"), end("b"), CLOSED], Ending.COMPLETE),
        ([COLLECTED, end("a"), CLOSED], Ending.CUT),
        ([COLLECTED, end("a")], Ending.DIED),
        ([], Ending.DIED),
    ],
    ids=["complete", "cut", "died", "never-began"],
)
def test_end_of_a_pass_is_told_by_its_journal(
    set_pytest: SetPytest, tmp_path: Path, events: list[dict[str, object]], ending: Ending
) -> None:
    counts: list[int] = []
    set_pytest(*events)

    result = run(tmp_path, watch=counts.append)

    assert result.ending is ending
    assert result.output == "said\n"
    assert counts[-1] == sum(one["event"] == "ended" for one in events)
    assert result.tests_s == counts[-1] * 0.5
    assert result.data_file is None


def test_pass_that_takes_too_long_is_ended(set_pytest: SetPytest, tmp_path: Path) -> None:
    set_pytest(COLLECTED, end("a"), then="exec sleep 60")

    result = run(tmp_path, deadline=Deadline(0.05, Ending.HUNG), watch=lambda _: None)

    assert result.ending is Ending.HUNG
    assert result.duration_s < 10
    assert [one.nodeid for one in result.account.occurrences] == ["a"]


def test_interrupt_ends_the_pass_and_not_the_proof(set_pytest: SetPytest, tmp_path: Path) -> None:
    def interrupt(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    set_pytest(COLLECTED, end("a"), then="exec sleep 60")

    result = run(tmp_path, watch=interrupt)

    assert result.ending is Ending.INTERRUPTED
    assert len(result.account.occurrences) == 1


def test_pass_whose_watcher_fails_is_not_left_running(
    set_pytest: SetPytest, tmp_path: Path
) -> None:
    def fail(_count: int) -> None:
        raise RuntimeError("no terminal")

    set_pytest(then=f"echo $$ > {tmp_path}/pid; exec sleep 60")

    with pytest.raises(RuntimeError, match="no terminal"):
        run(tmp_path, watch=fail)

    pid = tmp_path / "pid"
    assert not pid.exists() or not Path(f"/proc/{pid.read_text().strip()}").exists()


def test_only_whole_lines_are_counted(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    line = f"{{{ENDED_MARK.decode()}}}"
    counter = process._Counter(journal)

    counts = [counter.count()]
    for text in (f"{line}\n{line}", f"\n{line}\n", ""):
        with journal.open("a", encoding="utf-8") as file:
            file.write(text)
        counts.append(counter.count())

    assert counts == [0, 1, 3, 3]


class Heard:
    """Hears how far a proof is."""

    def __init__(self) -> None:
        self.updates: list[str] = []
        self.told: list[str] = []

    def update(self, text: str) -> None:
        self.updates.append(text)

    def tell(self, text: str) -> None:
        self.told.append(text)


def test_runner_learns_how_many_tests_there_are(set_pytest: SetPytest, tmp_path: Path) -> None:
    heard = Heard()
    set_pytest(COLLECTED, end("a"), end("b"), CLOSED)
    run_next = PassRunner(Wish(("-q",)), tmp_path / "proof", heard, clock=lambda: 0.0)

    run_next(NATURAL, label="first", deadline=None)
    run_next(NATURAL, label="second", deadline=None)

    assert (tmp_path / "proof" / "1" / "output.txt").exists()
    assert (tmp_path / "proof" / "2" / "journal.jsonl").exists()
    assert heard.updates[0] == "first: 0 tests done"
    assert heard.updates[-1] == "second: 2 of 2 tests, about 0 s left"
    assert heard.told[0].startswith("first: 2 tests in ")
    assert run_next.tests == 2


@pytest.mark.parametrize(
    ("done", "expected", "text"),
    [
        (3, 0, "reverse: 3 tests done"),
        (0, 8, "reverse: 0 of 8 tests"),
        (2, 8, "reverse: 2 of 8 tests, about 30 s left"),
        (9, 8, "reverse: 9 of 8 tests, about 0 s left"),
    ],
)
def test_progress_of_a_pass(done: int, expected: int, text: str) -> None:
    assert render_progress("reverse", done, expected, 10.0) == text


def test_end_of_a_pass_names_what_was_running() -> None:
    hung = make_result(NATURAL, {"a": "passed"}, ending=Ending.HUNG, still_open=["b"])

    assert runner.render_end("twice", hung) == "twice: 1 tests in 1.0 s, hung in b"


def test_sorting_plugins_are_found_where_they_are_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SORTING_PLUGINS, "here", "json")
    monkeypatch.setitem(SORTING_PLUGINS, "absent", "no_such_module")

    found = find_sorting_plugins()

    assert "here" in found
    assert "absent" not in found


# --- coverage ------------------------------------------------------------------------------------


def make_measured(item: Pass, path: Path, lines: list[int]) -> Result:
    """Make a pass that has left coverage's data."""
    coverage = pytest.importorskip("coverage", reason="only coverage itself writes its data")
    data = coverage.CoverageData(basename=str(path))
    data.add_lines({"/srv/app.py": lines})
    data.write()
    data.close()
    result = make_result(item, {"a": "passed"})
    return Result(item, result.account, Ending.COMPLETE, 1.0, data_file=path)


def test_lines_of_both_modes_are_compared(tmp_path: Path) -> None:
    serial = make_measured(NATURAL, tmp_path / "serial", [1, 2])
    parallel = make_measured(PARALLEL, tmp_path / "parallel", [1, 3])

    assert covered_lines.compare_coverage([serial, parallel]) == [
        "/srv/app.py: not in parallel: 2",
        "/srv/app.py: only in parallel: 3",
    ]


def test_nothing_is_compared_where_one_mode_was_not_measured(tmp_path: Path) -> None:
    measured = Result(
        NATURAL, make_result(NATURAL, {}).account, Ending.COMPLETE, 1.0, data_file=tmp_path
    )

    assert covered_lines.compare_coverage([measured, make_result(PARALLEL, {})]) is None
