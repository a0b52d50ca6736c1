import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra import warmstart
from tests.test_infra.warm_suite import CONFTEST, INI, SUITE, Suite


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """A suite whose first run has learned, and whose source has changed since."""
    # Longer than a socket's path may be.
    path = tmp_path_factory.mktemp("warm") / ("long" * 30)
    path.mkdir()
    (path / "pytest.ini").write_text(INI)
    (path / "conftest.py").write_text(CONFTEST)
    (path / "test_suite.py").write_text(SUITE)
    (path / "project.py").write_text("VALUE = 1\n")
    owned = path / "kin" / "owned"
    owned.mkdir(parents=True)
    (path / "kin" / "__init__.py").write_text('"""Does nothing."""\n')
    (owned / "__init__.py").write_text("NAME = __name__\n")
    (owned / "values.py").write_text("OWNED = 1\n")
    suite = Suite(path)
    output = suite.run("-k", "test_state", out="cold")
    assert "is warm: False workers start cold: this run learns" in output, output
    (path / "project.py").write_text("VALUE = 22\n")
    (owned / "values.py").write_text("OWNED = 33\n")
    return suite


@pytest.fixture(scope="module")
def warm_output(suite: Suite) -> str:
    """What a warm run printed."""
    return suite.run("-k", "test_state", out="warm")


def assert_session_has_ended(session: int) -> None:
    deadline = time.monotonic() + 10
    while left := list(find_processes(session)):
        assert time.monotonic() < deadline, f"left over: {left}"
        time.sleep(0.01)


def find_processes(session: int) -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        # A process may end in between.
        with contextlib.suppress(OSError):
            state, _, _, of_session = path.read_text().rpartition(")")[2].split()[:4]
            if int(of_session) == session and state != "Z":
                yield path.with_name("cmdline").read_text()


def assert_nothing_is_left(suite: Suite) -> None:
    assert not list((suite.path / "run").iterdir())


STATES = [
    *("environ", "cwd", "path", "argv", "interpreter", "filters", "policy", "threads"),
    *("native_threads", "files", "signals", "main", "stdin", "streams", "umask", "finders"),
    *("hooks", "gc", "limits", "tracing", "time", "project"),
]


@pytest.mark.proof
def test_second_run_is_warm_and_quiet(suite: Suite, warm_output: str) -> None:
    early = [set(one["early"]) for one in suite.read("warm")]

    assert "is warm: True \n" in warm_output
    assert "2 passed" in warm_output
    assert "warning" not in warm_output.lower()
    assert len(early) == 2
    assert all("sqlite3" in modules for modules in early)


@pytest.mark.parametrize("name", STATES)
@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_warm_worker_is_as_a_cold_one(suite: Suite, name: str) -> None:
    cold = [one["state"][name] for one in suite.read("cold")]
    warm = [one["state"][name] for one in suite.read("warm")]

    assert len(cold) == len(warm) == 2
    assert warm == cold


@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_warm_worker_has_no_modules_that_a_cold_one_has_not(suite: Suite) -> None:
    cold = {name for one in suite.read("cold") for name in one["modules"]}
    warm = {name for one in suite.read("warm") for name in one["modules"]}

    assert sorted(warm - cold) == []


@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_warm_workers_draw_random_numbers_of_their_own(suite: Suite) -> None:
    drawn = [number for one in suite.read("warm") for number in one["random"]]

    assert len(set(drawn)) == 4


@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_changed_source_is_seen(suite: Suite) -> None:
    warm = suite.read("warm")

    assert [one["state"]["value"] for one in warm] == [22, 22]
    assert not any(name in one["early"] for one in warm for name in ("project", "test_suite"))


@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_package_that_may_be_shared_is_there_early_and_as_it_is_now(suite: Suite) -> None:
    warm = suite.read("warm")

    assert [one["state"]["owned"] for one in warm] == [33, 33]
    assert all("kin.owned.values" in one["early"] for one in warm)
    assert not any("kin.owned.values" in one["early"] for one in suite.read("cold"))


def test_module_of_ours_that_could_not_be_imported_may_be_mended() -> None:
    offenders = {
        "tests.infra.lanes": "raises SyntaxError",
        "tests.infra.locks": "opens a file",
        "installed": "raises ImportError",
    }

    lasting = warmstart.find_lasting(offenders, ("tests.infra",))

    assert set(lasting) == {"tests.infra.locks", "installed"}


@pytest.mark.proof
def test_crashed_warm_workers_are_replaced_by_warm_ones(suite: Suite, warm_output: str) -> None:
    output = suite.run("-k", "test_exit or test_killed or test_last", out="crash")
    workers = suite.read("crash")

    assert "is warm: True" in warm_output
    assert "2 failed, 1 passed" in output
    assert len(workers) == 3
    assert all("sqlite3" in one["early"] for one in workers)
    assert_nothing_is_left(suite)


@pytest.mark.proof
def test_worker_after_a_dead_nursery_is_cold(suite: Suite, warm_output: str) -> None:
    output = suite.run("-k", "test_kill_nursery or test_last or test_state", out="dead")
    after = [one for one in suite.read("dead") if one["worker"] not in ("gw0", "gw1")]

    assert "is warm: True" in warm_output
    assert "1 failed, 3 passed" in output
    assert "the process that forks them has died" in output
    assert not any("sqlite3" in one["early"] for one in after)


@pytest.mark.proof
def test_changed_environment_makes_workers_cold(suite: Suite, warm_output: str) -> None:
    output = suite.run("-k", "test_state", out="changed", CHANGE_ENVIRONMENT="1")

    assert "is warm: True" in warm_output
    assert "2 passed" in output
    assert "the environment has changed since (CHANGED)" in output
    assert not any("sqlite3" in one["early"] for one in suite.read("changed"))


@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_interrupt_leaves_no_process(suite: Suite) -> None:
    with suite.start("-k", "test_waiting", out="interrupt") as process:
        suite.wait_for("interrupt", 2)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert "KeyboardInterrupt" in output
    assert output.count("Traceback") == 0
    assert_session_has_ended(process.pid)


@pytest.mark.proof
@pytest.mark.usefixtures("warm_output")
def test_killed_controller_leaves_no_process(suite: Suite) -> None:
    with suite.start("-k", "test_waiting", out="orphans") as process:
        suite.wait_for("orphans", 2)
        process.kill()
        (suite.path / "orphans" / "stop").touch()
        process.communicate(timeout=60)

    assert_session_has_ended(process.pid)
    assert_nothing_is_left(suite)


@pytest.mark.parametrize(
    ("args", "obstacle"),
    [
        (("--tx=popen",), ""),
        (("--tx=2*popen",), ""),
        (("--tx=popen//python=python3",), "--tx names other than plain local workers"),
        (("--tx=2*popen", "--tx=ssh=there"), "--tx names other than plain local workers"),
        (("--tx=popen", "-p", "no:cacheprovider"), "pytest keeps no cache to learn from"),
    ],
)
def test_odd_options_make_a_run_cold(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    obstacle: str,
) -> None:
    # These tests may run under coverage themselves.
    monkeypatch.setattr(warmstart, "is_traced", lambda: False)
    config = pytester.parseconfig("--dist=load", *args)

    assert warmstart.find_obstacle(config, {"PATH": "/bin"}) == obstacle


@pytest.mark.parametrize("name", ["COVERAGE_PROCESS_START", "COV_CORE_SOURCE"])
def test_coverage_of_whole_processes_makes_a_run_cold(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(warmstart, "is_traced", lambda: False)
    config = pytester.parseconfig("--dist=load", "--tx=popen")

    obstacle = warmstart.find_obstacle(config, {name: "1"})

    assert obstacle == f"{name} measures coverage from an interpreter's start on"


def test_profiler_makes_a_run_cold(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfig("--dist=load", "--tx=popen")
    sys.setprofile(lambda *_: None)

    obstacle = warmstart.find_obstacle(config, {})
    sys.setprofile(None)

    assert obstacle == "a tracer, a profiler or coverage is at work"


def test_another_system_makes_a_run_cold(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = pytester.parseconfig("--dist=load", "--tx=popen")
    monkeypatch.setattr(sys, "platform", "darwin")

    assert warmstart.find_obstacle(config, {}) == "only Linux can fork them safely"


def test_other_plugins_are_another_mode(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", other="[pytest]")

    modes = {
        warmstart.describe_mode(pytester.parseconfig(*args))
        for args in ((), ("--assert=plain",), ("-p", "no:logging"), ("-c", "other.ini"))
    }

    assert len(modes) == 4


def test_file_lies_where_pytest_puts_it(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfigure("-p", "no:asyncio", "-o", "cache_dir=$HOME/cache")

    assert config.cache is not None
    assert warmstart.find_file(config).parent == config.cache.mkdir("infra")


@pytest.mark.proof
def test_offender_makes_a_run_cold_and_is_excluded_from_the_next(
    suite: Suite, warm_output: str
) -> None:
    assert "is warm: True" in warm_output
    path = suite.path / ".pytest_cache" / "d" / "infra" / "warmstart.json"
    kept = json.loads(path.read_text())
    # Imported by no test: the nursery finds out that it can't be.
    kept["imports"]["modules"].append("antigravity_that_is_not_there")
    path.write_text(json.dumps(kept))

    spoilt = suite.run("-k", "test_state", out="spoilt")
    excluded = json.loads(path.read_text())["excluded"]
    after = suite.run("-k", "test_state", out="after")

    assert "antigravity_that_is_not_there can't be shared: it raises ModuleNotFound" in spoilt
    assert "2 passed" in spoilt
    assert excluded == {"antigravity_that_is_not_there": "raises ModuleNotFoundError"}
    assert "is warm: True \n" in after


COUNTING = """
import pathlib
from tests.infra.nursery_handle import Nursery

begin = Nursery.__init__

def count(self, *args):
    with pathlib.Path("nurseries").open("a") as file:
        file.write("one\\n")
    begin(self, *args)

Nursery.__init__ = count
pytest_plugins = ["tests.infra.plugin"]
"""


@pytest.mark.proof
def test_nursery_that_starts_with_the_conftests_is_the_one_that_is_used(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(warmstart.__file__).parents[2]))
    monkeypatch.setenv("PROXMOX_TEST_INFRA_DIR", str(pytester.path / "run"))
    pytester.makeini("[pytest]\nwarm_start = on\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest(COUNTING)
    pytester.makepyfile("def test_a(): pass\ndef test_b(): pass")

    first = pytester.runpytest_subprocess("-n", "2")
    second = pytester.runpytest_subprocess("-n", "2")

    first.stdout.fnmatch_lines(["*workers start cold: this run learns*"])
    second.stdout.no_fnmatch_line("*start cold*")
    assert (pytester.path / "nurseries").read_text() == "one\n"
