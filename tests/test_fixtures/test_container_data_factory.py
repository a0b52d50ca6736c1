from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.container_data_factory import DEFAULT_TEMPLATE, ContainerTestDataFactory
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.proxmox.storages import Volume


def test_factories_count_for_themselves() -> None:
    first, second = ContainerTestDataFactory(), ContainerTestDataFactory()

    ids = [first.next_vmid(), first.next_vmid(), second.next_vmid()]

    assert ids == [200, 201, 200]


def test_ids_come_from_the_source() -> None:
    source = iter(["5000", "7"])
    factory = ContainerTestDataFactory(lambda: next(source))

    assert factory.create_container_params() == {"node": "node1", "vmid": "5000"}
    with pytest.raises(DoubleError, match="'7' is no VM id"):
        factory.next_vmid()


def test_threads_get_different_ids_and_names() -> None:
    factory = ContainerTestDataFactory()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _n: (factory.next_vmid(), factory.next_name()), range(400)))

    assert len({vmid for vmid, _name in made}) == len({name for _vmid, name in made}) == 400


def test_config_is_a_fresh_copy_with_the_changes(mock_builder: ProxmoxAPIMockBuilder) -> None:
    factory = ContainerTestDataFactory()
    factory.create_container_config()["cores"] = 99

    config = factory.create_container_config(memory=1024, net0=None)
    mock_builder.with_container_config("node1", 200, config)

    assert (config["cores"], config["memory"], "net0" in config) == (1, 1024, False)


def test_creation_params_are_accepted_by_the_api(mock_builder: ProxmoxAPIMockBuilder) -> None:
    volume = Volume(DEFAULT_TEMPLATE, "vztmpl", "tzst", 1000, 0)
    mock_builder.cluster.storages["local"].volumes("node1")[volume.volid] = volume
    params = ContainerTestDataFactory().create_api_creation_params(vmid="300", tags="x")

    mock_builder.build_api().nodes("node1").lxc.create(**params)

    assert mock_builder.cluster.container("node1", 300).config["tags"] == "x"


def test_creation_params_are_the_arguments_of_a_tool() -> None:
    params = ContainerTestDataFactory().create_container_creation_params(disk_size=4)

    assert params == {
        "node": "node1", "vmid": "200", "ostemplate": DEFAULT_TEMPLATE, "hostname": "test-ct-1",
        "cores": 1, "memory": 512, "disk_size": 4,
    }  # fmt: skip
