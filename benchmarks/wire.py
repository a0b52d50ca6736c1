"""What the wire face costs: once for each worker, and for each test.

A reset and a fresh server alternate, so that a noisy neighbour meets both.  Prints a table and,
with `--write`, puts it into `wire.md` beside this file.

    uv run --group wire python benchmarks/wire.py --write
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
sys.path.insert(0, str(ROOT))

from tests.fixtures.proxmox.wire import WireFace, WireServer, open_face  # noqa: E402 - see above

Result = TypeVar("Result")
BAR_MS = 5.0
ROWS = {
    "**set-up, `.api`, teardown**": ("set up", "client", "tear down"),
    "set-up and teardown alone": ("set up", "tear down"),
    "set-up, `.connect()`, teardown": ("set up", "login", "tear down"),
    "`.connect()`: a login over a connection of its own": ("login",),
    "first request of a client, with its TLS handshake": ("first request",),
    "each further request: a GET there and back": ("request",),
    "instead: a fresh fakepve, without a client": ("fresh start", "fresh stop"),
    "instead: a server with thread and certificate of its own": ("own",),
}


class Clock:
    """Times of calls in ms, by name, in the order of their first call."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def time(self, name: str, call: Callable[[], Result]) -> Result:
        """Call, note what it took, and return what it returned."""
        start = time.perf_counter()
        result = call()
        self.times.setdefault(name, []).append((time.perf_counter() - start) * 1000)
        return result

    def sums(self, *names: str) -> list[float]:
        """Return what the calls of each round took together, the fastest round first."""
        rounds = zip(*(self.times[name] for name in names), strict=True)
        return sorted(float(sum(one)) for one in rounds)

    def median(self, *names: str) -> float:
        """Return the median of what the calls of a round took together."""
        return statistics.median(self.sums(*names))

    def render(self, label: str, *names: str) -> str:
        """Render a row: the median, and what nine rounds of ten stayed under."""
        slow = self.sums(*names)[int(len(self.times[names[0]]) * 0.9)]
        return f"| {label} | {self.median(*names):.2f} ms | {slow:.2f} ms |"


def measure_reset(clock: Clock, server: WireServer) -> None:
    """Time what a test with the fixture does, set-up and teardown included."""
    face = clock.time("set up", lambda: WireFace(server).show())
    api = clock.time("client", lambda: face.api)
    clock.time("first request", api.version.get)
    clock.time("request", api.version.get)
    clock.time("login", face.connect)
    clock.time("tear down", face.close)


def measure_fresh(clock: Clock, server: WireServer) -> None:
    """Time a fresh fakepve in the thread and with the certificate of a server that runs."""
    keyfile = str(Path(server.cafile).with_suffix(".key"))

    def start() -> None:
        server.run(fresh.start(server.cafile, keyfile))

    fresh = type(server.pve)(host=server.host, port=0)
    clock.time("fresh start", start)
    clock.time("fresh stop", lambda: server.run(fresh.stop()))


def measure_all(rounds: int) -> list[str]:
    """Return the whole report, a line each."""
    clock, load = Clock(), os.getloadavg()[0]
    server = clock.time("start", lambda: WireServer().start())
    for number in range(rounds + 1):
        measure_reset(clock, server)
        measure_fresh(clock, server)
        if not number:  # the first round loads what the later ones find loaded
            clock.times = {"start": clock.times["start"]}
    for _ in range(max(rounds // 10, 1)):
        clock.time("own", lambda: open_face().close())
    clock.time("stop", server.stop)
    return render(clock, rounds, load)


def render(clock: Clock, rounds: int, load: float) -> list[str]:
    """Return the lines of the page."""
    with_client = clock.median("set up", "client", "tear down")
    verdict = "under" if with_client < BAR_MS else "OVER"
    ratio = clock.median("fresh start", "fresh stop") / clock.median("set up", "tear down")
    return [
        "# What the wire face costs",
        "",
        f"Medians of {rounds} rounds in one process; a reset and a fresh server alternate. "
        f"Python {platform.python_version()}, fakepve {version('fakepve')}, "
        f"aiohttp {version('aiohttp')}, proxmoxer {version('proxmoxer')}, "
        f"{os.cpu_count()} processors, load {load:.1f} at the start: the figures grow with it. "
        "Again: `uv run --group wire python benchmarks/wire.py --write`.",
        "",
        f"Once for each worker that serves: {clock.median('start'):.0f} ms to start "
        f"(imports and certificate included), {clock.median('stop'):.0f} ms to stop.",
        "",
        f"Each test after the first, with a client that is logged in: {with_client:.2f} ms, "
        f"{verdict} the bar of {BAR_MS:.0f} ms. "
        "The ticket of `.api` is issued without a request; "
        f"a login over HTTPS takes {clock.median('login'):.1f} ms instead. "
        f"A fresh server takes {ratio:.0f} times what a reset takes.",
        "",
        "| what | median | 9 of 10 under |",
        "|---|---|---|",
        *(clock.render(label, *names) for label, names in ROWS.items()),
    ]


def main() -> int:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=300, help="measured rounds (default: 300)")
    parser.add_argument("--write", action="store_true", help="write wire.md, too")
    options = parser.parse_args()
    text = "\n".join(measure_all(options.rounds)) + "\n"
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
