import dataclasses
import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.infra import preloads
from tests.infra.errors import RecordError
from tests.infra.preloads import Imports, Preload

IMPORTS = Imports(("json", "yaml"), ("yaml",), ("odd",), ("/project", "/lib"))
PRELOAD = Preload(IMPORTS, {"grpc": "starts a thread"}, "python 3.11", "rewrite", learned=1000.0)


def test_records_come_back_from_their_json() -> None:
    assert Imports.from_json(IMPORTS.to_json()) == IMPORTS
    assert Preload.from_json(PRELOAD.to_json()) == PRELOAD


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 0}', '{"version": 1}', '{"version": 1, "imports": 3}']
)
def test_another_file_is_no_preload(tmp_path: Path, text: str) -> None:
    path = tmp_path / "warmstart.json"
    path.write_text(text)

    with pytest.raises(RecordError):
        Preload.from_json(text)
    assert preloads.read_preload(path) is None
    assert preloads.read_preload(tmp_path / "missing") is None


def test_imports_of_another_version_are_refused() -> None:
    text = json.dumps({**json.loads(IMPORTS.to_json()), "version": 0})

    with pytest.raises(RecordError):
        Imports.from_json(text)


def test_preload_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "warmstart.json"
    path.write_text("an older one")

    preloads.write_preload(path, PRELOAD)

    assert preloads.read_preload(path) == PRELOAD
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({}, ""),
        ({"interpreter": "python 3.12"}, "Python or its packages have changed"),
        ({"mode": "plain"}, "the last run had other plugins or another ini file"),
        ({"learned": 1001.0 - preloads.RELEARN_S}, "what is imported was learned a week ago"),
        ({"learned": 1003.0}, "what is imported was learned a week ago"),
        (
            {"imports": dataclasses.replace(IMPORTS, modules=("gevent",))},
            "gevent patches the standard library",
        ),
    ],
)
def test_preload_is_used_where_it_was_learned(change: dict[str, object], obstacle: str) -> None:
    preload = dataclasses.replace(PRELOAD, **change)  # type: ignore[arg-type]  # fields of any type

    assert preload.find_obstacle("python 3.11", "rewrite", 1001.0) == obstacle


def test_installing_a_package_changes_the_interpreter(tmp_path: Path) -> None:
    before = preloads.describe_interpreter([str(tmp_path), str(tmp_path / "missing")])

    (tmp_path / "package").mkdir()

    assert preloads.describe_interpreter([str(tmp_path)]) != before


def test_own_process_has_imported_what_is_installed() -> None:
    imports = preloads.list_imports(sys.modules, sys.path, preloads.get_roots())

    assert {"json", "pytest", "_pytest.config", "pluggy"}.issubset(imports.modules)
    assert not any(name.partition(".")[0] in ("tests", "__main__") for name in imports.modules)
    assert imports.modules.index("_pytest") < imports.modules.index("_pytest.config")
    assert "os.path" not in imports.modules
    assert imports.search_path == tuple(sys.path)


def test_environment_below_this_one_holds_installed_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `uv run --with`: a .pth file names it, and nothing else does."""
    below = str(tmp_path / "lib" / "site-packages")
    monkeypatch.setattr(sys, "path", [*sys.path, below, str(tmp_path)])

    assert below in preloads.get_roots()
    assert str(tmp_path) not in preloads.get_roots()


def test_package_that_is_linked_there_is_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "project").mkdir()
    for name in ("linked_one", "real_one"):
        (tmp_path / "project" / name).mkdir()
        (tmp_path / "project" / name / "__init__.py").touch()
    (tmp_path / "site" / "linked_one").symlink_to(tmp_path / "project" / "linked_one")
    (tmp_path / "project" / "real_one").rename(tmp_path / "site" / "real_one")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    modules = {name: __import__(name) for name in ("linked_one", "real_one")}
    for name in modules:
        # Not by monkeypatch, which would put it back for the next run of this test.
        del sys.modules[name]

    imports = preloads.list_imports(modules, [], [str(tmp_path / "site")])

    assert imports.modules == ("real_one",)


class OwnLoader:
    """As a package has one that rewrites others when they are imported."""


def test_what_an_own_loader_loaded_is_odd() -> None:
    root = preloads.get_roots()[0]
    module = ModuleType("changed")
    module.__spec__ = ModuleSpec("changed", OwnLoader(), origin=f"{root}/changed.py")  # type: ignore[arg-type]  # that is the point
    module.__spec__.has_location = True

    imports = preloads.list_imports({"changed": module, "alias": module}, [], [root])

    assert imports.modules == imports.odd == ("changed",)


def test_what_is_no_module_is_left_out() -> None:
    nothing = SimpleNamespace(__spec__="of a stand-in")

    imports = preloads.list_imports(
        {"one": nothing, "two": None},  # type: ignore[dict-item]  # that is the point
        [],
        preloads.get_roots(),
    )

    assert imports.modules == ()
