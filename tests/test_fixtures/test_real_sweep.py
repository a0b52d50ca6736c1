"""What the dead left is removed, and nothing else; here on the double's cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.real import marks
from tests.fixtures.real.marks import Guest
from tests.fixtures.real.sweep import Estate, find_estates, is_dead, render_line, sweep
from tests.infra.identity import build_holder
from tests.infra.sharing.ledgers import ProcessLedger
from tests.test_fixtures.real_site import MARK, OTHER, TEST, make_site

NOW = 1_790_000_000
ADDRESS = "pve:8006"
THEIRS = ";".join(marks.build_tags(OTHER, TEST))
POOL = marks.build_pool(OTHER.owner)


def lease(seconds: int) -> str:
    return marks.render_lease(NOW + seconds)


@pytest.mark.parametrize(
    ("verdict", "comment", "expected"),
    [
        (True, lease(-9999), False),
        (False, lease(+200), True),
        (None, lease(+200), False),
        (None, lease(-50), False),
        (None, lease(-61), True),
        (None, None, False),
        (None, "a comment of somebody's", False),
    ],
    ids=["lives here", "died here", "lives", "in grace", "ran out", "no pool", "no lease"],
)
def test_death_is_told_by_the_ledger_or_by_the_lease(
    verdict: bool | None, comment: str | None, expected: bool
) -> None:
    assert is_dead(verdict, comment, NOW) is expected


def test_estate_has_marked_guests_and_those_just_being_made() -> None:
    guests = [
        Guest(500, "qemu", "n", tags=tuple(THEIRS.split(";"))),
        Guest(501, "qemu", "n", pool=POOL),
        Guest(502, "qemu", "n", lock="create"),
        Guest(503, "qemu", "n"),
        Guest(504, "qemu", "n", lock="create"),
    ]

    estates = find_estates(
        guests, {OTHER.owner: lease(0)}, {OTHER.owner: [502, 503]}, lambda _owner: False, NOW
    )

    assert estates == [Estate(OTHER.owner, (500, 501, 502), has_pool=True)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[ProcessLedger]:
    ledger = ProcessLedger(tmp_path, MARK, build_holder("gw0", "a test", "now"))
    ledger.open()
    yield ledger
    ledger.close(is_settled=True)


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[ProcessLedger]:
    ledger = ProcessLedger(tmp_path, OTHER, build_holder("gw0", "a test", "now"))
    ledger.open()
    yield ledger
    ledger.close(is_settled=True)


@pytest.fixture
def described(mock_builder: ProxmoxAPIMockBuilder) -> ProxmoxAPIMockBuilder:
    mock_builder.with_vm(500, tags=THEIRS, status="running").with_vm(600, tags="web")
    mock_builder.build_api().pools.post(poolid=POOL, comment=lease(200))
    return mock_builder


def run_sweep(builder: ProxmoxAPIMockBuilder, ledger: ProcessLedger, now: int = NOW) -> None:
    site = make_site(builder)
    sweep(site.api, ledger, ADDRESS, lambda: now, site.build_deadline)


def read_pools(builder: ProxmoxAPIMockBuilder) -> list[str]:
    return [pool["poolid"] for pool in builder.build_api().pools.get()]


def test_guests_of_a_dead_process_of_this_machine_are_removed(
    described: ProxmoxAPIMockBuilder, ledger: ProcessLedger, theirs: ProcessLedger
) -> None:
    theirs.note(render_line(ADDRESS, 500))
    theirs.close(is_settled=False)

    run_sweep(described, ledger)

    assert set(described.cluster.guests) == {600}
    assert read_pools(described) == []
    assert ledger.find_dead() == {}


def test_living_process_of_this_machine_keeps_its_guests(
    described: ProxmoxAPIMockBuilder, ledger: ProcessLedger, theirs: ProcessLedger
) -> None:
    theirs.note(render_line(ADDRESS, 500))

    run_sweep(described, ledger, now=NOW + 9999)

    assert set(described.cluster.guests) == {500, 600}
    assert read_pools(described) == [POOL]


@pytest.mark.parametrize(("later", "left"), [(0, {500, 600}), (300, {600})], ids=["lives", "dead"])
def test_process_of_another_machine_is_judged_by_its_lease(
    described: ProxmoxAPIMockBuilder, ledger: ProcessLedger, later: int, left: set[int]
) -> None:
    run_sweep(described, ledger, now=NOW + later)

    assert set(described.cluster.guests) == left


def test_what_could_not_be_removed_is_said_and_tried_again(
    described: ProxmoxAPIMockBuilder, ledger: ProcessLedger, theirs: ProcessLedger,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    theirs.close(is_settled=False)
    described.with_path_error("DELETE", "/nodes/node1/qemu/500", "no quorum", times=1)

    run_sweep(described, ledger)

    assert f"guest 500 of {OTHER.owner} is left on the cluster: 500" in caplog.text
    assert "no quorum" in caplog.text
    assert (read_pools(described), list(ledger.find_dead())) == ([POOL], [OTHER.owner])
    run_sweep(described, ledger)
    assert (read_pools(described), list(ledger.find_dead())) == ([], [])


def test_ledger_of_another_cluster_is_kept(
    mock_builder: ProxmoxAPIMockBuilder, ledger: ProcessLedger, theirs: ProcessLedger
) -> None:
    theirs.note(render_line("elsewhere:8006", 500))
    theirs.close(is_settled=False)

    run_sweep(mock_builder, ledger)

    assert list(ledger.find_dead()) == [OTHER.owner]
