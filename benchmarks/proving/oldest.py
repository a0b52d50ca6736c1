"""An environment with the oldest releases that the infrastructure supports."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

OLDEST: Final = ("pytest==9.1.0", "pytest-xdist==3.8.0")
OTHERS: Final = ("pytest-asyncio", "pytest-repeat", "filelock")


@contextlib.contextmanager
def make_oldest(executable: str) -> Iterator[str]:
    """Make the environment in a temporary directory; yields its interpreter."""
    with tempfile.TemporaryDirectory(prefix="oldest-") as name:
        yield make_environment(Path(name), executable, (*OLDEST, *OTHERS))


def make_environment(directory: Path, executable: str, packages: tuple[str, ...]) -> str:
    """Make an environment with `packages` in `directory`; return its interpreter."""
    # Beside the interpreter, too: that is where `uv` is when it was installed by pip.
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("uv is not found; install it (pip install uv), or give --python")
    subprocess.run([uv, "venv", "-q", "--python", executable, str(directory / "env")], check=True)
    python = str(directory / "env" / "bin" / "python")
    # From there: in the repository, uv would hold it to the project's own exact versions.
    command = [uv, "pip", "install", "-q", "--python", python, *packages]
    subprocess.run(command, check=True, cwd=directory)
    return python
