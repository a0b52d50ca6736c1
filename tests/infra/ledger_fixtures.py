"""The fixture of the ledger; `plugin` loads it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .session import Session

if TYPE_CHECKING:
    from .sharing.ledgers import ProcessLedger


@pytest.fixture(scope="session")
def process_ledger(infra_session: Session) -> Iterator["ProcessLedger"]:
    """Where this process writes down what it makes outside of this machine, before it makes it.

    Whoever uses it calls `close(is_settled=False)` where something is left.
    """
    from .sharing.ledgers import ProcessLedger, build_mark  # noqa: PLC0415  paid by its users

    ledger = ProcessLedger(
        infra_session.settings.infra_dir / "ledgers",
        build_mark(infra_session.run_path, infra_session.worker_id),
        infra_session.build_holder("removal of what dead runs left"),
    )
    ledger.open()
    yield ledger
    ledger.close(is_settled=True)
