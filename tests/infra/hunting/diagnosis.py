"""Why one test fails now and then: experiments that change one thing at a time.

First the test runs alone.  Where it only ever failed beside one that touches the same thing, that
is tried next; else other random numbers.  What it does alone then decides what is looked at: what
ran before it, what was other than ever in the runs that failed, what else ran beside it.  What is
left over is tried with each of the `levers`.
"""

from collections.abc import Callable, Iterator

from .bench import ALONE, SEEDS, Bench
from .company import explain_company
from .finding import Finding
from .lab import count
from .ordering import explain_order, find_setters
from .pulling import Puller
from .turning import explain_condition, find_turning_axis, vary_seed


def diagnose(bench: Bench) -> Iterator[Finding]:
    """Yield why a test may fail, the most likely first; nothing where it fails in every run.

    Each is worked out when it is asked for: where fresh processes have refuted the one before.
    """
    bench.try_alone(SEEDS[:1] * 3)
    failures = bench.find(lambda seen: seen.sighting.is_failure)
    yield from ask(
        lambda: explain_company(bench, failures, is_touching=True),
        lambda: vary_seed(bench),
    )
    alone = [seen.sighting for seen in bench.find(lambda seen: seen.run.axis == ALONE)]
    if all(one.is_failure for one in alone):
        yield from _explain_lonely_failure(bench)
        return
    failures = bench.find(lambda seen: seen.sighting.is_failure)
    puller = Puller(bench, count(alone))
    yield from ask(
        lambda: explain_order(bench, failures, count(alone)),
        lambda: explain_condition(bench, failures, count(alone)),
        lambda: explain_company(bench, failures, is_touching=False),
        puller.pull_all,
        puller.measure_load,
    )


def _explain_lonely_failure(bench: Bench) -> Iterator[Finding]:
    """Explain a test that fails alone: it needs others, luck, another clock, order or seed."""
    passes = bench.find(lambda seen: not seen.sighting.is_failure)
    if not passes:
        return
    alone = [seen.sighting for seen in bench.find(lambda seen: seen.run.axis == ALONE)]
    puller = Puller(bench, count(alone))
    yield from ask(
        lambda: find_setters(bench, passes, alone),
        lambda: find_turning_axis(bench, passes, alone),
        puller.pull_all,
        puller.measure_load,
    )


def ask(*explanations: Callable[[], Finding | None]) -> Iterator[Finding]:
    """Yield what explanations find, each asked when what came before it was not enough."""
    for explain in explanations:
        if (found := explain()) is not None:
            yield found
