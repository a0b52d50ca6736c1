"""Holds a stand-in for the module `time` in which sleeping moves a cluster's clock."""

from tests.fixtures.proxmox.clock import Clock


class ClusterTime:
    """Sleeps by advancing the clock, so that tools which poll see tasks end, at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.slept_s: list[float] = []

    def monotonic(self) -> float:
        """Return the cluster's time in seconds."""
        return self._clock.now_s

    def sleep(self, seconds: float) -> None:
        """Let the cluster's time pass."""
        self.slept_s.append(seconds)
        self._clock.advance(seconds)
