"""Whole runs against one server as their real cluster: at once, and killed at any moment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import fixtures
from tests.fixtures.proxmox.wire import WireFace

if find_spec("fakepve") is None:
    pytest.skip("no fakepve; uv run --group wire pytest", allow_module_level=True)

ROOT = Path(fixtures.__file__).parents[2]
PATIENCE_S = 60

CONFTEST = """
from tests.fixtures.real import tracked
from tests.infra.sharing import register_remover

def pytest_configure(config):
    register_remover(config, tracked.KIND, tracked.REMOVER)
"""

INI = """
[pytest]
cleanup_failures = error
addopts = --strict-markers -p no:fakepve -p no:hypothesispytest -p no:cacheprovider
    -p tests.infra.plugin -p tests.fixtures.plugin
asyncio_default_fixture_loop_scope = function
filterwarnings = error
isolation = error
"""

TESTS = """
import os, pathlib, signal, time, pytest

pytestmark = pytest.mark.real_cluster

@pytest.fixture
def vmid(proxmox_api, proxmox_node, vmid_factory):
    vmid = vmid_factory()
    proxmox_api.nodes(proxmox_node).qemu.post(vmid=vmid)
    proxmox_api.nodes(proxmox_node).qemu(vmid).status.start.post()
    return vmid

@pytest.mark.parametrize("n", range(4))
def test_quick(vmid, proxmox_api, n):
    assert vmid in [guest["vmid"] for guest in proxmox_api.cluster.resources.get(type="vm")]

@pytest.mark.parametrize("n", range(2))
def test_held(vmid, proxmox_api, proxmox_node, n):
    while not pathlib.Path(os.environ["RELEASE"]).exists():
        time.sleep(0.05)
    assert proxmox_api.nodes(proxmox_node).qemu(vmid).status.current.get()["status"] == "running"

def test_tracked(vmid, track_guest, resource_cleanup_tracker, proxmox_api):
    def check():
        assert vmid not in [one["vmid"] for one in proxmox_api.cluster.resources.get(type="vm")]

    # The last first: the guest is gone when this is called.
    resource_cleanup_tracker.callback(check)
    track_guest(vmid)
    if os.environ.get("DIES"):
        os.kill(os.getpid(), signal.SIGKILL)

def test_dying(vmid):
    if not pathlib.Path(os.environ["RELEASE"]).exists():
        pathlib.Path(os.environ["RELEASE"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


class Runs:
    """Runs of one suite against one cluster; each can be held up at its guests."""

    def __init__(self, path: Path, face: WireFace) -> None:
        self._path = path
        self._face = face
        self._processes: list[subprocess.Popen[str]] = []
        (path / "pytest.ini").write_text(INI)
        (path / "test_inner.py").write_text(TESTS)
        (path / "conftest.py").write_text(CONFTEST)

    def start(self, name: str, *args: str, **variables: str) -> "subprocess.Popen[str]":
        token = f"{self._face.user}!{self._face.token_name}={self._face.token_value}"
        own = {
            "PYTHONPATH": str(ROOT),
            "PROXMOX_TEST_HOST": f"{self._face.host}:{self._face.port}",
            "PROXMOX_TEST_TOKEN": token,
            "PROXMOX_TEST_CA_FILE": self._face.cafile,
            "PROXMOX_TEST_INFRA_DIR": str(self._path / "infra"),
            "RELEASE": str(self._path / name),
        }
        # Forbidden to write bytecode, each process would compile all of pytest anew.
        unwanted = "PYTHONDONTWRITEBYTECODE"
        environ = {key: text for key, text in os.environ.items() if key != unwanted}
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *args],
            cwd=self._path,
            env={**environ, **own, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def release(self, name: str) -> None:
        (self._path / name).touch()

    def finish(self, process: "subprocess.Popen[str]") -> str:
        output, _ = process.communicate(timeout=PATIENCE_S)
        return output

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """Kill a run with all its workers."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)

    def wait_for_guests(self, count: int) -> dict[int, str]:
        """Return the names of all running guests, once there are so many."""
        until = time.monotonic() + PATIENCE_S
        while len(guests := self.read_guests()) != count:
            assert time.monotonic() < until, guests
            time.sleep(0.05)
        return guests

    def read_guests(self) -> dict[int, str]:
        guests = self._face.api.cluster.resources.get(type="vm")
        return {one["vmid"]: one["tags"] for one in guests if one["status"] == "running"}

    @property
    def is_clean(self) -> bool:
        """Whether neither a guest, nor a pool, nor a ledger is left."""
        guests = self._face.api.cluster.resources.get(type="vm")
        return not (guests or self._face.api.pools.get() or list(self._path.rglob("*.ledger")))


@pytest.fixture
def runs(tmp_path: Path, pve_server: WireFace) -> Iterator[Runs]:
    runs = Runs(tmp_path, pve_server)
    yield runs
    runs.close()


def test_killed_run_leaves_its_guests_to_the_next_one_and_the_others_keep_theirs(
    runs: Runs,
) -> None:
    held = ("-n2", "-k", "held")
    dying = runs.start("never", *held)
    first = set(runs.wait_for_guests(2))
    living = runs.start("living", *held)
    second = set(runs.wait_for_guests(4)) - first

    runs.kill(dying)
    assert set(runs.read_guests()) == first | second
    output = runs.finish(runs.start("next", "-k", "quick"))

    assert "4 passed" in output, output
    assert set(runs.read_guests()) == second
    runs.release("living")
    assert "2 passed" in runs.finish(living)
    assert runs.is_clean


def test_killed_worker_leaves_nothing_behind_its_run(runs: Runs) -> None:
    output = runs.finish(runs.start("died", "-n2", "-k", "dying or quick"))

    assert "crashed while running" in output
    assert "4 passed" in output, output
    assert runs.is_clean


def test_killed_single_process_is_cleaned_up_by_the_next_run(runs: Runs) -> None:
    runs.finish(runs.start("died", "-k", "dying"))
    assert len(runs.read_guests()) == 1

    output = runs.finish(runs.start("died", "-n2", "-k", "quick"))

    assert "4 passed" in output, output
    assert runs.is_clean


def test_run_on_an_unusable_cluster_says_why(runs: Runs) -> None:
    token = {"PROXMOX_TEST_TOKEN": "root@pam!wire=wrong"}

    output = runs.finish(runs.start("never", "-k", "quick", **token))

    assert "proxmox_api can't use PROXMOX_TEST_TOKEN: " in output
    assert "refuses root@pam!wire" in output
    assert "4 errors" in output
    assert runs.is_clean


def test_tracked_guest_goes_with_the_other_things(runs: Runs) -> None:
    output = runs.finish(runs.start("never", "-k", "tracked"))

    assert "1 passed" in output, output
    assert runs.is_clean


def test_tracked_guest_of_a_killed_run_is_removed_by_the_next(runs: Runs) -> None:
    runs.finish(runs.start("never", "-k", "tracked", DIES="1"))
    (guest,) = runs.read_guests()

    output = runs.finish(runs.start("never", "-k", "quick"))

    assert f"removed what a run or worker left: guest {guest} of " in output, output
    assert "4 passed" in output
    assert runs.is_clean
