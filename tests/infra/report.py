"""From records to lines of text; printing them is left to `plugin`."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from .audit import Audit, Rule, Violation
from .options import EXCLUSIVE
from .records import Block, Routing
from .status import Running, Status
from .timeline import Bound, Limit, Summary

SHOWN_TESTS = 3

SHOWN_VIOLATIONS: Final = 10

QUIET_S: Final = 1.0
"""A run whose tests took less than this has no summary: nothing could be gained from it."""

MEGABYTE: Final = 1_000_000


def render_header(
    run_id: str, where: str, block: Block | None, run_seed: int | None = None
) -> list[str]:
    """Render what the header of a run says; without a block the workers' follow later.

    :param run_seed: None where the user gave none.
    """
    seed = "" if run_seed is None else f", run seed {run_seed}"
    line = f"infra: run {run_id[:8]}, {where}{seed}"
    if block is None:
        return [line]
    return [line, f"VMIDs: {block.render()}; again with --vmid-pid={block.pid}"]


def render_blocks(blocks: Mapping[str, Block]) -> list[str]:
    """Render one line for each worker's block, and how to get them all again."""
    named = sorted(blocks.items(), key=lambda pair: (len(pair[0]), pair[0]))
    lines = [f"VMIDs of {worker_id}: {block.render()}" for worker_id, block in named]
    pids = ",".join(f"{worker_id}={block.pid}" for worker_id, block in named)
    return [*lines, f"again with --vmid-pid={pids}"]


def find_overlap(blocks: Mapping[str, Block]) -> tuple[str, str] | None:
    """Return two workers whose blocks share VMIDs, or None."""
    named = sorted(blocks.items(), key=lambda pair: pair[1].first)
    for (one, block), (other, next_block) in pairwise(named):
        if block.overlaps(next_block):
            return one, other
    return None


def render_repeats(failed: Mapping[str, Sequence[str]], blocks: Mapping[str, Block]) -> list[str]:
    """Render one command for each worker that had failures, with the very VMIDs it had."""
    return [
        f"pytest -n 0 --vmid-pid={blocks[worker_id].pid} {_quote(nodeids)}"
        for worker_id, nodeids in sorted(failed.items())
        if worker_id in blocks
    ]


def _quote(nodeids: Iterable[str]) -> str:
    """Quote node ids for a shell; parameters hold brackets, spaces and quotes."""
    unique = list(dict.fromkeys(nodeids))
    shown = shlex.join(unique[:SHOWN_TESTS])
    more = len(unique) - SHOWN_TESTS
    return f"{shown}  # and {more} more" if more > 0 else shown


def render_workers(count: int, reason: str) -> list[str]:
    """Render the header's line on how many workers there are; `reason` is that of `-n auto`."""
    if not (reason or count):
        return []
    return [f"infra: {reason}" if reason else f"infra: {_count(count, 'worker')}, as asked for"]


def render_lanes(routings: Mapping[int, Routing], widths: Mapping[str, int]) -> list[str]:
    """Render the header's line on what limits the tests; none where nothing does."""
    exclusive = sum(routing.is_exclusive for routing in routings.values())
    counts = Counter(lane for routing in routings.values() for lane in routing.lanes)
    groups = {group for routing in routings.values() for group in routing.groups}
    grouped = sum(bool(routing.groups) for routing in routings.values())
    parts = [f"{_count(exclusive, 'exclusive test')}"] if exclusive else []
    parts += [
        f"{lane} {_count(counts[lane], 'test')}, {render_width(widths.get(lane))}"
        for lane in sorted(counts)
    ]
    if groups:
        parts.append(f"{_count(len(groups), 'group')} of {_count(grouped, 'test')}")
    return [f"lanes: {'; '.join(parts)}"] if parts else []


def render_width(width: int | None) -> str:
    """Render how many tests of a lane run at a time."""
    if width is None:
        return "unlimited"
    return "exclusive" if width == EXCLUSIVE else f"{width} at a time"


def render_summary(summary: Summary | None) -> list[str]:
    """Render how long the tests took, what bounds that, and how busy the workers were."""
    if summary is None or summary.makespan_s < QUIET_S:
        return []
    times = (
        f"infra: {_count(summary.worker_count, 'worker')}, start-up {summary.startup_s:.1f} s, "
        f"tests {summary.makespan_s:.1f} s; lower bound {render_bound(summary.bound)}"
    )
    parts = [part for part in (_render_shares(summary), _render_memory(summary)) if part]
    return [times, "; ".join(parts)] if parts else [times]


def render_bound(bound: Bound) -> str:
    """Render a lower bound and what sets it."""
    reason = f"{_render_limit(bound)}: {bound.limited_s:.1f} s"
    if bound.limit is Limit.LANE:
        reason += f", {render_width(bound.width)}"
    if bound.exclusive_s:
        exclusive = f"exclusive tests: {bound.exclusive_s:.1f} s"
        reason = f"{exclusive}, then {reason}" if bound.limited_s else exclusive
    return f"{bound.total_s:.1f} s ({reason})"


def render_audit(audit: Audit, arguments: Sequence[str]) -> list[str]:
    """Render each breach, whose defect it is, and the command that tells more."""
    if not audit.violations:
        return []
    shown = [_render_violation(violation) for violation in audit.violations[:SHOWN_VIOLATIONS]]
    more = len(audit.violations) - SHOWN_VIOLATIONS
    again = shlex.join(["pytest", *arguments, "--scheduler=xdist"])
    return [
        f"infra: {_count(len(audit.violations), 'breach', 'es')} of lanes or groups in this run",
        *shown,
        *([f"  and {more} more"] if more > 0 else []),
        "Not a failure of these tests: the scheduler has a defect, or a clock was set meanwhile; "
        f"run them without it: {again}",
    ]


def render_unjudged(audit: Audit) -> list[str]:
    """Render how many tests the audit had to leave out, and why."""
    crashed = sum(span.outcome == "crashed" for span in audit.unjudged)
    odd = [span.nodeid for span in audit.unjudged if span.outcome != "crashed"]
    reasons = [f"{_count(crashed, 'crashed test')}"] if crashed else []
    if odd:
        reasons.append(f"{_count(len(odd), 'test')} with a changed clock ({_shorten(odd)})")
    return [f"infra: not checked for overlaps: {', '.join(reasons)}"] if reasons else []


def render_status(status: Status, now: float) -> str:
    """Render who runs what, the longest-running first; it begins a line of its own."""
    held = ", ".join(f"{count} for lane {lane}" for lane, count in sorted(status.held.items()))
    waiting = f"{status.waiting} waiting" + (f" ({held})" if held else "")
    head = f"infra: {_count(len(status.running), 'test')} running, {waiting}"
    oldest_first = sorted(status.running, key=lambda running: running.since)
    lines = [_render_running(running, now) for running in oldest_first]
    return "\n".join(["", head, *lines, ""])


def _render_running(running: Running, now: float) -> str:
    expected = "" if running.expected_s is None else f" of about {running.expected_s:.1f} s"
    elapsed = f"{now - running.since:.1f} s{expected}"
    return f"  {running.worker_id:<6} {elapsed:<22} {running.nodeid}"


def _render_violation(violation: Violation) -> str:
    earlier, later = violation.earlier, violation.later
    where = {
        Rule.EXCLUSIVE: "exclusive",
        Rule.LANE: f"lane {violation.name}, {render_width(violation.width)}",
        Rule.GROUP: f"group {violation.name}, on two workers",
    }[violation.rule]
    overlap = f" for {violation.overlap_s * 1000:.1f} ms" if violation.overlap_s else ""
    verb = "ran beside" if violation.overlap_s else "ran after"
    return (
        f"  {where}: {later.nodeid} on {later.worker_id} {verb} "
        f"{earlier.nodeid} on {earlier.worker_id}{overlap}"
    )


def _render_limit(bound: Bound) -> str:
    if bound.limit is Limit.WORKERS:
        return f"all of {_count(bound.width, 'worker')} busy"
    return f"{bound.limit.value} {bound.name}"


def _render_shares(summary: Summary) -> str:
    if len(summary.shares) < 2:  # noqa: PLR2004  one worker is both the busiest and the idlest
        return ""
    busiest, idlest = summary.shares[0], summary.shares[-1]
    return (
        f"busiest {busiest.worker_id} {busiest.ratio:.0%}, "
        f"idlest {idlest.worker_id} {idlest.ratio:.0%}"
    )


def _render_memory(summary: Summary) -> str:
    sizes = [round(size / MEGABYTE) for size in summary.peak_rss_bytes.values()]
    if not sizes:
        return ""
    span = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
    return f"memory {span} MB a worker"


def _shorten(nodeids: Sequence[str]) -> str:
    more = len(nodeids) - SHOWN_TESTS
    return ", ".join(nodeids[:SHOWN_TESTS]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"
