"""One table of options (ini file, environment, command line) and the frozen `Settings` from it.

The command line wins over the environment, that over the ini file, that over the default.
Nothing is opened or created here; whether a directory can be used is found out in `environment`.
"""

import getpass
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from .errors import SettingError

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
}
"""Markers that are lanes, and how many tests of each run at the same time."""

MARKERS: Final[Mapping[str, str]] = {
    "unit": "a test of one operation, in one process, under 100 ms.",
    "integration": "a test of a whole workflow, or of several parts together.",
    "slow": "a test over 5 s, or one that waits in real time; one runs at a time.",
    "serial": "a test beside which nothing else runs, on any worker.",
    "parallel_safe": "a test that is known to run beside any other; contradicts `serial`.",
    "resource_intensive": "a test that takes much memory, disk or processor time; one at a time.",
    "lane(name, width=1)": "a test of a lane of your own; `width` of them run at a time.",
}


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
        "lanes",
        "",
        "which markers are lanes, one a line: `marker = N` (N at a time), `marker = exclusive` "
        "(nothing beside it) or `marker = unlimited`; what is not named stays as it is: "
        "serial = exclusive, slow = 1, integration = 2, resource_intensive = 1",
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
        "worker_log_file",
        "",
        "log file of each worker; {worker_id} stands for its name, here and in log formats",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run, checked."""

    env_prefix: str
    first_vmid: int
    last_vmid: int
    recorded_pids: Mapping[str, int]
    """Worker id to PID; the key of a PID given without a worker is the empty string."""
    infra_dir: Path
    serial_lock_timeout_s: float
    lane_widths: Mapping[str, int]
    """Marker to the number of its tests that run at a time; `EXCLUSIVE` for the exclusive lane."""
    has_own_scheduler: bool
    durations_file: Path | None
    """None: in pytest's cache directory."""
    is_warm_start: bool
    worker_log_file: str

    def get_recorded_pid(self, worker_id: str, *, is_parallel: bool) -> int | None:
        """Return the PID whose block `worker_id` shall get, or None for its own.

        :raises SettingError: one PID was given to several workers.
        """
        bare = self.recorded_pids.get("")
        if bare is None:
            return self.recorded_pids.get(worker_id)
        if is_parallel:
            raise SettingError(
                "--vmid-pid",
                str(bare),
                "would give several workers the same VMIDs",
                f"add -n 0 to repeat one worker's tests, or name workers: --vmid-pid=gw0={bare}",
            )
        return bare


def declare_options(parser: pytest.Parser) -> None:
    """Add all options to pytest's parser."""
    group = parser.getgroup("infra", "parallel test infrastructure")
    for option in OPTIONS:
        if option.ini:
            parser.addini(option.name, _ini_help(option), type="string", default=None)
        if option.flag:
            group.addoption(
                option.flag,
                dest=option.name,
                default=None,
                metavar=option.metavar,
                help=option.help,
            )


def read_settings(
    lookup_ini: Callable[[str], str | None],
    lookup_flag: Callable[[str], str | None],
    environ: Mapping[str, str],
    rootpath: Path,
) -> Settings:
    """Build the settings from the places where they can be given.

    :raises SettingError: a value can't be used; the text names where it came from.
    """
    prefix = _parse_prefix("env_prefix", lookup_ini("env_prefix") or "PROXMOX")
    found = {
        option.name: _look_up(option, prefix, lookup_ini, lookup_flag, environ)
        for option in OPTIONS
    }
    first, last = _parse_range(*found["vmid_range"])
    return Settings(
        env_prefix=prefix,
        first_vmid=first,
        last_vmid=last,
        recorded_pids=_parse_pids(*found["vmid_pid"]),
        infra_dir=_parse_directory(found["infra_dir"][1], rootpath),
        serial_lock_timeout_s=_parse_seconds(*found["serial_lock_timeout_s"]),
        lane_widths=_parse_lanes(*found["lanes"]),
        has_own_scheduler=_parse_choice(*found["scheduler"], ("lanes", "xdist")) == "lanes",
        durations_file=_parse_file(found["durations_file"][1], rootpath),
        is_warm_start=_parse_choice(*found["warm_start"], ("on", "off")) == "on",
        worker_log_file=found["worker_log_file"][1],
    )


def _ini_help(option: Option) -> str:
    return f"{option.help} (default: {option.default})" if option.default else option.help


def _look_up(
    option: Option,
    prefix: str,
    lookup_ini: Callable[[str], str | None],
    lookup_flag: Callable[[str], str | None],
    environ: Mapping[str, str],
) -> tuple[str, str]:
    """Return where the option was given, for an error text, and its raw value."""
    if option.flag and (flag := lookup_flag(option.name)) is not None:
        return option.flag, flag
    variable = f"{prefix}_{option.variable}"
    if option.variable and variable in environ:
        return variable, environ[variable]
    if option.ini and (ini := lookup_ini(option.name)):
        return option.name, ini
    return option.name, option.default


def _parse_prefix(setting: str, text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*[A-Z0-9]", text):
        raise SettingError(
            setting,
            text,
            "can't be the prefix of environment variables",
            "use capital letters, digits and underscores, such as PROXMOX",
        )
    return text


def _parse_range(setting: str, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", text)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not VMID_MIN <= first <= last <= VMID_MAX:
        raise SettingError(
            setting,
            text,
            "is not a range of VMIDs",
            f"give two numbers from {VMID_MIN} to {VMID_MAX}, such as 100000-199999999",
        )
    return first, last


def _parse_pids(setting: str, text: str) -> dict[str, int]:
    """Read `4711` or `gw0=4711,gw1=4712`."""
    pids: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"\s*(?:(\w+)=)?(\d+)\s*", part)
        worker_id = (match[1] or "") if match else ""
        if not match or worker_id in pids or int(match[2]) in pids.values():
            raise SettingError(
                setting,
                text,
                "is not a PID, nor pairs of different workers and PIDs",
                "give one PID (4711) or pairs (gw0=4711,gw1=4712), as a run's header prints them",
            )
        pids[worker_id] = int(match[2])
    return pids


def _parse_directory(text: str, rootpath: Path) -> Path:
    if not text:
        return Path(tempfile.gettempdir()) / f"pytest-infra-{_get_user()}"
    return rootpath / Path(text).expanduser()


def _parse_seconds(setting: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise SettingError(
            setting, text, "is not a number of seconds", "give 0 or more, such as 300"
        )
    return seconds


def _parse_choice(setting: str, text: str, choices: tuple[str, str]) -> str:
    if text not in choices:
        raise SettingError(
            setting, text, f"is neither {choices[0]} nor {choices[1]}", "give one of the two"
        )
    return text


def _parse_file(text: str, rootpath: Path) -> Path | None:
    return rootpath / Path(text).expanduser() if text else None


def _parse_lanes(setting: str, text: str) -> dict[str, int]:
    """Read lines such as `slow = 1`; they change the table of defaults."""
    widths = dict(DEFAULT_LANES)
    for line in filter(None, (part.strip() for part in text.splitlines())):
        match = re.fullmatch(r"(\w+)\s*=\s*(exclusive|unlimited|[1-9]\d*)", line)
        if not match:
            raise SettingError(
                setting,
                line,
                "is no lane",
                "give a marker and how many of its tests run at a time: `slow = 1`, "
                "`serial = exclusive`, `integration = unlimited`",
            )
        name, width = match.groups()
        widths.pop(name, None)
        if width != "unlimited":
            widths[name] = EXCLUSIVE if width == "exclusive" else int(width)
    return widths


def _get_user() -> str:
    """Return the user's name, or its number where the system knows no name."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "user"
