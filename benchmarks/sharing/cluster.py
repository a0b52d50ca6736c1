"""Whether runs share a cluster without sharing a guest, and what they leave there.

fakepve is the cluster.  In each round several runs of several workers make, start and clone guests
at once; then rounds in which random workers, or a whole run, are killed, each followed by a run
that has nothing to do but to clean up.  Prints a table and, with `--write`, puts it into
`cluster.md` beside this file; exit code 1 where something was shared or left.

    uv run --isolated --group wire python benchmarks/sharing/cluster.py --write
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
RESULT = Path(__file__).with_suffix(".md")
sys.path.insert(0, str(ROOT))

from tests.fixtures.proxmox.wire import WireFace, open_face  # noqa: E402 - see above

PATIENCE_S: Final = 600
KILL_BOTH: Final = 0.7
"""How likely it is that the other run is killed whole, too."""
TEMPLATE: Final = 999_999_999
OWNER: Final = re.compile(r"pti-run-([a-z0-9-]+).*pti-worker-([a-z0-9-]+)")

INI: Final = """
[pytest]
addopts = -q -p no:fakepve -p no:hypothesispytest -p no:cacheprovider
    -p tests.infra.plugin -p tests.fixtures.plugin
asyncio_default_fixture_loop_scope = function
filterwarnings = error
isolation = error
"""

SUITE: Final = f"""
import pytest

pytestmark = pytest.mark.real_cluster

@pytest.mark.parametrize("n", range(TESTS))
def test_guest(proxmox_api, proxmox_node, vmid_factory, n):
    node, vmid, copy = proxmox_api.nodes(proxmox_node), vmid_factory(), vmid_factory()
    node.qemu.post(vmid=vmid, memory=512)
    node.qemu(vmid).status.start.post()
    node.qemu({TEMPLATE}).clone.post(newid=copy)
    node.qemu(copy).config.put(description=f"of {{vmid}}")
    assert node.qemu(vmid).status.current.get()["status"] == "running"
    assert node.qemu(copy).config.get()["description"] == f"of {{vmid}}"

def test_nothing(proxmox_api):
    assert proxmox_api.version.get()
"""


@dataclass(slots=True)
class Score:
    """What the rounds of one kind have shown."""

    rounds: int = 0
    runs: int = 0
    killed: int = 0
    guests: int = 0
    shared: int = 0
    failures: list[str] = field(default_factory=list)
    left_before: int = 0
    """Guests that were there when both runs had ended, one way or the other."""
    left: int = 0
    """Guests, pools and ledgers after the last run of a round."""
    seconds: float = 0.0


class Site:
    """The server and the suite."""

    def __init__(self, face: WireFace, path: Path, tests: int) -> None:
        self.face = face
        self.path = path
        face.pve.add_vm(TEMPLATE, "golden", node="node1")
        (path / "pytest.ini").write_text(INI, encoding="utf-8")
        (path / "test_guests.py").write_text(SUITE.replace("TESTS", str(tests)), encoding="utf-8")

    def start(self, *args: str) -> "subprocess.Popen[str]":
        """Start a run; several are on one machine, and share its directory."""
        face = self.face
        own = {
            "PYTHONPATH": str(ROOT),
            "PROXMOX_TEST_HOST": f"{face.host}:{face.port}",
            "PROXMOX_TEST_TOKEN": f"{face.user}!{face.token_name}={face.token_value}",
            "PROXMOX_TEST_CA_FILE": face.cafile,
            "PROXMOX_TEST_INFRA_DIR": str(self.path / "infra"),
        }
        unwanted = "PYTHONDONTWRITEBYTECODE"
        environ = {key: text for key, text in os.environ.items() if key != unwanted}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *args],
            cwd=self.path,
            env={**environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def count_left(self) -> int:
        """Count the guests, pools and ledgers that are there."""
        return len(self.list_guests()) + len(self.face.api.pools.get()) + self.count_ledgers()

    def count_ledgers(self) -> int:
        """Count the ledgers that nobody has settled."""
        return len(list(self.path.rglob("*.ledger")))

    def list_guests(self) -> list[int]:
        """List the guests but the template."""
        guests = self.face.api.cluster.resources.get(type="vm")
        return [int(one["vmid"]) for one in guests if one["vmid"] != TEMPLATE]

    def take_creations(self) -> dict[int, Counter[str]]:
        """Return how often each owner made a guest of each id since the last call."""
        owners: dict[int, Counter[str]] = defaultdict(Counter)
        for request in self.face.requests:
            if request.method == "POST" and request.path == "/nodes/node1/qemu":
                match = OWNER.search(str(request.body["tags"]))
                owner = "-".join(match.groups()) if match else "nobody"
                owners[int(str(request.body["vmid"]))][owner] += 1
        self.face.pve.requests.clear()
        return owners


def play_round(site: Site, score: Score, counts: Mapping[str, int]) -> None:
    """Let runs work at once, and look at what they shared and left."""
    started = time.monotonic()
    runs = [site.start(f"-n{counts['workers']}") for _ in range(counts["runs"])]
    for run in runs:
        output, _ = run.communicate(timeout=PATIENCE_S)
        if run.returncode:
            score.failures.append(output[-2000:])
    note_round(site, score, len(runs), time.monotonic() - started)


def play_killing(site: Site, score: Score, counts: Mapping[str, int], draw: random.Random) -> None:
    """Kill random workers and whole runs; a run that has nothing else to do must clean up."""
    started = time.monotonic()
    doomed, lamed = (site.start(f"-n{counts['workers']}") for _ in range(2))
    wait_for_guests(site, doomed)
    for _ in range(2):
        time.sleep(draw.uniform(0.0, 0.5))
        score.killed += kill_worker(lamed, draw)
    time.sleep(draw.uniform(0.0, 1.0))
    score.killed += 1 + len(find_children(doomed.pid))
    os.killpg(doomed.pid, signal.SIGKILL)
    doomed.communicate(timeout=PATIENCE_S)
    if draw.random() < KILL_BOTH:
        # Otherwise its end would clean up, and leave nothing for the next run to do.
        score.killed += 1 + len(find_children(lamed.pid))
        os.killpg(lamed.pid, signal.SIGKILL)
    lamed.communicate(timeout=PATIENCE_S)
    score.left_before += len(site.list_guests())
    output, _ = site.start("-n0", "-k", "nothing").communicate(timeout=PATIENCE_S)
    if "1 passed" not in output:
        score.failures.append(output[-2000:])
    note_round(site, score, 3, time.monotonic() - started)


def note_round(site: Site, score: Score, runs: int, seconds: float) -> None:
    """Add a round to the score."""
    creations = site.take_creations()
    score.rounds += 1
    score.runs += runs
    score.seconds += seconds
    score.guests += sum(owners.total() for owners in creations.values())
    score.shared += sum(len(owners) > 1 for owners in creations.values())
    score.left += site.count_left()


def wait_for_guests(site: Site, run: "subprocess.Popen[str]") -> None:
    """Wait until somebody has made a guest."""
    until = time.monotonic() + PATIENCE_S
    while not site.list_guests() and run.poll() is None and time.monotonic() < until:
        time.sleep(0.02)


def kill_worker(run: "subprocess.Popen[str]", draw: random.Random) -> int:
    """Kill one of a run's workers; return how many there was to kill."""
    workers = find_children(run.pid)
    if not workers or run.poll() is not None:
        return 0
    try:
        os.kill(draw.choice(workers), signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def find_children(pid: int) -> list[int]:
    """Return the processes that a process started and that live."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in path.read_text(encoding="ascii").split()]
    except OSError:
        return []


def render(counts: Mapping[str, int], quiet: Score, killing: Score) -> str:
    """Render the page."""
    rows = "\n".join(
        f"| {name} | {one.rounds} | {one.runs} | {one.guests} | {one.killed} | {one.shared} "
        f"| {len(one.failures)} | {one.left_before} | {one.left} "
        f"| {one.seconds / one.rounds:.1f} s |"
        for name, one in (("nobody dies", quiet), ("killed at random", killing))
        if one.rounds
    )
    return f"""# Runs that share a cluster

Each of {counts["runs"]} runs at once has {counts["workers"]} workers and {counts["tests"]} tests, \
each of which makes a guest, starts it and clones a template; in the second row one of two runs is \
killed whole, with all its workers, and two workers of the other, at random moments, and in 7 of \
10 rounds then that one, too. fakepve is \
the cluster. The machine had other work, so the times say little. Again: \
`uv run --isolated --group wire python benchmarks/sharing/cluster.py --write`.

| rounds | number | runs | guests made by id | processes killed | ids with two owners | runs \
failed | guests there before the next run | **guests, pools and ledgers left by the next run** \
| time of a round |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--killings", type=int, default=10)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tests", type=int, default=16)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Play the rounds; return 1 where something was shared, failed or left."""
    wanted = parse(argv)
    counts = {"workers": wanted.workers, "runs": wanted.runs, "tests": wanted.tests}
    draw = random.Random(wanted.seed)  # noqa: S311 - moments, not secrets
    quiet, killing = Score(), Score()
    with tempfile.TemporaryDirectory() as directory, open_face() as face:
        site = Site(face, Path(directory), wanted.tests)
        for _ in range(wanted.rounds):
            play_round(site, quiet, counts)
        for _ in range(wanted.killings):
            play_killing(site, killing, counts, draw)
    page = render(counts, quiet, killing)
    print(page)
    print("\n".join(quiet.failures + killing.failures))
    if wanted.write:
        RESULT.write_text(page, encoding="utf-8")
    bad = quiet.shared + killing.shared + quiet.left + killing.left
    return 1 if bad or quiet.failures or killing.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
