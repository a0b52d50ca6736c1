"""The fixture and the marker `rate_limit`, and their part of the summary; `plugin` loads them."""

from typing import TYPE_CHECKING, Final

import pytest

from .rate_limits import MARKER, WAITS, find_limits
from .session import SESSION

if TYPE_CHECKING:
    from .sharing.limits import RateLimits

LIMITS: Final = pytest.StashKey["RateLimits"]()


@pytest.fixture(scope="session")
def rate_limit(pytestconfig: pytest.Config) -> "RateLimits":
    """Call it for the limiter of a service, whose `wait()` returns when a call may begin.

    All workers, and all runs of this machine, share what the service allows.
    """
    return get_limits(pytestconfig)


# trylast: against pytest's runner, which sets the fixtures up: what they take is no call.
@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test with the marker wait for its place, as the last thing before it begins."""
    if MARKER in item.keywords:
        for limit in find_limits(item.iter_markers()):
            get_limits(item.config).build(limit).wait()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say who waited how long for which service."""
    run_path = config.stash[SESSION].run_path
    if not any(run_path.glob(f"{WAITS}*")):
        return
    from .sharing.limits_waits import read_waits, render_waits  # noqa: PLC0415  seldom needed

    if lines := render_waits(read_waits(run_path)):
        terminalreporter.section("waited for rate limits")
        for line in lines:
            terminalreporter.write_line(line)


def get_limits(config: pytest.Config) -> "RateLimits":
    """Return the limiters of this process, which come to be when the first is asked for."""
    if LIMITS not in config.stash:
        from .sharing.limits import RateLimits  # noqa: PLC0415  paid by those who want it

        config.stash[LIMITS] = RateLimits(config.stash[SESSION])
    return config.stash[LIMITS]
