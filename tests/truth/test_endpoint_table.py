from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.proxmox.endpoints import TABLE, Endpoint
from tests.truth.known_differences import TABLE_DIFFERENCES
from tests.truth.table_comparison import describe_differences

schema_module = pytest.importorskip(
    "fakepve.schema", reason="needs fakepve: uv run --group wire pytest tests/truth"
)


def list_differences(schema: Any, endpoint: Endpoint) -> Iterator[str]:
    theirs = schema.paths.get(endpoint.template.replace("*}", "}"), {}).get(endpoint.method)
    if theirs is None:
        yield "Proxmox VE has no such request"
        return
    yield from describe_differences(endpoint, theirs)


@pytest.fixture(scope="module")
def differences() -> dict[str, list[str]]:
    schema = schema_module.load()
    listed = {
        f"{endpoint.method} {endpoint.template}": list(list_differences(schema, endpoint))
        for endpoint in TABLE.endpoints
    }
    return {request: lines for request, lines in listed.items() if lines}


def test_our_table_says_what_proxmox_says(differences: dict[str, list[str]]) -> None:
    found = {(request, line) for request, lines in differences.items() for line in lines}

    assert sorted(found - set(TABLE_DIFFERENCES)) == []


def test_every_known_difference_is_still_there(differences: dict[str, list[str]]) -> None:
    found = {(request, line) for request, lines in differences.items() for line in lines}

    assert sorted(set(TABLE_DIFFERENCES) - found) == []


def test_table_holds_ninety_requests_that_are_simulated() -> None:
    modelled = [endpoint for endpoint in TABLE.endpoints if endpoint.is_modelled]

    assert len(modelled) >= 90
