"""Who owns what a test changes, and what takes it back: the less usual ways to write either."""

import pytest

from tests.test_infra.smelling import find, find_rules

SHARED = """
import app, pytest, sys, os, logging
from unittest import TestCase, mock
ITEMS = [0]
THING = app.Thing()
LIMIT = 3
def cached(): return 1
class Own:
    seen = []
    count = 0
    thing = app.Thing()
class Kept:
    seen = []
    def __init__(self): self.seen = []
class Wide(TestCase):
    @classmethod
    def setUpClass(cls): cls.rows = []
    def add(self): pass
@pytest.fixture(scope="session")
def opened():
    with app.connect() as connection:
        yield connection
@pytest.fixture(scope="session")
def rows():
    made = []
    yield made
@pytest.fixture(scope="session")
def number(): return 3
@pytest.fixture(scope=WIDTH)
def unknown(): return []
"""

PARAMETERS = "opened, rows, number, unknown, tmp_path"


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("global LIMIT; LIMIT = 4", ["PTI202"]),
        ("cached.calls = 1", ["PTI201"]),
        ("cached.calls.append(1)", ["PTI201"]),
        ("THING.rows.append(1)", ["PTI201"]),
        ("made = THING.append(1)", []),
        ("LIMIT.append(1)", []),
        ("ITEMS.sort()", ["PTI201"]),
        ("ITEMS.make().append(1)", []),
        ("ITEMS[0], other = 1, 2", ["PTI201"]),
        ("[ITEMS[0], other] = app.make(1)", ["PTI201"]),
        ("ITEMS[0]: int = 1", ["PTI201"]),
        ("ITEMS[0] += 1", ["PTI201"]),
        ("del ITEMS[0]", []),
        ("delattr(app, 'FLAG')", []),
        ("setattr(app, name, 1)", []),
        ("app.make().rows.append(1)", []),
        ("(app or ITEMS).append(1)", []),
        ("part = ITEMS[0]; part.rows.append(1)", ["PTI201"]),
        ("part = app.make(); part.rows.append(1)", []),
        ("part = app.REG; part['k'] = 1", ["PTI204"]),
    ],
)
def test_owner_of_a_module_s_object(statement: str, rules: list[str]) -> None:
    assert find_rules(f"{SHARED}def test_it({PARAMETERS}):\n    {statement}\n") == rules


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("Own.count = 1", ["PTI203"]),
        ("Own().count = 1", []),
        ("Own.__doc__ = 'x'", []),
        ("Own.thing.flag = 1", ["PTI203"]),
        ("Own.thing.append(1)", []),
        ("Own.seen.make().append(1)", []),
        ("Own.missing.append(1)", []),
        ("Kept().seen.append(1)", []),
        ("Kept.seen.append(1)", ["PTI203"]),
        ("Wide().rows.append(1)", ["PTI203"]),
    ],
)
def test_owner_of_a_class_s_object(statement: str, rules: list[str]) -> None:
    assert find_rules(f"{SHARED}def test_it({PARAMETERS}):\n    {statement}\n") == rules


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("opened.flag = 1", ["PTI301"]),
        ("opened.rows.make().append(1)", []),
        ("rows.append(1)", ["PTI301"]),
        ("number.flag = 1", []),
        ("unknown.append(1)", []),
        ("tmp_path.flag = 1", []),
    ],
)
def test_owner_of_a_fixture_s_object(statement: str, rules: list[str]) -> None:
    assert find_rules(f"{SHARED}def test_it({PARAMETERS}):\n    {statement}\n") == rules


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("self.seen.append(1)", ["PTI203"]),
        ("self.count = 1", []),
        ("self.__class__.count = 1", ["PTI203"]),
        ("type(self).count = 1", ["PTI203"]),
        ("self.own.append(1)", []),
        ("def inner(self): self.seen.append(1)", []),
    ],
)
def test_class_of_the_test_itself(body: str, rules: list[str]) -> None:
    source = f"""
        class TestIt:
            seen = []
            count = 0
            own = []
            def setup_method(self):
                self.own = []
            def test_it(self):
                {body}
    """

    assert find_rules(source) == rules


def test_module_that_the_test_writes_itself_is_nobody_else_s() -> None:
    body = "tmp_path.joinpath('made.py').write_text(''); import made; made.FLAG = 1"

    assert find_rules(f"def test_it(tmp_path):\n    {body}\n") == []


# --- what takes back -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "monkeypatch.setitem(app.REG, 'k', 1); app.REG['k'] = 2",
        "monkeypatch.delattr('app.FLAG'); app.FLAG = 2",
        "request.addfinalizer(app.REG.clear); app.REG['k'] = 2",
        "case.addCleanup(setattr, app, 'FLAG', app.FLAG); app.FLAG = 2",
        "case.addCleanup(app.restore_all()); app.FLAG = 2",
        "with mock.patch.object(app, 'FLAG'):\n        app.FLAG = 2",
        "app.REG['k'] = 2; app.REG.pop('k')",
        "app.REG.clear(); app.REG['k'] = 2",
        "def back(): app.REG.pop('k')\n    request.addfinalizer(back); app.REG['k'] = 2",
        "saved = app.FLAG; app.FLAG = 2; app.FLAG = saved",
        "import app.part; del sys.modules['app.part']",
        "part = __import__('part'); sys.modules.pop('part')",
    ],
)
def test_change_that_the_test_takes_back_is_silent(body: str) -> None:
    source = f"{SHARED}def test_it(monkeypatch, request, case):\n    {body}\n"

    assert find_rules(source) == []


@pytest.mark.parametrize(
    ("decorator", "rules"),
    [
        ("@mock.patch.dict('app.REG')", []),
        ("@mock.patch('app.OTHER')", ["PTI204"]),
        ("@restores_app", []),
        ("@pytest.mark.slow", ["PTI204"]),
    ],
)
def test_decorator_may_take_back(decorator: str, rules: list[str]) -> None:
    body = "app.REG['k'] = 2"

    assert find_rules(f"{SHARED}{decorator}\ndef test_it(*_):\n    {body}\n") == rules
    in_class = f"{SHARED}{decorator}\nclass TestIt:\n    def test_it(self, *_):\n        {body}\n"
    assert find_rules(in_class) == rules


@pytest.mark.parametrize(
    ("before", "rules"),
    [
        ("def setup_function(): app.REG.clear()", []),
        ("def setup_function(): app.REG = {}", []),
        ("def teardown_function(): app.REG.pop('k')", []),
        ("def teardown_module(): app.REG.pop('k')", []),
        ("def setup_function(): app.OTHER.clear()", ["PTI204"]),
        ("@pytest.fixture(autouse=True)\ndef fresh(): app.REG.clear()", []),
        ("@pytest.fixture(autouse=True)\ndef late():\n    yield\n    app.reset()", []),
    ],
)
def test_what_stands_around_a_test_may_take_back(before: str, rules: list[str]) -> None:
    source = f"{SHARED}{before}\ndef test_it():\n    app.REG['k'] = 2\n"

    assert find_rules(source) == rules


@pytest.mark.parametrize(
    ("after", "rules"),
    [
        ("", ["PTI101"]),
        ("def teardown_module(): del os.environ['A']", []),
        (
            "@pytest.fixture(autouse=True, scope='module')\n"
            "def keep():\n    yield\n    del os.environ['A']",
            [],
        ),
    ],
    ids=["nothing", "teardown", "fixture"],
)
def test_what_a_module_changes_when_imported_is_taken_back_at_its_end(
    after: str, rules: list[str]
) -> None:
    source = f"import os, pytest\nos.environ['A'] = 'x'\n{after}\ndef test_it(): pass\n"

    assert find_rules(source) == rules


@pytest.mark.parametrize(
    ("used", "rules"),
    [
        ("@pytest.mark.usefixtures('keeps')", []),
        ("@needs", []),
        ("@pytest.mark.usefixtures('other')", ["PTI101"]),
    ],
)
def test_fixtures_that_marks_name_count(used: str, rules: list[str]) -> None:
    found = find(f"""
        import os, pytest
        needs = [pytest.mark.usefixtures("keeps"), pytest.mark.slow]
        @pytest.fixture
        def keeps():
            yield
            os.environ.pop("A")
        {used}
        def test_it():
            os.environ["A"] = "y"
    """)

    assert [one.rule_id for one in found] == rules


def test_fixture_of_another_class_protects_nobody_here() -> None:
    found = find_rules("""
        import os, pytest
        class TestOne:
            @pytest.fixture(autouse=True)
            def keeps(self):
                yield
                os.environ.pop("A")
            def test_a(self): os.environ["A"] = "y"
        class TestKin(TestOne):
            def test_b(self): os.environ["A"] = "y"
        class TestTwo:
            def test_c(self): os.environ["A"] = "y"
    """)

    assert found == ["PTI101"]
