"""What the repetitions of a run showed, as text; printing it is left to `flake_watch`."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from .flakes import Cluster, FlakeRecord, RepeatedTest, Verdict
from .identity import MASTER
from .sampling import bound_without_failure, compute_interval
from .schedules import SHOWN_ID, build_replay_command

SHOWN: Final = 50
"""Tests that the summary shows; the file has all."""

SHOWN_FAILURES: Final = 3
"""Kinds of failure that a line shows."""

Explain = Callable[[str], str]
"""From a test's node id to what the file of known flaky tests says about it; mostly nothing."""


def render_title(record: FlakeRecord) -> str:
    """Render how many tests are flaky, or fail always."""
    counts = Counter(test.verdict for test in record.tests)
    parts = [f"{counts[verdict]} {verdict}" for verdict in counts]
    return f"repeated tests: {', '.join(parts) or 'no outcome differs'}"


def render_record(
    record: FlakeRecord,
    *,
    config_args: Sequence[str] | None = None,
    explain: Explain = lambda _: "",
) -> list[str]:
    """Render a line for each test that is flaky or fails always, and one for all others.

    :param config_args: for the command that repeats the run; None where no schedule is kept.
    """
    tests = {test.nodeid: test for test in record.tests}
    lines: list[str] = []
    shown: set[str] = set()
    for cluster in record.clusters:
        lines.append(render_cluster(cluster))
        for nodeid in cluster.nodeids[: SHOWN - len(shown)]:
            shown.add(nodeid)
            found = _render_test(tests[nodeid], record.run_id, explain, config_args=config_args)
            lines += [f"  {line}" for line in found]
    for test in record.tests:
        if test.nodeid not in shown and len(shown) < SHOWN:
            shown.add(test.nodeid)
            lines += _render_test(test, record.run_id, explain, config_args=config_args)
    if len(tests) > len(shown):
        lines.append(f"and {len(tests) - len(shown)} more")
    return [*lines, *render_rest(record)]


def render_cluster(cluster: Cluster) -> str:
    """Render what a cluster's tests have in common."""
    return f"{len(cluster.nodeids)} tests fail together ({_render_kinds(cluster.reason)}):"


def render_test(test: RepeatedTest) -> str:
    """Render how often a test failed, what that shows, how it failed, and where."""
    if test.verdict is Verdict.BROKEN:
        low = math.floor(100 * (1 - bound_without_failure(test.runs)))
        head = f"FAILS ALWAYS {test.nodeid} failed {test.runs} of {test.runs}"
        parts = [head, f"fails at least {low}% of the time at 95%"]
    else:
        parts = [f"FLAKY {test.nodeid} {render_outcomes(test)}", render_rate(test)]
    return "; ".join(filter(None, [*parts, _render_failures(test), _render_workers(test)]))


def render_outcomes(test: RepeatedTest) -> str:
    """Render how often it passed, and what else there was but failures: the rate tells those."""
    counts = test.counts
    runs = len(test.attempts)
    others = [
        f"{outcome} {counts[outcome]}"
        for outcome in ("skipped", "xfailed", "xpassed")
        if counts[outcome]
    ]
    return ", ".join([f"passed {counts['passed']} of {runs}", *others])


def render_rate(test: RepeatedTest) -> str:
    """Render how often it fails; of one that never does, how often its rarest outcome comes."""
    if test.failures:
        return f"fails {_render_interval(len(test.failures), test.runs)}"
    outcome, count = min(test.counts.items(), key=lambda pair: (pair[1], pair[0] == "passed"))
    return f"{outcome} {_render_interval(count, len(test.attempts))}"


def render_rest(record: FlakeRecord) -> list[str]:
    """Render what was shown about the tests without a failure, and which could not be repeated."""
    lines = []
    if record.sound:
        bound = math.ceil(100 * bound_without_failure(record.fewest_runs))
        runs = str(record.fewest_runs)
        if record.most_runs > record.fewest_runs:
            runs = f"{runs} to {record.most_runs}"
        lines.append(
            f"{_count(record.sound)}: 0 of {runs} failed, "
            f"each fails at most {bound}% of the time at 95%"
        )
    if record.skipped:
        lines.append(f"{_count(record.skipped)}: skipped every time")
    if record.single:
        kinds = ", ".join(f"{number} {name}" for name, number in sorted(record.single.items()))
        lines.append(f"not repeated, because it is not known how: {kinds}")
    return lines


def _render_test(
    test: RepeatedTest, run_id: str, explain: Explain, *, config_args: Sequence[str] | None
) -> list[str]:
    lines = [render_test(test)]
    if known := explain(test.nodeid):
        lines.append(f"  {known}")
    if config_args is not None and test.failures:
        first = test.failures[0]
        run = run_id[:SHOWN_ID]
        command = build_replay_command(run, first.worker_id, first.nodeid, config_args)
        lines.append(f"  again: {command}")
    return lines


def _render_interval(count: int, runs: int) -> str:
    low, high = compute_interval(count, runs)
    return f"{count / runs:.0%}, 95% CI {100 * low:.0f} to {high:.0%}"


def _render_failures(test: RepeatedTest) -> str:
    """Render the kinds of failure, the most frequent first."""
    counts = Counter(failure.fingerprint for failure in test.failures).most_common()
    shown = [
        f"{_place(fingerprint)}, {count} time{'s' * (count > 1)}"
        for fingerprint, count in counts[:SHOWN_FAILURES]
    ]
    more = len(counts) - SHOWN_FAILURES
    return "; ".join([*shown, *([f"{more} more kinds"] if more > 0 else [])])


def _render_workers(test: RepeatedTest) -> str:
    names = {failure.worker_id for failure in test.failures} - {MASTER}
    return _enumerate(sorted(names, key=lambda name: (len(name), name)))


def _render_kinds(reason: str) -> str:
    return "; ".join(_place(part) for part in reason.split("; "))


def _place(fingerprint: str) -> str:
    """Put type and place into words; without a place the fingerprint is a phase, or a crash."""
    kind, separator, place = fingerprint.partition(" ")
    if separator and ":" in place:
        return f"{kind} at {place.strip('()')}"
    return f"in {fingerprint}" if fingerprint in ("setup", "call", "teardown") else fingerprint


def _enumerate(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _count(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"
