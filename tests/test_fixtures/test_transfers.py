import io
from pathlib import Path
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder

URL = "https://example.test/images/a.iso"


@pytest.fixture
def node(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of node1, with a storage for files to import."""
    mock_builder.with_storage("files", content="import,iso,vztmpl")
    return mock_builder.build_api().nodes("node1")


def read_task(node: Any, upid: str) -> tuple[str, list[str]]:
    lines = [line["t"] for line in node.tasks(upid).log.get()]
    return node.tasks(upid).status.get()["exitstatus"], lines


@pytest.mark.parametrize(
    ("content", "filename", "volid", "form"),
    [
        ("iso", "a.iso", "files:iso/a.iso", "iso"),
        ("iso", "a b.ISO", "files:iso/a_b.ISO", "iso"),
        ("vztmpl", "d.tar.zst", "files:vztmpl/d.tar.zst", "tzst"),
        ("import", "d.qcow2", "files:import/d.qcow2", "qcow2"),
    ],
    ids=["iso", "cleaned", "template", "import"],
)
def test_downloaded_file_is_content(
    node: Any, content: str, filename: str, volid: str, form: str
) -> None:
    upid = node.storage("files")("download-url").post(url=URL, content=content, filename=filename)

    entry = node.storage("files").content.get()[0]
    assert upid.split(":")[5:7] == ["download", volid.rpartition("/")[2]]
    assert (entry["volid"], entry["content"], entry["format"]) == (volid, content, form)


def test_download_appears_at_the_end_of_its_task(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_task_duration(10)

    upid = node.storage("files")("download-url").post(url=URL, content="iso", filename="a.iso")
    during = node.storage("files").content.get()
    mock_builder.clock.advance(10)

    path = "/mnt/pve/files/template/iso/a.iso"
    exitstatus, lines = read_task(node, upid)
    assert (during, len(node.storage("files").content.get())) == ([], 1)
    assert (exitstatus, lines[0]) == ("OK", f"downloading {URL} to {path}")
    assert node.storage("files").content.get()[0]["ctime"] == mock_builder.clock.now


def test_download_keeps_a_file_that_is_there(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_content("files:iso/a.iso")
    download = node.storage("files")("download-url")
    checksum = {"checksum": "ab", "checksum-algorithm": "sha256"}

    refused = download.post(url=URL, content="iso", filename="a.iso")
    checked = download.post(url=URL, content="iso", filename="a.iso", **checksum)

    path = "/mnt/pve/files/template/iso/a.iso"
    assert read_task(node, refused)[0] == f"refusing to override existing file '{path}'"
    assert read_task(node, checked)[0] == "OK"


def test_download_to_a_full_storage_fails_in_the_task(
    mock_builder: ProxmoxAPIMockBuilder, node: Any
) -> None:
    mock_builder.with_storage("full", content="iso", total_gib=1, used_gib=1)

    upid = node.storage("full")("download-url").post(url=URL, content="iso", filename="a.iso")

    assert read_task(node, upid)[0].endswith("No space left on device")
    assert node.storage("full").content.get() == []


@pytest.mark.parametrize(
    ("storage", "params", "status", "message"),
    [
        ("local", {"content": "import", "filename": "a.qcow2"}, 500,
         "storage 'local' is not configured for content-type 'import'"),
        ("files", {"filename": "a.txt"}, 400, "wrong file extension"),
        ("files", {"checksum": "ab"}, 400, "missing property required by 'checksum'"),
        ("files", {"content": "vztmpl", "filename": "a.tar.gz", "compression": "gz"}, 400,
         "only supported for content type 'iso'"),
    ],
    ids=["content", "extension", "half a checksum", "compression"],
)  # fmt: skip
def test_download_is_refused(
    node: Any, storage: str, params: dict[str, Any], status: int, message: str
) -> None:
    usual = {"url": URL, "content": "iso", "filename": "a.iso"}

    with pytest.raises(ResourceException, match=f"^{status} ") as raised:
        node.storage(storage)("download-url").post(**{**usual, **params})

    assert message in str(raised.value)


def test_uploaded_file_has_name_and_size(node: Any, tmp_path: Path) -> None:
    path = tmp_path / "tiny.iso"
    path.write_bytes(b"12345")

    with path.open("rb") as file:
        upid = node.storage("files").upload.post(content="iso", filename=file)
        position = file.tell()

    entry = node.storage("files").content.get()[0]
    assert upid.split(":")[5] == "imgcopy"
    assert (entry["volid"], entry["size"], position) == ("files:iso/tiny.iso", 5, 0)


@pytest.mark.parametrize("file", ["a.iso", io.BytesIO(b"1")], ids=["text", "nameless"])
def test_upload_without_a_file_is_refused(node: Any, file: object) -> None:
    with pytest.raises(ResourceException, match="not implemented") as raised:
        node.storage("files").upload.post(content="iso", filename=file)

    assert raised.value.status_code == 501


def test_url_is_described(node: Any) -> None:
    described = node("query-url-metadata").get(url=f"{URL}?x=1")

    assert described["filename"] == "a.iso"
    assert described["size"] > 0
