"""Scenarios about storages, their content and backups."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.truth.play import Play
from tests.truth.scenario import Scenarios

SCENARIOS: Final = Scenarios()
LOCAL: Final = "nodes/node1/storage/local"


def stopped(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_vm(100, name="web")


@SCENARIOS.add()
def storages_of_a_node(play: Play) -> None:
    play.get("nodes/node1/storage")
    play.get(f"{LOCAL}/status")
    play.get("nodes/node1/storage/nowhere/status")
    play.get("nodes/node1/storage", content="iso")


@SCENARIOS.add()
def configuration_of_storages(play: Play) -> None:
    play.get("storage")
    play.post("storage", storage="files", type="dir", path="/srv/files", content="images,iso")
    play.get("storage/files")
    play.put("storage/files", content="iso")
    play.get("storage/files")
    play.post("storage", storage="files", type="dir", path="/srv/files")
    play.delete("storage/files")
    play.get("storage/files")


@SCENARIOS.add()
def storage_with_wrong_parameters(play: Play) -> None:
    play.post("storage", storage="files")
    play.post("storage", storage="files", type="bogus")
    play.post("storage", storage="1", type="dir", path="/srv/files")
    play.put("storage/nowhere", content="iso")


@SCENARIOS.add()
def download_of_an_image(play: Play) -> None:
    play.get(f"{LOCAL}/content")
    play.end_of(
        play.post(f"{LOCAL}/download-url", url="https://example.org/a.iso", filename="a.iso",
                  content="iso")
    )  # fmt: skip
    play.get(f"{LOCAL}/content", content="iso")
    play.end_of(play.delete(f"{LOCAL}/content/local:iso/a.iso"))
    play.get(f"{LOCAL}/content")


@SCENARIOS.add()
def download_with_wrong_parameters(play: Play) -> None:
    play.post(f"{LOCAL}/download-url", url="https://example.org/a.iso")
    play.post(f"{LOCAL}/download-url", url="ftp://x", filename="a.iso", content="iso")
    play.post(f"{LOCAL}/download-url", url="https://example.org/a", filename="a", content="bogus")


@SCENARIOS.add()
def content_that_is_not_there(play: Play) -> None:
    play.get(f"{LOCAL}/content/local:iso/none.iso")
    play.get("nodes/node1/storage/nowhere/content")


@SCENARIOS.add(stopped)
def disks_are_content(play: Play) -> None:
    play.get("nodes/node1/storage/local-lvm/content", vmid=100)


@SCENARIOS.add(stopped)
def allocation_of_a_disk(play: Play) -> None:
    play.post("nodes/node1/storage/local-lvm/content", filename="vm-100-disk-7", size="4G",
              vmid=100)  # fmt: skip
    play.get("nodes/node1/storage/local-lvm/content")
    play.end_of(play.delete("nodes/node1/storage/local-lvm/content/local-lvm:vm-100-disk-7"))


@SCENARIOS.add(stopped)
def backup_with_wrong_parameters(play: Play) -> None:
    play.post("nodes/node1/vzdump", vmid="abc")
    play.post("nodes/node1/vzdump", vmid=100, compress="rar")
    play.post("nodes/node1/vzdump", vmid=100, mode="fast")
    play.post("nodes/node1/vzdump", vmid=100, storag="local")
