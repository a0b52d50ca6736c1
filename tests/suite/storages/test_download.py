"""Downloading ISO images and templates: what is asked of Proxmox, and what is refused before."""

import json
from collections.abc import Callable
from typing import Any

import pytest

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


def test_iso_is_fetched_by_the_node(iso_lab: Lab) -> None:
    before = list_files(iso_lab.builder)
    tool = iso_lab.build_tools().download_iso

    text, submission = tool(NODE, "local", **ISO)
    text_of_checked, _ = tool(NODE, "local", **ISO, checksum=CHECKSUM)
    iso_lab.builder.with_operation_error("download", "got timeout", times=1)
    refusal = refusal_of(tool, NODE, "local", **ISO)

    sent = {**ISO, "content": "iso"}
    assert iso_lab.changes == [("POST", PATH, one) for one in (sent, {**sent, **CHECKED}, sent)]
    assert list_files(iso_lab.builder) - before == {(NODE, "local:iso/fedora.iso")}
    texts = [text.text, text_of_checked.text]
    checksums = ["", "\n  - Checksum: SHA256"]
    assert texts == [
        ISO_REPORT.format(node=NODE, checksum=checksum, upid=upid, job="n/a")
        for checksum, upid in zip(checksums, iso_lab.upids, strict=True)
    ]
    assert json.loads(submission.text)["task_id"] == iso_lab.upids[0]
    reason = "500 Internal Server Error: got timeout"
    assert refusal == f"RuntimeError: Failed to download ISO 'fedora.iso': {reason}"


def test_iso_download_registers_a_job_that_cancels_and_retries(
    iso_lab: Lab, job_store: FakeJobStore
) -> None:
    iso_lab.builder.with_task_duration(60)
    text, _ = iso_lab.build_tools(job_store=job_store).download_iso(NODE, "local", **ISO)
    [job] = job_store.jobs

    job.cancel()
    job.retry()

    spec = {"node": NODE, "storage": "local", "request": {**ISO, "content": "iso"}}
    assert job == Job(
        "download_iso", f"Download ISO fedora.iso to local@{NODE}", NODE, iso_lab.upids[0],
        {"storage": "local", **ISO}, {"kind": "iso.download", "params": spec},
        job.retry_factory, job.cancel_factory,
    )  # fmt: skip
    upid = iso_lab.upids[0]
    assert text.text == ISO_REPORT.format(node=NODE, checksum="", upid=upid, job="job-1")
    assert [status for *_, status in iso_lab.tasks] == ["received interrupt", None]
    assert iso_lab.changes[2] == iso_lab.changes[0]


def test_template_is_fetched_once_it_is_known_to_be_new(
    iso_lab: Lab, job_store: FakeJobStore, read_json: Callable[[Any], dict[str, Any]]
) -> None:
    before = list_files(iso_lab.builder)
    tools = iso_lab.build_tools(job_store=job_store)
    given = {"checksum": CHECKSUM.upper(), "checksum_algorithm": "sha256"}

    answer = read_json(tools.download_template(NODE, "local", **TEMPLATE, **given))

    volume, upid = "local:vztmpl/fedora.tar.xz", iso_lab.upids[0]
    checks = {"checksum": CHECKSUM.upper(), "checksum-algorithm": "sha256"}
    sent = {**TEMPLATE, "content": "vztmpl", "verify-certificates": 1, **checks}
    assert iso_lab.reads == [f"/nodes/{NODE}/storage", f"/nodes/{NODE}/storage/local/content"]
    assert iso_lab.builder.calls[1].params == {"content": "vztmpl"}
    assert iso_lab.changes == [("POST", PATH, sent)]
    assert list_files(iso_lab.builder) - before == {(NODE, volume)}
    message = answer.pop("message")
    assert message.startswith("Download submitted; poll the task")
    facts = {"node": NODE, "storage": "local", "filename": "fedora.tar.xz", "volume_id": volume}
    task = {"success": True, "status": "submitted", "task_id": upid, "job_id": "job-1"}
    assert answer == {**facts, **task, "tracking_warning": None, "retryable": False}
    [job] = job_store.jobs
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

    assert refusals == [f"ValueError: {message}" for _, message in REFUSED]
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

    facts = {"node": NODE, "storage": "local", "volume_id": "local:vztmpl/fedora.tar.xz"}
    unknown = {"success": False, "status": "unknown", "code": "SUBMISSION_UNCERTAIN"}
    again = "Inspect Proxmox tasks and storage before another call; no automatic retry was made."
    assert answers == [{**facts, **unknown, "retryable": False, "message": again}] * 2
    assert refusal == "ValueError: Permission denied: 403 Forbidden: Permission denied"
    assert [path for _, path, _ in iso_lab.changes] == [PATH] * 3
    assert iso_lab.tasks == []
