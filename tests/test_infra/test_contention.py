"""What two workers held at once: joined from records, and found in real runs."""

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.access_log import AccessLog
from tests.infra.access_records import Access, AccessKind, AccessList
from tests.infra.contention import (
    Reason,
    is_tolerable,
    join_accesses,
    overlap,
)
from tests.infra.contention_report import render_conflicts, render_json, render_title
from tests.infra.records import Span
from tests.test_infra.conftest import InnerSuite
from tests.test_infra.runs import STARTED, make_span

FILE, APPENDED = AccessKind.FILE, AccessKind.APPENDED
DIRECTORY, FOUND = AccessKind.DIRECTORY, AccessKind.FOUND


def make_access(  # noqa: PLR0913  each is one column of a table of accesses
    worker: int,
    start: float,
    stop: float | None,
    *,
    kind: AccessKind = FILE,
    target: str = "/a",
    owner: str = "",
    fixture: str = "",
    locks: Sequence[str] = (),
) -> Access:
    name = owner or f"t.py::test_{worker}"
    return Access(f"gw{worker}", kind, target, name, fixture, start, stop, tuple(locks))


@pytest.mark.parametrize(
    ("first", "second", "is_conflict"),
    [
        ((0, 1, 3), (1, 2, 4), True),
        ((0, 1, 4), (1, 2, 3), True),
        ((0, 1, None), (1, 2, 3), True),
        ((0, 1, 2), (1, 2, 3), False),
        ((0, 1, 2), (1, 3, 4), False),
        ((0, 1, 3), (0, 2, 4), False),
    ],
    ids=["crosses", "within", "never-ended", "follows", "later", "same-worker"],
)
def test_two_workers_at_the_same_time_are_a_conflict(
    first: tuple[int, float, float | None],
    second: tuple[int, float, float | None],
    is_conflict: bool,
) -> None:
    found = join_accesses([make_access(*second), make_access(*first)])

    assert bool(found.conflicts) is is_conflict
    if is_conflict:
        assert found.conflicts[0].first == make_access(*first)
        assert found.conflicts[0].second == make_access(*second)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"kind": APPENDED}, {"kind": APPENDED}, Reason.APPENDED),
        ({"kind": APPENDED}, {"kind": FILE}, None),
        ({"kind": DIRECTORY}, {"kind": FOUND}, None),
        ({"kind": AccessKind.REMOVED}, {"kind": FOUND}, None),
        ({"locks": ["/l", "/m"]}, {"locks": ["/l"]}, Reason.LOCKED),
        ({"locks": ["/l"]}, {"locks": ["/m"]}, None),
        ({"target": "/b"}, {"target": "/b", "start": 9, "stop": 10}, Reason.APART),
    ],
    ids=str,
)
# Any: fields of several types by name.
def test_some_sharing_is_lawful(
    first: dict[str, Any], second: dict[str, Any], reason: Reason | None
) -> None:
    usual: dict[str, Any] = {"start": 1.0, "stop": 2.0}

    found = join_accesses([make_access(0, **(usual | first)), make_access(1, **(usual | second))])

    assert [one.reason for one in found.shared] == ([reason] if reason else [])
    assert bool(found.conflicts) is (reason is None)


@pytest.mark.parametrize(
    ("one", "other", "is_conflict"),
    [
        ("tcp 127.0.0.1 80", "tcp 127.0.0.1 80", True),
        ("tcp 127.0.0.1 80", "tcp * 80", True),
        ("tcp 127.0.0.1 80", "tcp 127.0.0.2 80", False),
        ("tcp * 80", "udp * 80", False),
        ("tcp * 80", "tcp * 81", False),
    ],
)
def test_addresses_of_one_port_differ_unless_one_is_all(
    one: str, other: str, is_conflict: bool
) -> None:
    found = join_accesses(
        make_access(worker, 1, 2, kind=AccessKind.PORT, target=target)
        for worker, target in enumerate((one, other))
    )

    assert bool(found.conflicts) is is_conflict


def test_directory_that_was_there_before_is_not_shared() -> None:
    found = join_accesses(make_access(worker, 1, 2, kind=FOUND) for worker in (0, 1))

    assert (found.conflicts, found.shared) == ([], [])


def test_one_target_is_one_conflict_with_all_its_owners() -> None:
    accesses = [make_access(0, 0, None, owner="fixture")]
    accesses += [make_access(1, start, start + 1, owner=f"t{start}") for start in range(1, 4)]

    [conflict] = join_accesses(accesses).conflicts

    assert (conflict.first.owner, conflict.second.owner) == ("fixture", "t1")
    assert conflict.owners == ("fixture", "t1", "t2", "t3")


ACCESSES = st.lists(
    st.builds(
        lambda worker, start, length, kind, target, locks: make_access(
            worker,
            start,
            None if length is None else start + length,
            kind=kind,
            target=target,
            owner=f"t{start}",
            locks=sorted(locks),
        ),
        st.integers(0, 2),
        st.integers(0, 8),
        st.none() | st.integers(0, 4),
        st.sampled_from([FILE, APPENDED, DIRECTORY, FOUND]),
        st.sampled_from(["/a", "/b"]),
        st.sets(st.sampled_from(["/l", "/m"])),
    ),
    max_size=12,
)


@given(ACCESSES)
def test_sweep_finds_what_comparing_all_with_all_finds(accesses: list[Access]) -> None:
    pairs = [
        pair
        for pair in combinations(accesses, 2)
        if pair[0].target == pair[1].target and overlap(*pair) and not is_tolerable(*pair)
    ]

    found = join_accesses(accesses)

    expected = {
        target: {access.owner for pair in pairs for access in pair if access.target == target}
        for target in {pair[0].target for pair in pairs}
    }
    assert {each.target: set(each.owners) for each in found.conflicts} == expected
    together = {
        target
        for target in ("/a", "/b")
        if len({each.worker_id for each in accesses if each.target == target}) > 1
        and {each.kind for each in accesses if each.target == target} != {FOUND}
    }
    assert {each.target for each in found.shared} == together - set(expected)


def close_log(*accesses: Access, spans: Sequence[Span] = ()) -> list[float | None]:
    log = AccessLog()
    for access in accesses:
        log.receive(AccessList([access]).to_json())
    log.note_down("gw1", 99.0)
    return [access.stop for access in log.close(spans)]


def test_log_takes_the_end_of_a_fixture_that_comes_later() -> None:
    told = [make_access(0, 1, stop, fixture="f") for stop in (None, 7.0)]

    assert close_log(*told) == [7.0]


def test_what_a_fixture_of_a_dead_worker_held_is_free() -> None:
    assert close_log(make_access(0, 1, None, fixture="f")) == [None]
    assert close_log(make_access(1, 1, None, fixture="f")) == [99.0]


def test_test_holds_to_its_end_or_that_of_its_attempt() -> None:
    spans = [make_span(0, 0, start, start + 1.0) for start in (1.0, 3.0)]
    accesses = [make_access(0, STARTED + start, None) for start in (1.5, 2.5, 3.5)]

    stops = close_log(*accesses, spans=spans)

    assert stops == [STARTED + 2.0, STARTED + 4.0], "what happened between two tests is nobody's"


def test_report_names_both_tests_and_times_and_the_way_out() -> None:
    noon = 1_000_000_000.25
    contention = join_accesses(
        [make_access(0, noon, noon + 0.5), make_access(1, noon + 0.125, noon + 2)]
    )

    line, *advice = render_conflicts(contention)

    assert render_title(contention) == "infra: 1 conflict between workers"
    assert line.startswith("file /a: t.py::test_0 on gw0 (")
    assert ":40.250 to .750) and t.py::test_1 on gw1 (" in line
    assert line.endswith(":42.250)")
    assert "tmp_path" in advice[0]
    assert "xdist_group" in advice[1]


def test_report_shows_ten_and_counts_the_rest() -> None:
    accesses = [
        make_access(worker, 1, 2, target=f"/{number}") for worker in (0, 1) for number in range(12)
    ]

    lines = render_conflicts(join_accesses(accesses))

    assert sum(line.startswith("file /") for line in lines) == 10
    assert any(line.startswith("and 2 more") for line in lines)


def test_quiet_where_nothing_is_worth_saying() -> None:
    assert render_conflicts(join_accesses([make_access(0, 1, 2)])) == []


def test_json_holds_conflicts_and_what_was_shared() -> None:
    accesses = [make_access(0, 1, 3), make_access(1, 2, 4)]
    accesses += [make_access(worker, worker, worker + 1, target="/b") for worker in (0, 1)]

    found = json.loads(render_json(join_accesses(accesses)))

    assert found["version"] == 1
    assert [each["target"] for each in found["conflicts"]] == ["/a"]
    assert found["conflicts"][0]["second"]["worker"] == "gw1"
    assert [each["reason"] for each in found["shared"]] == ["at different times"]


MEETING = """
import os, socket, sqlite3, time
from pathlib import Path
import pytest

def meet(name):
    '''Go on when both have come.'''
    Path(f"{name}.{os.environ['PYTEST_XDIST_WORKER']}").touch()
    deadline = time.monotonic() + 20
    while len(list(Path().glob(f"{name}.*"))) < 2:
        assert time.monotonic() < deadline, "the other one never came"
        time.sleep(0.002)
"""

CONFLICTS = (
    MEETING
    + """
@pytest.fixture(scope="module")
def database():
    connection = sqlite3.connect("shared.db")
    yield
    connection.close()

@pytest.mark.parametrize("side", [0, 1])
def test_meet(side, database, tmp_path):
    (tmp_path / "mine").write_text("x")
    Path("shared.txt").write_text("x")
    meet("meet")
    meet("both have written")

@pytest.mark.leaks("contention", reason="it is meant")
@pytest.mark.parametrize("side", [0, 1])
def test_exempt(side):
    Path("exempt.txt").write_text("x")
    meet("exempt")
    meet("both are exempt")
"""
)


def read_findings(inner: InnerSuite) -> dict[str, list[dict[str, object]]]:
    path = inner.path / ".pytest_cache" / "d" / "infra" / "contention.json"
    found: dict[str, list[dict[str, object]]] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.proof
def test_run_fails_for_what_two_workers_held_at_once(inner: InnerSuite) -> None:
    inner.write(test_a=CONFLICTS)

    result = inner.run("-n", "2", "--isolation=error")

    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*infra: 2 conflicts between workers*"])
    targets = {str(each["target"]) for each in read_findings(inner)["conflicts"]}
    assert targets == {str(inner.path / "shared.txt"), str(inner.path / "shared.db")}


CRASHES = (
    MEETING
    + """
@pytest.mark.parametrize("side", [0, 1])
def test_meet(side):
    Path("shared.txt").write_text("x")
    meet("meet")
    meet("both have written")

@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_crash(side):
    Path("crash.txt").write_text("x")
    if side == 2:
        os._exit(1)
"""
)


@pytest.mark.proof
def test_crashed_worker_has_told_what_it_held_before(inner: InnerSuite) -> None:
    inner.write(test_a=CRASHES)

    result = inner.run("-n", "2")

    result.assert_outcomes(passed=5, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    targets = {str(each["target"]) for each in read_findings(inner)["conflicts"]}
    assert str(inner.path / "shared.txt") in targets


@pytest.mark.proof
@pytest.mark.parametrize("isolation", ["report", "off"])
def test_run_passes_unless_it_shall_fail(inner: InnerSuite, isolation: str) -> None:
    inner.write(test_a=CONFLICTS)

    result = inner.run("-n", "2", f"--isolation={isolation}")

    assert result.ret == pytest.ExitCode.OK
    is_told = "2 conflicts between workers" in result.stdout.str()
    assert is_told is (isolation == "report")
