"""Fixtures of ports, host names and names that nobody else has; `plugin` loads them."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .session import Session

if TYPE_CHECKING:
    from .sharing.ports import PortAllocator


@pytest.fixture(scope="session")
def port_allocator(infra_session: Session) -> "PortAllocator":
    """The ports of this worker, for fixtures of a wider scope than one test."""
    from .sharing import ports  # noqa: PLC0415  paid by those who want it

    given = infra_session.settings.test_ports
    first, last = given or ports.choose_range(ports.read_ephemeral())
    lock_path = infra_session.settings.infra_dir / "locks" / "ports.lock"
    return ports.PortAllocator(
        infra_session.run_path, lock_path, slot=infra_session.slot, first=first, last=last
    )


@pytest.fixture
def free_port(port_allocator: "PortAllocator") -> int:
    """A port to bind that no other test of this run gets, nor one of another run until it ends."""
    return port_allocator.get_port()


@pytest.fixture(scope="session")
def port_range(port_allocator: "PortAllocator") -> Callable[[int], range]:
    """Call it with a number for as many ports in a row, which nobody else gets."""
    return port_allocator.get_range


@pytest.fixture(scope="session")
def worker_hostname() -> str:
    """A loopback address of this worker alone, so that equal ports don't meet.

    It is `localhost` where the system has but one.
    """
    from .sharing.names import find_address  # noqa: PLC0415  paid by those who want it

    return find_address(os.getpid())


@pytest.fixture(scope="session")
def unique_name(infra_session: Session) -> Callable[[str], str]:
    """Call it with a short word for a name that nothing else has: `unique_name("vm")`.

    It is a valid host name, and so one for a guest of Proxmox VE.
    """
    from .sharing.names import NameSource  # noqa: PLC0415  paid by those who want it

    return NameSource(infra_session.run_path, infra_session.worker_id).make_name
