"""Well-known packages: which release, what its tests need, how they are run offline.

The list of leaks confirmed by hand is in `confirmed`; running is left to `packages`.
"""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proving.oldest import make_environment

OUR_FIVE: Final = ("pytest>=9.1", "pytest-xdist", "pytest-asyncio", "pytest-repeat", "filelock")


@dataclass(frozen=True, slots=True)
class Package:
    """A release, and how its own tests are run."""

    name: str
    version: str
    needs: Sequence[str] = ()
    args: Sequence[str] = ()

    @property
    def pin(self) -> str:
        """What an installer is told."""
        return f"{self.name}=={self.version}"


# Left out: flask, whose conftest needs a name that pytest 9.2 has no more; httpx, of which 33 tests
# fail without us; of werkzeug, servers that reload themselves for minutes.
PACKAGES: Final = (
    Package("attrs", "26.1.0", ("cloudpickle", "hypothesis", "pympler"), ("--hypothesis-seed=0",)),
    Package("click", "8.5.1"),
    Package("itsdangerous", "2.2.0", ("freezegun",)),
    Package("jinja2", "3.1.6", ("trio",)),
    Package("more-itertools", "11.2.1"),
    Package("pluggy", "1.7.0", ("pytest-benchmark",)),
    Package(
        "werkzeug",
        "3.1.9",
        ("cffi", "cryptography", "ephemeral-port-reserve", "pytest-timeout", "watchdog"),
        ("-m", "not dev_server"),
    ),
)


def fetch(package: Package, work: Path) -> Path:
    """Download and unpack a source distribution, unless it is there; return its directory."""
    target = work / "sources" / package.name
    if not target.exists():
        archives = work / "archives" / package.name
        command = [str(make_installer(work)), "-m", "pip", "download", "-q", "--no-deps"]
        command += ["--no-binary", ":all:", "-d", str(archives), package.pin]
        subprocess.run(command, check=True)
        (archive,) = archives.glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(target, filter="data")
    (directory,) = [path for path in target.iterdir() if path.is_dir()]
    return directory


def install(package: Package, work: Path) -> Path:
    """Install a release, what its tests need, and what our hooks need; return the interpreter."""
    directory = work / "environments" / package.name
    python = directory / "env" / "bin" / "python"
    if not python.exists():
        directory.mkdir(parents=True, exist_ok=True)
        make_environment(directory, sys.executable, (package.pin, *package.needs, *OUR_FIVE))
    return python


def make_installer(work: Path) -> Path:
    """Make an environment with pip, which downloads source distributions; uv does not."""
    directory = work / "environments" / "pip"
    python = directory / "env" / "bin" / "python"
    if not python.exists():
        directory.mkdir(parents=True, exist_ok=True)
        make_environment(directory, sys.executable, ("pip",))
    return python


def copy_infra(infra: Path, recorder: Path, work: Path) -> Path:
    """Copy the infrastructure under another name; return the directory to import it from."""
    vendored = work / "vendored"
    shutil.rmtree(vendored, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(infra, vendored / "vendored_infra", ignore=ignore)
    shutil.copy(recorder, vendored)
    return vendored
