"""A process on a real cluster, from its opening to its end; over HTTPS, in this process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fixtures.proxmox.wire import WireFace
from tests.fixtures.real.errors import ClusterSettingError, LeftBehindError
from tests.fixtures.real.site import RealCluster, open_cluster
from tests.infra.identity import build_holder
from tests.infra.sharing.ledgers import ProcessLedger, ProcessMark
from tests.test_fixtures.real_site import BLOCK, MARK, OTHER, POOL, TEST
from tests.test_fixtures.test_real_connection import make_target

if find_spec("fakepve") is None:
    pytest.skip("no fakepve; uv run --group wire pytest", allow_module_level=True)


@contextmanager
def open_process(
    face: WireFace, path: Path, mark: ProcessMark = MARK, **changes: object
) -> Iterator[RealCluster]:
    """What the fixtures do for a process, with a ledger in the directory."""
    ledger = ProcessLedger(path, mark, build_holder("gw0", "a test", "now"))
    ledger.open()
    try:
        with open_cluster(make_target(face, **changes), ledger, BLOCK) as cluster:
            yield cluster
    finally:
        ledger.close(is_settled=True)


def list_left(face: WireFace) -> list[object]:
    guests = [guest["vmid"] for guest in face.api.cluster.resources.get(type="vm")]
    return guests + [pool["poolid"] for pool in face.api.pools.get()]


def test_what_tests_made_goes_with_each_and_the_pool_with_the_process(
    pve_server: WireFace, tmp_path: Path
) -> None:
    with open_process(pve_server, tmp_path / "ledgers") as cluster:
        for _ in range(2):
            with cluster.lend(TEST) as api:
                api.nodes(cluster.node).qemu.post(vmid=500)
                api.nodes(cluster.node).qemu(500).status.start.post()
                assert list_left(pve_server) == [500, POOL]
            assert list_left(pve_server) == [POOL]

    assert list_left(pve_server) == []
    assert not (tmp_path / "ledgers").exists()


def leave_guest(face: WireFace, path: Path) -> None:
    with open_process(face, path) as cluster, cluster.lend(TEST) as api:
        api.nodes(cluster.node).qemu.post(vmid=500)
        face.pve.fail("DELETE", "/nodes/node1/qemu/500", 500, "no quorum", times=9)


def test_what_could_not_be_removed_is_left_to_the_next_process(
    pve_server: WireFace, tmp_path: Path
) -> None:
    with pytest.raises(LeftBehindError, match=r"guest 500: .*no quorum"):
        leave_guest(pve_server, tmp_path)

    assert list_left(pve_server) == [500, POOL]
    pve_server.pve.failures.clear()
    with open_process(pve_server, tmp_path, OTHER):
        assert 500 not in list_left(pve_server)
    assert list_left(pve_server) == []
    assert list(tmp_path.glob("*.ledger")) == []


def test_right_that_is_missing_for_the_pool_is_named(pve_server: WireFace, tmp_path: Path) -> None:
    pve_server.pve.fail("POST", "/pools", 403, "Permission check failed (/pool/x, Pool.Allocate)")

    words = r"PROXMOX_TEST_TOKEN: .*Pool.Allocate"
    with pytest.raises(ClusterSettingError, match=words), open_process(pve_server, tmp_path):
        pytest.fail("it was opened")


def test_processes_of_two_machines_leave_each_other_alone(
    pve_server: WireFace, tmp_path: Path
) -> None:
    with ExitStack() as there:
        there.enter_context(open_process(pve_server, tmp_path / "there", OTHER))
        with open_process(pve_server, tmp_path / "here") as cluster, cluster.lend(TEST) as api:
            api.nodes(cluster.node).qemu.post(vmid=500)

            # It looks for what the dead left when it ends, too.
            there.close()

            assert list_left(pve_server) == [500, POOL]

    assert list_left(pve_server) == []
