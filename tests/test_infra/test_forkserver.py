"""One real server for all tests here: starting it costs a second, asking it milliseconds."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.infra.hunting.conditions import Conditions
from tests.infra.hunting.oracle import Oracle
from tests.infra.hunting.trials import Answer, Cast, Ending, Request, Sighting
from tests.test_infra.conftest import INNER_INI, ROOT

SUITE = '''
import os
import signal
import subprocess
import sys
import time
from os import urandom
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STATE = []

def test_sound(): pass
def test_fails(): assert [1] == [2]
def test_skips(): pytest.skip("not here")

@pytest.mark.xfail(reason="known")
def test_expected(): assert 0

def test_reads(): Path("/no/such/file").read_text()

def test_pollutes(): STATE.append(1)
def test_victim(): assert not STATE

class TestTwice:
    def test_once(self):
        assert not hasattr(self, "seen")
        self.seen = True
        STATE.append(2)
        assert STATE.count(2) == 1

def test_hangs(): time.sleep(60)
def test_exits(): os._exit(0)
def test_is_killed(): os.kill(os.getpid(), signal.SIGKILL)

def test_worker(worker_id, tmp_path):
    (tmp_path / "own").touch()
    text = f"{worker_id} {os.environ['PYTEST_XDIST_WORKER']} {tmp_path}"
    raise ValueError(text)

def test_capsys(capsys):
    print("hello")
    assert capsys.readouterr().out == "hello\\n"

def test_capfd(capfd):
    os.system("echo hello")
    assert capfd.readouterr().out == "hello\\n"

def test_prints(request):
    manager = request.config.pluginmanager.getplugin("capturemanager")
    for _ in range(20):
        print(os.getpid(), flush=True)
        time.sleep(0.002)
    assert set(manager.read_global_capture().out.split()) == {str(os.getpid())}

def test_writes():
    path = HERE / "written.txt"
    assert not path.exists()
    path.write_text("new")

def test_starts():
    child = subprocess.Popen([sys.executable, "-Sc", "import time; time.sleep(60)"])
    child.returncode = 0
    raise ValueError(child.pid)

def test_touches():
    (HERE / "touched.txt").write_text("x")

@pytest.fixture
def bad_teardown():
    yield
    raise KeyError("teardown")

def test_teardown(bad_teardown): pytest.skip("not here")

class Mute(Exception):
    def __str__(self): raise RuntimeError("no text")

def test_mute(): raise Mute

def test_meets():
    """Waits for another process to be there, too."""
    (HERE / f"here-{os.getpid()}").touch()
    until = time.monotonic() + 1.5
    while len(list(HERE.glob("here-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.001)
    assert len(list(HERE.glob("here-*"))) < 2

def test_random():
    import random
    raise ValueError(random.random())

def test_urandom(): raise ValueError(urandom(8).hex())
'''


class Suite:
    """The server, and its tests by name."""

    def __init__(self, oracle: Oracle, path: Path) -> None:
        self.oracle = oracle
        self.path = path
        names = [nodeid.rpartition("::")[2] for nodeid in oracle.collection.nodeids]
        self.tests: Mapping[str, int] = {name: place for place, name in enumerate(names)}

    def cast(self, *names: str, is_watched: bool = False, is_brief: bool = False) -> Cast:
        """Build a cast of tests by name."""
        tests = tuple(self.tests[f"test_{name}"] for name in names)
        return Cast(tests, Conditions(), is_watched, is_brief)

    def run(self, *names: str) -> Answer:
        """Run tests in one fork."""
        return self.oracle.ask(Request((self.cast(*names),), patience_s=15))[0]

    def run_one(self, name: str) -> Sighting:
        """Run one test in a fork of its own."""
        (sighting,) = self.run(name).sightings
        return sighting


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A server that has collected the suite."""
    path = tmp_path_factory.mktemp("served")
    (path / "pytest.ini").write_text(INNER_INI, encoding="utf-8")
    (path / "test_served.py").write_text(SUITE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("PROXMOX_TEST_INFRA_DIR", str(path / "infra"))
        # Where these tests run on a worker, the server is none.
        patch.delenv("PYTEST_XDIST_WORKER", raising=False)
        patch.chdir(path)
        own = ["-p", "no:hypothesispytest", "-p", "tests.infra.plugin", "--isolation=off"]
        oracle = Oracle([*own, "-n", "0"], dict(os.environ), path / "oracle")
        with oracle:
            yield Suite(oracle, path)


def list_outcomes(answer: Answer) -> list[str]:
    return [one.outcome for one in answer.sightings]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be read does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


# --- outcomes ------------------------------------------------------------------------------------


def test_outcomes_are_told_in_order(suite: Suite) -> None:
    answer = suite.run("sound", "fails", "skips", "expected")

    assert answer.ending is Ending.COMPLETE
    assert list_outcomes(answer) == ["passed", "failed", "skipped", "xfailed"]
    assert [one.test for one in answer.sightings] == [0, 1, 2, 3]
    assert all(one.start_s <= one.stop_s for one in answer.sightings)


def test_failure_is_told_with_what_and_where(suite: Suite) -> None:
    failed = suite.run_one("fails")

    assert "assert [1] == [2]" in failed.text
    assert failed.fingerprint.startswith("AssertionError")
    assert failed.error.types[0] == "builtins.AssertionError"
    assert Path(failed.error.path).name == "test_served.py"
    line = Path(failed.error.path).read_text(encoding="utf-8").splitlines()[failed.error.line - 1]
    assert line == "def test_fails(): assert [1] == [2]"


def test_failure_in_a_library_is_placed_where_the_project_called_it(suite: Suite) -> None:
    failed = suite.run_one("reads")

    lines = Path(failed.error.path).read_text(encoding="utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, start=1) if text.startswith("def test_reads"))
    assert failed.fingerprint == f"FileNotFoundError test_served.py:{line}"


def test_memory_of_one_run_is_not_that_of_the_next(suite: Suite) -> None:
    assert list_outcomes(suite.run("pollutes", "victim")) == ["passed", "failed"]
    assert list_outcomes(suite.run("victim")) == ["passed"]


def test_second_run_is_an_item_of_its_own(suite: Suite) -> None:
    answer = suite.run("once", "once")

    assert list_outcomes(answer) == ["passed", "failed"]
    assert "hasattr" not in answer.sightings[1].text


def test_error_is_that_of_the_phase_that_failed(suite: Suite) -> None:
    sighting = suite.run_one("teardown")

    assert sighting.outcome == "failed"
    assert (sighting.error.types[0], sighting.error.errno) == ("builtins.KeyError", 0)


def test_exception_that_has_no_text_is_told_without(suite: Suite) -> None:
    sighting = suite.run_one("mute")

    assert (sighting.outcome, sighting.error.message) == ("failed", "")
    assert sighting.error.types[0].endswith("Mute")


def test_brief_cast_tells_of_failures_and_the_last_test(suite: Suite) -> None:
    cast = suite.cast("sound", "fails", "sound", "sound", is_brief=True)

    (answer,) = suite.oracle.ask(Request((cast,)))

    assert [one.test for one in answer.sightings] == [1, 0]


def test_conditions_are_applied_and_counted(suite: Suite) -> None:
    test = suite.tests["test_random"]
    casts = tuple(Cast((test,), Conditions(seed=seed)) for seed in (3, 3, 4))

    first, again, other = suite.oracle.ask(Request(casts, at_once=2))

    assert first.sightings[0].text == again.sightings[0].text != other.sightings[0].text
    assert first.applied["seeded"] == 1


def test_conditions_reach_what_the_project_imported_by_name(suite: Suite) -> None:
    cast = Cast((suite.tests["test_urandom"],), Conditions(seed=3))

    first, again = suite.oracle.ask(Request((cast, cast), at_once=2))

    assert first.sightings[0].text == again.sightings[0].text


@pytest.mark.parametrize("name", ["capsys", "capfd", "prints"])
def test_capture_works_in_forks_at_the_same_time(suite: Suite, name: str) -> None:
    answers = suite.oracle.ask(Request((suite.cast(name),) * 2, in_step=True))

    assert [list_outcomes(one) for one in answers] == [["passed"]] * 2


# --- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exits", "is_killed"])
def test_test_that_ends_its_process_is_named(suite: Suite, name: str) -> None:
    answer = suite.run("sound", name, "fails")

    assert list_outcomes(answer) == ["passed", "crashed"]
    assert answer.sightings[1].test == suite.tests[f"test_{name}"]


def test_test_that_hangs_is_named(suite: Suite) -> None:
    request = Request((suite.cast("sound", "hangs", "fails"),), patience_s=0.3)

    (answer,) = suite.oracle.ask(request)

    assert (answer.ending, list_outcomes(answer)) == (Ending.HUNG, ["passed", "hung"])


def test_child_of_a_test_is_ended(suite: Suite) -> None:
    pid = int(suite.run_one("starts").error.message)

    until = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.001)
    assert not is_alive(pid)


# --- files ---------------------------------------------------------------------------------------


def test_what_a_run_writes_is_taken_back(suite: Suite) -> None:
    answers = suite.oracle.ask(Request((suite.cast("writes"),) * 3))

    assert [list_outcomes(one) for one in answers] == [["passed"]] * 3
    assert not (suite.path / "written.txt").exists()


def test_touches_are_told_where_wanted(suite: Suite) -> None:
    casts = suite.cast("touches", is_watched=True), suite.cast("touches")

    watched, other = suite.oracle.ask(Request(casts))

    assert ("file", str(suite.path / "touched.txt")) in watched.sightings[0].touches
    assert other.sightings[0].touches == ()


# --- at the same time ----------------------------------------------------------------------------


def test_casts_in_step_meet(suite: Suite) -> None:
    answers = suite.oracle.ask(Request((suite.cast("sound", "meets"),) * 2, in_step=True))

    assert [list_outcomes(one) for one in answers] == [["passed", "failed"]] * 2


def test_casts_one_after_the_other_do_not_meet(suite: Suite) -> None:
    limits = Cast((suite.tests["test_meets"],), Conditions(haste=1000))

    answers = suite.oracle.ask(Request((limits,) * 2))

    assert [list_outcomes(one) for one in answers] == [["passed"]] * 2


def test_casts_in_step_are_workers_of_their_own(suite: Suite) -> None:
    answers = suite.oracle.ask(Request((suite.cast("worker"),) * 2, in_step=True))

    told = [one.sightings[0].error.message.split() for one in answers]
    assert [words[:2] for words in told] == [["gw0", "gw0"], ["gw1", "gw1"]]
    assert told[0][2] != told[1][2]


def test_cast_alone_is_no_worker(suite: Suite) -> None:
    sighting = suite.run_one("worker")

    assert (sighting.outcome, sighting.error.types[0]) == ("failed", "builtins.KeyError")


def test_nobody_waits_for_a_cast_that_was_killed(suite: Suite) -> None:
    """Each step would take two seconds."""
    casts = suite.cast("is_killed"), suite.cast(*["sound"] * 10)

    began = time.monotonic()
    answers = suite.oracle.ask(Request(casts, in_step=True))

    assert list_outcomes(answers[1]) == ["passed"] * 10
    assert time.monotonic() - began < 2


def test_load_is_gone_afterwards(suite: Suite) -> None:
    def list_children() -> set[str]:
        pid = suite.oracle._process.pid
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split())

    (answer,) = suite.oracle.ask(Request((suite.cast("sound"),), busy=2, writing=1))

    assert list_outcomes(answer) == ["passed"]
    assert list_children() == set()
    assert not list((suite.path / "oracle").rglob("load-*"))
