"""The example of a language-model API: its tests run against whatever is configured."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.examples.llm_api.mock_api import MockLlm
from tests.test_infra.conftest import ROOT

EITHER = "tests/examples/llm_api/test_either.py"


@pytest.mark.proof
@pytest.mark.skipif(
    find_spec("pyrate_limiter") is None,
    reason="pyrate-limiter is not installed: uv sync --group limits",
)
def test_same_tests_run_against_the_api_that_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MockLlm() as api:
        api.answers("Yes.")
        api.answers("one two three")
        api.calls_tool("start_vm", vmid=100)
        monkeypatch.setenv("PROXMOX_TEST_LLM_URL", api.endpoint.url)
        monkeypatch.setenv("PROXMOX_TEST_LLM_KEY", "hidden")
        monkeypatch.setenv("PROXMOX_TEST_INFRA_DIR", str(tmp_path))

        command = [sys.executable, "-m", "pytest", "-q", "-n0", EITHER]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert api.keys == ["Bearer hidden"] * 3
    # The calls were counted for all runs of the machine.
    assert (tmp_path / "limits" / "llm_api.db").is_file()
