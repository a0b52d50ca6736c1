"""What the Proxmox double costs: a call on its faces, a builder, keeping and restoring its state.

All subjects take turns in each round, so that a noisy neighbour meets them alike; quoted are the
medians over the rounds and their ratio to a warm `MagicMock` chain measured in the same rounds.
Prints a table and, with `--write`, puts it into `double.md` beside this file.

    uv run python benchmarks/double.py --write
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
sys.path.insert(0, str(ROOT))

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder  # noqa: E402 - after the path
from tests.fixtures.proxmox.endpoints import Match  # noqa: E402 - likewise
from tests.fixtures.proxmox.operations.request import Request  # noqa: E402 - likewise
from tests.fixtures.proxmox.session import ProxmoxAPI  # noqa: E402 - likewise

CALLS = 400
MAGIC = "warm MagicMock, status/current"
Subject = Callable[[], object]


def _read_status(face: Any) -> object:  # noqa: ANN401 - a face or a MagicMock
    return face.nodes("node1").qemu(100).status.current.get()


def _change_config(api: Any) -> object:  # noqa: ANN401 - proxmoxer has no types
    options = {"cores": 2, "memory": 1024, "name": "web", "net0": "virtio,bridge=vmbr0"}
    return api.nodes("node1").qemu(100).config.put(**options)


def _go_to_status(api: Any) -> object:  # noqa: ANN401 - proxmoxer has no types
    return api.nodes("node1").qemu(100).status.current


def _pass_unchecked(method: str, match: Match, params: Mapping[str, object]) -> Request:
    return Request(method, match.template, match.values, dict(params))


def _build_unchecked_api() -> ProxmoxAPI:
    """Take the checks out, to see what they cost."""
    builder = ProxmoxAPIMockBuilder().with_vm()
    gateway: Any = builder._gateway  # noqa: SLF001 - a method is replaced, for this measurement
    gateway._check = _pass_unchecked  # noqa: SLF001 - likewise
    return builder.build_api()


def _build_subjects() -> Mapping[str, Subject]:
    api = ProxmoxAPIMockBuilder().with_vm().build_api()
    mock = ProxmoxAPIMockBuilder().with_vm().build()
    three = ProxmoxAPIMockBuilder().with_vm(100).with_vm(101).with_vm(102, status="running")
    return {
        "API face, status/current": partial(_read_status, api),
        "API face, status/current, unchecked": partial(_read_status, _build_unchecked_api()),
        MAGIC: partial(_read_status, MagicMock()),
        "mock face, status/current": partial(_read_status, mock),
        "proxmoxer's chain alone, without a call": partial(_go_to_status, api),
        "API face, four options of a configuration": partial(_change_config, api),
        "a builder with one VM": lambda: ProxmoxAPIMockBuilder().with_vm(),
        "keep the state of a cluster with three VMs": three.snapshot,
        "put it back": partial(three.reset, three.snapshot()),
    }


def _time_us(subject: Subject) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        subject()
    return (time.perf_counter() - start) / CALLS * 1e6


def _measure(rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for number in range(rounds):
        # Fresh ones each round: the record of calls grows with every call.
        for name, subject in _build_subjects().items():
            subject()
            times.setdefault(name, []).append(_time_us(subject))
        print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return times


def _render(times: Mapping[str, list[float]], rounds: int) -> str:
    magic = times[MAGIC]
    lines = []
    for name, measured in times.items():
        ratio = statistics.median(one / other for one, other in zip(measured, magic, strict=True))
        median, best = statistics.median(measured), min(measured)
        lines.append(f"| {name} | {median:.1f} µs | {best:.1f} µs | {ratio:.2f} |")
    where = f"Python {platform.python_version()}, proxmoxer {version('proxmoxer')}"
    return "\n".join([
        "# What the Proxmox double costs",
        "",
        f"Medians and best of {rounds} rounds of {CALLS} calls each, all subjects in turns in "
        f"every round. {where}, {os.cpu_count()} processors. "
        "Again: `uv run python benchmarks/double.py --write`.",
        "",
        "The ratio is that to the warm MagicMock chain of the same round.",
        "",
        "| what | median | best | ratio |",
        "|---|---|---|---|",
        *lines,
        "",
    ])  # fmt: skip


def main() -> None:
    """Measure, print, and write when told so."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=21, help="rounds to take (21)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    text = _render(_measure(options.rounds), options.rounds)
    print(text)
    if options.write:
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
