"""Where markers and imports go, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.marking.categories import Category
from tests.infra.marking.editing import Edit, build_edit, render_diff, write
from tests.infra.marking.importing import Insertion
from tests.infra.marking.placing import place_markers
from tests.infra.marking.sources import SourceUnusableError, read_source

MarkBytes = Callable[..., Edit]


@pytest.fixture
def mark_bytes(tmp_path: Path) -> MarkBytes:
    """A function that marks every test in a file of these bytes as a unit test."""

    def mark(content: bytes, *, bases: tuple[str, ...] = (), slow: str = "") -> Edit:
        path = tmp_path / "test_it.py"
        path.write_bytes(content)
        source = read_source(path)
        decided = {
            one.node.lineno: (one, Category.SLOW if one.node.name == slow else Category.UNIT)
            for one in source.definitions
            if one.node.name.startswith("test")
        }
        return build_edit(source, place_markers(source, decided, bases, tmp_path))

    return mark


P = b"import pytest\n"
M = b"@pytest.mark.unit\n"
T = b"def test(): pass\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (P + T, P + M + T),
        (P + b"async " + T, P + M + b"async " + T),
        (P + b"# c\n@deco(\n    1)\n# d\n" + T, P + b"# c\n" + M + b"@deco(\n    1)\n# d\n" + T),
        (
            P + b"class A:\n\tclass B:\n\t\t" + T,
            P + b"class A:\n\tclass B:\n\t\t" + M + b"\t\t" + T,
        ),
        (P + b"\x0c\n" + T, P + b"\x0c\n" + M + T),
        (P + b"\x0c" + T, P + M + b"\x0c" + T),
        (P + b"def test(): pass", P + M + b"def test(): pass"),
        (b"\xef\xbb\xbf" + P + T, b"\xef\xbb\xbf" + P + M + T),
        (
            b"# coding: latin-1\n" + P + b"X = '\xe9'\n" + T,
            b"# coding: latin-1\n" + P + b"X = '\xe9'\n" + M + T,
        ),
        ((P + T).replace(b"\n", b"\r\n"), (P + M + T).replace(b"\n", b"\r\n")),
        (b"import pytest as pt\n" + T, b"import pytest as pt\n@pt.mark.unit\n" + T),
        (b"from pytest import mark\n" + T, b"from pytest import mark\n@mark.unit\n" + T),
        (P + b"if 1:\n    " + T, P + b"if 1:\n    " + M + b"    " + T),
    ],
    ids=range(13),
)
def test_marker_is_the_topmost_decorator(
    before: bytes, after: bytes, mark_bytes: MarkBytes
) -> None:
    assert mark_bytes(before).content == after


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", b"import pytest\n\n"),
        (b"#!/bin/x\n# coding: utf-8\n", b"#!/bin/x\n# coding: utf-8\nimport pytest\n\n"),
        (b'"""Doc."""\n\n', b'"""Doc."""\n\nimport pytest\n\n'),
        (b"from __future__ import annotations\n", b"from __future__ import annotations\n\n" + P),
        (b"import os\n", b"import os\n\n" + P),
        (b"import os\n\nimport attrs\n", b"import os\n\nimport attrs\n" + P),
        (b"import os\n\nimport yaml\n", b"import os\n\n" + P + b"import yaml\n"),
        (b"# d\n\n# c\nfrom attrs import a\n", b"# d\n\n" + P + b"# c\nfrom attrs import a\n"),
        (b"from . import a\n", P + b"\nfrom . import a\n"),
        (b"from os import (\n    path,\n)  # c\n", b"from os import (\n    path,\n)  # c\n\n" + P),
    ],
    ids=range(10),
)  # fmt: skip
def test_import_goes_where_isort_puts_it(
    head: bytes, expected: bytes, mark_bytes: MarkBytes
) -> None:
    assert mark_bytes(head + T).content == expected + M + T


@pytest.mark.parametrize(
    "head",
    [
        b"pytest = 3\n",
        b"try:\n    import pytest\nexcept ImportError:\n    pytest = None\n",
        b"import pytest\ndef pytest(): pass\n",
        b"class A:\n    pytest = 1\n    def test_a(self): pass\n",
    ],
)
def test_name_that_stands_for_something_else_is_left_alone(
    head: bytes, mark_bytes: MarkBytes
) -> None:
    edit = mark_bytes(head + T)

    assert b"import pytest as _pytest_marks\n" in edit.content
    assert b"@_pytest_marks.mark.unit\ndef test(): pass\n" in edit.content


STYLED = P + b"@pytest.mark.x\nclass TestA: pass\nclass TestB:\n    def test_a(self): pass\n"


def test_class_gets_one_marker_where_the_file_has_such_ones(mark_bytes: MarkBytes) -> None:
    both = STYLED + b"    def test_b(self): pass\n"

    assert mark_bytes(both).content.count(b".unit") == 1
    assert b"@pytest.mark.unit\nclass TestB" in mark_bytes(both).content
    assert mark_bytes(both, slow="test_b").content.count(b"    @pytest.mark.") == 2
    assert mark_bytes(both, bases=("TestB",)).content.count(b"    @pytest.mark.") == 2
    assert b"    @pytest.mark.unit\n    def test_a" in mark_bytes(STYLED).content


def test_list_of_the_module_gets_one_line(mark_bytes: MarkBytes) -> None:
    head = P + b"pytestmark = [\n    pytest.mark.x,\n]\n"

    edit = mark_bytes(head + b"def test_a(): pass\ndef test_b(): pass\n")

    assert edit.content.count(b"unit") == 1
    assert b"[\n    pytest.mark.unit,\n    pytest.mark.x," in edit.content
    assert mark_bytes(head + T).content.count(b"@pytest.mark.unit") == 1


@pytest.mark.parametrize("content", [b"def (", b"# coding: nonsense\n", b"x = '\xff'\n", b"\0"])
def test_file_that_is_no_python_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "test_it.py"
    path.write_bytes(content)

    with pytest.raises(SourceUnusableError, match="is left as it is"):
        read_source(path)


@pytest.mark.parametrize("line", ["x = 3", "@pytest.mark.unit"])
def test_line_that_would_change_the_program_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "test_it.py"
    path.write_bytes(b"X = '''\n'''\n")

    with pytest.raises(SourceUnusableError, match="would change it"):
        build_edit(read_source(path), [Insertion(1, (line,))])


def test_writing_keeps_the_mode_and_what_came_meanwhile(mark_bytes: MarkBytes) -> None:
    edit = mark_bytes(P + b"def test(): pass")
    path = edit.source.path
    path.chmod(0o640)
    write(edit)

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (edit.content, 0o640)
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(SourceUnusableError, match="changed meanwhile"):
        write(edit)
    diff = render_diff(edit, "t.py")
    assert diff.startswith("--- a/t.py\n+++ b/t.py\n@@ -1,2 +1,3 @@\n import pytest\n+@pytest")
    assert diff.endswith("def test(): pass\n\\ No newline at end of file\n")
