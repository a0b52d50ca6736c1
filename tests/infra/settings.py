"""The frozen `Settings` of a run, read from where the table of `options` says they can be given.

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

from .database_url import EMBEDDED, DatabaseUrl
from .errors import SettingError
from .options import DEFAULT_LANES, EXCLUSIVE, OPTIONS, VMID_MAX, VMID_MIN, Option

PORT_MIN: Final = 1024
"""Lower ports are the superuser's."""

PORT_MAX: Final = 65_535


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
    rate_limit_timeout_s: float
    lane_widths: Mapping[str, int]
    """Marker to the number of its tests that run at a time; `EXCLUSIVE` for the exclusive lane."""
    has_own_scheduler: bool
    durations_file: Path | None
    """None: in pytest's cache directory."""
    is_warm_start: bool
    warm_packages: tuple[str, ...]
    isolation: str
    """`off`, `report` or `error`."""
    isolation_tier: int
    """1: what is cheap to compare; 2: all."""
    is_restoring: bool
    """Whether what a test left changed is put back."""
    isolation_packages: frozenset[str]
    fail_on_flaky: bool
    known_flaky: Path | None
    """None: the default, if it is there."""
    database_url: DatabaseUrl | None
    """None: SQLite."""
    database_setting: str
    """Where the URL was given."""
    database_timeout_s: float
    test_ports: tuple[int, int] | None
    """First and last port that tests may get; None: away from those that the system chooses."""
    is_cleanup_strict: bool
    """Whether a test fails for what its tracker could not clean up."""
    worker_log_file: str
    run_seed: int | None
    """What the seeds of all processes are derived from; None: drawn anew."""

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
        rate_limit_timeout_s=_parse_seconds(*found["rate_limit_timeout_s"]),
        lane_widths=parse_lanes(*found["lanes"]),
        has_own_scheduler=_parse_choice(*found["scheduler"], ("lanes", "xdist")) == "lanes",
        durations_file=_parse_file(found["durations_file"][1], rootpath),
        is_warm_start=_parse_choice(*found["warm_start"], ("on", "off")) == "on",
        warm_packages=tuple(found["warm_packages"][1].split()),
        isolation=_parse_choice(*found["isolation"], ("off", "report", "error")),
        isolation_tier=int(_parse_choice(*found["isolation_tier"], ("1", "2"))),
        is_restoring=_parse_choice(*found["isolation_restore"], ("on", "off")) == "on",
        isolation_packages=frozenset(found["isolation_packages"][1].split()),
        fail_on_flaky=_parse_choice(*found["fail_on_flaky"], ("on", "off")) == "on",
        known_flaky=_parse_file(found["known_flaky"][1], rootpath),
        database_url=_parse_database_url(*found["database_url"]),
        database_setting=found["database_url"][0],
        database_timeout_s=_parse_seconds(*found["database_timeout_s"]),
        test_ports=_parse_ports(*found["test_ports"]),
        is_cleanup_strict=_parse_choice(*found["cleanup_failures"], ("warn", "error")) == "error",
        worker_log_file=found["worker_log_file"][1],
        run_seed=_parse_seed(*found["run_seed"]),
    )


def _look_up(
    option: Option,
    prefix: str,
    lookup_ini: Callable[[str], str | None],
    lookup_flag: Callable[[str], str | None],
    environ: Mapping[str, str],
) -> tuple[str, str]:
    """Return where the option was given, for an error text, and its raw value."""
    flag = lookup_flag(option.name) if option.flag else None
    if option.is_switch:
        # Another plugin's flag of the same name may be False where it isn't given.
        flag = "on" if flag else None
    if flag is not None:
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


def _parse_ports(setting: str, text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", text)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not PORT_MIN <= first <= last <= PORT_MAX:
        raise SettingError(
            setting,
            text,
            f"is no range of ports between {PORT_MIN} and {PORT_MAX}",
            "give the first and the last one: 20000-29999",
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


def _parse_choice(setting: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        names = f"{', '.join(choices[:-1])} nor {choices[-1]}"
        raise SettingError(setting, text, f"is neither {names}", "give one of them")
    return text


def _parse_seed(setting: str, text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,18}", text):
        raise SettingError(setting, text, "is no seed", "give a number, such as 42")
    return int(text)


def _parse_database_url(setting: str, text: str) -> DatabaseUrl | None:
    url = DatabaseUrl(text)
    if not text or EMBEDDED.fullmatch(text):
        return None
    if not url.is_server():
        raise SettingError(
            setting,
            url.mask(),
            "is not the URL of a PostgreSQL server",
            "give one such as postgresql://user:password@host:5432/postgres, with %-escapes for "
            "/, ?, # and @ in its parts, or none: each worker then has an SQLite file",
        )
    return url


def _parse_file(text: str, rootpath: Path) -> Path | None:
    return rootpath / Path(text).expanduser() if text else None


def parse_lanes(setting: str, text: str) -> dict[str, int]:
    """Read lines such as `slow = 1`; they change the table of defaults.

    :param setting: where the text came from, for the error's.
    :raises SettingError: a line is no lane.
    """
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
