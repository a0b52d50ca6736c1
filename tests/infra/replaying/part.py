"""What this process plays in a replay, found out before anything else is opened."""

from pathlib import Path
from typing import Final

import pytest

from ..identity import ROLE
from ..session import Session, open_session
from ..shelf import read_schedule
from .differences import find_usable_pids
from .request import choose
from .sides import PLACEMENT, Placement, build_side

SWITCHED_OFF: Final = {
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "stepwise_skip": False,
}
"""Options of pytest's that would leave tests of the list out."""


def open_part(config: pytest.Config) -> Session:
    """Open this process's session for what is to be run again, and register its hooks.

    Called first, before plugins read their options.

    :raises InfraError: the schedule can't be read, or has no such worker or test.
    """
    replay = choose(
        read_schedule(Path(config.getoption("replaying"))),
        config.getoption("replay_worker") or "",
        config.getoption("replay_until") or "",
    )
    config.stash[ROLE] = replay.build_role(find_usable_pids(replay.workers))
    config.option.testrunuid = replay.schedule.run_id
    for name, value in SWITCHED_OFF.items():
        setattr(config.option, name, value)
    session = open_session(config)
    side = build_side(config, session, replay)
    config.pluginmanager.register(side, "infra-replay")
    if isinstance(side, Placement):
        config.stash[PLACEMENT] = side
    return session
