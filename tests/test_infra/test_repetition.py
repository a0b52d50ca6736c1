import pytest

from tests.infra.repeats import REPETITION, Repetition
from tests.test_infra.conftest import InnerSuite

UNITTEST = """
    import unittest, pytest

    class TestA(unittest.TestCase):
        events = []
        @classmethod
        def setUpClass(cls): cls.events.append("class")
        def setUp(self): self.own = self.events.append("setup")
        def test_one(self):
            assert self._testMethodName == "test_one" and not hasattr(self, "seen")
            self.seen = True
            self.events.append("one")
        @unittest.skip("never")
        def test_skipped(self): raise AssertionError
        @pytest.mark.repeat(1)
        def test_once(self): self.events.append("once")

    class TestB(unittest.IsolatedAsyncioTestCase):
        async def test_async(self): pass
        def test_parts(self):
            with self.subTest("part"): pass

    def test_events():
        print(TestA.events)
"""


def collect(inner: InnerSuite, *args: str) -> list[str]:
    result = inner.run_here("--collect-only", "-q", *args)
    return [line.partition("::")[2] for line in result.outlines if "::" in line]


def test_methods_of_unittest_run_as_often_as_asked_for(inner: InnerSuite) -> None:
    inner.write(test_a=UNITTEST)

    result = inner.run_here("--count=2", "-s", "-v", "-k", "TestA or test_events")

    result.assert_outcomes(passed=5, skipped=2)
    events = ["class", "setup", "once", "setup", "one", "setup", "one"]
    result.stdout.fnmatch_lines([f"*{str(events).replace('[', '[[]')}*"])


def test_asynchronous_methods_and_parts_are_repeated(inner: InnerSuite) -> None:
    inner.write(test_a=UNITTEST)

    result = inner.run_here("--count=3", "-k", "TestB")

    assert result.parseoutcomes()["passed"] == 6


def test_repetition_can_be_named_and_notes_what_it_repeats(inner: InnerSuite) -> None:
    inner.write(test_a=UNITTEST)
    arguments = ("-p", inner.plugin, "--count=3", "test_a.py::TestA::test_one[2-3]")

    items, _ = inner.pytester.inline_genitems(*arguments)

    assert [item.nodeid for item in items] == ["test_a.py::TestA::test_one[2-3]"]
    assert items[0].stash[REPETITION] == Repetition("test_a.py::TestA::test_one", 1)


def test_method_can_be_named_for_all_its_repetitions(inner: InnerSuite) -> None:
    inner.write(test_a=UNITTEST)

    assert collect(inner, "--count=2", "test_a.py::TestA::test_one") == [
        "TestA::test_one[1-2]",
        "TestA::test_one[2-2]",
    ]


def test_marker_alone_repeats(inner: InnerSuite) -> None:
    inner.write(
        test_a="""
        import unittest, pytest
        class TestA(unittest.TestCase):
            @pytest.mark.repeat(2)
            def test_twice(self): pass
            def test_once(self): pass
        """
    )

    assert collect(inner) == [
        "TestA::test_once",
        "TestA::test_twice[1-2]",
        "TestA::test_twice[2-2]",
    ]


@pytest.mark.parametrize(
    ("scope", "order"),
    [
        ("class", "f1 g1 f2 g2 a1 b1 a2 b2 c1 c2"),
        pytest.param("session", "f1 g1 a1 b1 c1 f2 g2 a2 b2 c2", marks=pytest.mark.proof),
    ],
)
def test_methods_keep_the_scope_of_repetition(inner: InnerSuite, scope: str, order: str) -> None:
    inner.write(
        test_a="""
        import unittest
        def test_f(): pass
        class TestA(unittest.TestCase):
            def test_a(self): pass
            def test_b(self): pass
        class TestB(unittest.TestCase):
            def test_c(self): pass
        def test_g(): pass
        """
    )

    found = collect(inner, "--count=2", f"--repeat-scope={scope}")

    names = [nodeid.rpartition("test_")[2] for nodeid in found]
    assert " ".join(f"{name[0]}{name[2]}" for name in names) == order


def test_doctests_are_repeated_with_their_names(inner: InnerSuite) -> None:
    inner.write(app='"""\n>>> x = 1\n>>> x\n1\n"""')

    result = inner.run_here("--count=3", "--doctest-modules", "app.py")

    result.assert_outcomes(passed=3)


def test_items_of_other_plugins_run_once_and_are_counted(inner: InnerSuite) -> None:
    inner.write(
        conftest="""
        import pytest
        class Own(pytest.Item):
            def runtest(self): pass
        class File(pytest.File):
            def collect(self): yield Own.from_parent(self, name="own")
        def pytest_collect_file(file_path, parent):
            return File.from_parent(parent, path=file_path) if file_path.suffix == ".own" else None
        """
    )
    (inner.path / "test_a.own").touch()

    result = inner.run_here("--count=3", "test_a.own")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["not repeated, because it is not known how: 1 Own"])


@pytest.mark.proof
def test_only_the_repetition_that_failed_runs_again(inner: InnerSuite) -> None:
    inner.write(
        test_a="""
        import os, unittest
        class TestA(unittest.TestCase):
            def test_a(self): assert "[2-3]" not in os.environ["PYTEST_CURRENT_TEST"]
        """
    )
    inner.run_here("--count=3")

    result = inner.run_here("--count=3", "--lf")

    result.assert_outcomes(failed=1, deselected=2)
