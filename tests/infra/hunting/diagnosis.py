"""Why one test fails now and then: experiments that change one thing at a time.

First the test runs alone.  Where it only ever failed beside one that touches the same thing, that
is tried next; else other random numbers.  What it does alone then decides what is looked at: what
ran before it, what was other than ever in the runs that failed, what else ran beside it.  What is
left over is tried with each of the `levers`.
"""

from .bench import ALONE, SEEDS, Bench
from .company import explain_company
from .finding import Finding
from .lab import count
from .ordering import explain_order, find_setters
from .pulling import Puller
from .turning import explain_condition, find_turning_axis, vary_seed


def diagnose(bench: Bench) -> Finding | None:
    """Return why a test fails, or None where it fails in every run."""
    bench.try_alone(SEEDS[:1] * 3)
    failures = bench.find(lambda seen: seen.sighting.is_failure)
    found = explain_company(bench, failures, is_touching=True) or vary_seed(bench)
    if found is not None:
        return found
    alone = [seen.sighting for seen in bench.find(lambda seen: seen.run.axis == ALONE)]
    if all(one.is_failure for one in alone):
        return _explain_lonely_failure(bench)
    failures = bench.find(lambda seen: seen.sighting.is_failure)
    puller = Puller(bench, count(alone))
    return (
        explain_order(bench, failures, count(alone))
        or explain_condition(bench, failures, count(alone))
        or explain_company(bench, failures, is_touching=False)
        or puller.pull_all()
        or puller.measure_load()
    )


def _explain_lonely_failure(bench: Bench) -> Finding | None:
    """Explain a test that fails alone: it needs others, luck, another clock, order or seed."""
    passes = bench.find(lambda seen: not seen.sighting.is_failure)
    if not passes:
        return None
    alone = [seen.sighting for seen in bench.find(lambda seen: seen.run.axis == ALONE)]
    puller = Puller(bench, count(alone))
    return (
        find_setters(bench, passes, alone)
        or find_turning_axis(bench, passes, alone)
        or puller.pull_all()
        or puller.measure_load()
    )
