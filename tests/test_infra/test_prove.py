"""The verb itself; whole proofs take a minute, and are made when asked for."""

import io
import json
from pathlib import Path

import pytest

from tests.infra import cli
from tests.infra.commands.budgets import parse_budget
from tests.infra.commands.progress import Progress
from tests.infra.commands.prove import parse_workers
from tests.infra.errors import SettingError
from tests.test_infra.conftest import InnerSuite

PAIR = """
import os

def test_victim(): assert "POLLUTED" not in os.environ
def test_polluter(): os.environ["POLLUTED"] = "1"
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "expected_s"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("12", 12), ("0.5m", 30)]
)
def test_a_budget_is_a_time(text: str, expected_s: float) -> None:
    assert parse_budget(text) == expected_s


@pytest.mark.parametrize("text", ["", "soon", "5 m", "-3s", "5d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="is no time"):
        parse_budget(text)


def test_numbers_of_workers_are_read_once_each() -> None:
    assert parse_workers("2, 4,2") == (2, 4)
    assert parse_workers("") == ()
    with pytest.raises(SettingError, match="are no numbers of workers"):
        parse_workers("2,auto")


def test_a_terminal_shows_one_line_that_changes() -> None:
    stream = Terminal()
    progress = Progress(stream, width=10)

    progress.update("1 of 200 tests")
    progress.update("2")
    progress.tell("done")

    assert stream.getvalue() == "\r1 of 200 t\r2         \r \rdone\n"


def test_a_log_shows_a_line_now_and_then() -> None:
    stream = io.StringIO()
    times = iter([0.0, 10.0, 31.0, 31.0, 40.0])
    progress = Progress(stream, clock=lambda: next(times))

    for number in (1, 2, 3):
        progress.update(f"{number} of 9")

    assert stream.getvalue() == "2 of 9\n"


@pytest.mark.proof
def test_a_polluted_test_is_found_and_told(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.write(test_it=PAIR)
    monkeypatch.chdir(inner.path)

    code = cli.main(
        ["prove", "--orders=1", "--workers=2", "--seed=1", "--output=p.json", *inner.quick]
    )

    out, err = capsys.readouterr()
    record = json.loads(Path("p.json").read_text(encoding="utf-8"))
    assert code == record["exit_code"] == 1
    assert [one["nodeid"] for one in record["divergences"]] == ["test_it.py::test_victim"]
    assert "test_it.py::test_victim: differs by order\n" in out
    assert "pass 3 of 6: reverse order: 2 tests in" in err
    assert record["pairs"] == {"covered": 4, "possible": 4, "all": True}


@pytest.mark.proof
def test_a_suite_that_can_not_be_collected_is_a_mistake_of_the_users(
    inner: InnerSuite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.write(test_it="import nowhere_to_be_found")
    monkeypatch.chdir(inner.path)

    code = cli.main(["prove", *inner.quick])

    assert code == 2
    assert "No module named 'nowhere_to_be_found'" in capsys.readouterr().err
