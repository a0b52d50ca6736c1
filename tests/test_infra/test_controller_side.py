"""What a controller says at the end, and the parts of a worker's and a run's begin around it."""

import runpy
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.infra import plugin, warmstart
from tests.infra.controller_side import ControllerSide
from tests.infra.session import Session, name_worker_in_logs
from tests.test_infra.conftest import InnerSuite

LEAKING = "import os\ndef test_leaks(): os.environ['LEFT_BY_TEST'] = 'x'\ndef test_sound(): pass\n"
EARLY = "import os\nos.environ['LEFT_BY_IMPORT'] = 'x'\ndef test_sound(): pass\n"


class Config:
    """A controller's configuration, as far as it is asked."""

    def __init__(self, path: Path, verbosity: int = 0, **options: object) -> None:
        self.rootpath = path
        self.verbosity = verbosity
        self.options = {"dist": "load", "count": 1, **options}
        self.option = SimpleNamespace()
        self.stash = pytest.Stash()
        self.pluginmanager = pytest.PytestPluginManager()
        self.cleanups: list[Any] = []

    def get_verbosity(self) -> int:
        return self.verbosity

    def getoption(self, name: str, default: object = None) -> object:
        return self.options.get(name, default)

    def getini(self, name: str) -> object:
        return self.options.get(name, "")

    def add_cleanup(self, work: Any) -> None:
        self.cleanups.append(work)


class Terminal:
    """Pytest's reporter, as far as it is told something."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def ensure_newline(self) -> None:
        self.lines.append("")

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)


# Any: pytest's own class is final.
@pytest.fixture
def configs() -> Iterator[list[Any]]:
    """Configurations whose clean-ups are done at the end, as pytest does them."""
    made: list[Any] = []
    yield made
    for config in made:
        for work in reversed(config.cleanups):
            work()


ODD = ["infra: workers start cold: so it is", "1 benchmark test was left out", "cache is off"]


@pytest.mark.parametrize(("verbosity", "words"), [(0, ODD), (-1, ODD[1:2])])
def test_end_tells_what_was_odd_and_less_in_a_quiet_run(
    infra_session: Session, configs: list[Any], tmp_path: Path, verbosity: int, words: list[str]
) -> None:
    configs.append(Config(tmp_path, verbosity))
    cold: Any = SimpleNamespace(is_warm=False, explain=lambda: "workers start cold: so it is")
    session = replace(infra_session, settings=replace(infra_session.settings, durations_file=None))
    side = ControllerSide(configs[0], session, reason="", warm_start=cold)
    side._note_left_out("1")
    terminal: Any = Terminal()

    side.pytest_terminal_summary(terminal)

    assert len(terminal.lines) == len(words)
    assert all(word in line for word, line in zip(words, terminal.lines, strict=True))


@pytest.mark.parametrize("verbosity", [0, -1])
def test_lines_of_the_begin_are_not_for_quiet_runs(
    infra_session: Session, configs: list[Any], tmp_path: Path, verbosity: int
) -> None:
    configs.append(Config(tmp_path, verbosity))
    terminal = Terminal()
    configs[0].pluginmanager.register(terminal, "terminalreporter")
    side = ControllerSide(configs[0], infra_session, reason="")

    side._print_lines(["gw0: 100 to 109"])

    assert terminal.lines == ([] if verbosity else ["", "gw0: 100 to 109"])


@pytest.mark.proof
def test_leak_that_a_worker_found_fails_the_run(inner: InnerSuite) -> None:
    inner.write(test_it=EARLY)

    result = inner.run("-n1", "--isolation=error", "--warm-start=on")

    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["infra: workers start cold: *", "*isolation: 1 left changed*"])


def test_leak_fails_its_test_in_one_process(inner: InnerSuite) -> None:
    inner.write(test_it=LEAKING)

    result = inner.run_here("-n0", "--isolation=error", *inner.quick)

    result.assert_outcomes(passed=2, errors=1)


@pytest.mark.parametrize(
    ("is_wanted", "plugins"), [(False, ["xdist"]), (True, []), (True, ["xdist"])]
)
def test_warm_start_needs_the_wish_and_xdist(
    infra_session: Session,
    configs: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    is_wanted: bool,
    plugins: list[str],
) -> None:
    monkeypatch.setattr(warmstart, "register", lambda *given: given)
    configs.append(Config(infra_session.run_path))
    for name in plugins:
        configs[0].pluginmanager.register(SimpleNamespace(), name)
    settings = replace(infra_session.settings, is_warm_start=is_wanted)

    registered = plugin.register_warm_start(configs[0], replace(infra_session, settings=settings))

    assert (registered is not None) is (is_wanted and bool(plugins))


def test_worker_is_named_in_logs(
    infra_session: Session, configs: list[Any], tmp_path: Path
) -> None:
    configs.append(Config(tmp_path, log_format="{worker_id}: %(message)s", log_date_format="%H"))
    settings = replace(infra_session.settings, worker_log_file="logs/{worker_id}.log")
    session = replace(infra_session, settings=settings, worker_id="gw7")

    name_worker_in_logs(configs[0], session)

    options = vars(configs[0].option)
    assert options["log_format"] == "gw7: %(message)s"
    assert options["log_file"] == str(tmp_path / "logs" / "gw7.log")
    assert "log_date_format" not in options
    assert (tmp_path / "logs").is_dir()


def test_package_runs_as_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tests.infra", "--help"])

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("tests.infra", run_name="__main__")

    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out
