from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError, UnusedError
from tests.fixtures.thread_builders import PerThreadBuilders


def set_answer(builder: ProxmoxAPIMockBuilder) -> None:
    mock: Any = builder.build()
    mock.version.get.return_value = {"version": "9"}


def set_fault(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_operation_error("start", "no quorum", times=1)


def set_task_error(builder: ProxmoxAPIMockBuilder) -> None:
    builder.with_task_error("start", "kvm: no", times=1)


DESCRIBED = pytest.mark.parametrize(
    ("describe", "text"),
    [
        (set_answer, "the answer for GET /version"),
        (set_fault, "error of start"),
        (set_task_error, "end 'kvm: no' of qmstart or vzstart"),
    ],
    ids=["answer", "fault", "task error"],
)


@DESCRIBED
def test_what_nobody_used_is_named(describe: Any, text: str) -> None:
    builder = ProxmoxAPIMockBuilder()
    describe(builder)

    with pytest.raises(UnusedError) as refused:
        builder.require_all_used()

    assert text in str(refused.value)
    assert "builder.allow_unused()" in str(refused.value)
    assert f"never used: {text}" in builder.report() or text in builder.report()


@DESCRIBED
def test_what_may_be_unused_is_accepted(describe: Any, text: str) -> None:
    builder = ProxmoxAPIMockBuilder().allow_unused()
    describe(builder)

    builder.require_all_used()

    assert text in builder.report()


@pytest.mark.parametrize("describe", [set_answer, set_fault, set_task_error])
def test_what_was_used_is_accepted(describe: Any) -> None:
    builder = ProxmoxAPIMockBuilder().with_vm()
    describe(builder)
    mock: Any = builder.build()

    mock.version.get()
    if describe is set_fault:
        with pytest.raises(ResourceException, match="no quorum"):
            mock.nodes("node1").qemu("100").status.start.post()
    mock.nodes("node1").qemu("100").status.start.post()

    builder.require_all_used()
    assert "never used" not in builder.report()


def test_error_for_always_may_be_unused() -> None:
    builder = ProxmoxAPIMockBuilder().with_operation_error("start", "must not be reached")

    builder.require_all_used()


def test_answer_that_was_refused_is_not_missed() -> None:
    builder = ProxmoxAPIMockBuilder()
    mock: Any = builder.build()

    with pytest.raises(DoubleError):
        mock.version.get.return_value = None

    builder.require_all_used()


def test_answer_that_changed_has_to_be_used_again() -> None:
    builder = ProxmoxAPIMockBuilder()
    set_answer(builder)
    mock: Any = builder.build()
    mock.version.get()

    set_answer(builder)

    with pytest.raises(UnusedError):
        builder.require_all_used()


def test_builders_of_threads_are_all_checked() -> None:
    builders = PerThreadBuilders()
    builders.require_all_used()

    set_answer(builders())

    with pytest.raises(UnusedError):
        builders.require_all_used()


def test_report_counts_requests_by_template() -> None:
    builder = ProxmoxAPIMockBuilder().with_vm(100).with_vm(101)
    set_answer(builder)
    mock: Any = builder.build()

    for vmid in (100, 101):
        mock.nodes("node1").qemu(vmid).config.get()
    mock.version.get()

    assert builder.report().splitlines() == [
        "3 request(s)",
        "  2x GET /nodes/{node}/qemu/{vmid}/config",
        "  1x GET /version",
        "answered 1x by the test, not by the state: GET /version",
    ]


def test_report_counts_the_answers_of_threads() -> None:
    builder = ProxmoxAPIMockBuilder()
    set_answer(builder)
    mock: Any = builder.build()

    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(mock.version.get)

    assert "answered 400x by the test" in builder.report()


def test_report_asks_why_nothing_was_sent() -> None:
    assert "another name patched?" in ProxmoxAPIMockBuilder().report()
