"""Which tests a diff reaches: through imports, conftests and strings."""

import pytest

from tests.infra.hunting.changed import Change, Reached, find_reached

TEST_FILE = """\
import app

def make():
    return 1

# a remark
@app.mark
def test_a():
    x = 1

    assert x

class TestB:
    '''Docs.'''

    def setup_method(self):
        pass

    def test_c(self):
        pass

    async def test_d(self):
        pass
"""


def reach(changed: str, sources: dict[str, str]) -> tuple[str, ...]:
    return find_reached([Change(changed)], sources).nodeids


@pytest.mark.parametrize(
    "text",
    [
        "import app.cache",
        "import app.cache as c",
        "from app import cache",
        "from app.cache import REG",
        "def test_a():\n    from app.cache import REG",
        "import importlib\nimportlib.import_module('app.cache')",
        "from unittest.mock import patch\n@patch('app.cache.REG')\ndef test_a(reg): ...",
        "pytest_plugins = ['app.cache']",
        "import src.app.cache",
        "from app.other import x",
        "import app.lazy",
    ],
)
def test_test_file_is_reached_through_each_way_to_import(text: str) -> None:
    sources = {
        "src/app/__init__.py": "",
        "src/app/cache.py": "REG = {}",
        "src/app/other.py": "from .cache import *",
        "src/app/lazy.py": "from . import cache",
        "src/app/apart.py": "import json",
        "tests/test_it.py": text,
        "tests/test_apart.py": "import app.apart\nimport cache\n'app.cache is a text'",
    }

    assert reach("src/app/cache.py", sources) == ("tests/test_it.py",)


def test_package_file_reaches_whoever_imports_below_it() -> None:
    sources = {
        "app/__init__.py": "",
        "app/cache.py": "",
        "test_a.py": "from app.cache import x",
        "test_b.py": "import sys",
    }

    assert reach("app/__init__.py", sources) == ("test_a.py",)


def test_conftest_reaches_the_tests_below_it() -> None:
    sources = {"a/conftest.py": "", "a/b/test_1.py": "", "test_2.py": "", "ab/test_3.py": ""}

    assert reach("a/conftest.py", sources) == ("a/b/test_1.py",)


def test_plugin_of_a_conftest_reaches_the_tests_below_it() -> None:
    sources = {
        "t/conftest.py": "pytest_plugins = ('t.plugin',)",
        "t/plugin.py": "",
        "t/test_1.py": "",
        "test_2.py": "",
    }

    assert reach("t/plugin.py", sources) == ("t/test_1.py",)


def test_file_that_is_gone_reaches_those_that_import_it() -> None:
    assert reach("app/gone.py", {"test_1.py": "import app.gone"}) == ("test_1.py",)


def test_relative_import_means_the_neighbour_and_not_its_namesake() -> None:
    sources = {
        "a/x.py": "",
        "b/x.py": "",
        "a/test_1.py": "from .x import y",
        "b/test_2.py": "from .x import y",
    }

    assert reach("a/x.py", sources) == ("a/test_1.py",)


def test_imports_in_a_circle_come_to_an_end() -> None:
    sources = {"a.py": "import b", "b.py": "import a", "test_1.py": "import b"}

    assert reach("a.py", sources) == ("test_1.py",)


def test_data_file_reaches_those_that_name_it() -> None:
    sources = {
        "load.py": "open('data/rows.json')",
        "test_1.py": "import load",
        "test_2.py": "'rows.json5'",
        "test_3.py": "f'{here}/rows.json'",
    }

    assert reach("data/rows.json", sources) == ("test_1.py", "test_3.py")


def test_file_that_nobody_needs_is_told() -> None:
    found = find_reached([Change("README.md"), Change("test_1.py")], {"test_1.py": ""})

    assert found == Reached(("test_1.py",), ("README.md",))


@pytest.mark.parametrize(
    ("lines", "nodeids"),
    [
        (range(1, 2), ["t_test.py"]),
        (range(4, 5), ["t_test.py"]),
        (range(6, 7), []),
        (range(7, 8), ["t_test.py::test_a"]),
        (range(9, 12), ["t_test.py::test_a"]),
        (range(10, 10), ["t_test.py::test_a"]),
        (range(13, 13), ["t_test.py"]),
        (range(13, 14), ["t_test.py::TestB"]),
        (range(14, 15), ["t_test.py::TestB"]),
        (range(17, 18), ["t_test.py::TestB"]),
        (range(20, 21), ["t_test.py::TestB::test_c"]),
        (range(21, 21), ["t_test.py::TestB"]),
        (range(19, 24), ["t_test.py::TestB::test_c", "t_test.py::TestB::test_d"]),
        (range(11, 23), ["t_test.py::TestB", "t_test.py::test_a"]),
    ],
)
def test_changed_lines_choose_the_tests_of_a_file(lines: range, nodeids: list[str]) -> None:
    found = find_reached([Change("t_test.py", (lines,))], {"t_test.py": TEST_FILE})

    assert list(found.nodeids) == nodeids


@pytest.mark.parametrize(
    "text",
    [
        "class Base:\n    def test_a(self): ...",
        "class TestBase:\n    def test_a(self): ...\nclass TestX(TestBase): ...",
        "import pytest\n@pytest.fixture\ndef testbed(): ...",
    ],
    ids=["not collected", "inherited", "fixture"],
)
def test_changed_line_that_may_reach_others_chooses_the_file(text: str) -> None:
    last = len(text.splitlines())
    lines = range(2, 3) if last < 4 else range(3, 4)

    found = find_reached([Change("test_1.py", (lines,))], {"test_1.py": text})

    assert found.nodeids == ("test_1.py",)


def test_file_that_is_reached_stands_for_its_tests() -> None:
    sources = {"app.py": "", "test_1.py": "import app\ndef test_a(): ..."}

    found = find_reached([Change("app.py"), Change("test_1.py", (range(2, 3),))], sources)

    assert found.nodeids == ("test_1.py",)


def test_file_that_does_not_parse_is_reached_as_a_whole() -> None:
    found = find_reached([Change("test_1.py", (range(1, 2),))], {"test_1.py": "def"})

    assert found.nodeids == ("test_1.py",)


def test_reached_holds_what_lies_below_its_node_ids() -> None:
    reached = Reached(("a.py", "b.py::TestX", "b.py::test_y"), ())

    held = ["a.py::test_z", "b.py::TestX::test_1[a::b]", "b.py::test_y[1]"]
    assert all(map(reached.holds, held))
    assert not any(map(reached.holds, ["b.py::test_yy", "b.py::TestXX::test_1", "c/a.py::t"]))
