"""Once-per-run fixtures: real keepers, each a process of its own."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra import locks
from tests.infra.environment import RunDirectory
from tests.infra.sharing import keepers, once_per_run
from tests.infra.sharing.deadlines import wait_until
from tests.infra.sharing.errors import SharedFixtureError, SharedSetUpError
from tests.infra.sharing.keeper import import_module
from tests.infra.sharing.once import Once
from tests.infra.sharing.places import Json, Order, Phase, Place, State, build_place, list_places
from tests.test_infra.conftest import ROOT, InnerSuite

HEAD = """
import os, pathlib, sys, time
import pytest
from tests.infra.sharing import Run, once_per_run

LOG = pathlib.Path(__file__).with_name("log")

def note(text):
    with LOG.open("a") as log:
        log.write(text + "\\n")
"""

GOOD = """
@once_per_run()
def server(run):
    note("up")
    yield {"pid": os.getpid(), "pair": (1, 2), "param": run.param}
    note("down")
"""


class Desk:
    """Asks for a fixture as workers do, and ends the run as a controller does."""

    def __init__(self, directory: Path, run: RunDirectory) -> None:
        self.directory = directory
        self.run = run
        self.place = build_place(run.path, "server", "the only one")
        self.timeout_s = 20.0
        self.teardown_timeout_s = 20.0

    def write(self, text: str) -> None:
        source = textwrap.dedent(HEAD) + textwrap.dedent(text)
        (self.directory / "shared_module.py").write_text(source, encoding="utf-8")

    def build_order(self, **values: Json) -> Order:
        return Order(
            fixture="server",
            module="shared_module",
            file=str(self.directory / "shared_module.py"),
            function="server",
            param="p",
            values=values,
            run_id="r",
            asked_by="gw0 (pid 1)",
            sys_path=(str(self.directory), str(ROOT), *sys.path),
            timeout_s=self.timeout_s,
            teardown_timeout_s=self.teardown_timeout_s,
        )

    def start(self, **values: Json) -> State:
        order = self.build_order(**values)
        (self.place.work_path).mkdir(parents=True, exist_ok=True)
        return keepers.find_or_start(
            self.place,
            order,
            lambda: keepers.launch_keeper(self.place, self.directory, os.environ),
        )

    def ask(self, **values: Json) -> Json:
        with keepers.hold_connection(self.start(**values), 10.0):
            return keepers.read_value(self.place, self.build_order(**values))

    def read_log(self) -> list[str]:
        path = self.directory / "log"
        return path.read_text(encoding="utf-8").split() if path.exists() else []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    run = RunDirectory(tmp_path / "infra")
    run.open()
    yield Desk(tmp_path, run)
    keepers.stop_all(run.path)
    run.close()


def test_all_who_ask_get_the_value_of_one_set_up(desk: Desk) -> None:
    desk.write(GOOD)

    first, second = desk.ask(), desk.ask()

    assert first == second
    assert isinstance(first, dict)
    assert first["pair"] == [1, 2]
    assert first["param"] == "p"
    assert desk.read_log() == ["up"]
    assert keepers.stop_all(desk.run.path) == []
    assert desk.read_log() == ["up", "down"]


def test_failed_set_up_is_not_tried_again_and_fails_alike(desk: Desk) -> None:
    desk.write(
        "@once_per_run()\ndef server():\n    note('up')\n    raise RuntimeError('no disk')\n"
    )

    texts = []
    for _ in range(2):
        with pytest.raises(SharedSetUpError, match="no disk") as caught:
            desk.ask()
        texts.append(str(caught.value))

    assert texts[0] == texts[1]
    assert "asked for by gw0 (pid 1)" in texts[0]
    assert "keeper.py" not in texts[0]
    assert desk.read_log() == ["up"]
    assert keepers.stop_all(desk.run.path) == []


def test_set_up_that_takes_too_long_is_broken_off_with_its_own_clean_up(desk: Desk) -> None:
    desk.write(
        """
        @once_per_run()
        def server():
            try:
                time.sleep(30)
                yield 1
            finally:
                note("down")
        """
    )

    desk.timeout_s = 0.3

    with pytest.raises(SharedSetUpError, match=r"took longer than 0\.3 s"):
        desk.ask()

    assert desk.read_log() == ["down"]


def test_set_up_may_skip_all_its_tests(desk: Desk) -> None:
    desk.write("@once_per_run()\ndef server():\n    pytest.skip('no server here')\n")

    with pytest.raises(pytest.skip.Exception, match="no server here"):
        desk.ask()


def test_value_that_is_no_json_is_refused_after_its_teardown(desk: Desk) -> None:
    desk.write("@once_per_run()\ndef server():\n    yield object()\n    note('down')\n")

    with pytest.raises(SharedSetUpError, match="its value is no JSON"):
        desk.ask()

    assert desk.read_log() == ["down"]


def test_function_without_yield_gives_what_it_returns(desk: Desk) -> None:
    desk.write("@once_per_run()\ndef server(run):\n    return [run.run_id]\n")

    assert desk.ask() == ["r"]
    assert keepers.stop_all(desk.run.path) == []


@pytest.mark.parametrize(
    ("ending", "problem"),
    [
        ("raise RuntimeError('disk full')", "disk full"),
        ("time.sleep(30)", "took longer than 0.3 s"),
        ("yield 2", "yields more than once"),
        ("sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_teardown_that_fails_is_told(desk: Desk, ending: str, problem: str) -> None:
    desk.write(f"@once_per_run()\ndef server():\n    yield 1\n    {ending}\n")
    desk.teardown_timeout_s = 0.3 if "sleep" in ending else 20.0
    desk.ask()

    (told,) = keepers.stop_all(desk.run.path)

    assert "the teardown of the once-per-run fixture server failed" in told
    assert problem in told


def test_killed_keeper_is_told_to_those_who_ask_and_at_the_end(desk: Desk) -> None:
    desk.write(GOOD)
    desk.ask()
    state = desk.place.read_state()
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    assert wait_until(lambda: locks.is_free(desk.place.keeper_lock), 5.0)

    with pytest.raises(SharedFixtureError, match=f"pid {state.pid}. died while it was ready"):
        desk.ask()
    (told,) = keepers.stop_all(desk.run.path)

    assert "did not happen" in told
    assert desk.read_log() == ["up"]


def test_keeper_without_run_and_users_tears_down_by_itself(desk: Desk) -> None:
    desk.write(GOOD)
    state = desk.start()
    with keepers.hold_connection(state, 10.0):
        assert desk.run._lock is not None
        desk.run._lock.release()
        assert not wait_until(lambda: "down" in desk.read_log(), 0.6), "a user holds it"

    assert wait_until(lambda: "down" in desk.read_log(), 5.0)
    assert desk.read_log() == ["up", "down"]


def test_next_asker_starts_the_keeper_whose_starter_died(desk: Desk) -> None:
    desk.write(GOOD)
    desk.place.work_path.mkdir(parents=True)
    desk.place.write_order(desk.build_order())

    assert desk.ask()
    assert desk.read_log() == ["up"]


def run_keeper_alone(desk: Desk) -> None:
    """Run a keeper that has nothing to keep, to its end."""
    code = f"from tests.infra.sharing.keeper import main; main({str(desk.place.root)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)


def test_order_whose_sender_died_is_void_at_the_end(desk: Desk) -> None:
    desk.write(GOOD)
    desk.place.work_path.mkdir(parents=True)
    desk.place.write_order(desk.build_order())

    assert keepers.stop_all(desk.run.path) == []
    run_keeper_alone(desk)

    assert desk.place.read_state() is None
    assert desk.read_log() == []


@pytest.mark.proof
def test_late_keeper_sets_nothing_up_again(desk: Desk) -> None:
    desk.write(GOOD)
    desk.ask()
    run_keeper_alone(desk)
    keepers.stop_all(desk.run.path)
    run_keeper_alone(desk)

    assert desk.read_log() == ["up", "down"]


def test_values_that_differ_between_workers_are_refused(desk: Desk) -> None:
    desk.write("@once_per_run()\ndef server(color):\n    yield color\n")

    assert desk.ask(color="red") == "red"
    with pytest.raises(SharedFixtureError, match=r"would get \{'color': 'blue'\} here"):
        desk.ask(color="blue")


def test_places_are_torn_down_in_reverse(tmp_path: Path) -> None:
    for number, name in enumerate(["b", "a", "c"]):
        place = Place(tmp_path / "once" / name)
        place.root.mkdir(parents=True)
        place.write_state(State(Phase.READY, 1, 1, 1, "t", float(number)))

    assert [p.root.name for p in list_places(tmp_path)] == ["c", "a", "b"]


def test_modules_of_one_name_are_told_apart_by_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "twin_module.py").write_text(f"NAME = {name!r}", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "one")
    monkeypatch.setitem(sys.modules, "twin_module", None)

    found = import_module("twin_module", tmp_path / "other" / "twin_module.py")

    assert found.NAME == "other"


def test_function_that_another_process_can_not_find_is_refused() -> None:
    def inner() -> int:
        return 1

    with pytest.raises(SharedFixtureError, match="not at the top level"):
        once_per_run()(inner)


async def asynchronous() -> None:
    """Is refused."""


def plain() -> None:
    """Is refused for its deadline only."""


def test_asynchronous_function_is_refused() -> None:
    with pytest.raises(SharedFixtureError, match="asynchronous"):
        once_per_run()(asynchronous)


def test_deadline_of_nothing_is_refused() -> None:
    with pytest.raises(SharedFixtureError, match="0 s is no deadline"):
        once_per_run(timeout_s=0)(plain)


def test_file_is_known_though_another_module_has_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, plain.__module__)

    assert Once("plain", plain, 1.0, 1.0).file == __file__


# --- whole runs ----------------------------------------------------------------------------------

SUITE = """
@pytest.mark.parametrize("number", range(8))
def test_uses(server, number):
    assert server["pid"] != os.getpid()
    os.kill(server["pid"], 0)
    if number == 3:
        os.kill(os.getpid(), 9)
"""


@pytest.mark.proof
def test_crash_of_a_worker_leaves_one_set_up_and_one_teardown(inner: InnerSuite) -> None:
    inner.write(test_once=HEAD + GOOD + SUITE)

    result = inner.run("-n2", "--isolation=error")

    result.assert_outcomes(passed=7, failed=1)
    assert (inner.path / "log").read_text().split() == ["up", "down"]
    assert not inner.infra_dir.exists()


@pytest.mark.proof
def test_run_in_one_process_goes_the_same_way_and_fails_for_a_teardown(inner: InnerSuite) -> None:
    broken = GOOD + "    raise RuntimeError('disk full')\n"
    suite = SUITE.replace("number == 3", "number == 8")
    inner.write(test_once=HEAD + broken + suite)

    result = inner.run("-n0", "--isolation=error")

    result.assert_outcomes(passed=8)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["infra: the teardown of the once-per-run fixture server failed*"])
    assert (inner.path / "log").read_text().split() == ["up", "down"]


@pytest.mark.proof
@pytest.mark.parametrize("args", [["-n2", "--dist=each"], ["-n2", "-x"], ["-p", "no:xdist"]])
def test_every_kind_of_run_sets_up_and_tears_down_once(inner: InnerSuite, args: list[str]) -> None:
    inner.write(test_once=HEAD + GOOD + SUITE.replace("os.kill(os.getpid(), 9)", "assert False"))

    inner.run(*args)

    assert (inner.path / "log").read_text().split() == ["up", "down"]
    assert not inner.infra_dir.exists()


@pytest.mark.proof
def test_fixtures_may_build_on_each_other_and_have_parameters(inner: InnerSuite) -> None:
    inner.write(
        test_once=HEAD
        + textwrap.dedent(
            """
            @once_per_run(params=["a", "b"])
            def letter(run):
                note(f"up-{run.param}")
                yield run.param
                note(f"down-{run.param}")

            @once_per_run()
            def base():
                note("up-c")
                yield "c"
                note("down-c")

            @once_per_run(name="upper")
            def make_upper(base):
                note(f"up-{base.upper()}")
                yield base.upper()
                note(f"down-{base.upper()}")

            def test_one(upper, base, letter):
                assert upper == base.upper() == "C"
                assert letter in "ab"
            """
        )
    )

    inner.run("-n2").assert_outcomes(passed=2, errors=0)
    log = (inner.path / "log").read_text().split()
    assert sorted(log) == sorted(f"{verb}-{name}" for verb in ("up", "down") for name in "abcC")
    assert log.index("down-C") < log.index("down-c")
