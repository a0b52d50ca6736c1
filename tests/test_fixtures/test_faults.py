import pytest

from tests.fixtures.proxmox.clients import TRUSTED
from tests.fixtures.proxmox.cluster import Cluster
from tests.fixtures.proxmox.errors import DoubleError, Refusal, UnknownEndpointError
from tests.fixtures.proxmox.fault_names import LOGIN
from tests.fixtures.proxmox.faults import (
    Encounter,
    Fault,
    FaultList,
    RequestAim,
    raise_error,
)
from tests.fixtures.proxmox.operations.request import Request

START = ("POST", "/nodes/{node}/qemu/{vmid}/status/start")
STOP = ("POST", "/nodes/{node}/qemu/{vmid}/status/stop")
EVERYTHING = RequestAim()
VM_100 = {"node": "node1", "vmid": "100"}


def make_fault(
    aim: RequestAim = EVERYTHING, times: int | None = None, text: str = "no quorum"
) -> Fault:
    return Fault("test", aim, raise_error(text), times)


def meet(faults: FaultList, key: tuple[str, str] = START, **params: object) -> None:
    values = {} if "vmid" in params else VM_100
    faults.meet(Encounter(Cluster(), Request(*key, values, params), TRUSTED))


def test_error_is_raised_anew_each_time() -> None:
    faults = FaultList()
    error = TimeoutError("slow")
    faults.add(Fault("test", RequestAim(), raise_error(error)))

    with pytest.raises(TimeoutError) as first:
        meet(faults)
    with pytest.raises(TimeoutError) as second:
        meet(faults)

    assert len({id(error), id(first.value), id(second.value)}) == 3
    assert str(first.value) == str(second.value) == "slow"


@pytest.mark.parametrize(
    "aim",
    [
        RequestAim(),
        RequestAim(frozenset({START})),
        RequestAim(None, {"vmid": "100"}),
        RequestAim(frozenset({START, STOP}), {"vmid": "100", "node": "node1"}),
    ],
    ids=["all", "request", "guest", "narrowed"],
)
def test_aim_meets_the_request(aim: RequestAim) -> None:
    faults = FaultList()
    faults.add(make_fault(aim))

    with pytest.raises(Refusal, match="no quorum"):
        meet(faults)


@pytest.mark.parametrize(
    "aim",
    [
        RequestAim(frozenset({STOP})),
        RequestAim(None, {"vmid": "101"}),
        RequestAim(frozenset({START}), {"vmid": "100", "node": "node2"}),
    ],
    ids=["other request", "other guest", "other node"],
)
def test_aim_misses_other_requests(aim: RequestAim) -> None:
    faults = FaultList()
    faults.add(make_fault(aim))

    meet(faults)


def test_guest_may_be_named_by_a_parameter() -> None:
    faults = FaultList()
    faults.add(make_fault(RequestAim(None, {"vmid": "300"})))

    with pytest.raises(Refusal):
        meet(faults, ("POST", "/nodes/{node}/qemu"), vmid=300)


@pytest.mark.parametrize(("spares_login", "is_met"), [(True, False), (False, True)])
def test_login_is_met_when_told_so(*, spares_login: bool, is_met: bool) -> None:
    faults = FaultList()
    fault = make_fault(RequestAim(spares_login=spares_login))
    fault.effect = lambda _encounter, _outcome: None
    faults.add(fault)

    meet(faults, LOGIN)

    assert fault.uses == is_met


def test_times_are_used_up() -> None:
    faults = FaultList()
    faults.add(make_fault(times=2))

    for _ in range(2):
        with pytest.raises(Refusal):
            meet(faults)

    meet(faults)
    assert faults.active == []


def test_end_is_told_at_the_last_use() -> None:
    ended: list[int] = []
    faults = FaultList()
    fault = make_fault(times=2)
    fault.at_end = lambda: ended.append(fault.uses)
    faults.add(fault)

    for _ in range(2):
        with pytest.raises(Refusal):
            meet(faults)

    assert ended == [2]


def test_first_described_error_is_raised_first() -> None:
    faults = FaultList()
    faults.add(make_fault(times=1, text="first"))
    faults.add(make_fault(times=1, text="second"))

    with pytest.raises(Refusal, match="first"):
        meet(faults)
    with pytest.raises(Refusal, match="second"):
        meet(faults)


def test_no_times_are_refused() -> None:
    with pytest.raises(DoubleError, match="an error 0 times is none"):
        make_fault(times=0)


def test_unused_faults_are_known_by_name() -> None:
    faults = FaultList()
    faults.add(Fault("always", RequestAim(frozenset({STOP})), raise_error("no")))
    faults.add(Fault("never met", RequestAim(frozenset({STOP})), raise_error("no"), 1))
    faults.add(Fault("met once", EVERYTHING, raise_error("no"), 2))

    with pytest.raises(Refusal):
        meet(faults)

    assert faults.unused() == ["never met"]


def test_path_is_met_exactly() -> None:
    faults = FaultList()
    faults.add_for_path("POST", "/nodes/node1/qemu/100/status/start", "broken", 1)

    with pytest.raises(Refusal, match="broken"):
        meet(faults)


def test_other_path_of_the_template_is_missed() -> None:
    faults = FaultList()
    faults.add_for_path("POST", "/nodes/node1/qemu/101/status/start", "broken")

    meet(faults)


def test_unknown_path_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownEndpointError, match=r"did you mean /nodes/node1/qemu/100/status/st"):
        FaultList().add_for_path("POST", "/nodes/node1/qemu/100/status/stat", "x")
