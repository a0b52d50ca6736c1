import pytest

from tests.infra import report
from tests.infra.records import Block

BLOCKS = {"gw10": Block(300, 399, 12), "gw1": Block(100, 199, 10), "gw2": Block(200, 299, 11)}


def test_header_of_one_process_shows_its_block() -> None:
    lines = report.render_header("1234567890", "in one process", Block(100, 199, 10))

    assert lines == [
        "infra: run 12345678, in one process",
        "VMIDs: 100-199 (pid 10); again with --vmid-pid=10",
    ]


def test_header_of_a_controller_shows_no_block() -> None:
    assert len(report.render_header("1234567890", "in parallel", None)) == 1


def test_blocks_come_in_order_of_workers() -> None:
    assert report.render_blocks(BLOCKS) == [
        "VMIDs of gw1: 100-199 (pid 10)",
        "VMIDs of gw2: 200-299 (pid 11)",
        "VMIDs of gw10: 300-399 (pid 12)",
        "again with --vmid-pid=gw1=10,gw2=11,gw10=12",
    ]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [(Block(400, 499, 13), None), (Block(250, 260, 13), ("gw2", "gw3"))],
    ids=["disjoint", "inside"],
)
def test_overlap_is_found(extra: Block, expected: tuple[str, str] | None) -> None:
    assert report.find_overlap({**BLOCKS, "gw3": extra}) == expected


def test_repeat_commands_name_worker_pid_and_tests() -> None:
    failed = {
        "gw2": ["t.py::a[x y]", "t.py::a[x y]"],
        "gw1": [f"t.py::{n}" for n in range(5)],
        "gw10": ["t.py::a[it's]"],
    }

    assert report.render_repeats(failed, BLOCKS) == [
        "pytest -n 0 --vmid-pid=10 t.py::0 t.py::1 t.py::2  # and 2 more",
        """pytest -n 0 --vmid-pid=12 't.py::a[it'"'"'s]'""",
        "pytest -n 0 --vmid-pid=11 't.py::a[x y]'",
    ]


def test_crashed_worker_without_a_block_is_left_out() -> None:
    assert report.render_repeats({"gw9": ["t.py::a"]}, BLOCKS) == []
