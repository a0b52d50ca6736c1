"""Changes that nothing takes back: what the check finds, and what it passes over."""

import pytest

from tests.infra.smells.processwide import ATTRIBUTES, CALLS, RESTORING_CALLS
from tests.test_infra.smelling import find, find_rules

WRITES = [*(name for name in CALLS if name not in RESTORING_CALLS)]
SILENT_IN_TESTS = {"PTI109"}


@pytest.mark.parametrize("name", WRITES)
def test_every_call_of_the_table_is_found_in_a_test(name: str) -> None:
    module = name.partition(".")[0]
    call = name.replace("getLogger()", "getLogger('app')")
    removes = "remove" in name
    silent = CALLS[name] in SILENT_IN_TESTS or removes

    found = find_rules(f"import {module}\ndef test_it():\n    {call}(1, 2)\n    assert 1\n")

    assert found == ([] if silent else [CALLS[name]])


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_attribute_of_the_table_is_found_in_a_test(name: str) -> None:
    module, rule = name.partition(".")[0], ATTRIBUTES[name]

    found = find_rules(f"import {module}\ndef test_it(x):\n    {name} = x\n")

    assert found == ([] if rule in SILENT_IN_TESTS else [rule])


def test_reads_are_no_changes() -> None:
    assert not find("""
        import os, sys
        def test_it():
            assert os.environ.get("A") or os.environ["B"] or list(sys.path)
    """)


@pytest.mark.parametrize(
    "body",
    [
        "monkeypatch.setenv('A', 'x')\n    os.environ['A'] = 'y'",
        "try:\n        os.environ['A'] = 'y'\n    finally:\n        del os.environ['A']",
        "with patch.dict(os.environ):\n        os.environ['A'] = 'y'",
        "with restored_environment():\n        os.environ['A'] = 'y'",
        "old = dict(os.environ)\n    os.environ['A'] = 'y'\n    os.environ.update(old)",
        "request.addfinalizer(lambda: os.environ.pop('A'))\n    os.environ['A'] = 'y'",
        "with pytest.raises(ValueError):\n        os.environ['A'] = chr(0)",
    ],
)
def test_what_takes_a_variable_back_silences(body: str) -> None:
    head = "import os, pytest\nfrom unittest.mock import patch\n"

    assert not find(f"{head}def test_it(monkeypatch, request):\n    {body}\n")


def test_undoing_another_key_does_not_silence() -> None:
    found = find("""
        import os
        def test_it(monkeypatch):
            monkeypatch.setenv("B", "x")
            os.environ["A"] = "y"
    """)

    assert [(finding.rule_id, finding.line) for finding in found] == [("PTI101", 5)]


def test_fixture_that_restores_protects_those_who_ask_for_it_only() -> None:
    found = find("""
        import os, pytest
        @pytest.fixture
        def env():
            yield
            os.environ.pop("A")
        def test_with(env):
            os.environ["A"] = "y"
        def test_without():
            os.environ["A"] = "y"
    """)

    assert [finding.tests for finding in found] == [("test_case.py::test_without",)]


@pytest.mark.parametrize(("directory", "count"), [("a", 0), ("b", 1)])
def test_autouse_fixture_of_a_conftest_protects_below_its_directory(
    directory: str, count: int
) -> None:
    conftest = """
        import os, pytest
        @pytest.fixture(autouse=True)
        def keep():
            saved = dict(os.environ)
            yield
            os.environ.clear()
            os.environ.update(saved)
    """
    test = "import os\ndef test_it():\n    os.environ['A'] = 'y'\n"

    assert len(find(a__conftest=conftest, **{f"{directory}__test_x": test})) == count


def test_finding_of_a_fixture_concerns_its_users() -> None:
    (finding,) = find("""
        import os, pytest
        @pytest.fixture
        def mode():
            os.environ["A"] = "y"
        @pytest.fixture
        def outer(mode):
            return 1
        class TestIt:
            def test_a(self, outer): pass
        def test_b(): pass
    """)

    assert finding.tests == ("test_case.py::TestIt::test_a",)


def test_teardown_of_a_base_class_in_another_file_takes_back() -> None:
    base = """
        import os, unittest
        class Base(unittest.TestCase):
            def tearDown(self):
                os.environ.pop("A", None)
    """
    test = """
        import os
        from base import Base
        class TestIt(Base):
            def test_it(self):
                os.environ["A"] = "y"
    """

    assert not find(base=base, test_it=test)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ITEMS.append(1)", "PTI201"),
        ("ITEMS[0] = 1", "PTI201"),
        ("app.FLAG = True", "PTI204"),
        ("app.REG['k'] = 1", "PTI204"),
        ("setattr(app, 'FLAG', 1)", "PTI204"),
        ("Own.seen.append(1)", "PTI203"),
        ("Own().seen.append(1)", "PTI203"),
        ("wide['k'] = 1", "PTI301"),
        ("wide['k'].append(1)", "PTI301"),
        ("part = wide['k']; part.append(1)", "PTI301"),
    ],
)
def test_shared_objects_are_known_by_their_owner(statement: str, rule: str) -> None:
    source = f"""
        import app, pytest
        ITEMS = [0]
        class Own:
            seen = []
        @pytest.fixture(scope="session")
        def wide():
            return {{}}
        def test_it(wide):
            {statement}
    """

    assert find_rules(source) == [rule]


@pytest.mark.parametrize(
    "statement",
    [
        "items = []; items.append(1)",
        "ITEMS = []; ITEMS.append(1)",
        "assert ITEMS.count(0) == 1",
        "app.make().flag = 1",
        "client = app.Client(); client.flag = 1",
        "assert app.append(1, 2)",
        "monkeypatch.setattr(app, 'FLAG', 1); app.FLAG = 2",
        "narrow.append(1)",
    ],
)
def test_objects_of_the_test_s_own_are_passed_over(statement: str) -> None:
    source = f"""
        import app, pytest
        ITEMS = [0]
        @pytest.fixture
        def narrow():
            return []
        def test_it(narrow, monkeypatch):
            {statement}
    """

    assert not find(source)


def test_nearer_fixture_of_the_same_name_is_meant() -> None:
    wide = "import pytest\n@pytest.fixture(scope='session')\ndef rows(): return []\n"
    near = "import pytest\n@pytest.fixture\ndef rows(): return []\n"
    test = "def test_it(rows):\n    rows.append(1)\n"

    assert find_rules(conftest=wide, a__test_x=test, b__conftest=near, b__test_x=test) == ["PTI301"]


@pytest.mark.parametrize(
    ("stop", "found"),
    [("", ["PTI302"]), ("self.addCleanup(self.p.stop)", []), ("self.addCleanup(p.stop)", [])],
)
def test_started_patch_needs_a_stop(stop: str, found: list[str]) -> None:
    source = f"""
        from unittest import TestCase, mock
        class TestIt(TestCase):
            def setUp(self):
                p = mock.patch("app.f")
                self.p = p
                p.start()
                {stop or "pass"}
            def test_it(self): pass
    """

    assert find_rules(source) == found
