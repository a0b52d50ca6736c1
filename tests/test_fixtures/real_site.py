"""The double as a real cluster: a site on it, whose waits move its clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.session import build_api, wrap_session
from tests.fixtures.real.guard import Guard, GuardedSession, Site
from tests.fixtures.real.waiting import Deadline
from tests.infra.records import Block
from tests.infra.sharing.ledgers import ProcessMark

MARK: Final = ProcessMark("here", "20261122t013000", "1a2b3c4d", "gw0")
OTHER: Final = ProcessMark("there", "20261122t013000", "5e6f7a8b", "gw0")
BLOCK: Final = Block(500, 509, 4711, "pid")
TEST: Final = "t.py::test_it"
POOL: Final = f"pti-{MARK.owner}"


def make_site(
    builder: ProxmoxAPIMockBuilder, mark: ProcessMark = MARK, written: list[int] | None = None
) -> Site:
    """Make a site on the builder's cluster."""
    monotonic = lambda: float(builder.clock.now)  # noqa: E731 - a clock in one line
    return Site(
        builder.build_api(),
        mark,
        BLOCK,
        (written if written is not None else []).append,
        lambda: Deadline(60, monotonic, lambda _s: builder.clock.advance(1)),
    )


@dataclass(slots=True)
class Lab:
    """A test's client with its guard, and one without, on the same cluster."""

    builder: ProxmoxAPIMockBuilder
    guard: Guard
    api: Any
    bare: Any
    written: list[int] = field(default_factory=list)

    @property
    def node(self) -> Any:
        """The node, through the guard."""
        return self.api.nodes("node1")

    def tags(self, vmid: int) -> list[str]:
        """The tags of a VM."""
        return str(self.bare.nodes("node1").qemu(vmid).config.get().get("tags", "")).split(";")


def make_lab(
    builder: ProxmoxAPIMockBuilder, allowed: Sequence[str] = (), mark: ProcessMark = MARK
) -> Lab:
    """Make a lab whose pool is there."""
    written: list[int] = []
    site = make_site(builder, mark, written)
    site.api.pools.post(poolid=f"pti-{mark.owner}")
    guard = Guard(site, TEST, allowed)
    # The builder's own is always the same one, and the site has that.
    api = build_api(builder._gateway)
    wrap_session(api, lambda session: GuardedSession(session, guard))
    return Lab(builder, guard, api, site.api, written)
