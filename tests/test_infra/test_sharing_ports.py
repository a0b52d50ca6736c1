import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra.errors import SettingError
from tests.infra.settings import read_settings
from tests.infra.sharing import names, ports
from tests.infra.sharing.errors import NameUnusableError, PortsExhaustedError
from tests.infra.sharing.names import NameSource
from tests.infra.sharing.ports import PortAllocator


def build_allocator(
    infra_dir: Path,
    *,
    run: str = "1-a",
    slot: int = 0,
    last: int = 20_319,
    is_free: Callable[[int], bool] = lambda _port: True,
) -> PortAllocator:
    return PortAllocator(
        infra_dir / "runs" / run,
        infra_dir / "locks" / "ports.lock",
        slot=slot,
        first=20_000,
        last=last,
        is_free=is_free,
    )


def test_workers_and_runs_share_no_port(tmp_path: Path) -> None:
    allocators = [
        build_allocator(tmp_path, run=run, slot=slot) for run in ("1-a", "2-b") for slot in (0, 1)
    ]

    found = [one.get_port() for _ in range(20) for one in allocators]

    assert len(set(found)) == 80
    assert all(20_000 <= port <= 20_319 for port in found)


def test_replacement_of_a_worker_gets_none_of_its_ports(tmp_path: Path) -> None:
    first = [build_allocator(tmp_path).get_port() for _ in range(3)]
    again = [build_allocator(tmp_path).get_port() for _ in range(3)]

    assert len({*first, *again}) == 6


def test_ports_of_a_run_are_free_again_once_its_directory_is_gone(tmp_path: Path) -> None:
    one = build_allocator(tmp_path, last=20_015)
    one.get_range(16)
    with pytest.raises(PortsExhaustedError, match="between 20000 and 20015"):
        one.get_port()

    (tmp_path / "runs" / "1-a").rename(tmp_path / "gone")

    assert build_allocator(tmp_path, last=20_015).get_port() == 20_000


def test_range_is_in_a_row_and_shared_with_nobody(tmp_path: Path) -> None:
    one, other = build_allocator(tmp_path), build_allocator(tmp_path, slot=1)

    found = [*one.get_range(20), *other.get_range(16), *one.get_range(3), one.get_port()]

    assert len(set(found)) == 40
    assert found[:20] == list(range(found[0], found[0] + 20))


def test_short_ranges_waste_no_ports(tmp_path: Path) -> None:
    one = build_allocator(tmp_path, last=20_031)

    found = [port for _ in range(10) for port in one.get_range(3)]
    found += [one.get_port(), one.get_port()]

    assert sorted(found) == [*range(20_000, 20_032)]
    with pytest.raises(PortsExhaustedError):
        one.get_port()


def test_port_that_somebody_has_is_skipped(tmp_path: Path) -> None:
    odd = build_allocator(tmp_path, is_free=lambda port: port % 2 == 1)

    assert [odd.get_port() % 2 for _ in range(20)] == [1] * 20
    with pytest.raises(PortsExhaustedError, match="no 2 ports in a row"):
        odd.get_range(2)


def test_threads_share_no_port(tmp_path: Path) -> None:
    one = build_allocator(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: one.get_port(), range(100)))

    assert len(set(found)) == 100


def test_range_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 ports"):
        build_allocator(tmp_path).get_range(0)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_port_is_found_taken_on_one_address_of_one_protocol(
    free_port: int, kind: socket.SocketKind
) -> None:
    assert ports.is_port_free(free_port)

    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", free_port))
        assert not ports.is_port_free(free_port)

    assert ports.is_port_free(free_port)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("32768\t60999\n", (10_240, 32_767)),
        ("49152 65535", (10_240, 32_767)),
        ("15000 65000", (10_240, 14_999)),
        ("1024 60999", (61_000, 65_535)),
        ("1024 65535", (10_240, 32_767)),
        ("", (10_240, 32_767)),
    ],
)
def test_range_keeps_away_from_what_the_system_gives_out(
    text: str, expected: tuple[int, int]
) -> None:
    assert ports.choose_range(text) == expected


@pytest.mark.parametrize("text", ["80-90", "20000", "30000-20000", "20000-70000", "a-b"])
def test_unusable_range_is_refused(text: str, tmp_path: Path) -> None:
    given = {"test_ports": text}

    with pytest.raises(SettingError, match="give the first and the last one"):
        read_settings(given.get, lambda _name: None, {}, tmp_path)


def test_range_is_read(tmp_path: Path) -> None:
    given = {"test_ports": "20000-29999"}

    found = read_settings(given.get, lambda _name: None, {}, tmp_path)

    assert found.test_ports == (20_000, 29_999)


# --- names ---------------------------------------------------------------------------------------


def test_names_differ_between_runs_workers_and_calls() -> None:
    sources = [
        NameSource(Path(run), worker)
        for run in ("1-a", "1-b")
        for worker in ("gw0", "gw1", "master")
    ]

    found = [source.make_name("vm") for _ in range(50) for source in sources]

    assert len(set(found)) == 300
    assert max(map(len, found)) <= 20


def test_forked_process_makes_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    source, twin = NameSource(Path("1-a"), "gw0"), NameSource(Path("1-a"), "gw0")
    first = source.make_name("vm")
    monkeypatch.setattr("os.getpid", lambda: 4711)

    assert twin.make_name("vm") != first


@pytest.mark.parametrize("prefix", ["vm_1", "-vm", "vm-", "", "v m", "vm\n", "vü", "v" * 60])
def test_prefix_that_makes_no_host_name_is_refused(prefix: str) -> None:
    with pytest.raises(NameUnusableError, match="give a short word"):
        NameSource(Path("1-a"), "gw0").make_name(prefix)


def test_address_belongs_to_one_process_alone() -> None:
    pids = [*range(1, 70_000, 7), 4_194_303]

    assert len({names.build_address(pid) for pid in pids}) == len(pids)
    assert names.build_address(4_194_303) == "127.127.255.255"


def test_hostname_can_be_listened_on(worker_hostname: str, free_port: int) -> None:
    with (
        socket.create_server((worker_hostname, free_port)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as connection,
    ):
        assert connection.getpeername() == server.getsockname()


def test_fixtures_give_what_nobody_else_has(
    port_range: Callable[[int], range], unique_name: Callable[[str], str], free_port: int
) -> None:
    one, other = port_range(3), port_range(3)

    assert len({*one, *other, free_port}) == 7
    assert unique_name("vm") != unique_name("vm")
