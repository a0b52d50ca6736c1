import json

import pytest

from tests.test_infra.conftest import InnerSuite

APP = "REG = {}\n"

SUITE = """
import asyncio, logging, os, sys, threading, unittest
import pytest
import app

os.environ["AT_IMPORT"] = "1"

@pytest.fixture(scope="module")
def tidy():
    os.environ["TIDY"] = "1"
    yield
    del os.environ["TIDY"]

@pytest.fixture(scope="module")
def untidy():
    os.environ["UNTIDY"] = "1"
    yield

def test_variable():
    os.environ["LEFT"] = "1"

def test_put_back():
    assert "LEFT" not in os.environ

def test_fixtures(tidy, untidy):
    assert os.environ["TIDY"] == os.environ["UNTIDY"] == "1"

def test_lawful(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("X", "1")
    monkeypatch.chdir(tmp_path)
    caplog.set_level(10)
    asyncio.run(asyncio.sleep(0))

def test_object():
    app.REG["k"] = 1

@pytest.mark.asyncio
async def test_async():
    os.umask(0o77)

class TestCase(unittest.TestCase):
    def test_method(self):
        logging.getLogger("shared").setLevel(10)

@pytest.mark.leaks("environ", reason="the next test needs it")
def test_exempt():
    os.environ["EXEMPT"] = "1"

@pytest.mark.leaks("cwd", reason="it used to need it")
def test_needlessly_exempt():
    assert os.environ.pop("EXEMPT") == "1"

def test_last():
    pass
"""

LEFT = {
    ("import", "test_suite.py", "os.environ['AT_IMPORT']"),
    ("test", "test_suite.py::test_variable", "os.environ['LEFT']"),
    ("test", "test_suite.py::test_async", "os.umask"),
    ("test", "test_suite.py::TestCase::test_method", "logging.getLogger('shared')"),
    ("test", "test_suite.py::test_needlessly_exempt", "os.environ['EXEMPT']"),
    ("fixture", "untidy", "os.environ['UNTIDY']"),
}
OF_SECOND_TIER = {("test", "test_suite.py::test_object", "app.REG['k']")}


def read_leaks(inner: InnerSuite) -> set[tuple[str, str, str]]:
    path = inner.path / ".pytest_cache" / "d" / "infra" / "leaks.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    return {(leak["kind"], leak["culprit"], leak["path"]) for leak in found["leaks"]}


@pytest.fixture
def leaky(inner: InnerSuite) -> InnerSuite:
    """A suite whose tests, fixtures and imports leave things changed."""
    inner.write(app=APP, test_suite=SUITE)
    return inner


@pytest.mark.proof
def test_report_names_each_leak_and_passes(leaky: InnerSuite) -> None:
    result = leaky.run("--isolation-tier=2")

    result.assert_outcomes(passed=10)
    assert result.ret == 0
    assert read_leaks(leaky) == LEFT | OF_SECOND_TIER
    result.stdout.fnmatch_lines(
        [
            "*isolation: 7 left changed (environ 4, *",
            "fixture untidy, ended with test_suite.py::test_last",
            "*marker leaks(cwd) exempts what did not leak; drop it",
        ]
    )


@pytest.mark.proof
def test_workers_tell_the_controller_and_errors_fail_their_tests(leaky: InnerSuite) -> None:
    result = leaky.run("--isolation=error", "-n", "2", "--dist=loadfile")

    # The test that leaks passes, and its teardown is an error.
    result.assert_outcomes(passed=10, errors=5)
    assert read_leaks(leaky) == LEFT
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_variable*"])
    result.stdout.no_fnmatch_line("*watch.py*")


@pytest.mark.proof
def test_one_worker_looks_what_imports_change(inner: InnerSuite) -> None:
    inner.write(
        test_suite="""
        import os, pytest

        os.environ["BY_" + os.environ["PYTEST_XDIST_WORKER"]] = "1"

        @pytest.mark.parametrize("number", range(4))
        def test_it(number): pass
        """
    )

    inner.run("--isolation=report", "-n", "2").assert_outcomes(passed=4)

    assert read_leaks(inner) == {("import", "test_suite.py", "os.environ['BY_gw0']")}


def test_off_watches_nothing(inner: InnerSuite) -> None:
    inner.write(
        test_suite="""
        def test_guard_is_not_there(pytestconfig):
            assert not pytestconfig.pluginmanager.hasplugin("infra-guard")
        """
    )

    inner.run_here("--isolation=off").assert_outcomes(passed=1)
    inner.run_here("--isolation=report").assert_outcomes(failed=1)


# As pytest-cov does with its tracer.
AROUND_ALL_TESTS = """
import sys, pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtestloop():
    usual, sys.displayhook = sys.displayhook, print
    result = yield
    sys.displayhook = usual
    return result
"""


def test_what_a_plugin_does_around_all_tests_is_nobodys(inner: InnerSuite) -> None:
    inner.write(conftest=AROUND_ALL_TESTS, test_a="def test_a(): pass")

    result = inner.run_here("--isolation=error")

    result.assert_outcomes(passed=1)
    assert result.ret == 0
    assert "isolation:" not in result.stdout.str()


def test_static_doubts_choose_what_the_second_tier_watches(inner: InnerSuite) -> None:
    inner.write(
        shelf=APP,
        test_suite="""
        import shelf

        def test_object():
            shelf.REG["k"] = 1

        def test_other():
            shelf.REG["l"] = 1
        """,
    )
    directory = inner.path / ".pytest_cache" / "d" / "infra"
    directory.mkdir(parents=True)
    doubts = {"version": 1, "tests": {"test_suite.py::test_object": ["PTI203"]}}
    (directory / "watch.json").write_text(json.dumps(doubts), encoding="utf-8")

    inner.run_here()

    assert read_leaks(inner) == {("test", "test_suite.py::test_object", "shelf.REG['k']")}
    found = json.loads((directory / "leaks.json").read_text(encoding="utf-8"))
    assert found["watched"] == ["test_suite.py::test_object"]


@pytest.mark.proof
@pytest.mark.parametrize("mark", ["leaks('environ')", "leaks(reason='why')"])
def test_exemption_without_resource_or_reason_is_an_error(inner: InnerSuite, mark: str) -> None:
    inner.write(
        test_suite=f"""
        import pytest

        @pytest.mark.{mark}
        def test_exempt():
            pass
        """
    )

    result = inner.run_here("--isolation=report")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*lacks a resource or a reason; write @pytest.mark.leaks(*"])


@pytest.mark.proof
def test_guard_that_sees_nothing_stops_the_run(inner: InnerSuite) -> None:
    inner.write(
        conftest="""
        from tests.infra.guard.process import Umask
        Umask.read = lambda self: 0o22
        """,
        test_suite="def test_any(): pass",
    )

    result = inner.run("--isolation=report")

    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    output = result.stdout.str() + result.stderr.str()
    assert "the guard doesn't see a change planted in umask" in output


def test_leaks_are_not_put_back_where_that_is_off(inner: InnerSuite) -> None:
    inner.write(
        test_suite="""
        import os

        def test_first():
            os.environ["KEPT"] = "1"

        def test_second():
            assert os.environ.pop("KEPT") == "1"
        """
    )

    result = inner.run_here("--isolation-restore=off")

    result.assert_outcomes(passed=2)
    assert {path for _, _, path in read_leaks(inner)} == {"os.environ['KEPT']"}


@pytest.mark.proof
def test_defect_of_the_guard_breaks_no_test(inner: InnerSuite) -> None:
    inner.write(
        test_suite="""
        import os
        from tests.infra.guard.process import Umask

        def test_odd():
            Umask.describe = lambda *_: 1 / 0
            os.umask(0o27)
        """
    )

    result = inner.run("--isolation=error")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_odd: not compared, for a defect of the guard's own: Zero*"])
