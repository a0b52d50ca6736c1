"""Runs of planned suites, each in a directory of its own, and the evidence that they leave."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pytest_runs import OURS, Python, run_pytest
from witness import CONFTEST, CRASH_ONCE, DIRECTORY, read_testimony

from proving.checks import Evidence, read_junit
from proving.suites import MARKER_WIDTHS, Plan, build_durations, build_last_failed, render_files

TIMEOUT_S: Final = 60
PLUGINS: Final = ("-p", "xdist.plugin", "-p", "pytest_asyncio.plugin", "-p", "pytest_repeat")
STOCK: Final = ()
"""No plugin of ours: xdist's own schedulers."""

INI: Final = """[pytest]
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
markers =
    serial: nothing runs beside it
    lane(name, width=1): a lane of its own
"""


def run_plan(
    python: Python, plan: Plan, *, plugin: Sequence[str] = OURS, keep: Path | None = None
) -> Evidence:
    """Run the suite of a plan once; `keep` is a directory for what is otherwise thrown away."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        return _run_in(python, plan, plugin, keep)
    with tempfile.TemporaryDirectory(prefix="lanes-proof-") as name:
        return _run_in(python, plan, plugin, Path(name))


def write_suite(plan: Plan, directory: Path) -> None:
    """Write the modules, the witness, the configuration and, if it has one, the history."""
    for name, text in render_files(plan).items():
        (directory / name).write_text(text, encoding="utf-8")
    (directory / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    lines = [f"    {name}: a lane\n" for name in MARKER_WIDTHS]
    if plan.has_history:
        (directory / "durations.json").write_text(json.dumps(build_durations(plan)))
        lines.append("durations_file = durations.json\n")
        cache = directory / ".pytest_cache" / "v" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "lastfailed").write_text(json.dumps(build_last_failed(plan)))
    (directory / "pytest.ini").write_text(INI + "".join(lines), encoding="utf-8")


def _run_in(python: Python, plan: Plan, plugin: Sequence[str], directory: Path) -> Evidence:
    write_suite(plan, directory)
    witness = directory / "witness"
    witness.mkdir(exist_ok=True)
    junit = directory / "junit.xml"
    environ = {
        DIRECTORY: str(witness),
        CRASH_ONCE: plan.crash_outside,
        "PROXMOX_TEST_INFRA_DIR": str(directory / "infra"),
    }
    # A crashing test may be repeated; xdist ends a run at 4 crashes a worker.
    args = [*PLUGINS, *plugin, *plan.arguments, f"--junitxml={junit}", "--max-worker-restart=40"]
    finished = run_pytest(python, args, directory, timeout_s=TIMEOUT_S, environ=environ)
    return Evidence(plan, finished, read_testimony(witness), read_junit(junit))
