"""Fixed ports (PTI401), VMIDs (PTI402) and names of wide fixtures (PTI304)."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from .chains import get_argument, get_constant, read_chain, resolve
from .constants import find_assigned, find_number, find_value
from .effects import Called
from .leaks import Context, is_refused
from .scopes import Kind, Scope
from .sightings import Sighting

LAST_PORT: Final = 65535
FIRST_VMID: Final = 100
LAST_VMID: Final = 999_999_999

ADDRESS_SERVERS: Final = (
    "HTTPServer", "ThreadingHTTPServer", "TCPServer", "ThreadingTCPServer", "UDPServer",
    "ThreadingUDPServer", "SimpleXMLRPCServer", "create_server",
)  # fmt: skip
"""Called with `(host, port)`."""

PORT_SERVERS: Final = {
    "asyncio.start_server": 2,
    "wsgiref.simple_server.make_server": 1,
    "werkzeug.serving.run_simple": 1,
    "werkzeug.serving.make_server": 1,
    "uvicorn.run": 99,
    "aiohttp.web.TCPSite": 2,
    "aiohttp.web.run_app": 99,
}
"""Called with the port at this position, or by keyword."""

CREATING: Final = ("create", "post")
DOUBLES: Final = re.compile(r"mock|fake|builder|double|stub|dummy", re.IGNORECASE)
SQL: Final = re.compile(
    r"^\s*CREATE\s+(?:DATABASE|SCHEMA|ROLE|USER)\s+(?:IF\s+NOT\s+EXISTS\s+)?[\w\"`]+\s*[;\w\s]*$",
    re.IGNORECASE,
)
NAMED: Final = {
    "create_bucket": "Bucket",
    "create_queue": "QueueName",
    "create_topic": "Name",
    "create_table": "TableName",
    "create_stream": "StreamName",
    "create_database": "name",
}
"""Calls that make something outside the process, and the argument that names it."""


def find_fixed_ports(context: Context) -> Iterator[Sighting]:
    """Find servers and sockets that are bound to a constant port."""
    module = context.module
    if not module.is_test_file and not module.is_conftest and not module.fixtures:
        return
    for called in context.calls:
        port = _find_port(called, context)
        if port is None or not 0 < port <= LAST_PORT:
            continue
        if not is_refused(called.spot.place.contexts):
            yield Sighting("PTI401", called.call, f"port {port} is fixed")


def _find_port(called: Called, context: Context) -> int | None:
    call, name = called.call, called.name
    last = name.rpartition(".")[2]
    if name not in PORT_SERVERS and last not in ADDRESS_SERVERS and last != "bind":
        return None
    if any(DOUBLES.search(resolve(argument, {}) or "") for argument in call.args):
        return None
    if name in PORT_SERVERS:
        return find_number(get_argument(call, PORT_SERVERS[name], "port"), context)
    if isinstance(call.func, ast.Attribute) and _is_double(call.func.value, context):
        return None
    return _find_in_address(call, context)


def _find_in_address(call: ast.Call, context: Context) -> int | None:
    address = find_value(call.args[0], context) if call.args else None
    if isinstance(address, ast.Tuple) and len(address.elts) == 2:  # noqa: PLR2004  host and port
        return find_number(address.elts[1], context)
    return None


def _is_double(node: ast.expr, context: Context) -> bool:
    """Whether an object is a mock, by its name or by how it is made."""
    chain = read_chain(node)
    if chain is None:
        return False
    if DOUBLES.search(chain.render()):
        return True
    made = find_assigned(chain.root, context)
    return any(DOUBLES.search(resolve(value, context.names) or "") for value in made)


def find_fixed_vmids(context: Context) -> Iterator[Sighting]:
    """Find guests of a constant VMID that are created on a real cluster."""
    for spot in context.scope.spots:
        node = spot.node
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in CREATING or not _is_cluster(node.func.value, context):
            continue
        for keyword in node.keywords:
            vmid = find_number(keyword.value, context) if keyword.arg in ("vmid", "newid") else None
            if vmid is not None and FIRST_VMID <= vmid <= LAST_VMID:
                yield Sighting("PTI402", node, f"{keyword.arg}={vmid} is fixed")


def _is_cluster(node: ast.expr, context: Context) -> bool:
    """Whether a chain begins with a client of a real cluster, as far as can be seen."""
    chain = read_chain(node)
    if chain is None or DOUBLES.search(chain.root):
        return False
    if any(_makes_client(value, context) for value in find_assigned(chain.root, context)):
        return True
    if chain.root not in context.scope.parameters:
        value = context.module.values.get(chain.root)
        return value is not None and _makes_client(value, context)
    found = context.project.find_fixture(chain.root, context.module, context.scope)
    return found is not None and _hands_out_client(found.fixture.scope, found.module.names)


def _makes_client(value: ast.expr, context: Context) -> bool:
    called = value.func if isinstance(value, ast.Call) else value
    return (resolve(called, context.names) or "") == "proxmoxer.ProxmoxAPI"


def _hands_out_client(scope: Scope, names: dict[str, str]) -> bool:
    return any(
        isinstance(spot.node, ast.Call) and resolve(spot.node.func, names) == "proxmoxer.ProxmoxAPI"
        for spot in scope.spots
    )


def find_fixed_names(context: Context) -> Iterator[Sighting]:
    """Find wide fixtures that make something outside the process under a constant name."""
    fixture = context.find_fixture()
    is_wide = fixture is not None and fixture.width not in ("function", "class")
    if not is_wide and context.scope.kind is not Kind.WIDE_SETUP:
        return
    if {"worker_id", "testrun_uid"} & {
        name for name, _ in context.project.find_closure(context.module, context.scope)
    }:
        return  # fmt: skip
    for spot in context.scope.spots:
        if isinstance(spot.node, ast.Call) and (name := _find_name(spot.node, context)):
            yield Sighting("PTI304", spot.node, f"each worker makes {name}")


def _find_name(call: ast.Call, context: Context) -> str | None:
    last = getattr(call.func, "attr", "")
    if last == "execute" and call.args:
        statement = get_constant(find_value(call.args[0], context))
        return statement if isinstance(statement, str) and SQL.match(statement) else None
    if last == "mktemp" and get_constant(get_argument(call, 1, "numbered")) is False:
        name = get_constant(call.args[0]) if call.args else None
        return f"directory {name!r} (numbered=False)" if isinstance(name, str) else None
    if last in NAMED and isinstance(call.func, ast.Attribute):
        if _is_double(call.func.value, context):
            return None
        name = get_constant(find_value(get_argument(call, 0, NAMED[last]), context))
        return f"{last} {name!r}" if isinstance(name, str) else None
    return None
