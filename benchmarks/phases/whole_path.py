"""The whole path on a sequential suite, and back: `phase e2e --commit`, then `phase --rollback`.

The suite is this repository's Proxmox suite in a new repository, with its markers of categories
taken out.  Checked are: it passes unattended, one commit for each gate and nothing in it but what
that gate changed, in under 10 minutes; and the way back gives every byte and every mode.  Prints
what was found and, with `--write`, puts it into `whole_path.md` beside this file.

    uv run python benchmarks/phases/whole_path.py --write
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2].resolve()
RESULT = Path(__file__).with_suffix(".md")
STRIP = ROOT / "benchmarks" / "marking" / "strip.py"
BAR_S = 600.0
GATES = 16

IDENTITY = {
    f"GIT_{role}_{kind}": value
    for role in ("AUTHOR", "COMMITTER")
    for kind, value in (("NAME", "benchmark"), ("EMAIL", "benchmark@example.org"))
}


@dataclass(frozen=True, slots=True)
class Copy:
    """A new repository with a copy of this one."""

    top: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program in it."""
        return subprocess.run(
            command,
            cwd=self.top,
            env=os.environ | IDENTITY,
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        """Return what git answers."""
        done = self.run("git", *arguments)
        if done.returncode:
            sys.exit(f"git {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def phase(self, *arguments: str) -> tuple[int, dict[str, object]]:
        """Run the verb; return its exit code and what it tells."""
        done = self.run(sys.executable, "-m", "tests.infra", "phase", "--json", *arguments)
        if not done.stdout.startswith("{"):
            sys.exit(f"phase {' '.join(arguments)}: {done.stderr}")
        data: dict[str, object] = json.loads(done.stdout)
        return done.returncode, data

    def read_files(self) -> dict[str, tuple[int, bytes]]:
        """Read mode and bytes of all files but git's own and what it ignores."""
        names = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        paths = {name: self.top / name for name in names if name and (self.top / name).exists()}
        return {name: (path.lstat().st_mode, path.read_bytes()) for name, path in paths.items()}


def make_copy(top: Path) -> Copy:
    """Copy the commit that is checked out, without the suite's categories."""
    copy = Copy(top)
    archive = subprocess.run(
        ["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "--extract"], cwd=top, input=archive.stdout, check=True)
    subprocess.run([sys.executable, STRIP, "--in-place", top / "tests" / "suite"], check=True)
    copy.git("init", "--quiet", "--initial-branch=main")
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message=A sequential suite")
    return copy


def walk(copy: Copy) -> Iterator[tuple[str, bool]]:
    """Go the whole path and back; tell each thing that was checked, and whether it holds."""
    before, tree = copy.read_files(), copy.git("rev-parse", "HEAD^{tree}")
    began = time.monotonic()
    code, data = copy.phase("e2e", "--commit")
    took_s = time.monotonic() - began
    gates = data["gates"]
    assert isinstance(gates, list)
    for gate in gates:
        title = f"phase {gate['phase']} gate {gate['gate']}, {gate['name']}: {gate['figure']}"
        yield f"{title} ({gate['took_s']:.1f} s)", gate["verdict"] == "PASSED"
        for detail in gate["details"] if gate["verdict"] == "FAILED" else ():
            yield f"  {detail}", False
    yield f"exit code {code}, {len(gates)} of {GATES} gates", code == 0 and len(gates) == GATES
    yield f"{took_s:.0f} s, bar {BAR_S:.0f} s", took_s < BAR_S
    commits = copy.git("rev-list", "--count", "HEAD").strip()
    yield f"{int(commits) - 1} commits for {len(gates)} gates", int(commits) - 1 == len(gates)
    yield "commits hold what their gates changed", hold_what_changed(copy, gates)
    yield "the working tree is clean", not copy.git("status", "--porcelain")
    code, _ = copy.phase("--rollback")
    yield f"rollback: exit code {code}", code == 0
    yield "the tree is the original one", copy.git("rev-parse", "HEAD^{tree}") == tree
    yield "every byte and mode is the original one", copy.read_files() == before
    yield "the working tree is clean again", not copy.git("status", "--porcelain")


def hold_what_changed(copy: Copy, gates: list[dict[str, object]]) -> bool:
    """Tell whether each gate's commit has the files that the gate changed, and no other."""
    form = ("show", "--format=", "--name-only")
    return all(copy.git(*form, str(gate["commit"])).split() == gate["changed"] for gate in gates)


def main() -> int:
    """Measure, and print or write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    lines = []
    is_sound = True
    with tempfile.TemporaryDirectory(prefix="whole-path-") as directory:
        for text, holds in walk(make_copy(Path(directory))):
            lines.append(f"| {text} | {'yes' if holds else 'NO'} |")
            print(lines[-1], flush=True)
            is_sound &= holds
    if arguments.write:
        RESULT.write_text(render(lines), encoding="utf-8")
    return 0 if is_sound else 1


def render(lines: list[str]) -> str:
    """Render the page."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    head = f"# The whole path, and back\n\n`{Path(__file__).name} --write` on {machine}.\n\n"
    return "\n".join([f"{head}| what | holds |", "|---|---|", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
