"""Copies of both packages under other names, in a repository with its settings in a TOML file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]

PYPROJECT: Final = """
[tool.pytest.ini_options]
testpaths = ["checks"]
addopts = "--strict-markers --strict-config"
pythonpath = ["."]
isolation = "error"
filterwarnings = ["error"]
lanes = '''
needs_license = 2
'''
"""
ASYNCIO: Final = 'asyncio_default_fixture_loop_scope = "function"\n'
WITHOUT: Final = ("-p", "no:xdist", "-p", "no:asyncio", "-p", "no:repeat")

CONFTEST: Final = """
import pytest

pytest_plugins = ["checks.parallel.plugin", "checks.double.plugin"]

@pytest.fixture
def isolated_temp_dir():
    return "ours"

def pytest_configure(config):
    config.addinivalue_line("markers", "needs_license: there are two.")
"""

SUITE: Final = """
import pytest

@pytest.mark.needs_license
@pytest.mark.parametrize("number", range(4))
def test_vm(mock_builder, process_unique_vmid, number):
    api = mock_builder.with_vm(vmid=process_unique_vmid, node="node1").build_api()
    api.nodes("node1").qemu(process_unique_vmid).status.start.post()

@pytest.mark.serial
def test_own_fixture_wins(isolated_temp_dir, worker_id):
    assert isolated_temp_dir == "ours"
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that has copied both packages into a directory without `__init__.py`."""
    root = tmp_path_factory.mktemp("repository")
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(TESTS / "infra", root / "checks" / "parallel", ignore=left_out)
    shutil.copytree(TESTS / "fixtures", root / "checks" / "double", ignore=left_out)
    (root / "checks" / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (root / "checks" / "test_vm.py").write_text(SUITE, encoding="utf-8")
    return root


def run(repository: Path, *arguments: str, settings: str = "") -> str:
    """Run Python in the repository, not with `-m pytest`, which would put it on the path."""
    (repository / "pyproject.toml").write_text(PYPROJECT + settings, encoding="utf-8")
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


PYTEST: Final = ("-P", "-c", "import pytest; raise SystemExit(pytest.main())")


@pytest.mark.proof
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-n", "2"),
        ("-n", "2", "--import-mode=importlib"),
        ("--doctest-modules", "checks/test_vm.py"),
    ],
    ids=["sequential", "parallel", "importlib", "doctest"],
)
def test_copies_run_where_they_are(repository: Path, arguments: tuple[str, ...]) -> None:
    text = run(repository, *PYTEST, *arguments, settings=ASYNCIO)

    assert "5 passed" in text
    assert "infra: run" in text


@pytest.mark.proof
def test_copies_need_neither_workers_nor_asyncio(repository: Path) -> None:
    text = run(repository, *PYTEST, *WITHOUT)

    assert "5 passed" in text


@pytest.mark.proof
def test_doctests_leave_the_copies_alone_where_told_so(repository: Path) -> None:
    ignored = ("--ignore=checks/parallel", "--ignore=checks/double")

    assert "5 passed" in run(repository, *PYTEST, "--doctest-modules", *ignored, settings=ASYNCIO)


@pytest.mark.proof
def test_commands_of_a_copy_have_its_name(repository: Path) -> None:
    lanes = json.loads(
        run(repository, "-m", "checks.parallel", "lanes", "--json", settings=ASYNCIO)
    )
    usage = run(repository, "-m", "checks.parallel", "check", "--help", settings=ASYNCIO)

    assert "needs_license" in json.dumps(lanes["lanes"])
    assert "python -m checks.parallel check" in usage
    assert "tests.infra" not in usage
