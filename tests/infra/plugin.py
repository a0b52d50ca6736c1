"""The hooks of every process, in the order of a run.

Each hook is a few lines that call something testable; what they share in one process is the
`Session` in pytest's stash.  The hooks of one kind of process are in `controller_side`,
`worker_side` and `solo_side`, and the fixtures in `session_fixtures`.
"""

import os
from types import ModuleType
from typing import TYPE_CHECKING, Final

import pytest

from . import benchmarks, early_start, hookspecs, identity, options, settings, standins
from .session import SESSION, Session, name_worker_in_logs, open_session, usage_errors
from .sharing_side import SharingSide

if TYPE_CHECKING:
    from .warmstart import ControllerSide as WarmStart

REASON: Final = pytest.StashKey[str]()
"""Why -n auto chose as many workers as it did."""


# --- options and configuration -------------------------------------------------------------------


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that a suite may fill in."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add our options, and say what is missing where xdist is."""
    is_taken = standins.has_own_replay() and not pluginmanager.is_blocked(standins.REPLAY)
    options.declare_options(
        parser,
        without=["--replay"] if is_taken else [],
        with_switches=not options.is_rival_to_come(pluginmanager),
    )
    if standins.is_xdist_absent(pluginmanager):
        standins.declare_options(parser)
    config = pluginmanager.get_plugin("pytestconfig")
    if config is not None and early_start.is_likely(config):
        from . import warmstart  # noqa: PLC0415  paid by those who want it

        warmstart.start_early(config)
    # Not until here: what has just been started imports beside these.
    for module in import_fixtures():
        pluginmanager.register(module, module.__name__)


def import_fixtures() -> list[ModuleType]:
    """Import the modules of fixtures.

    `pytest_plugins` would do so, too, but looks for each name in the entry points of all installed
    packages, some 5 ms a name in each process.
    """
    from . import (  # noqa: PLC0415  see where it is called
        database_fixtures,
        ledger_fixtures,
        rate_limit_fixtures,
        session_fixtures,
        tracker_fixtures,
        unique_fixtures,
    )

    return [
        session_fixtures,
        rate_limit_fixtures,
        ledger_fixtures,
        database_fixtures,
        unique_fixtures,
        tracker_fixtures,
    ]


# tryfirst: against pytest's own, which loads the conftests, and with them further options.
@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> None:
    """Add the flags that an installed plugin might have, now that all have added theirs."""
    options.declare_switches(parser)


# optionalhook: xdist's, and not there without it.  tryfirst: against xdist itself, which is first
# where we are loaded by -p.
@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Choose the workers of `-n auto` by predicting the run; called before any configuration.

    A hook of the user's own has its say.
    """
    hooks = config.hook.pytest_xdist_auto_num_workers.get_hookimpls()
    if any(hook.plugin_name not in ("xdist", "xdist.plugin", __name__) for hook in hooks):
        return None
    # These cost every worker 20 ms, and none of them chooses.
    from .chronicle import get_history  # noqa: PLC0415  see above
    from .simulation import simulate  # noqa: PLC0415  see above
    from .workers import choose_for  # noqa: PLC0415  see above

    with usage_errors():
        found = settings.read_settings(config.getini, config.getoption, os.environ, config.rootpath)
        choice = choose_for(config, found, lambda: get_history(config, found), simulate)
    if choice is not None:
        config.stash[REASON] = choice.reason
    return choice.count if choice else None


# tryfirst: against pytest itself, which would run here what another process is to run.
@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Under `--replay`, let a pytest of its own run again what was recorded.

    A run that only measures has no workers, whatever `-n` says.
    """
    if reason := benchmarks.force_one_process(config):
        config.stash[REASON] = reason
    wanted = [config.getoption(name, None) for name in ("replay", "replay_worker", "replay_until")]
    if identity.is_worker(config) or config.getoption("replaying") or not any(wanted):
        return None
    from .replaying.launch import launch  # noqa: PLC0415  paid by those who want it

    with usage_errors():
        return launch(config)


# tryfirst: against pytest's logging plugin, which takes log formats and files when it is
# configured itself.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open this process's session and register the side that it is on."""
    for name, description in options.MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {description}")
    has_xdist = standins.is_xdist_loaded(config.pluginmanager)
    with usage_errors():
        if not has_xdist:
            standins.refuse_workers(config.getoption("numprocesses", None) or "0")
        session = open_part(config) if config.getoption("replaying") else open_session(config)
        name_worker_in_logs(config, session)
    config.stash[SESSION] = session
    if not has_xdist:
        config.pluginmanager.register(standins, "infra-standins")
    reason = config.stash.get(REASON, "")
    warm_start = register_warm_start(config, session)
    # Each kind of process imports its own side: the controller's would cost a worker 30 ms.
    if identity.is_worker(config):
        from .worker_side import WorkerSide  # noqa: PLC0415  see above

        config.pluginmanager.register(WorkerSide(config, session), "infra-worker")
        return
    if session.settings.database_url is not None:
        from .sharing.databases.closing import Closing  # noqa: PLC0415  paid by those who want it

        config.pluginmanager.register(Closing(session), "infra-databases")
    config.pluginmanager.register(SharingSide(config, session), "infra-sharing")
    if identity.is_controller(config):
        from .controller_side import ControllerSide  # noqa: PLC0415  see above

        side = ControllerSide(config, session, reason=reason, warm_start=warm_start)
        config.pluginmanager.register(side, "infra-controller")
    else:
        from .solo_side import SoloSide  # noqa: PLC0415  see above

        config.pluginmanager.register(SoloSide(config, session, reason=reason), "infra-solo")


def open_part(config: pytest.Config) -> Session:
    """Open the session of a process that repeats a part of a recorded run."""
    from .replaying import part  # noqa: PLC0415  paid by those who want it

    return part.open_part(config)


def register_warm_start(config: pytest.Config, session: Session) -> "WarmStart | None":
    """Register this process's side of a warm start where one is wanted."""
    if not session.settings.is_warm_start or not standins.is_xdist_loaded(config.pluginmanager):
        early_start.drop(config)
        return None
    from . import warmstart  # noqa: PLC0415  paid by those who want it

    return warmstart.register(config, session.run_path, session.settings.warm_packages)
