"""Rate limits that all workers, and all runs of this machine, keep together.

`RateLimits` is what the fixture `rate_limit` gives, `RateLimiter` what it returns when called.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Protocol

from .. import environment
from ..rate_limits import RateLimit, build_rate_limit
from ..session import Session
from .limits_clock import find_machine_clock
from .limits_ledger import Ledger
from .limits_waits import NO_TEST, RateWait, write_wait


class Places(Protocol):
    """Hands out places; see `Ledger`."""

    def reserve(self, *, longest_s: float) -> float:
        """Take the next free place; return in how many seconds it is."""


class RateLimiter:
    """Lets calls of one service through, in the order in which they ask."""

    def __init__(
        self,
        places: Places,
        *,
        timeout_s: float,
        note: Callable[[float], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._places = places
        self._timeout_s = timeout_s
        self._note = note
        self._sleep = sleep

    def wait(self) -> float:
        """Return when the next call may begin; how many seconds that took.

        :raises RateLimitTimeoutError: it would take longer than the deadline; at once.
        :raises RateLimitConflictError: another run that lives has another limit under this name.
        :raises RateLimitBusyError: the file that all share can't be used.
        """
        waited_s = self._reserve()
        if waited_s:
            self._sleep(waited_s)
        return waited_s

    async def wait_async(self) -> float:
        """Do the same, and let the event loop run meanwhile."""
        waited_s = self._reserve()
        if waited_s:
            await asyncio.sleep(waited_s)
        return waited_s

    def _reserve(self) -> float:
        waited_s = self._places.reserve(longest_s=self._timeout_s)
        self._note(waited_s)
        return waited_s


class RateLimits:
    """The limiters of one process: call it with what the marker takes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clock = find_machine_clock()

    def __call__(self, name: str, *, per_minute: int, burst: int | None = None) -> RateLimiter:
        """Return the limiter of a service.

        :raises SettingError: the limit lets nothing through, or is no limit.
        :raises MissingPackageError: pyrate-limiter is not installed.
        """
        return self.build(build_rate_limit(name, per_minute=per_minute, burst=burst))

    def build(self, limit: RateLimit) -> RateLimiter:
        """Build the limiter of a limit that has been read already."""
        settings = self._session.settings
        ledger = Ledger(
            settings.infra_dir / "limits",
            limit,
            run_path=self._session.run_path,
            is_dead=environment.is_dead,
            clock=self._clock,
        )
        return RateLimiter(
            ledger,
            timeout_s=settings.rate_limit_timeout_s,
            note=lambda waited_s: self._note(limit, waited_s),
        )

    def _note(self, limit: RateLimit, waited_s: float) -> None:
        # Pytest's variable: "node id (phase)".
        nodeid = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0] or NO_TEST
        wait = RateWait(limit.name, limit.render(), self._session.worker_id, nodeid, waited_s)
        write_wait(self._session.run_path, wait)
