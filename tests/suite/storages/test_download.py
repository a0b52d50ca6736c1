"""Downloading ISO images and templates: what is asked of Proxmox, and what is refused before."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.mock_helpers import impossible
from tests.fixtures.response_factory import ProxmoxAPIResponseFactory
from tests.suite.job_store import FakeJobStore, Job
from tests.suite.lab import NODE, OTHER_NODE, Lab
from tests.suite.refusals import refusal_of
from tests.suite.volumes import list_files

pytestmark = pytest.mark.unit

PATH = f"/nodes/{NODE}/storage/local/download-url"
ISO = {"url": "https://example.test/fedora.iso", "filename": "fedora.iso"}
TEMPLATE = {"url": "https://example.test/fedora.tar.xz", "filename": "fedora.tar.xz"}
CHECKSUM = "0123456789abcdef" * 4
CHECKED = {"checksum": CHECKSUM, "checksum-algorithm": "sha256"}
ISO_REPORT = """\
ISO Download Started

  - Filename: fedora.iso
  - URL: https://example.test/fedora.iso
  - Storage: local @ {node}{checksum}

Task ID: {upid}
Job ID: {job}

The download is running in the background.
Use list_isos to verify when complete."""


def test_iso_is_fetched_by_the_node(iso_lab: Lab, job_store: FakeJobStore) -> None:
    before = list_files(iso_lab.builder.with_task_duration(60))
    tools = iso_lab.build_tools(job_store=job_store)

    text, _ = tools.download_iso(NODE, "local", **ISO)
    [job] = job_store.jobs
    job.cancel()
    job.retry()
    iso_lab.builder.clock.advance(60)
    tool = iso_lab.build_tools().download_iso
    text_of_checked, submission = tool(NODE, "local", **ISO, checksum=CHECKSUM)
    iso_lab.builder.with_operation_error("download", "got timeout", times=1)
    refusal = refusal_of(tool, NODE, "local", **ISO)

    sent = {**ISO, "content": "iso"}
    posts = [params for method, path, params in iso_lab.changes if (method, path) == ("POST", PATH)]
    assert posts == [sent, sent, {**sent, **CHECKED}, sent]
    assert [status for *_, status in iso_lab.tasks] == ["received interrupt", "OK", None]
    assert list_files(iso_lab.builder) - before == {(NODE, "local:iso/fedora.iso")}
    first, _, last = iso_lab.upids
    report = ISO_REPORT.format
    assert text.text == report(node=NODE, checksum="", upid=first, job="job-1")
    told = "\n  - Checksum: SHA256"
    assert text_of_checked.text == report(node=NODE, checksum=told, upid=last, job="n/a")
    assert json.loads(submission.text)["task_id"] == last
    reason = "500 Internal Server Error: got timeout"
    assert refusal == f"RuntimeError: Failed to download ISO 'fedora.iso': {reason}"
    spec = {"node": NODE, "storage": "local", "request": sent}
    assert job == Job(
        "download_iso", f"Download ISO fedora.iso to local@{NODE}", NODE, first,
        {"storage": "local", **ISO}, {"kind": "iso.download", "params": spec},
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip


def test_template_is_fetched_once_it_is_known_to_be_new(
    iso_lab: Lab, job_store: FakeJobStore, read_json: Callable[[Any], dict[str, Any]]
) -> None:
    before = list_files(iso_lab.builder)
    iso_lab.builder.with_task_duration(60)
    tools = iso_lab.build_tools(job_store=job_store)
    given = {"checksum": CHECKSUM.upper(), "checksum_algorithm": "sha256"}

    answers = [read_json(tools.download_template(NODE, "local", **TEMPLATE, **given))]
    job_store.jobs[0].cancel()
    answers.append(read_json(tools.download_template(NODE, "local", **TEMPLATE, **given)))
    iso_lab.builder.clock.advance(60)

    volume, upid = "local:vztmpl/fedora.tar.xz", iso_lab.upids[0]
    checks = {"checksum": CHECKSUM.upper(), "checksum-algorithm": "sha256"}
    sent = {**TEMPLATE, "content": "vztmpl", "verify-certificates": 1, **checks}
    storages = f"/nodes/{NODE}/storage"
    assert iso_lab.reads == [storages, f"{storages}/local/content"] * 2
    assert iso_lab.builder.calls[1].params == {"content": "vztmpl"}
    assert iso_lab.changes[::2] == [("POST", PATH, sent)] * 2
    assert [status for *_, status in iso_lab.tasks] == ["received interrupt", "OK"]
    assert list_files(iso_lab.builder) - before == {(NODE, volume)}
    answer, _ = answers
    message = answer.pop("message")
    assert message.startswith("Download submitted; poll the task")
    facts = {"node": NODE, "storage": "local", "filename": "fedora.tar.xz", "volume_id": volume}
    task = {"success": True, "status": "submitted", "task_id": upid, "job_id": "job-1"}
    assert answer == {**facts, **task, "tracking_warning": None, "retryable": False}
    job, _ = job_store.jobs
    assert job == Job(
        "download_template", f"Download template fedora.tar.xz to local@{NODE}", NODE, upid,
        {"storage": "local", "filename": "fedora.tar.xz"}, None, None, job.cancel_factory,
    )  # fmt: skip


UNSAFE_NAME = "filename must be a safe LXC template archive name"
UNSAFE_URL = "url must be an HTTPS URL without whitespace or controls"
BAD_URL = "url must have a valid HTTPS host/port without credentials or fragments"
BAD_DIGEST = "checksum is not a valid digest for checksum_algorithm"
NAMES = ["../x.tar.xz", "x.iso", ".x.tar.xz", "x.tar", "x" * 249 + ".tar.xz", None]
UNSAFE_URLS = ["http://example.test/x", "https://example.test/a b", "https://example.test/\x7f",
               "https://example.test\\x", 7]  # fmt: skip
BAD_URLS = ["user@example.test/x", ":secret@example.test/x", "example.test/x#part", "/x",
            "example.test:0/x"]  # fmt: skip
Refused = tuple[dict[str, object], str]
OF_NAMES: list[Refused] = [({"filename": name}, UNSAFE_NAME) for name in NAMES]
OF_URLS: list[Refused] = [({"url": url}, UNSAFE_URL) for url in UNSAFE_URLS]
OF_RESTS: list[Refused] = [({"url": f"https://{rest}"}, BAD_URL) for rest in BAD_URLS]
REFUSED: list[Refused] = [
    *OF_NAMES,
    *OF_URLS,
    *OF_RESTS,
    ({"node": "../node1"}, "Invalid resource path segment"),
    ({"storage": "a/b"}, "Invalid resource path segment"),
    ({"checksum_algorithm": "crc32"}, "unsupported checksum algorithm"),
    ({"checksum": CHECKSUM[1:]}, BAD_DIGEST),
    ({"checksum": CHECKSUM[1:] + "g"}, BAD_DIGEST),
    ({"checksum": CHECKSUM, "checksum_algorithm": "md5"}, BAD_DIGEST),
    ({"storage": "absent"}, "Target storage is missing or ambiguous"),
    ({"storage": "off"}, "Target storage must be enabled and active"),
    ({"storage": "dead"}, "Target storage must be enabled and active"),
    ({"storage": "elsewhere"}, "Target storage is missing or ambiguous"),
    ({"storage": "isos"}, "Target storage must support vztmpl content"),
    ({"filename": "debian.tar.zst"}, "Template already exists; refusing to overwrite it"),
]


def test_template_is_refused_before_anything_is_fetched(iso_lab: Lab) -> None:
    builder = iso_lab.builder.with_storage("isos", content="iso")
    builder.with_storage("elsewhere", content="vztmpl", nodes=[OTHER_NODE])
    builder.with_storage("off", content="vztmpl", enabled=False)
    builder.with_storage("dead", content="vztmpl", active=False)
    tool = iso_lab.build_tools().download_template
    usual = {"node": NODE, "storage": "local", **TEMPLATE}

    refusals = [refusal_of(tool, **{**usual, **changes}) for changes, _ in REFUSED]
    mock: Any = builder.build()
    storages = mock.nodes(NODE).storage
    mocked = iso_lab.build_mocked_tools().download_template
    storages("local").content.get.side_effect = [impossible([one]) for one in (7, {"volid": 7})]
    refusals += [refusal_of(mocked, **usual) for _ in range(2)]
    storages.get.side_effect = [impossible({}), impossible([7])]
    refusals += [refusal_of(mocked, **usual) for _ in range(2)]

    malformed = [
        f"{what} inventory is unavailable or malformed" for what in ("Template", "Storage")
    ]
    expected = [*(message for _, message in REFUSED), *malformed[:1] * 2, *malformed[1:] * 2]
    assert refusals == [f"ValueError: {message}" for message in expected]
    assert iso_lab.changes == []


def test_template_download_of_unknown_outcome_is_not_tried_again(
    iso_lab: Lab, read_json: Callable[[Any], dict[str, Any]]
) -> None:
    denied = ProxmoxAPIResponseFactory().create_error_response("Permission denied", status=403)
    iso_lab.builder.with_operation_error("download", "got timeout", times=1)
    iso_lab.builder.with_operation_error("download", ConnectionError("reset by peer"), times=1)
    iso_lab.builder.with_operation_error("download", denied, times=1)
    tool = iso_lab.build_tools().download_template

    answers = [read_json(tool(NODE, "local", **TEMPLATE)) for _ in range(2)]
    refusal = refusal_of(tool, NODE, "local", **TEMPLATE)
    mock: Any = iso_lab.builder.build()
    mock.nodes(NODE).storage("local")("download-url").post.side_effect = [
        impossible(7), impossible("done"),
    ]  # fmt: skip
    mocked = iso_lab.build_mocked_tools().download_template
    answers += [read_json(mocked(NODE, "local", **TEMPLATE)) for _ in range(2)]

    facts = {"node": NODE, "storage": "local", "volume_id": "local:vztmpl/fedora.tar.xz"}
    unknown = {"success": False, "status": "unknown", "code": "SUBMISSION_UNCERTAIN"}
    again = "Inspect Proxmox tasks and storage before another call; no automatic retry was made."
    assert answers == [{**facts, **unknown, "retryable": False, "message": again}] * 4
    assert refusal == "ValueError: Permission denied: 403 Forbidden: Permission denied"
    assert [path for _, path, _ in iso_lab.changes] == [PATH] * 5
    assert iso_lab.tasks == []
