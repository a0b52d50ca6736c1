"""Proves that no database is shared and none is left: many runs at once, some of them killed.

Each round starts three runs of eight workers each against one PostgreSQL server.  Every test writes
its worker's name into its database and finds no other there.  In half of the rounds, workers
chosen at random, and sometimes whole runs, are killed by `kill -9`; then the next round's first
run has to leave nothing behind, either.  Prints what it found and, with `--write`, puts it into
`database_runs.md`.

    uv run --group database python scripts/with_postgres.py \
        python -m benchmarks.sharing.database_runs --write
"""

import argparse
import contextlib
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.infra.database_url import DatabaseUrl
from tests.infra.sharing.databases.census import find_ours
from tests.infra.sharing.databases.server import Server

VARIABLE = "PROXMOX_TEST_DATABASE_URL"
ROOT = Path(__file__).parents[2]
RESULT = Path(__file__).with_suffix(".md")
RUNS = 3
KINDS = (("nobody is killed", False), ("workers and runs are killed", True))

INI = "[pytest]\naddopts = --strict-markers\nasyncio_default_fixture_loop_scope = function\n"

CONFTEST = """
import os
from pathlib import Path

import psycopg

Path(os.environ["PIDS"], str(os.getpid())).touch()

def pytest_infra_migrate_database(url):
    with open(os.environ["NOTES"] + ".migrations", "a") as file:
        file.write(url + "\\n")
    connection = psycopg.connect(url)
    connection.execute("CREATE TABLE owner (name text)")
    connection.commit()
    connection.close()
"""

TESTS = """
import os

import psycopg
import pytest

@pytest.mark.parametrize("number", range(48))
def test_own(worker_database, worker_id, testrun_uid, number):
    me = f"{testrun_uid}-{worker_id}"
    connection = psycopg.connect(worker_database)
    connection.execute("INSERT INTO owner VALUES (%s)", (me,))
    connection.commit()
    found = connection.execute("SELECT DISTINCT name FROM owner").fetchall()
    connection.close()
    with open(os.environ["NOTES"], "a") as file:
        file.write(f"{worker_database.rpartition('/')[2]} {me}\\n")
    assert found == [(me,)]
"""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round of runs showed."""

    is_killing: bool
    exit_codes: tuple[int, ...]
    killed: int
    databases: int
    shared: int
    """Databases that more than one worker wrote to."""
    migrations: int
    left: int
    """Databases that are there when all have ended."""
    left_later: int
    """Of those, the ones that are there after one more run."""


def start(directory: Path, notes: Path, pids: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NOTES": str(notes), "PIDS": str(pids)}
    environ["PROXMOX_TEST_INFRA_DIR"] = str(directory / "infra")
    options = ["-q", "-p", "tests.infra.plugin", "-p", "no:cacheprovider", "-n", str(workers)]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options],
        cwd=directory,
        env=environ,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_some(pids: Path, runs: list[subprocess.Popen[bytes]], chance: random.Random) -> int:
    """Kill two workers of each run once some tests have run, and every third run as a whole."""
    killed = 0
    for run in runs:
        time.sleep(chance.uniform(0.2, 1.0))
        if chance.random() < 1 / 3:
            os.killpg(run.pid, signal.SIGKILL)
            killed += 1
            continue
        members = [int(path.name) for path in pids.iterdir() if is_of(int(path.name), run.pid)]
        for pid in chance.sample(members, min(2, len(members))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def is_of(pid: int, leader: int) -> bool:
    """Tell whether a process is a worker of the run that this leader leads, and lives."""
    try:
        return pid != leader and os.getsid(pid) == leader
    except ProcessLookupError:
        return False


def hold_round(server: Server, number: int, workers: int, chance: random.Random) -> Round:
    """Run three runs at once, kill some of them, and look what is left."""
    is_killing = number % 2 == 1
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for file, text in ("pytest.ini", INI), ("conftest.py", CONFTEST), ("test_own.py", TESTS):
            (directory / file).write_text(text, encoding="utf-8")
        notes, pids = directory / "notes", directory / "pids"
        pids.mkdir()
        runs = [start(directory, notes, pids, workers) for _ in range(RUNS)]
        killed = 0
        if is_killing:
            wait_for(lambda: notes.exists() and notes.read_text().count("\n") > 3)
            killed = kill_some(pids, runs, chance)
        codes = tuple(run.wait(timeout=300) for run in runs)
        left = count(server)
        if left:
            start(directory, directory / "later", pids, 2).wait(timeout=300)
        owners = Counter(line.split()[0] for line in set(notes.read_text().splitlines()))
        migrated = Path(f"{notes}.migrations").read_text().splitlines()
        return Round(
            is_killing=is_killing,
            exit_codes=codes,
            killed=killed,
            databases=len(owners),
            shared=sum(count > 1 for count in owners.values()),
            migrations=len(migrated),
            left=left,
            left_later=count(server) if left else 0,
        )


def wait_for(is_true: Callable[[], bool], deadline_s: float = 120) -> None:
    """Wait until something is true, or the deadline has passed."""
    deadline = time.monotonic() + deadline_s
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.05)


def count(server: Server) -> int:
    """Count our databases on the server."""
    with contextlib.closing(server.connect()) as link:
        return len(find_ours(link))


def find_faults(rounds: Sequence[Round]) -> list[str]:
    """Say what went against the bars; nothing where all are kept."""
    calm = [one for one in rounds if not one.is_killing]
    checks = {
        "a run without kills failed": all(not any(one.exit_codes) for one in calm),
        "a database was shared": not any(one.shared for one in rounds),
        "a run without kills migrated twice": all(one.migrations == RUNS for one in calm),
        "a run without kills left a database": not any(one.left for one in calm),
        "the run after a kill left a database": not any(one.left_later for one in rounds),
        "no kill left anything, so nothing was tried": any(one.left for one in rounds)
        or not any(one.is_killing for one in rounds),
    }
    return [fault for fault, is_kept in checks.items() if not is_kept]


def render(rounds: Sequence[Round], workers: int, faults: Sequence[str], version: str) -> list[str]:
    """Return the whole report, a line each."""
    rows = [(name, [one for one in rounds if one.is_killing is kind]) for name, kind in KINDS]
    return [
        "# Databases of many runs at once",
        "",
        f"{len(rounds)} rounds of {RUNS} runs of {workers} workers each. {version}, Python "
        f"{platform.python_version()}, {os.cpu_count()} processors. Again: `uv run --group "
        "database python scripts/with_postgres.py python -m benchmarks.sharing.database_runs "
        "--write`.",
        "",
        f"Found against the bars: {'; '.join(faults) or 'nothing'}.",
        "",
        "| | rounds | killed | databases | shared | left at the end | left by the next run |",
        "|---|---|---|---|---|---|---|",
        *(render_row(name, some) for name, some in rows if some),
    ]


def render_row(name: str, rounds: Sequence[Round]) -> str:
    """Render the sums of some rounds."""
    sums = (
        sum(one.killed for one in rounds),
        sum(one.databases for one in rounds),
        sum(one.shared for one in rounds),
        sum(one.left for one in rounds),
        sum(one.left_later for one in rounds),
    )
    return f"| {name} | {len(rounds)} | {' | '.join(map(str, sums))} |"


def main() -> int:
    """Hold the rounds and print the table; 1: a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=10, help="every second one with kills")
    parser.add_argument("--workers", type=int, default=8, help="of each run (default: 8)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of who is killed")
    parser.add_argument("--write", action="store_true", help="write database_runs.md, too")
    options = parser.parse_args()
    if VARIABLE not in os.environ:
        sys.exit(f"no {VARIABLE}; call it through scripts/with_postgres.py")
    server = Server(DatabaseUrl(os.environ[VARIABLE]), VARIABLE, 60)
    with contextlib.closing(server.connect()) as link:
        version = str(link.run("SELECT split_part(version(), ' (', 1)")[0][0])
    chance = random.Random(options.seed)  # noqa: S311  no secret
    rounds = []
    for number in range(options.rounds):
        rounds.append(hold_round(server, number, options.workers, chance))
        print(rounds[-1], flush=True)
    faults = find_faults(rounds)
    text = "\n".join(render(rounds, options.workers, faults, version)) + "\n"
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
