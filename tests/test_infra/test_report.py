import pytest

from tests.infra import report
from tests.infra.audit import Audit, Rule, Violation
from tests.infra.records import Block, Routing
from tests.infra.status import Running, Status
from tests.infra.timeline import Bound, Limit, Share, Summary
from tests.test_infra.runs import make_span

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


@pytest.mark.parametrize(
    ("count", "reason", "expected"),
    [
        (4, "", ["infra: 4 workers, as asked for"]),
        (2, "-n auto: 2 workers, about 32 s", ["infra: -n auto: 2 workers, about 32 s"]),
        (0, "-n auto: in one process", ["infra: -n auto: in one process"]),
        (0, "", []),
    ],
    ids=["asked", "auto", "auto-in-process", "one-process"],
)
def test_number_of_workers_is_told_with_its_reason(
    count: int, reason: str, expected: list[str]
) -> None:
    assert report.render_workers(count, reason) == expected


def test_lanes_are_told_with_width_and_number_of_tests() -> None:
    routings = {
        0: Routing(is_exclusive=True),
        1: Routing(lanes=("integration", "slow")),
        2: Routing(lanes=("integration",), groups=("db",)),
    }

    assert report.render_lanes(routings, {"slow": 1, "integration": 2, "serial": 0}) == [
        "lanes: 1 exclusive test; integration 2 tests, 2 at a time; slow 1 test, 1 at a time; "
        "1 group of 1 test"
    ]


def test_suite_without_lanes_says_nothing_of_them() -> None:
    assert report.render_lanes({}, {"slow": 1}) == []


def make_summary(makespan_s: float = 41.2) -> Summary:
    return Summary(
        worker_count=4,
        startup_s=1.31,
        makespan_s=makespan_s,
        bound=Bound(0.0, 40.1, Limit.LANE, "slow", 1),
        shares=[Share("gw1", 40.4, 0.98), Share("gw0", 30.0, 0.73), Share("gw3", 25.1, 0.61)],
        peak_rss_bytes={"gw3": 92_400_000, "gw0": 119_600_000},
    )


def test_summary_tells_time_bound_shares_and_memory() -> None:
    assert report.render_summary(make_summary()) == [
        "infra: 4 workers, start-up 1.3 s, tests 41.2 s; "
        "lower bound 40.1 s (lane slow: 40.1 s, 1 at a time)",
        "busiest gw1 98%, idlest gw3 61%; memory 92 to 120 MB a worker",
    ]


@pytest.mark.parametrize("summary", [None, make_summary(0.9)], ids=["none", "short"])
def test_run_with_nothing_to_gain_has_no_summary(summary: Summary | None) -> None:
    assert report.render_summary(summary) == []


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (Bound(0, 5, Limit.WORKERS, "", 4), "5.0 s (all of 4 workers busy: 5.0 s)"),
        (Bound(0, 5, Limit.TEST, "t.py::a", 1), "5.0 s (test t.py::a: 5.0 s)"),
        (Bound(0, 5, Limit.GROUP, "db", 1), "5.0 s (group db: 5.0 s)"),
        (
            Bound(3, 5, Limit.LANE, "api", 2),
            "8.0 s (exclusive tests: 3.0 s, then lane api: 5.0 s, 2 at a time)",
        ),
        (Bound(3, 0, Limit.WORKERS, "", 4), "3.0 s (exclusive tests: 3.0 s)"),
    ],
    ids=["workers", "test", "group", "exclusive-and-lane", "exclusive"],
)
def test_bound_names_what_sets_it(bound: Bound, expected: str) -> None:
    assert report.render_bound(bound) == expected


@pytest.mark.parametrize(
    ("violation", "expected"),
    [
        (
            Violation(Rule.EXCLUSIVE, make_span(0, 0, 3, 4), make_span(1, 1, 3.5, 4)),
            "  exclusive: t.py::test_1 on gw1 ran beside t.py::test_0 on gw0 for 500.0 ms",
        ),
        (
            Violation(Rule.LANE, make_span(0, 0, 3, 4), make_span(1, 1, 3.5, 4), "slow", 2),
            "  lane slow, 2 at a time: t.py::test_1 on gw1 ran beside t.py::test_0 on gw0 "
            "for 500.0 ms",
        ),
        (
            Violation(Rule.GROUP, make_span(0, 0, 3, 4), make_span(1, 1, 5, 6), "db"),
            "  group db, on two workers: t.py::test_1 on gw1 ran after t.py::test_0 on gw0",
        ),
    ],
    ids=["exclusive", "lane", "group"],
)
def test_breach_names_both_tests_and_the_way_out(violation: Violation, expected: str) -> None:
    lines = report.render_audit(Audit([violation]), ["-n", "2", "a b"])

    assert lines[:2] == ["infra: 1 breach of lanes or groups in this run", expected]
    assert lines[-1].endswith("pytest -n 2 'a b' --scheduler=xdist")


def test_sound_audit_says_nothing() -> None:
    assert report.render_audit(Audit(), []) == []
    assert report.render_unjudged(Audit()) == []


def test_many_breaches_are_cut_short() -> None:
    violation = Violation(Rule.EXCLUSIVE, make_span(0, 0, 3, 4), make_span(1, 1, 3.5, 4))

    lines = report.render_audit(Audit([violation] * 13), [])

    assert "  and 3 more" in lines
    assert lines[0].startswith("infra: 13 breaches")
    assert len(lines) == 13


def test_tests_left_out_of_the_audit_are_counted_by_reason() -> None:
    odd = [make_span(index, 0, 3, 4) for index in range(5)]
    crashed = make_span(9, 0, 3, 3, outcome="crashed")

    assert report.render_unjudged(Audit(unjudged=[*odd, crashed])) == [
        "infra: not checked for overlaps: 1 crashed test, 5 tests with a changed clock "
        "(t.py::test_0, t.py::test_1, t.py::test_2 and 2 more)"
    ]


def test_status_names_the_longest_running_first_and_what_waits() -> None:
    running = (
        Running("gw0", "t.py::quick", since=99.5),
        Running("gw10", "t.py::stuck", since=40.0, expected_s=2.04),
    )

    text = report.render_status(Status(running, waiting=7, held={"slow": 3}), now=100.0)

    assert text.split("\n") == [
        "",
        "infra: 2 tests running, 7 waiting (3 for lane slow)",
        "  gw10   60.0 s of about 2.0 s  t.py::stuck",
        "  gw0    0.5 s                  t.py::quick",
        "",
    ]
