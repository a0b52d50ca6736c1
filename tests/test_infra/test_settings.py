import tempfile
from pathlib import Path

import pytest

from tests.infra import options
from tests.infra.errors import SettingError
from tests.infra.settings import Settings, read_settings

NOTHING: dict[str, str] = {}


def read(
    *,
    ini: dict[str, str] = NOTHING,
    flags: dict[str, str] = NOTHING,
    environ: dict[str, str] = NOTHING,
) -> Settings:
    return read_settings(ini.get, flags.get, environ, Path("/project"))


def test_defaults() -> None:
    settings = read()

    assert settings.env_prefix == "PROXMOX"
    assert (settings.first_vmid, settings.last_vmid) == (100, 999_999_999)
    assert settings.infra_dir.parent == Path(tempfile.gettempdir())
    assert settings.serial_lock_timeout_s == 300
    assert settings.has_own_scheduler
    assert not settings.recorded_pids
    assert not settings.worker_log_file


def test_command_line_wins_over_environment_over_ini() -> None:
    ini = {"infra_dir": "/ini"}
    environ = {"PROXMOX_TEST_INFRA_DIR": "/variable"}

    assert read(ini=ini).infra_dir == Path("/ini")
    assert read(ini=ini, environ=environ).infra_dir == Path("/variable")
    flags = {"infra_dir": "/flag"}
    assert read(ini=ini, environ=environ, flags=flags).infra_dir == Path("/flag")


def test_prefix_names_the_variables() -> None:
    settings = read(ini={"env_prefix": "ACME"}, environ={"ACME_TEST_VMID_PID": "12"})

    assert settings.recorded_pids == {"": 12}


def test_relative_directory_lies_below_the_root() -> None:
    assert read(ini={"infra_dir": "build/infra"}).infra_dir == Path("/project/build/infra")


@pytest.mark.parametrize(
    ("ini", "flags", "words"),
    [
        ({"env_prefix": "prox-mox"}, {}, "env_prefix = 'prox-mox' can't be the prefix"),
        ({"env_prefix": "proxmox"}, {}, "use capital letters"),
        ({"vmid_range": "1-50"}, {}, "vmid_range = '1-50' is not a range of VMIDs"),
        ({"vmid_range": "500-100"}, {}, "from 100 to 999999999"),
        ({"vmid_range": "many"}, {}, "such as 100000-199999999"),
        ({"serial_lock_timeout_s": "soon"}, {}, "is not a number of seconds"),
        ({"serial_lock_timeout_s": "-1"}, {}, "give 0 or more"),
        ({"serial_lock_timeout_s": "nan"}, {}, "give 0 or more"),
        ({"scheduler": "yes"}, {}, "is neither lanes nor xdist"),
        ({}, {"scheduler": "maybe"}, "--scheduler = 'maybe'"),
        ({}, {"vmid_pid": "gw0"}, "--vmid-pid = 'gw0' is not a PID"),
        ({}, {"vmid_pid": "gw0=1,gw0=2"}, "pairs of different workers"),
        ({}, {"vmid_pid": "gw0=1,gw1=1"}, "pairs of different workers and PIDs"),
        ({}, {"vmid_pid": "-5"}, "give one PID"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_value_is_refused_with_the_way_out(
    ini: dict[str, str], flags: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingError) as caught:
        read(ini=ini, flags=flags)

    assert words in str(caught.value)
    assert "; " in str(caught.value)


def test_bad_variable_is_named_as_the_variable() -> None:
    with pytest.raises(SettingError, match="PROXMOX_TEST_VMID_PID = 'x'"):
        read(environ={"PROXMOX_TEST_VMID_PID": "x"})


def test_one_recorded_pid_is_for_a_sequential_run() -> None:
    settings = read(flags={"vmid_pid": "4711"})

    assert settings.get_recorded_pid("master", is_parallel=False) == 4711
    with pytest.raises(SettingError, match="--vmid-pid=gw0=4711"):
        settings.get_recorded_pid("gw0", is_parallel=True)


def test_recorded_pids_of_workers() -> None:
    settings = read(flags={"vmid_pid": "gw0=4711, gw1=4712"})

    assert settings.get_recorded_pid("gw0", is_parallel=True) == 4711
    assert settings.get_recorded_pid("gw1", is_parallel=True) == 4712
    assert settings.get_recorded_pid("gw2", is_parallel=True) is None


@pytest.mark.parametrize(
    ("flags", "ini", "is_on"),
    [
        ({}, {}, False),
        ({"fail_on_flaky": "on"}, {}, True),
        ({}, {"fail_on_flaky": "on"}, True),
        # A plugin with a flag of the same name, which nobody gave.
        ({"fail_on_flaky": False}, {"fail_on_flaky": "on"}, True),
        ({"fail_on_flaky": True}, {}, True),
    ],
)
def test_switch_is_on_where_it_is_given(
    flags: dict[str, str], ini: dict[str, str], is_on: bool
) -> None:
    assert read(flags=flags, ini=ini).fail_on_flaky is is_on


def test_flag_is_left_to_an_installed_plugin_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = pytest.PytestPluginManager()
    monkeypatch.setattr(options, "RIVAL", ("rival", "json"))

    assert options.is_rival_to_come(plugins)
    plugins.set_blocked("rival")
    assert not options.is_rival_to_come(plugins)


def test_flag_is_ours_where_no_such_plugin_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "RIVAL", ("rival", "no_such_module"))

    assert not options.is_rival_to_come(pytest.PytestPluginManager())
