"""Runs a suite in an order that is asked for, and keeps a journal of it; loaded by `-p` only.

Which orders there are is told in `proving.orders`; which of them are worth running, and what they
show, is left to the rest of `proving`.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from .failures import build_fingerprint, shorten
from .identity import MASTER, is_controller, is_worker
from .proving.journal import Journal, Occurrence
from .proving.orders import is_chosen, is_order, put_in_order
from .recorder import RERUN, Recorder
from .staging import clone, switch_off

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# Orders are compared in parallel, too, and those need the scheduler.
pytest_plugins = [f"{__package__}.plugin"]

NO_ORDER: Final = (
    "--order={} is no order; give natural, reverse, twice, random:SEED, "
    "or twice: before one of them"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a rehearsal."""
    group = parser.getgroup("rehearsal", "a suite in an order that is asked for")
    group.addoption(
        "--order",
        default="",
        metavar="ORDER",
        help="natural, reverse, twice, random:SEED, or twice: before one of them",
    )
    group.addoption(
        "--only",
        action="append",
        default=[],
        metavar="NODEID",
        help="run this test only, with all files collected as ever; may be given several times",
    )
    group.addoption(
        "--without", action="append", default=[], metavar="NODEID", help="leave this test out"
    )
    group.addoption("--journal", default="", metavar="FILE", help="where to note how tests go")


# tryfirst: against pytest's cacheprovider and stepwise, which read their options when configured.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Switch off what changes the order, and register what sets it."""
    order, journal = config.getoption("order"), config.getoption("journal")
    if not order and not journal:
        return
    if not is_order(order):
        raise pytest.UsageError(NO_ORDER.format(order))
    changed = switch_off(config)
    is_writer = bool(journal) and not is_worker(config)
    stage = Stage(config, order, Journal(Path(journal)) if is_writer else None)
    config.pluginmanager.register(stage, "infra-rehearsal")
    stage.note(changed)


class Stage:
    """The hooks of a rehearsal, in one process."""

    def __init__(self, config: pytest.Config, order: str, journal: Journal | None) -> None:
        self._config = config
        self._order = order
        self._journal = journal
        self._recorder = Recorder()
        self._numbers: Counter[str] = Counter()
        self._failures: dict[str, pytest.TestReport] = {}
        self._reruns: set[str] = set()

    def note(self, changed: Sequence[str]) -> None:
        """Note the options that were switched off."""
        if self._journal is not None:
            for name in changed:
                self._journal.write_note(f"pytest's option {name} was switched off")

    # wrapper, tryfirst: outermost, after every plugin and conftest that sorts or deselects.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Keep the tests that are asked for, and put them in order."""
        yield
        only, without = config.getoption("only"), config.getoption("without")
        kept = [item for item in items if is_chosen(item.nodeid, only, without)]
        if len(kept) < len(items):
            config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        if self._journal is not None and not is_controller(config):
            self._journal.write_collected(MASTER, [item.nodeid for item in kept])
        items[:] = self._repeat(put_in_order(kept, self._order))

    # optionalhook: xdist's, and not there without it.
    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(
        self, node: "WorkerController", ids: Sequence[str]
    ) -> None:
        """Note what each worker collected."""
        if self._journal is not None:
            self._journal.write_collected(node.gateway.id, ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a test begins, so that one that hangs or kills the process has a name."""
        if self._journal is not None:
            self._journal.write_begun(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test went, once its teardown is over."""
        if self._journal is None:
            return
        if report.failed and report.nodeid not in self._failures:
            self._failures[report.nodeid] = report
        before = len(self._recorder.spans)
        self._recorder.add(report)
        for span in self._recorder.spans[before:]:
            if span.outcome == RERUN:
                self._reruns.add(span.nodeid)
                self._failures.pop(span.nodeid, None)
            else:
                self._journal.write_ended(self._build(span.nodeid, span.outcome, span.duration_s))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Note that the pass came to its end."""
        if self._journal is not None:
            self._journal.close(int(exitstatus))
            self._journal = None
            # All is noted; pytest's last search for garbage would take a tenth of a short run.
            gc.freeze()

    def _build(self, nodeid: str, outcome: str, duration_s: float) -> Occurrence:
        self._numbers[nodeid] += 1
        failure = self._failures.pop(nodeid, None)
        span = self._recorder.spans[-1]
        is_rerun = nodeid in self._reruns
        self._reruns.discard(nodeid)
        return Occurrence(
            nodeid=nodeid,
            number=self._numbers[nodeid],
            outcome=f"{outcome} after a rerun" if is_rerun else outcome,
            duration_s=duration_s,
            worker_id=span.worker_id,
            fingerprint=build_fingerprint(failure, self._config.rootpath) if failure else "",
            text=shorten(failure) if failure else "",
        )

    def _repeat(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """Return the tests, and once more where the order says so, as items of their own."""
        if not self._order.startswith("twice"):
            return items
        seconds = []
        for item in items:
            try:
                seconds.append(clone(item))
            except Exception as error:  # noqa: BLE001  items of other plugins may refuse anyhow
                if self._journal is not None:
                    self._journal.write_single(item.nodeid, f"{type(item).__name__}: {error}")
        return [*items, *seconds]
