"""Records of runs that never took place, as the tests of what reads them need them."""

from collections.abc import Mapping, Sequence

from tests.infra.records import Routing, RunRecord, Span, WorkerRecord

STARTED = 1_000_000_000.0


def make_span(  # noqa: PLR0913  each is one column of a table of tests
    index: int,
    worker: int,
    start: float,
    stop: float,
    *,
    outcome: str = "passed",
    duration_s: float | None = None,
) -> Span:
    """Make a test of a worker's; times are seconds after the run began."""
    return Span(
        index=index,
        nodeid=f"t.py::test_{index}",
        worker_id=f"gw{worker}",
        start=STARTED + start,
        stop=STARTED + stop,
        duration_s=stop - start if duration_s is None else duration_s,
        outcome=outcome,
    )


def make_run(
    spans: Sequence[Span],
    routings: Mapping[int, Routing] | None = None,
    *,
    widths: Mapping[str, int] | None = None,
    workers: Sequence[WorkerRecord] = (),
    worker_count: int = 2,
) -> RunRecord:
    """Make a run of 1,000 s that was ready after 2 s."""
    count = max((span.index for span in spans), default=-1) + 1
    return RunRecord(
        run_id="r",
        worker_count=worker_count,
        started=STARTED,
        ready=STARTED + 2,
        finished=STARTED + 1000,
        nodeids=[f"t.py::test_{index}" for index in range(count)],
        routings=routings or {},
        widths=widths or {},
        spans=spans,
        workers=workers,
    )
