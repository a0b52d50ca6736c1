import json
import subprocess
import sys
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.infra import gate

ROOT = Path(__file__).parents[2]

PRELOAD = """
import json, sys, warnings
from tests.infra import gate
filters = list(warnings.filters)
names = {*json.loads(sys.argv[1])["modules"], "project"}
offenders = gate.preload(gate.Order(**json.loads(sys.argv[1])))
loaders = {name: type(sys.modules[name].__loader__).__name__ for name in names & sys.modules.keys()}
print(json.dumps([offenders, loaders, filters == warnings.filters, sys.path]))
"""

# Each is a module of an installed package; those that begin with `bad` can't be shared.
INSTALLED = {
    "good": "import warnings\nwarnings.simplefilter('ignore', UserWarning)\nassert warnings",
    "bad_thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "uses_thread": "try:\n    import bad_thread\nexcept Exception:\n    bad_thread = None",
    "bad_file": "FILE = open(__file__)",
    "bad_child": "import subprocess\nCHILD = subprocess.Popen(['true'])",
    "bad_variable": "import os\nos.environ['BAD'] = '1'",
    "bad_changed": "import os\nos.environ['PATH'] += ':/nowhere'",
    "bad_directory": "import os\nos.chdir('/')",
    "bad_umask": "import os\nos.umask(0o077)",
    "bad_path": "import sys\nsys.path.append('/nowhere')",
    "bad_handler": "import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "bad_trace": "import sys\nsys.setprofile(lambda *args: None)",
    "bad_warning": "import warnings\nwarnings.warn('old', DeprecationWarning)",
    "bad_error": "raise RuntimeError('no')",
    "bad_exit": "raise SystemExit('no')",
    "imports_project": "try:\n    import project\nexcept Exception:\n    project = None",
    "imports_excluded": "import excluded",
    "excluded": "",
}

REASONS = {
    "bad_thread": "starts a thread",
    "uses_thread": "imports bad_thread",
    "bad_file": "opens a file",
    "bad_child": "starts a process",
    "bad_variable": "changes the environment",
    "bad_changed": "changes the environment",
    "bad_directory": "changes the directory",
    "bad_umask": "changes the umask",
    "bad_path": "changes sys.path",
    "bad_handler": "changes a signal's handler",
    "bad_trace": "traces",
    "bad_warning": "warns",
    "bad_error": "raises RuntimeError",
    "bad_exit": "raises SystemExit",
    "imports_project": "imports project of the project",
    "imports_excluded": "imports excluded",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of installed packages, and one of a project beside it."""
    path = tmp_path_factory.mktemp("gate")
    (path / "site").mkdir()
    (path / "project").mkdir()
    (path / "project" / "project.py").touch()
    for name, source in INSTALLED.items():
        (path / "site" / f"{name}.py").write_text(source + "\n")
    return path


# Any: JSON of several shapes.
@pytest.fixture(scope="module")
def result(site: Path) -> list[Any]:
    """What was refused, who loaded what, whether filters are as before, and `sys.path`."""
    order = gate.Order(
        modules=tuple(INSTALLED),
        rewritten=("good",),
        excluded=("excluded",),
        roots=(str(site / "site"), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")),
        search_path=(str(site / "project"), str(site / "site"), *sys.path),
    )
    done = subprocess.run(
        [sys.executable, "-c", PRELOAD, json.dumps(asdict(order))],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("name", INSTALLED)
def test_only_what_can_be_shared_is_let_through(result: list[Any], name: str) -> None:
    offenders, _, _, _ = result

    assert offenders.get(name) == REASONS.get(name)


def test_no_other_module_is_blamed(result: list[Any]) -> None:
    offenders, _, _, _ = result

    assert offenders.keys() == REASONS.keys()


def test_preloaded_module_is_rewritten_and_the_rest_is_as_before(
    result: list[Any],
) -> None:
    _, loaders, has_same_filters, search_path = result

    assert loaders["good"] == "AssertionRewritingHook"
    assert not {"bad_thread", "uses_thread", "project", "excluded"}.intersection(loaders)
    assert has_same_filters
    assert "/nowhere" not in search_path


@pytest.mark.parametrize(
    ("name", "source", "is_bare"),
    [
        ("__init__.py", "", True),
        ("__init__.py", '"""What it holds."""\n# and why\n', True),
        ("__init__.py", "import os\n", False),
        ("__init__.py", "def (", False),
        ("module.py", "", False),
    ],
)
def test_package_that_does_nothing_is_bare(
    tmp_path: Path, name: str, source: str, is_bare: bool
) -> None:
    (tmp_path / name).write_text(source)

    assert gate.is_bare_package(str(tmp_path / name)) == is_bare


def test_package_without_a_file_is_not_bare(tmp_path: Path) -> None:
    assert not gate.is_bare_package(str(tmp_path / "__init__.py"))
