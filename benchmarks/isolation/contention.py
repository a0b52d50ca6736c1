"""What the watch over shared things finds, what it invents, and what it costs.

Ten conflicts planted between two workers, a control suite of lawful tests on four workers that do
everything at the same moment, this project's own suite, and 10,000 empty tests.  Prints a report
and, with `--write`, puts it into `contention.md` beside this file; the exit code is 1 where a
conflict is missed or invented.

    uv run python benchmarks/isolation/contention.py --write
    uv run python benchmarks/isolation/contention.py --suite ../some-package
"""

import argparse
import itertools
import json
import os
import platform
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from pytest_runs import ROOT, Finished, Python, UnexpectedRunError, run_pytest  # noqa: E402  found by the line above
from sharing.cost import measure_cost  # noqa: E402  likewise

RESULT: Final = Path(__file__).with_suffix(".md")
PLANTED: Final = 10
INI: Final = """[pytest]
addopts = -p tests.infra.plugin -p xdist.plugin --strict-markers
worker_log_file = logs/{worker_id}.log
log_level = INFO
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run named."""

    finished: Finished
    # Any: JSON, as the run wrote it.
    conflicts: list[dict[str, Any]]
    shared: list[dict[str, Any]]

    def list_pairs(self) -> set[tuple[str, str]]:
        """Return kind and pair of each conflict whose two sides belong together."""
        return set(filter(None, map(_find_pair, self.conflicts)))


def find_planted(directory: Path) -> Found:
    """Run the planted conflicts on two workers."""
    place = prepare(directory, "planted")
    return run_suite(directory, ["-n", "2"], environ={"SHARING_PLACE": str(place)}, tests=20)


def find_lawful(directory: Path, *more: str) -> Found:
    """Run the lawful tests on four workers."""
    place = prepare(directory, "lawful")
    environ = {"SHARING_PLACE": str(place)}
    return run_suite(directory, ["-n", "4", *more], environ=environ, tests=None)


def prepare(directory: Path, suite: str) -> Path:
    """Write a suite, and the place outside of it that its tests share."""
    place = directory / "place"
    for path in (place / "meetings", place / "there", directory / "suite"):
        path.mkdir(parents=True)
    text = (HERE / "sharing" / f"{suite}.py").read_text(encoding="utf-8")
    (directory / "suite" / f"test_{suite}.py").write_text(text, encoding="utf-8")
    (directory / "suite" / "pytest.ini").write_text(INI, encoding="utf-8")
    for name in ("data.txt", "module.py"):
        (place / name).write_text("12345\n", encoding="utf-8")
    connection = sqlite3.connect(place / "read.db")
    connection.execute("create table t (side)")
    connection.close()
    return place


def run_suite(
    directory: Path, args: Sequence[str], *, environ: dict[str, str], tests: int | None
) -> Found:
    """Run a suite that passes, and read what it named."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environ = {**environ, "SHARING_PORT": port, "PROXMOX_TEST_INFRA_DIR": str(directory / "infra")}
    finished = run_pytest(Python(), args, directory / "suite", environ=environ)
    if finished.returncode or (tests and f"{tests} passed" not in finished.output):
        raise UnexpectedRunError("sharing", finished)
    return read_found(finished, directory / "suite" / ".pytest_cache")


def find_in_suite(root: Path, args: Sequence[str], *, plugin: bool) -> Found:
    """Run somebody's suite on two workers, whatever comes of it."""
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name, "cache")
        ours = ["-p", "tests.infra.plugin"] if plugin else []
        command = ["-n", "2", "-q", *ours, "-o", f"cache_dir={cache}", *args]
        finished = run_pytest(Python(has_autoload=True), command, root)
        return read_found(finished, cache)


def read_found(finished: Finished, cache: Path) -> Found:
    """Read what a run wrote into its cache."""
    path = cache / "d" / "infra" / "contention.json"
    if not path.exists():
        raise UnexpectedRunError("contention", finished)
    found = json.loads(path.read_text(encoding="utf-8"))
    return Found(finished, found["conflicts"], found["shared"])


# Any: as above.
def _find_pair(conflict: dict[str, Any]) -> tuple[str, str] | None:
    names = sorted(conflict[side]["nodeid"].rpartition("test_")[2] for side in ("first", "second"))
    pairs = {name.rpartition("_")[0] for name in names}
    workers = {conflict[side]["worker"] for side in ("first", "second")}
    sides = {name.rpartition("_")[2] for name in names}
    if len(pairs) == 1 and len(workers) == 2 and sides == {"left", "right"}:
        return conflict["kind"], pairs.pop()
    return None


def render(planted: Found, lawful: Sequence[Found], suites: Sequence[tuple[str, Found]]) -> str:
    """Render the report."""
    return "\n".join(
        [
            "# Conflicts between workers: found, invented, cost",
            "",
            f"Python {platform.python_version()}, pytest {version('pytest')}, pytest-xdist "
            f"{version('pytest-xdist')}, {os.cpu_count()} processors. Again: "
            "`uv run python benchmarks/isolation/contention.py --write`.",
            "",
            f"**Planted: {len(planted.list_pairs())} of {PLANTED} found, each with the right two "
            f"tests; {len(planted.conflicts) - len(planted.list_pairs())} others named.** "
            "All 20 tests pass; `-n 2`.",
            "",
            *_render_planted(planted),
            "",
            *_render_lawful(lawful),
            "",
            "| suite, `-n 2` | tests | named |",
            "|---|---|---|",
            *(f"| {name} | {_count(found)} | {_list_named(found)} |" for name, found in suites),
            "",
        ]
    )


def _render_planted(planted: Found) -> Iterator[str]:
    yield "| kind | pair |"
    yield "|---|---|"
    for kind, pair in sorted(planted.list_pairs()):
        yield f"| {kind} | {pair} |"


def _render_lawful(lawful: Sequence[Found]) -> Iterator[str]:
    invented = [conflict for found in lawful for conflict in found.conflicts]
    shared = sorted({f"{Path(each['target']).name} {each['reason']}" for each in lawful[0].shared})
    yield (
        f"**Invented: {len(invented)}**, in {len(lawful)} runs of the control suite on `-n 4`, "
        f"of {_count(lawful[0])} tests each."
    )
    yield f"Noted as shared, and harmless: {'; '.join(shared)}."
    for conflict in invented:
        yield f"- {json.dumps(conflict)}"


def _list_named(found: Found) -> str:
    named = [f"{each['kind']} `{each['target']}`" for each in found.conflicts]
    return "; ".join(named) or "nothing"


def _count(found: Found) -> int:
    words = found.finished.output.replace(",", " ").split()
    return sum(
        int(number)
        for number, word in itertools.pairwise(words)
        if word in ("passed", "failed") and number.isdigit()
    )


def main() -> int:
    """Run everything, print the report, and judge it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write contention.md, too")
    parser.add_argument("--runs", type=int, default=3, help="of the control suite (default: 3)")
    parser.add_argument("--tests", type=int, default=10_000, help="empty ones (default: 10000)")
    parser.add_argument("--rounds", type=int, default=5, help="of whole runs of these")
    parser.add_argument("--suite", type=Path, help="only name what this suite's workers share")
    options, args = parser.parse_known_args()
    if options.suite:
        found = find_in_suite(options.suite, args, plugin=True)
        print(found.finished.output, f"\n{_count(found)} tests: {_list_named(found)}", sep="")
        return 0
    with tempfile.TemporaryDirectory() as name:
        planted = find_planted(Path(name, "planted"))
        lawful = [find_lawful(Path(name, f"lawful-{run}")) for run in range(options.runs)]
        suites = [("tests/suite", find_in_suite(ROOT, ["tests/suite"], plugin=False))]
        cost = measure_cost(Path(name, "cost"), tests=options.tests, rounds=options.rounds)
    text = "\n".join([render(planted, lawful, suites), *cost.render(), ""])
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    is_sound = len(planted.list_pairs()) == len(planted.conflicts) == PLANTED
    return 0 if is_sound and not any(found.conflicts for found in (*lawful, suites[0][1])) else 1


if __name__ == "__main__":
    sys.exit(main())
