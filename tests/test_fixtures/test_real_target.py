from pathlib import Path

import pytest

from tests.fixtures.real.errors import ClusterSettingError
from tests.fixtures.real.target import read_target
from tests.fixtures.real.variables import is_given

GIVEN = {
    "PROXMOX_TEST_HOST": "pve.example.test",
    "PROXMOX_TEST_TOKEN": "ci@pve!tests=00000000-secret",
}


def test_target_has_defaults() -> None:
    target = read_target(GIVEN)

    assert target.address == "pve.example.test:8006"
    assert (target.user, target.token_name) == ("ci@pve", "tests")
    assert (target.deadline_s, target.request_timeout_s) == (60, 10)


def test_all_can_be_set(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    more = {"PROXMOX_TEST_CA_FILE": str(ca_file), "PROXMOX_TEST_NODE": "node2"}

    target = read_target(
        {**GIVEN, **more, "PROXMOX_TEST_HOST": "[::1]:443", "PROXMOX_TEST_DEADLINE_S": "2.5"}
    )

    assert (target.host, target.port, target.node) == ("[::1]", 443, "node2")
    assert (target.ca_file, target.request_timeout_s) == (str(ca_file), 2.5)


def test_secret_is_not_shown() -> None:
    assert "secret" not in repr(read_target(GIVEN))


def test_cluster_is_given_by_its_host() -> None:
    assert is_given(GIVEN)
    assert not is_given({"PROXMOX_TEST_TOKEN": GIVEN["PROXMOX_TEST_TOKEN"]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROXMOX_TEST_HOST", "https://pve.example.test"),
        ("PROXMOX_TEST_HOST", "pve:99999"),
        ("PROXMOX_TEST_HOST", "two words"),
        ("PROXMOX_TEST_TOKEN", ""),
        ("PROXMOX_TEST_TOKEN", "ci@pve=00000000-secret"),
        ("PROXMOX_TEST_CA_FILE", "/nowhere/ca.pem"),
        ("PROXMOX_TEST_DEADLINE_S", "soon"),
        ("PROXMOX_TEST_DEADLINE_S", "0"),
        ("PROXMOX_TEST_DEADLINE_S", "nan"),
    ],
)
def test_bad_value_names_its_variable_and_no_secret(name: str, value: str) -> None:
    with pytest.raises(ClusterSettingError) as caught:
        read_target({**GIVEN, name: value})

    assert caught.value.variable == name
    assert "secret" not in str(caught.value)
