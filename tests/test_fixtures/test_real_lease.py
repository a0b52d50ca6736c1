"""A process's pool says until when it lives; here on the double's cluster."""

from threading import Event

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.session import ProxmoxAPI, wrap_session
from tests.fixtures.real import marks
from tests.fixtures.real.connection import ClusterClock
from tests.fixtures.real.errors import RealClusterError
from tests.fixtures.real.lease import LEASE_S, Heartbeat, Lease
from tests.test_fixtures.real_site import MARK, POOL

DATE, SECONDS = "Sun, 22 Nov 2026 01:30:50 GMT", 1795311050


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def lease(time: Time) -> Lease:
    clock = ClusterClock(time)
    clock.note(DATE)
    return Lease(MARK.owner, clock)


def read_lease(api: ProxmoxAPI) -> int | None:
    return marks.parse_lease(api.pools(POOL).get()["comment"])


def test_lease_is_opened_renewed_and_closed(
    mock_builder: ProxmoxAPIMockBuilder, lease: Lease, time: Time
) -> None:
    api = mock_builder.build_api()

    lease.open(api)
    assert read_lease(api) == SECONDS + LEASE_S
    time.now = 100
    lease.renew(api)
    assert read_lease(api) == SECONDS + LEASE_S + 100
    lease.close(api)

    assert api.pools.get() == []


def test_lost_lease_is_told_once_it_has_run_out(
    mock_builder: ProxmoxAPIMockBuilder, lease: Lease, time: Time
) -> None:
    api = mock_builder.build_api()
    heartbeat = Heartbeat(lease, lambda: api, monotonic=time)
    time.now = LEASE_S - 1
    heartbeat.beat(api)
    heartbeat.check()
    time.now = LEASE_S

    with pytest.raises(RealClusterError, match=f"{POOL} has run out .*does not exist"):
        heartbeat.check()

    lease.open(api)
    heartbeat.beat(api)
    heartbeat.check()


class Closable:
    """The double's session, which says when it is closed."""

    def __init__(self, session: object, closed: Event) -> None:
        self.request = session.request  # type: ignore[attr-defined]  # proxmoxer has no types
        self.close = closed.set


def test_thread_renews_and_ends(
    mock_builder: ProxmoxAPIMockBuilder, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, closed, renewed = mock_builder.build_api(), Event(), Event()
    wrap_session(api, lambda session: Closable(session, closed))
    monkeypatch.setattr(lease, "renew", lambda _api: renewed.set())
    heartbeat = Heartbeat(lease, lambda: api, period_s=0.001)

    heartbeat.start()

    assert renewed.wait(10)
    heartbeat.stop(10)
    assert closed.is_set()
