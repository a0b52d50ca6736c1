"""From reports to spans: of one process, of workers, of crashes and of reruns."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.infra.recorder import Recorder, place_spans
from tests.infra.records import RunRecord, Span

ROOT = Path(__file__).parents[2]

QUICK = ("-p", "no:fakepve", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
"""Plugins that cost an inner run time and change nothing."""

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
"""

MODULE = """
import os
import time
import unittest
import pytest

def test_pass(): time.sleep(0.02)
def test_fail(): assert 0
def test_skip(): pytest.skip("no")
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.xfail(run=False)
def test_xfail_unrun(): pass
@pytest.mark.xfail
def test_xpass(): pass

@pytest.fixture
def broken(): raise ValueError
def test_error(broken): pass

@pytest.fixture
def unclean():
    yield
    raise ValueError
def test_unclean(unclean): pass

def test_parts(subtests):
    for part in range(3):
        with subtests.test(part=part):
            time.sleep(0.01)

class TestParts(unittest.TestCase):
    def test_failing(self):
        for part in range(3):
            with self.subTest(part=part): assert part != 1
    def test_skipping(self):
        for part in range(3):
            with self.subTest(part=part): self.skipTest("no")
"""

OUTCOMES = {
    "test_pass": "passed",
    "test_fail": "failed",
    "test_skip": "skipped",
    "test_xfail": "xfailed",
    "test_xfail_unrun": "xfailed",
    "test_xpass": "xpassed",
    "test_error": "failed",
    "test_unclean": "failed",
    "test_parts": "passed",
    "TestParts::test_failing": "failed",
    "TestParts::test_skipping": "passed",
}

CONFTEST = """
import dataclasses, json
from tests.infra.recorder import Recorder

recorder = Recorder()
nodeids = []

def pytest_runtest_logreport(report): recorder.add(report)

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Controller(), "record")

class Controller:
    def pytest_xdist_node_collection_finished(self, node, ids): nodeids[:] = ids
    def pytest_testnodedown(self, node, error): recorder.note_down(node.gateway.id)
    def pytest_sessionfinish(self, session):
        from tests.infra.records import RunRecord
        draft = RunRecord("run", 2, 0.0, 0.0, 0.0, nodeids, {}, {}, (), ())
        with open("record.json", "w") as file:
            json.dump(dataclasses.asdict(recorder.build_record(draft)), file)
"""


PHASES = {"setup": 1.0, "call": 2.0, "teardown": 3.0, "???": 0.0}
"""When each begins."""


def make_report(
    nodeid: str, when: str, outcome: str = "passed", *, worker_id: str = "", index: int = 0
) -> pytest.TestReport:
    start = PHASES[when]
    location = (nodeid, None, nodeid)
    report = pytest.TestReport(
        nodeid, location, {}, "passed", None, "call", duration=0.25, start=start, stop=start + 0.5
    )
    # xdist and pytest-rerunfailures write values of their own in the same way.
    vars(report).update(when=when, outcome=outcome)
    if worker_id:
        node = SimpleNamespace(gateway=SimpleNamespace(id=worker_id))
        vars(report).update(node=node, item_index=index)
    return report


def make_crash(nodeid: str, worker_id: str, outcome: str = "failed") -> pytest.TestReport:
    report = make_report(nodeid, "???", outcome, worker_id=worker_id)
    report.start = report.stop = report.duration = 0.0
    del vars(report)["item_index"]
    return report


def feed(recorder: Recorder, nodeid: str, worker_id: str = "", index: int = 0) -> None:
    for when in ("setup", "call", "teardown"):
        recorder.add(make_report(nodeid, when, worker_id=worker_id, index=index))


def build_record(recorder: Recorder, *nodeids: str) -> RunRecord:
    return recorder.build_record(RunRecord("run", 2, 0.0, 0.0, 0.0, nodeids, {}, {}, (), ()))


def test_run_in_one_process_is_recorded(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    pytester.makepyfile(MODULE)
    recorder = Recorder()

    class Plugin:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            recorder.add(report)

    pytester.inline_run("-p", "no:xdist", "-p", "no:randomly", plugins=[Plugin()])

    spans = {span.nodeid.partition("::")[2]: span for span in recorder.spans}
    assert {name: span.outcome for name, span in spans.items()} == OUTCOMES
    assert [span.index for span in recorder.spans] == list(range(len(OUTCOMES)))
    assert {span.worker_id for span in recorder.spans} == {"master"}
    # The time of the subtests is in their test's own, and only once.
    parts = spans["test_parts"]
    assert 0.03 <= parts.duration_s <= parts.stop - parts.start + 0.001


@pytest.mark.proof
def test_run_of_workers_with_a_crash_is_recorded(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(f"{MODULE}\ndef test_crash(): time.sleep(0.05); os._exit(1)\n")

    result = pytester.runpytest_subprocess(*QUICK, "-n2", "--dist=load", timeout=60)

    record = json.loads((pytester.path / "record.json").read_text(encoding="utf-8"))
    spans = {span["nodeid"].partition("::")[2]: span for span in record["spans"]}
    outcomes = {name: span["outcome"] for name, span in spans.items()}
    assert outcomes == {**OUTCOMES, "test_crash": "crashed"}, result.stdout.str()
    assert [record["nodeids"][span["index"]] for span in record["spans"]] == [
        span["nodeid"] for span in record["spans"]
    ]
    crash = spans["test_crash"]
    assert 0.05 <= crash["stop"] - crash["start"] < 30
    assert crash["duration_s"] == 0
    assert len(record["spans"]) == len(outcomes)


def test_interleaved_workers_are_kept_apart() -> None:
    recorder = Recorder()
    for when in ("setup", "call", "teardown"):
        recorder.add(make_report("a", when, worker_id="gw0", index=4))
        recorder.add(make_report("b", when, worker_id="gw1", index=7))

    assert [(span.nodeid, span.worker_id, span.index) for span in recorder.spans] == [
        ("a", "gw0", 4),
        ("b", "gw1", 7),
    ]
    assert recorder.spans[0].duration_s == 0.75


def test_each_worker_of_dist_each_has_its_span() -> None:
    recorder = Recorder()
    for worker_id in ("gw0", "gw1"):
        feed(recorder, "a", worker_id)
        feed(recorder, "b", worker_id, index=1)

    spans = build_record(recorder, "a", "b").spans

    places = Counter((span.worker_id, span.index) for span in spans)
    assert places == {("gw0", 0): 1, ("gw0", 1): 1, ("gw1", 0): 1, ("gw1", 1): 1}


@pytest.mark.parametrize("worker_id", ["", "gw0"])
@pytest.mark.parametrize("when", ["setup", "call"])
def test_every_attempt_of_a_rerun_test_has_its_span(worker_id: str, when: str) -> None:
    recorder = Recorder()
    feed(recorder, "a", worker_id)
    # pytest-rerunfailures reports no teardown of an attempt that it repeats.
    if when == "call":
        recorder.add(make_report("b", "setup", worker_id=worker_id, index=1))
    recorder.add(make_report("b", when, "rerun", worker_id=worker_id, index=1))
    feed(recorder, "b", worker_id, index=1)
    feed(recorder, "c", worker_id, index=2)

    spans = build_record(recorder, "a", "b", "c").spans

    assert [(span.nodeid, span.index, span.outcome) for span in spans] == [
        ("a", 0, "passed"),
        ("b", 1, "rerun"),
        ("b", 1, "passed"),
        ("c", 2, "passed"),
    ]
    assert [span.index for span in recorder.spans] == [0, 1, 1, 2]


def test_crash_ends_when_its_worker_went_down() -> None:
    now = iter([9.0, 20.0])
    recorder = Recorder(clock=lambda: next(now))
    recorder.add(make_report("a", "setup", worker_id="gw0", index=3))

    recorder.note_down("gw0")
    recorder.add(make_crash("a", "gw0"))

    (span,) = recorder.spans
    assert (span.start, span.stop, span.index, span.outcome) == (1.0, 9.0, 3, "crashed")


def test_crash_in_setup_begins_after_the_last_test_of_its_worker() -> None:
    recorder = Recorder(clock=lambda: 9.0)
    feed(recorder, "a", "gw0")

    recorder.note_down("gw0")
    recorder.add(make_crash("b", "gw0"))

    crash = build_record(recorder, "a", "b").spans[1]
    assert (crash.start, crash.stop, crash.index) == (3.5, 9.0, 1)


def test_crash_before_any_report_takes_no_time() -> None:
    recorder = Recorder(clock=lambda: 9.0)

    recorder.note_down("gw0")
    recorder.add(make_crash("a", "gw0", "rerun"))

    (span,) = recorder.spans
    assert (span.start, span.stop, span.outcome) == (9.0, 9.0, "rerun")


def test_test_that_never_ended_is_left_out() -> None:
    recorder = Recorder()
    recorder.add(make_report("a", "setup"))
    feed(recorder, "b")

    assert [span.nodeid for span in recorder.spans] == ["b"]


def test_record_ends_now_and_keeps_the_draft() -> None:
    record = build_record(Recorder(clock=lambda: 42.0), "a")

    assert (record.finished, record.run_id, record.nodeids) == (42.0, "run", ("a",))


def make_span(index: int, nodeid: str) -> Span:
    return Span(index, nodeid, "gw0", 1.0, 2.0, 1.0, "passed")


def test_places_that_cannot_be_right_are_found_again() -> None:
    spans = [make_span(1, "a"), make_span(0, "b"), make_span(-1, "twice"), make_span(2, "twice")]

    placed = place_spans([*spans, make_span(-1, "gone")], ["a", "b", "twice", "twice"])

    assert [span.index for span in placed] == [0, 1, 3, 2, -1]
