"""The fixture that cleans up what a test registers; `plugin` loads it."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .session import Session

if TYPE_CHECKING:
    from .sharing.journal import Journal
    from .sharing.tracker import ResourceCleanupTracker


class CleanupWarning(pytest.PytestWarning):
    """Something could not be cleaned up."""


@pytest.fixture(scope="session")
def cleanup_journal(infra_session: Session) -> "Journal":
    """Where this worker writes down what outlives it, so that the next run can remove it."""
    from .sharing.journal import Journal, build_journal_path  # noqa: PLC0415  paid by its users

    infra_dir = infra_session.settings.infra_dir
    return Journal(build_journal_path(infra_dir, infra_session.run_path, infra_session.worker_id))


@pytest.fixture
def resource_cleanup_tracker(
    infra_session: Session, cleanup_journal: "Journal", request: pytest.FixtureRequest
) -> Iterator["ResourceCleanupTracker"]:
    """Register what the test makes: it is cleaned up after the test, the last first."""
    from .sharing.errors import CleanupError  # noqa: PLC0415  paid by its users
    from .sharing.tracker import build_tracker  # noqa: PLC0415  paid by its users

    tracker = build_tracker(cleanup_journal, request.node.nodeid, request.config)
    yield tracker
    if failures := tracker.close():
        error = CleanupError(request.node.nodeid, failures)
        if infra_session.settings.is_cleanup_strict:
            raise error
        warnings.warn(CleanupWarning(str(error)), stacklevel=1)
