"""Inner suites: small test suites that a test writes and runs in a pytest of their own."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

INNER_INI = """
[pytest]
addopts = --strict-markers
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


class InnerSuite:
    """A suite in a directory of its own, with a machine-wide directory of its own."""

    plugin = "tests.infra.plugin"
    # Hypothesis costs each process of an inner run 0.2 s, and no inner suite uses it.
    quick = ("-p", "no:hypothesispytest")

    def __init__(self, pytester: pytest.Pytester, infra_dir: Path) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.infra_dir = infra_dir

    def write(self, **files: str) -> None:
        """Write modules by name; what `ini=` gives is added to the usual configuration."""
        for name, text in files.items():
            file_name = "pytest.ini" if name == "ini" else f"{name}.py"
            usual = INNER_INI if name == "ini" else ""
            content = textwrap.dedent(usual) + textwrap.dedent(text)
            (self.path / file_name).write_text(content, encoding="utf-8")

    def run(self, *args: str) -> pytest.RunResult:
        """Run in another process; needed for workers."""
        return self.pytester.runpytest_subprocess(*self.quick, "-p", self.plugin, *args, timeout=60)

    def run_here(self, *args: str) -> pytest.RunResult:
        """Run in this process; enough where nothing is parallel."""
        return self.pytester.runpytest_inprocess("-p", self.plugin, *args)


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> InnerSuite:
    """An empty inner suite that loads the infrastructure with `-p`."""
    infra_dir = pytester.path / "infra"
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PROXMOX_TEST_INFRA_DIR", str(infra_dir))
    suite = InnerSuite(pytester, infra_dir)
    suite.write(ini="")
    return suite


@pytest.fixture
def error_text() -> Callable[[pytest.RunResult], str]:
    """What a run that could not begin said, after checking that it ran nothing."""

    def read(result: pytest.RunResult) -> str:
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "passed" not in result.stdout.str()
        assert "Traceback" not in result.stderr.str()
        lines = result.stderr.str().splitlines()
        return "\n".join(line for line in lines if line.startswith("ERROR"))

    return read
