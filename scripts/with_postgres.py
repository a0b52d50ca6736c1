"""Run a command beside a PostgreSQL server of its own, which ends with it.

    python scripts/with_postgres.py pytest tests/test_infra/test_databases_server.py

The server lies in a temporary directory and listens on loopback; the command finds its URL in
PROXMOX_TEST_DATABASE_URL.  Exit code: the command's; 77 where no PostgreSQL is installed.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

SKIPPED = 77
"""Of automake's tests: what could not be tried here."""

USERS = ("postgres", "nobody")
"""Who runs the server where root, as whom it refuses to run, starts it."""


def find_programs() -> Path | None:
    """Find the directory of PostgreSQL's programs: Debian's, the newest first, or the path's."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    for program in sorted(debian, key=lambda path: int(path.parts[-3]), reverse=True):
        return program.parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def find_user() -> str | None:
    """Find who shall run the server; None: whoever runs this."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(user for user in USERS if user in names)


@contextlib.contextmanager
def serve(programs: Path) -> Iterator[str]:
    """Start a server, and yield its URL."""
    user = find_user()
    with tempfile.TemporaryDirectory(prefix="with-postgres-") as name:
        home = Path(name)
        if user:
            shutil.chown(home, user)
        password = secrets.token_hex(8)
        port = find_port()
        prepare(home, programs, user, password)
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home}"
        control: list[str | Path] = [programs / "pg_ctl", "-D", home / "data", "-w"]
        run([*control, "-l", home / "log", "-o", options, "start"], user)
        try:
            yield f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        finally:
            run([*control, "-m", "immediate", "stop"], user)


def prepare(home: Path, programs: Path, user: str | None, password: str) -> None:
    """Make the server's files."""
    secret = home / "password"
    secret.write_text(password, encoding="ascii")
    if user:
        shutil.chown(secret, user)
    access: list[str | Path] = ["-U", "postgres", "-A", "scram-sha-256", "--pwfile", secret]
    run([programs / "initdb", "-D", home / "data", "-E", "UTF8", "--no-sync", *access], user)


def find_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(command: Sequence[str | Path], user: str | None) -> None:
    """Run a program of PostgreSQL's, and show what it says only where it fails."""
    done = subprocess.run(
        command,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        # No pipe: the server would keep it open.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        sys.exit(f"with_postgres: exit code {done.returncode} of {' '.join(map(str, command))}")


def main() -> int:
    """Run the command of the arguments."""
    programs = find_programs()
    if programs is None:
        print("with_postgres: no PostgreSQL here; install Debian's package postgresql")
        return SKIPPED
    # Else a job that is cancelled would leave the server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with serve(programs) as url:
        environment = {**os.environ, "PROXMOX_TEST_DATABASE_URL": url}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
