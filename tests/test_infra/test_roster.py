from typing import Any

import pytest

from tests.infra.errors import ManifestError, RoutingConflictError
from tests.infra.records import Block, Manifest, Routing
from tests.infra.roster import Roster


# Any: fields of several types by name.
def build_manifest(number: int, **changes: Any) -> Manifest:
    first = 1000 * number + 100
    arguments: dict[str, Any] = {
        "worker_id": f"gw{number}",
        "block": Block(first, first + 999, number),
        "routings": {0: Routing(lanes=("slow",))},
        "widths": {"slow": 1},
    }
    return Manifest(**(arguments | changes))


def build_roster(*manifests: Manifest) -> Roster:
    roster = Roster()
    for manifest in manifests:
        roster.receive(manifest.to_json())
    return roster


def test_agreeing_workers_pass() -> None:
    roster = build_roster(build_manifest(0), build_manifest(1))

    roster.check("gw0")
    roster.check("gw1")

    assert roster.get_routings() == {0: Routing(lanes=("slow",))}
    assert roster.get_widths() == {"slow": 1}
    assert list(roster.get_blocks()) == ["gw0", "gw1"]


def test_silent_worker_is_named() -> None:
    with pytest.raises(ManifestError, match="worker gw3 did not say"):
        build_roster().check("gw3")


@pytest.mark.parametrize("changes", [{"routings": {}}, {"widths": {"slow": 2}}], ids=str)
def test_worker_with_other_lanes_is_named(changes: dict[str, Any]) -> None:
    roster = build_roster(build_manifest(0), build_manifest(1, **changes))
    roster.check("gw0")

    with pytest.raises(ManifestError, match="gw1 found other lanes"):
        roster.check("gw1")


def test_workers_with_the_same_vmids_are_named() -> None:
    """Two hosts, or containers, can have one PID twice."""
    roster = build_roster(build_manifest(0), build_manifest(1, block=build_manifest(0).block))

    with pytest.raises(ManifestError, match="worker gw1 has the same VMIDs as gw0"):
        roster.check("gw0")


def test_conflict_is_handed_on() -> None:
    roster = build_roster(build_manifest(0, conflicts=("t.py::a is both",)))

    with pytest.raises(RoutingConflictError, match="is both"):
        roster.check("gw0")


def test_pid_of_a_crashed_worker_may_come_back() -> None:
    roster = build_roster(build_manifest(0))
    roster.check("gw0")
    roster.forget("gw0")

    roster.receive(build_manifest(0, worker_id="gw1").to_json())

    roster.check("gw1")
    assert list(roster.get_blocks()) == ["gw1"]
    assert list(roster.get_all_blocks()) == ["gw0", "gw1"]
