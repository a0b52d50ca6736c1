import pytest

from tests.fixtures.proxmox.endpoints import TABLE, Endpoint, EndpointTable, split_path
from tests.fixtures.proxmox.errors import DuplicateRequestError
from tests.fixtures.proxmox.operations import HANDLERS
from tests.fixtures.proxmox.operations.handlers import join_handlers
from tests.fixtures.proxmox.schema.results import OBJECT

MODELLED = {(one.method, one.template) for one in TABLE.endpoints if one.is_modelled}


def test_every_modelled_request_is_carried_out_by_a_handler() -> None:
    assert set(HANDLERS) == MODELLED


def test_request_listed_twice_is_refused() -> None:
    one = Endpoint("GET", "/version", OBJECT)

    with pytest.raises(DuplicateRequestError, match=r"GET /version has two entries as endpoint; "):
        EndpointTable([one, Endpoint("PUT", "/version", OBJECT), one])


def test_request_carried_out_twice_is_refused() -> None:
    one = {("GET", "/version"): lambda _cluster, _request: None}

    with pytest.raises(DuplicateRequestError, match=r"GET /version has two entries as handler; "):
        join_handlers(one, {}, one)


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        pytest.param("/version", "/version", {}, id="literal"),
        pytest.param(
            "/nodes/n/qemu/100/status/start", "/nodes/{node}/qemu/{vmid}/status/start",
            {"node": "n", "vmid": "100"}, id="values",
        ),
        pytest.param("//nodes//n/status/", "/nodes/{node}/status", {"node": "n"}, id="slashes"),
        pytest.param(
            "/nodes/n/storage/local/content/local:iso/a b.iso",
            "/nodes/{node}/storage/{storage}/content/{volume*}",
            {"node": "n", "storage": "local", "volume": "local:iso/a b.iso"}, id="rest of path",
        ),
        pytest.param(
            "/nodes/n/tasks/UPID:n:1:2:3:qmstart:100:root@pam:/status",
            "/nodes/{node}/tasks/{upid}/status",
            {"node": "n", "upid": "UPID:n:1:2:3:qmstart:100:root@pam:"}, id="colons",
        ),
    ],
)  # fmt: skip
def test_match(path: str, template: str, values: dict[str, str]) -> None:
    match = TABLE.find(path)

    assert match is not None
    assert (match.template, match.values) == (template, values)


def test_literal_wins_over_placeholder() -> None:
    table = EndpointTable([Endpoint("GET", "/{a}/x", OBJECT), Endpoint("GET", "/~/x", OBJECT)])

    match = table.find("/~/x")

    assert match is not None
    assert match.template == "/~/x"


@pytest.mark.parametrize(
    "path", ["/", "/nodes/n/qemuu", "/nodes/n/qemu/100/nothing", "/nodes/n/x/y"]
)
def test_unknown_path_has_no_match(path: str) -> None:
    assert TABLE.find(path) is None


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/nodes/node1/qemuu", "/nodes/node1/qemu"),
        ("/nodes/node1/qemu/100/status/strat", "/nodes/node1/qemu/100/status/start"),
        ("/cluster/nextids", "/cluster/nextid"),
    ],
)
def test_nearest_keeps_the_values_of_the_path(path: str, nearest: str) -> None:
    assert TABLE.nearest(split_path(path)) == nearest


@pytest.mark.parametrize(
    ("method", "pattern", "expected"),
    [
        ("GET", ("nodes", None, "qemu", None, "status", "current"), True),
        ("GET", ("nodes", None, "qemuu"), False),
        ("PUT", ("nodes", None, "qemu"), False),
        ("POST", ("nodes", None, "qemu", None, "agent", None), True),
    ],
    ids=["wildcards", "misspelt", "other method", "wildcard for a literal"],
)
def test_fitting(method: str, pattern: tuple[str | None, ...], expected: bool) -> None:
    assert bool(TABLE.fitting(method, pattern)) is expected
