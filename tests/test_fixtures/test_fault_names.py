import pytest

from tests.fixtures.proxmox.endpoints import TABLE
from tests.fixtures.proxmox.errors import DoubleError, UnknownOperationError
from tests.fixtures.proxmox.fault_names import OPERATIONS, find_requests, find_task_kinds
from tests.fixtures.proxmox.schema.results import ResultKind

START_VM = ("POST", "/nodes/{node}/qemu/{vmid}/status/start")
START_CONTAINER = ("POST", "/nodes/{node}/lxc/{vmid}/status/start")


@pytest.mark.parametrize(
    ("kind", "requests"),
    [(None, (START_VM, START_CONTAINER)), ("qemu", (START_VM,)), ("lxc", (START_CONTAINER,))],
)
def test_operation_of_guests_is_one_of_both_kinds(kind: str | None, requests: object) -> None:
    assert find_requests("start", kind) == requests


@pytest.mark.parametrize(
    ("name", "kind", "tasks"),
    [
        ("start", None, ("qmstart", "vzstart")),
        ("start", "lxc", ("vzstart",)),
        ("migrate", "qemu", ("qmigrate",)),
        ("resize", "lxc", ("resize",)),
        ("backup", "qemu", ("vzdump",)),
    ],
)
def test_tasks_of_an_operation(name: str, kind: str | None, tasks: object) -> None:
    assert find_task_kinds(name, kind) == tasks


@pytest.mark.parametrize("find", [find_requests, find_task_kinds])
def test_unknown_operation_is_refused_with_the_nearest(find: object) -> None:
    assert callable(find)
    with pytest.raises(
        UnknownOperationError, match=r"'strat'; known are .*clone, .*; did you mean 'start'\?"
    ):
        find("strat")


def test_operation_without_a_task_has_no_task_to_fail() -> None:
    with pytest.raises(UnknownOperationError, match="unknown operation 'version'"):
        find_task_kinds("version")


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("start", "vm", "'vm' is no kind of guest; give 'qemu' or 'lxc'"),
        ("reset", "lxc", "'reset' has no request for lxc; leave out"),
    ],
)
def test_wrong_kind_is_refused(name: str, kind: str, text: str) -> None:
    with pytest.raises(DoubleError, match=text):
        find_requests(name, kind)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_names_requests_of_the_table(name: str) -> None:
    known = {(one.method, one.template) for one in TABLE.endpoints}

    assert set(OPERATIONS[name].requests) <= known


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_that_starts_tasks_has_their_kinds(name: str) -> None:
    keys = set(OPERATIONS[name].requests)
    answers = {
        one.result.kind
        for one in TABLE.endpoints
        if one.is_modelled and (one.method, one.template) in keys
    }

    assert bool(OPERATIONS[name].tasks) or ResultKind.UPID not in answers
