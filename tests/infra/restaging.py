"""Runs the chosen tests under the conditions of a verdict, until the last one fails; by `-p` only.

With `--under` alone they run as ever, in this process, and a debugger works.  With neighbours,
load, or several tries they run in forks, by `tries`.
"""

from pathlib import Path

import pytest

from .errors import SettingError
from .hunting import perturbations, waits
from .hunting.conditions import Conditions, read_conditions
from .hunting.undo import Keeper
from .identity import is_controller
from .session import usage_errors
from .staging import know_cache_dir


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options."""
    know_cache_dir(parser, pluginmanager)
    group = parser.getgroup("restaging", "tests under the conditions of a hunt's verdict")
    group.addoption(
        "--under",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a condition, such as seed=3 or zone=EST5EDT; may be given several times",
    )
    group.addoption(
        "--beside",
        action="append",
        default=[],
        metavar="NODEID",
        help="a test that begins in another process at the same time",
    )
    group.addoption(
        "--busy", type=int, default=0, metavar="N", help="N processes that keep processors busy"
    )
    group.addoption("--tries", type=int, default=1, metavar="N", help="try up to N times, in forks")
    group.addoption("--undo", default="", metavar="DIR", help="note here what tests do to files")


# tryfirst: what other plugins do to files when they are configured is noted, too.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the conditions, and note what happens to files where that is wanted."""
    with usage_errors():
        conditions = read_options(config)
    if config.getoption("undo"):
        ignored = [str(Path(config.getoption("undo")).parent)]
        Keeper(Path(config.getoption("undo")), ignored).install()
    if is_forking(config):
        from .tries import Restaging  # noqa: PLC0415  paid by those who want it

        config.pluginmanager.register(Restaging(config, conditions), "infra-restaging")
    elif conditions != Conditions():
        config.pluginmanager.register(Conditioned(config, conditions), "infra-conditioned")


def is_forking(config: pytest.Config) -> bool:
    """Tell whether an option is given for which tests run in forks."""
    return bool(
        config.getoption("tries") > 1 or config.getoption("beside") or config.getoption("busy")
    )


def read_options(config: pytest.Config) -> Conditions:
    """Read the conditions, and see that the options make sense together.

    :raises SettingError: they don't.
    """
    conditions = read_conditions(config.getoption("under"))
    perturbations.check(conditions)
    for name, least in (("--tries", 1), ("--busy", 0)):
        if (number := config.getoption(name.strip("-"))) < least:
            way_out = f"give a whole number from {least} on"
            raise SettingError(name, str(number), f"is below {least}", way_out)
    if is_controller(config) and (is_forking(config) or conditions != Conditions()):
        workers = str(config.getoption("numprocesses", ""))
        way_out = "add -n 0: a test under conditions runs in the process that collects"
        raise SettingError("-n", workers, "lets workers run the tests", way_out)
    return conditions


class Conditioned:
    """Puts this process under conditions once everything is collected."""

    def __init__(self, config: pytest.Config, conditions: Conditions) -> None:
        self._config = config
        self._conditions = conditions

    # tryfirst: against pytest's own loop, which runs the tests.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Apply them; pytest's own loop follows."""
        with usage_errors():
            perturbations.apply(self._conditions, self._config.rootpath)

    # tryfirst: against pytest's own, which runs the test.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Tell whose waits are the test's own."""
        waits.note_main(getattr(getattr(item, "function", None), "__code__", None))
