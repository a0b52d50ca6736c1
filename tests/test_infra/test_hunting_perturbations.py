"""Each condition in a fork of the test's process, as nothing takes it back."""

import datetime as dt
import errno
import locale
import os
import random
import secrets
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pytest

from tests.infra.errors import SettingError
from tests.infra.hunting.conditions import Conditions, read_conditions
from tests.infra.hunting.perturbations import Applied, apply
from tests.test_infra.forks import run_in_fork

T = TypeVar("T")

ROOT = Path(__file__).parents[2]


def run_under(
    work: Callable[[], T], *texts: str, slot: int = 0, root: Path = ROOT
) -> tuple[T, dict[str, int]]:
    """Return what a function returns under conditions, and how often they mattered."""

    def stage() -> tuple[T, dict[str, int]]:
        applied = apply(read_conditions(texts), root, slot=slot)
        found = work()
        return found, dict(applied.counts)

    return run_in_fork(stage)


def refuse(*texts: str) -> str:
    """Return how conditions are refused."""

    def stage() -> str:
        with pytest.raises(SettingError) as caught:
            apply(read_conditions(texts), ROOT)
        return str(caught.value)

    return run_in_fork(stage)


def make_elsewhere(text: str, path: Path) -> ModuleType:
    """Make a module of a file at a path."""
    module = ModuleType("made_for_this_test")
    exec(compile(text, path, "exec"), vars(module))
    return module


# --- what is drawn at random ---------------------------------------------------------------------


def draw_all() -> list[object]:
    fresh = random.Random()
    found: list[object] = [random.random(), fresh.random()]
    random.seed()
    found.append(random.random())
    found += [os.urandom(8), secrets.token_hex(8), random.SystemRandom().random()]
    return [*found, uuid.uuid4().hex]


def test_seed_makes_all_that_is_drawn_repeatable() -> None:
    first, counts = run_under(draw_all, "seed=3")
    again, _ = run_under(draw_all, "seed=3")

    assert first == again
    assert counts["seeded"] == 1
    assert counts["generator seeded"] == 2
    assert counts["os.urandom called"] >= 3


@pytest.mark.parametrize(("text", "slot"), [("seed=4", 0), ("seed=3", 1)], ids=["seed", "slot"])
def test_other_seeds_and_slots_draw_other_numbers(text: str, slot: int) -> None:
    first, _ = run_under(draw_all, "seed=3")
    other, _ = run_under(draw_all, text, slot=slot)

    assert not set(first) & set(other)


def test_without_a_seed_numbers_stay_random() -> None:
    first, counts = run_under(draw_all, "pid=5")
    again, _ = run_under(draw_all, "pid=5")

    assert first[2:] != again[2:]
    assert "seeded" not in counts


# --- zones, locales, clocks ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "hours"), [("EAST-14", 14), ("<+0545>-5:45", 5.75), ("Asia/Kathmandu", 5.75)]
)
def test_zone_is_that_of_the_process(zone: str, hours: float) -> None:
    def look() -> tuple[float, str]:
        return -time.timezone / 3600, os.environ["TZ"]

    found, counts = run_under(look, f"zone={zone}")

    assert found == (hours, zone)
    assert counts == {"time zone set": 1}


def test_zone_that_is_none_is_refused() -> None:
    assert "'Nowhere/Land' is no time zone here; give one such as" in refuse("zone=Nowhere/Land")


def test_locale_is_that_of_the_process() -> None:
    found, counts = run_under(lambda: locale.setlocale(locale.LC_CTYPE), "locale=C")

    assert (found, counts) == ("C", {"locale set": 1})


def test_locale_that_is_none_is_refused() -> None:
    assert "'xx_YY' is not installed; give one that `locale -a`" in refuse("locale=xx_YY")


def test_clock_starts_at_the_instant() -> None:
    pytest.importorskip("time_machine", reason="of the group `hunt`")

    found, counts = run_under(
        lambda: dt.datetime.now(dt.UTC).isoformat(), "clock=2028-02-29T11:00:00+00:00"
    )

    assert found.startswith("2028-02-29T11:00:0")
    assert counts == {"clock set": 1}


def test_clock_without_a_zone_is_local() -> None:
    pytest.importorskip("time_machine", reason="of the group `hunt`")

    found, _ = run_under(
        lambda: dt.datetime.now(dt.UTC).hour, "zone=EAST-14", "clock=2028-02-29T15:00:00"
    )

    assert found == 1


def test_frozen_clock_stands_still() -> None:
    pytest.importorskip("time_machine", reason="of the group `hunt`")

    found, _ = run_under(lambda: time.time() == time.time(), "clock=frozen")

    assert found


def test_clock_that_is_no_instant_is_refused() -> None:
    pytest.importorskip("time_machine", reason="of the group `hunt`")

    assert "'noon' is no instant; give one such as" in refuse("clock=noon")


# --- haste ---------------------------------------------------------------------------------------

MEASURE = """
import time

def measure(wait):
    found = []
    for name in ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns"):
        read = getattr(time, name)
        began = read()
        wait(0.002)
        found.append((read() - began) / (1e9 if name.endswith("_ns") else 1))
    return found
"""


def test_haste_is_for_files_of_the_project_only(tmp_path: Path) -> None:
    own = make_elsewhere(MEASURE, tmp_path / "app.py")
    other = make_elsewhere(MEASURE, Path("/usr/lib/other.py"))
    wait = time.sleep

    def measure() -> tuple[list[float], list[float]]:
        return own.measure(wait), other.measure(wait)

    (hastened, ordinary), counts = run_under(measure, "haste=1000", root=tmp_path)

    assert min(hastened) >= 2
    assert max(ordinary) < 1
    assert counts["time.monotonic read"] == counts["time.time_ns read"] == 2


def test_haste_reaches_what_was_imported_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = make_elsewhere("from time import monotonic", tmp_path / "app.py")
    own.__file__ = str(tmp_path / "app.py")
    monkeypatch.setitem(sys.modules, own.__name__, own)

    is_replaced, _ = run_under(lambda: own.monotonic is time.monotonic, "haste=2", root=tmp_path)

    assert is_replaced


# --- surroundings --------------------------------------------------------------------------------


def test_directories_are_listed_in_another_order(tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(20)]
    for name in names:
        (tmp_path / name).touch()

    def look() -> list[list[str]]:
        with os.scandir(tmp_path) as entries:
            scanned = [entry.name for entry in entries]
        listed = os.listdir(tmp_path)  # noqa: PTH208  what a test may call, too
        return [listed, scanned, [path.name for path in tmp_path.iterdir()]]

    found = {number: run_under(look, f"listing={number}") for number in (1, 2, 3, 4)}

    for number, (orders, counts) in found.items():
        # All three the same: what was listed before, pytest's own directories among it, has no say.
        assert orders == [orders[0]] * 3
        assert sorted(orders[0]) == names
        assert (orders, counts) == run_under(look, f"listing={number}")
        assert counts == {"directories listed": 3}
    assert len({tuple(orders[0]) for orders, _ in found.values()}) == 4
    assert found[1][0][0] == found[2][0][0][::-1]


def test_pid_is_another_one_for_the_project_only(tmp_path: Path) -> None:
    text = "import os\ndef look(): return os.getpid()"
    own = make_elsewhere(text, tmp_path / "app.py")
    other = make_elsewhere(text, Path("/usr/lib/other.py"))

    found, counts = run_under(lambda: (own.look(), other.look()), "pid=4711", root=tmp_path)

    assert found[0] == 4711 != found[1]
    assert counts == {"os.getpid called": 1}


def connect_abroad() -> int | None:
    with socket.socket() as client:
        try:
            client.connect(("192.0.2.1", 9))
        except OSError as error:
            return error.errno
    return None


def resolve_abroad() -> int | None:
    try:
        socket.getaddrinfo("nowhere.example", 9)
    except socket.gaierror as error:
        return error.errno
    return None


def test_cut_network_refuses_what_is_not_this_machine() -> None:
    found, counts = run_under(lambda: (connect_abroad(), resolve_abroad()), "network=cut")

    assert found == (errno.ENETUNREACH, socket.EAI_AGAIN)
    assert counts == {"connections refused": 1, "names not resolved": 1}


def talk() -> str:
    """Ask a server in another thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"hello")

        thread = threading.Thread(target=serve)
        thread.start()
        with socket.create_connection(server.getsockname(), 5) as client:
            found = client.recv(5).decode()
        thread.join()
    return found


def test_cut_network_lets_this_machine_answer() -> None:
    assert run_under(talk, "network=cut") == ("hello", {})


@pytest.mark.proof
def test_slow_network_delays_servers_in_other_threads() -> None:
    def measure() -> tuple[str, float]:
        began = time.monotonic()
        return talk(), time.monotonic() - began

    (answer, took_s), counts = run_under(measure, "network=slow")

    assert answer == "hello"
    assert took_s >= 0.5
    assert counts == {"answers delayed": 1}


def test_only_so_many_more_files_may_be_open() -> None:
    def open_all() -> tuple[int, int | None]:
        opened: list[int] = []
        try:
            while len(opened) < 50:
                opened.append(os.dup(0))
        except OSError as error:
            return len(opened), error.errno
        return len(opened), None

    found, counts = run_under(open_all, "descriptors=12")

    assert found == (12, errno.EMFILE)
    assert counts == {"limit of descriptors set": 1}


# --- what is the project's own -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("tests/test_app.py", True),
        (".venv/lib/site-packages/pytest.py", False),
        ("tests/infra/hunting/waits.py", False),
        ("tests/infra/forked.py", False),
        ("tests/infra/locks.py", True),
    ],
)
def test_own_files_are_those_under_the_root(name: str, is_own: bool) -> None:
    assert Applied(ROOT).is_own(f"{ROOT}/{name}") is is_own
    assert not Applied(ROOT).is_own(f"/elsewhere/{name}")


def test_without_conditions_nothing_is_changed() -> None:
    def look() -> tuple[object, ...]:
        return time.sleep, time.time, os.urandom, os.listdir, socket.socket.connect, os.getpid

    def stage() -> tuple[bool, dict[str, int]]:
        before = look()
        applied = apply(Conditions(), ROOT)
        return look() == before, dict(applied.counts)

    assert run_in_fork(stage) == (True, {})
