"""The table of options: ini keys, command line flags, environment variables, defaults, markers.

What their values mean is read in `settings`.
"""

import argparse
import contextlib
import importlib.util
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

VMID_MIN: Final = 100
VMID_MAX: Final = 999_999_999
"""Proxmox VE's own limits: the type `pve-vmid` of its API schema."""

EXCLUSIVE: Final = 0
"""The width of a lane whose tests run while nothing else runs on any worker."""

DEFAULT_LANES: Final[Mapping[str, int]] = {
    "serial": EXCLUSIVE,
    "slow": 1,
    "integration": 2,
    "resource_intensive": 1,
    "benchmark": EXCLUSIVE,
}
"""Markers that are lanes, and how many tests of each run at the same time."""

MARKERS: Final[Mapping[str, str]] = {
    "unit": "a test of one operation, in one process, under 100 ms.",
    "integration": "a test of a whole workflow, or of several parts together.",
    "slow": "a test over 5 s, or one that waits in real time; one runs at a time.",
    "serial": "a test beside which nothing else runs, on any worker.",
    "parallel_safe": "a test that is known to run beside any other; contradicts `serial`.",
    "resource_intensive": "a test that takes much memory, disk or processor time; one at a time.",
    "benchmark": "a test that measures speed: nothing runs beside it, and workers leave it out.",
    "leaks(*resources, reason)": "a test that may leave these resources changed, and why.",
    "lane(name, width=1)": "a test of a lane of your own; `width` of them run at a time.",
    "rate_limit(name, per_minute, burst)": "a test that waits until a service allows its call.",
}


RIVAL: Final = ("rerunfailures", "pytest_rerunfailures")
"""Name and module of the plugin that has a flag of ours, too."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting and the ways to give it; an empty name means that it has no such way."""

    name: str
    default: str
    help: str
    metavar: str = ""
    flag: str = ""
    variable: str = ""
    """Suffix of the environment variable; the prefix and an underscore come before it."""
    ini: bool = True
    is_switch: bool = False
    """Whether the flag stands alone, and means `on`."""


OPTIONS: Final = (
    Option(
        "env_prefix",
        "PROXMOX",
        "prefix of the variables that each worker gets, such as PROXMOX_TEST_WORKER_ID",
    ),
    Option(
        "vmid_range",
        f"{VMID_MIN}-{VMID_MAX}",
        "first and last VMID that may be handed out, shared among all possible PIDs",
    ),
    Option(
        "vmid_pid",
        "",
        "give a recorded PID's VMIDs back: a PID in a sequential run (--vmid-pid=4711), "
        "worker=PID pairs in a parallel one (--vmid-pid=gw0=4711,gw1=4712)",
        metavar="PID",
        flag="--vmid-pid",
        variable="TEST_VMID_PID",
        ini=False,
    ),
    Option(
        "infra_dir",
        "",
        "directory, shared by all runs on this machine, for locks and for the directories of "
        "workers (default: pytest-infra-USER in the system's temp directory)",
        metavar="DIR",
        flag="--infra-dir",
        variable="TEST_INFRA_DIR",
    ),
    Option(
        "serial_lock_timeout_s",
        "300",
        "seconds that a test waits for serial_test_lock before that is an error",
    ),
    Option(
        "rate_limit_timeout_s",
        "300",
        "seconds that a call may have to wait for its rate limit before that is an error",
        variable="TEST_RATE_LIMIT_TIMEOUT_S",
    ),
    Option(
        "lanes",
        "",
        "which markers are lanes, one a line: `marker = N` (N at a time), `marker = exclusive` "
        "(nothing beside it) or `marker = unlimited`; what is not named stays as it is: "
        "serial = exclusive, slow = 1, integration = 2, resource_intensive = 1, "
        "benchmark = exclusive",
    ),
    Option(
        "scheduler",
        "lanes",
        "lanes: lanes, groups and longest-first order hold, whatever --dist says; xdist: leave "
        "it all to xdist's own schedulers",
        metavar="lanes|xdist",
        flag="--scheduler",
    ),
    Option(
        "durations_file",
        "",
        "file of expected durations, as pytest-split reads and writes it "
        "(default: .test_durations in pytest's cache directory)",
        metavar="FILE",
        flag="--durations-file",
    ),
    Option(
        "warm_start",
        "off",
        "on: fork the workers from one process that has imported what the last run's workers "
        "did, where the platform can; off: start each anew",
        metavar="on|off",
        flag="--warm-start",
    ),
    Option(
        "warm_packages",
        "",
        "packages of the project's own that a warm start imports for all workers, too: at import "
        "they must do nothing that depends on the process (the infrastructure's own always are)",
    ),
    Option(
        "isolation",
        "report",
        "report: tell what tests do to each other; error: fail them for it; off: don't look",
        metavar="off|report|error",
        flag="--isolation",
    ),
    Option(
        "isolation_tier",
        "1",
        "1: after each test compare what is cheap to compare; 2: also files, ports, variables of "
        "the C library and the project's own objects, at some 10 ms a test in a large project",
        metavar="1|2",
        flag="--isolation-tier",
    ),
    Option(
        "isolation_restore",
        "on",
        "on: put back what a test left changed, where that is safe; off: leave it",
        metavar="on|off",
        flag="--isolation-restore",
    ),
    Option(
        "isolation_packages",
        "",
        "top-level packages outside the root directory whose objects the second tier watches, too",
    ),
    Option(
        "fail_on_flaky",
        "off",
        "on: fail a run in which the outcomes of a test differ, among repetitions (--count) or "
        "after a rerun; off: only say so",
        flag="--fail-on-flaky",
        is_switch=True,
    ),
    Option(
        "known_flaky",
        "",
        "file of the flaky tests that fail no run until a day of theirs "
        "(default: known-flaky.toml in the root directory, if it is there)",
    ),
    Option(
        "phases",
        "",
        "what the gates of `phase` expect of the suite, a line each, such as `tests = 208`",
    ),
    Option(
        "database_url",
        "",
        "PostgreSQL server on which each worker gets a database of its own, such as "
        "postgresql://user@host/postgres (default: an SQLite file for each worker)",
        metavar="URL",
        flag="--database-url",
        variable="TEST_DATABASE_URL",
    ),
    Option(
        "database_timeout_s",
        "60",
        "seconds that a database server, or another worker's migration, may take",
    ),
    Option(
        "test_ports",
        "",
        "first and last port that free_port and port_range may hand out, such as 20000-29999 "
        "(default: 10240 up to where the system's own choice of ports begins)",
    ),
    Option(
        "cleanup_failures",
        "warn",
        "warn: tell what resource_cleanup_tracker could not clean up; error: fail the test for it",
    ),
    Option(
        "worker_log_file",
        "",
        "log file of each worker; {worker_id} stands for its name, here and in log formats",
    ),
    Option(
        "run_seed",
        "",
        "seed `random` in each process, and the hashes of workers, by this number "
        "(default: a new one for each run)",
        metavar="N",
        flag="--run-seed",
        ini=False,
    ),
)

REPLAY_OPTIONS: Final = (
    Option(
        "replay",
        "",
        "run again what a recorded run ran, in the same order, with the same VMIDs, seeds and "
        "worker names: a run's id or its begin, last, last-failed, or a file (--replay=FILE)",
        metavar="RUN",
        flag="--replay",
        ini=False,
    ),
    Option(
        "replay_worker",
        "",
        "with --replay: only what this worker ran, in one process, without xdist",
        metavar="WORKER",
        flag="--worker",
        ini=False,
    ),
    Option(
        "replay_until",
        "",
        "with --replay: up to this test; a node id or the end of one",
        metavar="TEST",
        flag="--until",
        ini=False,
    ),
    Option(
        "replaying",
        "",
        "given by --replay to the pytest that it starts: the file of the schedule",
        metavar="FILE",
        flag="--replaying",
        ini=False,
    ),
)


def declare_options(
    parser: pytest.Parser, *, without: Collection[str] = (), with_switches: bool = True
) -> None:
    """Add all options to pytest's parser, but for flags that another plugin has taken.

    :param with_switches: False where `declare_switches` is called later.
    """
    group = parser.getgroup("infra", "parallel test infrastructure")
    for option in (*OPTIONS, *REPLAY_OPTIONS):
        if option.ini:
            parser.addini(option.name, _ini_help(option), type="string", default=None)
        if option.flag and not option.is_switch and option.flag not in without:
            group.addoption(
                option.flag,
                dest=option.name,
                default=None,
                metavar=option.metavar,
                help=option.help,
            )
    if with_switches:
        declare_switches(parser)


def declare_switches(parser: pytest.Parser) -> None:
    """Add the flags without a value, but those that another plugin has; they mean the same."""
    group = parser.getgroup("infra", "parallel test infrastructure")
    for option in OPTIONS:
        if option.is_switch:
            # Of two equal flags, pytest refuses the second.
            with contextlib.suppress(argparse.ArgumentError, ValueError):
                group.addoption(
                    option.flag,
                    dest=option.name,
                    action="store_const",
                    const="on",
                    default=None,
                    help=option.help,
                )


def is_rival_to_come(plugins: pytest.PytestPluginManager) -> bool:
    """Tell whether pytest-rerunfailures, which has a --fail-on-flaky, will be loaded after us.

    So it is where we are loaded by `-p`, before all that is installed.
    """
    name, module = RIVAL
    is_decided = plugins.hasplugin(name) or plugins.is_blocked(name)
    if is_decided or plugins.list_plugin_distinfo():
        return False
    return importlib.util.find_spec(module) is not None


def _ini_help(option: Option) -> str:
    return f"{option.help} (default: {option.default})" if option.default else option.help
