from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError
from tests.fixtures.vm_data_factory import VMTestDataFactory


def test_factories_count_for_themselves() -> None:
    first, second = VMTestDataFactory(), VMTestDataFactory()

    ids = [first.next_vmid(), first.next_vmid(), second.next_vmid()]

    assert ids == [100, 101, 100]


def test_ids_come_from_the_source() -> None:
    source = iter(["5000", "5001"])
    factory = VMTestDataFactory(lambda: next(source))

    assert factory.create_vm_params() == {"node": "node1", "vmid": "5000"}
    assert factory.next_vmid() == 5001


def test_source_of_impossible_ids_is_refused() -> None:
    with pytest.raises(DoubleError, match="7 is no VM id"):
        VMTestDataFactory(lambda: 7).next_vmid()


def test_threads_get_different_ids_and_names() -> None:
    factory = VMTestDataFactory()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _n: (factory.next_vmid(), factory.next_name()), range(400)))

    assert len({vmid for vmid, _name in made}) == len({name for _vmid, name in made}) == 400


def test_config_is_a_fresh_copy_with_the_changes() -> None:
    factory = VMTestDataFactory()
    factory.create_vm_config()["cores"] = 99

    config = factory.create_vm_config(memory=512, scsi0=None)

    assert (config["cores"], config["memory"], "scsi0" in config) == (2, 512, False)


def test_creation_params_are_accepted_by_the_api(mock_builder: ProxmoxAPIMockBuilder) -> None:
    params = VMTestDataFactory().create_api_creation_params(vmid="300", tags="x")

    upid = mock_builder.build_api().nodes("node1").qemu.create(**params)

    assert ":qmcreate:300:" in upid


def test_creation_params_are_the_arguments_of_a_tool() -> None:
    params = VMTestDataFactory().create_vm_creation_params(disk_size=8)

    assert set(params) == {"node", "vmid", "name", "cpus", "memory", "disk_size"}
    assert (params["vmid"], params["disk_size"]) == ("100", 8)
