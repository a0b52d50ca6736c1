import json
from xml.etree import ElementTree as ET

import pytest

from tests.infra.flakes import FlakeRecord, Verdict
from tests.test_infra.conftest import InnerSuite

SUITE = """
    import os, unittest, pytest

    def is_repetition(text): return text in os.environ["PYTEST_CURRENT_TEST"]

    def test_sound(): pass
    @pytest.mark.parametrize("x", ["1-2"])
    def test_parameter(x): assert not is_repetition("[1-2-3-4]")
    @pytest.mark.asyncio
    async def test_async():
        if is_repetition("[2-4]"): pytest.skip("now and then")
    def test_broken(): assert False
    class TestA(unittest.TestCase):
        def test_method(self): self.assertFalse(is_repetition("[2-4]"))
        def test_parts(self):
            with self.subTest("part"): self.assertFalse(is_repetition("[4-4]"))
"""

ONE_FLAKY = """
    import os
    def test_sound(): pass
    def test_flaky(): assert "[2-3]" not in os.environ["PYTEST_CURRENT_TEST"]
"""

KNOWN = """\
[[flaky]]
test = "test_a.py::{}"
owner = "ann"
expires = {}
reason = "issue 12"
"""


def read_record(inner: InnerSuite) -> FlakeRecord:
    path = inner.path / ".pytest_cache" / "d" / "infra" / "flakes.json"
    return FlakeRecord.from_json(path.read_text(encoding="utf-8"))


def write_known(inner: InnerSuite, test: str, expires: str = "2999-12-31") -> None:
    text = KNOWN.format(test, expires)
    (inner.path / "known-flaky.toml").write_text(text, encoding="utf-8")


def check_suite(inner: InnerSuite, result: pytest.RunResult) -> None:
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    record = read_record(inner)
    assert {test.nodeid.removeprefix("test_a.py::"): test.verdict for test in record.tests} == {
        "test_parameter[1-2]": Verdict.FLAKY,
        "test_async": Verdict.FLAKY,
        "test_broken": Verdict.BROKEN,
        "TestA::test_method": Verdict.FLAKY,
        "TestA::test_parts": Verdict.FLAKY,
    }
    assert {len(test.attempts) for test in record.tests} == {4}
    assert (record.sound, record.fewest_runs) == (1, 4)


def test_sequential_run_tells_every_kind_of_flaky_test(inner: InnerSuite) -> None:
    inner.write(test_a=SUITE)

    result = inner.run_here("--count=4")

    check_suite(inner, result)
    result.stdout.fnmatch_lines(
        [
            "*= repeated tests: 4 flaky, 1 fails always =*",
            "FLAKY test_a.py::TestA::test_method passed 3 of 4; fails 25%, 95% CI 5 to 70%; "
            "AssertionError at test_a.py:14, 1 time",
            "FAILS ALWAYS test_a.py::test_broken failed 4 of 4; *",
            "1 test: 0 of 4 failed, each fails at most 53% of the time at 95%",
        ]
    )


@pytest.mark.proof
def test_parallel_run_tells_the_same_and_where(inner: InnerSuite) -> None:
    inner.write(test_a=SUITE)

    result = inner.run("--count=4", "-n2")

    check_suite(inner, result)
    result.stdout.fnmatch_lines(["FLAKY *test_method passed 3 of 4*AssertionError*, 1 time; gw?"])


@pytest.mark.proof
def test_crash_is_a_failure_of_its_own_kind(inner: InnerSuite) -> None:
    inner.write(
        test_a="""
        import os
        def test_crash():
            if "[2-3]" in os.environ["PYTEST_CURRENT_TEST"]: os._exit(1)
        """
    )

    inner.run("--count=3", "-n2")

    [test] = read_record(inner).tests
    assert [failure.fingerprint for failure in test.failures] == ["crashed"]
    assert test.counts["passed"] == 2


@pytest.mark.proof
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--count=3", "-qq"),
        pytest.param(("--count=1",), marks=pytest.mark.proof),
        pytest.param(("--count=3", "-p", "no:terminal"), marks=pytest.mark.proof),
    ],
    ids=" ".join,
)
def test_nothing_is_said_unasked(inner: InnerSuite, arguments: tuple[str, ...]) -> None:
    inner.write(test_a="def test_a(): pass")

    result = inner.run_here(*arguments)

    result.stdout.no_fnmatch_line("*0 of * failed*")


def test_quiet_run_keeps_the_lines(inner: InnerSuite) -> None:
    inner.write(test_a=ONE_FLAKY)

    result = inner.run_here("--count=3", "-q")

    result.stdout.fnmatch_lines(["FLAKY test_a.py::test_flaky passed 2 of 3*", "1 test: 0 of 3 *"])


def test_run_that_is_broken_off_tells_what_it_saw(inner: InnerSuite) -> None:
    inner.write(test_a=ONE_FLAKY)
    write_known(inner, "test_flaky")

    result = inner.run_here("--count=3", "-x")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FLAKY test_a.py::test_flaky passed 1 of 2*"])


def test_last_repetition_has_properties_in_the_junit_file(inner: InnerSuite) -> None:
    inner.write(test_a=ONE_FLAKY)

    inner.run_here("--count=3", "--junitxml=j.xml")

    cases = ET.parse(inner.path / "j.xml").getroot().iter("testcase")
    found = {
        case.attrib["name"]: {one.attrib["name"]: one.attrib["value"] for one in properties}
        for case in cases
        if (properties := case.findall("properties/property"))
    }
    assert list(found) == ["test_sound[3-3]", "test_flaky[3-3]"]
    assert found["test_flaky[3-3]"] == {
        "repeated.verdict": "flaky",
        "repeated.runs": "3",
        "repeated.failures": "1",
        "repeated.fails_95": "0.061-0.792",
    }


SKIPPING = """
    import os, pytest
    def test_flaky():
        if "[2-3]" in os.environ["PYTEST_CURRENT_TEST"]: pytest.skip("now and then")
"""


@pytest.mark.proof
@pytest.mark.parametrize(
    ("arguments", "known", "status"),
    [
        ((), False, 0),
        (("--fail-on-flaky",), False, 1),
        pytest.param(("-o", "fail_on_flaky=on"), False, 1, marks=pytest.mark.proof),
        (("--fail-on-flaky",), True, 0),
    ],
)
def test_flaky_test_that_never_fails_fails_the_run_if_asked_to(
    inner: InnerSuite, arguments: tuple[str, ...], known: bool, status: int
) -> None:
    inner.write(test_a=SKIPPING)
    if known:
        write_known(inner, "test_flaky")

    assert inner.run_here("--count=3", *arguments).ret == status


@pytest.mark.proof
@pytest.mark.parametrize(
    ("test", "expires", "status", "line"),
    [
        ("test_flaky", "2999-12-31", 0, "not failed for 1 known flaky test"),
        ("test_flaky", "2020-12-31", 1, "*known flaky, ann, was excused until 2020-12-31: *"),
        ("test_sound", "2999-12-31", 1, "FLAKY test_a.py::test_flaky *"),
    ],
)
def test_known_flaky_test_fails_no_run_until_its_day(
    inner: InnerSuite, test: str, expires: str, status: int, line: str
) -> None:
    inner.write(test_a=ONE_FLAKY)
    write_known(inner, test, expires)

    result = inner.run_here("--count=3")

    assert result.ret == status
    result.stdout.fnmatch_lines([line])


@pytest.mark.proof
@pytest.mark.parametrize(
    "more",
    ["def test_b(): assert 0", "import nothing_there"],
    ids=["another failure", "an error of collection"],
)
def test_known_flaky_test_excuses_nothing_else(inner: InnerSuite, more: str) -> None:
    inner.write(test_a=ONE_FLAKY, test_b=more)
    write_known(inner, "test_flaky")

    result = inner.run_here("--count=3", "--continue-on-collection-errors")

    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.proof
def test_known_flaky_test_that_fails_always_is_no_longer_excused(inner: InnerSuite) -> None:
    inner.write(test_a="def test_a(): assert 0")
    write_known(inner, "test_a")

    assert inner.run_here("--count=3").ret == pytest.ExitCode.TESTS_FAILED
    assert inner.run_here().ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.proof
def test_entry_about_no_test_of_a_whole_run_is_told(inner: InnerSuite) -> None:
    inner.write(test_a="def test_a(): pass")
    write_known(inner, "test_gone")
    line = "known flaky, but no test of this run, so drop it: test_a.py::test_gone"

    whole, part = inner.run_here(), inner.run_here("-k", "test_a")

    whole.stdout.fnmatch_lines([line])
    part.stdout.no_fnmatch_line(line)


def test_mistake_in_the_file_is_a_usage_error(inner: InnerSuite) -> None:
    inner.write(test_a="def test_a(): pass")
    write_known(inner, "test_a", "soon")

    result = inner.run_here()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*known-flaky.toml, line 4: *is no TOML*"])


RERUNS = """
    import pytest
    @pytest.hookimpl(tryfirst=True)
    def pytest_addoption(parser):
        group = parser.getgroup("rerunfailures")
        group.addoption("--fail-on-flaky", action="store_true", dest="fail_on_flaky")
    def pytest_runtest_protocol(item, nextitem):
        from _pytest.runner import runtestprotocol
        for attempt in (1, 2):
            for report in runtestprotocol(item, nextitem=nextitem, log=False):
                if attempt == 1 and report.failed:
                    report.outcome = "rerun"
                item.ihook.pytest_runtest_logreport(report=report)
            if report.outcome == "passed" and item.name == "test_sound":
                break
            item._initrequest()
        return True
"""


@pytest.mark.proof
@pytest.mark.parametrize(("arguments", "status"), [((), 0), (("--fail-on-flaky",), 1)])
def test_test_that_passes_on_a_rerun_is_flaky(
    inner: InnerSuite, arguments: tuple[str, ...], status: int
) -> None:
    inner.write(
        conftest='pytest_plugins = ["reruns", "tests.infra.plugin"]',
        reruns=RERUNS,
        test_a="""
        tries = []
        def test_flaky():
            tries.append(1)
            assert len(tries) > 1
        def test_sound(): pass
        """,
    )

    result = inner.pytester.runpytest_inprocess("-p", "no:hypothesispytest", *arguments)

    assert result.ret == status
    result.stdout.fnmatch_lines(["FLAKY test_a.py::test_flaky passed 1 of 2; *AssertionError at *"])
    assert json.loads((inner.path / ".pytest_cache/d/infra/flakes.json").read_text())["sound"] == 0
