import copy
import json
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import config_manager
from tests.fixtures.config_manager import MockConfigManager
from tests.fixtures.proxmox.errors import DoubleError


def test_settings_are_read_and_changed() -> None:
    manager = MockConfigManager()

    manager.set("proxmox.port", 443).set("logging.file", "run.log")

    assert (manager.get("proxmox.port"), manager.logging.file) == (443, "run.log")
    assert manager.get("proxmox.host") == manager.proxmox.host == "proxmox.invalid"


def test_settings_given_at_first_change_the_defaults() -> None:
    manager = MockConfigManager.from_dict({"auth": {"user": "ci@pve"}})

    assert manager.section("auth")["user"] == "ci@pve"
    assert manager.section("auth")["token_name"] == "test"


def pickled(manager: MockConfigManager) -> Any:
    return pickle.loads(pickle.dumps(manager))


@pytest.mark.parametrize("take", [
    pytest.param(lambda manager: manager.as_dict()["proxmox"], id="as_dict"),
    pytest.param(lambda manager: manager.section("proxmox"), id="section"),
    pytest.param(lambda manager: vars(manager.proxmox), id="attribute"),
    pytest.param(lambda manager: manager.copy()._values["proxmox"], id="copy"),
    pytest.param(lambda manager: copy.deepcopy(manager)._values["proxmox"], id="deepcopy"),
    pytest.param(lambda manager: pickled(manager)._values["proxmox"], id="pickle"),
    pytest.param(lambda _manager: MockConfigManager()._values["proxmox"], id="another"),
])  # fmt: skip
def test_nothing_is_shared(take: Any) -> None:
    manager = MockConfigManager()

    take(manager)["host"] = "elsewhere"

    assert manager.get("proxmox.host") == "proxmox.invalid"


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda m: m.get("proxmox.hots"), "no setting 'proxmox.hots'; did you mean 'proxmox.host'"),
        (lambda m: m.set("auth.tokenname", "x"), "did you mean 'auth.token_name'"),
        (lambda m: m.get("host"), "no setting 'host'; did you mean"),
        (lambda m: m.section("promox"), "no section 'promox'; did you mean 'proxmox'"),
        (lambda m: m.load({"log": {"level": "INFO"}}), "no section 'log'; did you mean 'logging'"),
        (lambda m: m.load({"proxmox": "host"}), "section 'proxmox' is 'host'; give its settings"),
        (lambda m: m.set("proxmox.port", "8006"), "can't be '8006'; give a value of type int"),
        (lambda m: m.load({"proxmox": {"port": True}}), "can't be True; give a value of type int"),
        (lambda m: m.set("proxmox.verify_ssl", 0), "can't be 0; give a value of type bool"),
        (lambda m: m.set("proxmox.host", None), "can't be None; give a value of type str"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_setting_is_refused(use: Any, text: str) -> None:
    with pytest.raises(DoubleError) as refused:
        use(MockConfigManager())

    assert text in str(refused.value)


def test_unknown_attribute_names_the_nearest() -> None:
    with pytest.raises(AttributeError, match="did you mean 'security'"):
        _ = MockConfigManager().secruity


def test_load_takes_all_or_nothing() -> None:
    manager = MockConfigManager()

    with pytest.raises(DoubleError):
        manager.load({"mcp": {"port": 1, "transport": 2}})

    assert manager.get("mcp.port") == 8000


def split_slowly(key: str) -> tuple[str, str]:
    time.sleep(0.001)
    section, _dot, name = key.partition(".")
    return section, name


def test_threads_see_no_half_of_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    # Reading the keys is where another thread would get in between two settings.
    monkeypatch.setattr(config_manager, "_split", split_slowly)
    manager = MockConfigManager({"mcp": {"host": "0", "port": 0}})

    def load(number: int) -> None:
        manager.load({"mcp": {"host": str(number), "port": number}})

    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            pool.submit(load, number)
        seen: list[dict[str, Any]] = []
        while len(seen) < 20:
            time.sleep(0.001)
            seen.append(manager.section("mcp"))

    assert all(one["host"] == str(one["port"]) for one in seen)


def test_file_holds_everything(tmp_path: Path) -> None:
    manager = MockConfigManager({"proxmox": {"port": 1}})

    path = manager.write(tmp_path / "config.json")

    assert json.loads(path.read_text()) == manager.as_dict()


def test_client_of_the_suite_takes_it(
    mock_config_manager: MockConfigManager, tmp_path: Path
) -> None:
    from proxmox_mcp.config.loader import load_config  # noqa: PLC0415 - half a second of imports

    config = load_config(str(mock_config_manager.write(tmp_path / "config.json")))

    assert config.proxmox.host == mock_config_manager.proxmox.host
    assert config.auth.token_value == mock_config_manager.auth.token_value
    assert config.jobs.sqlite_path == ":memory:"
