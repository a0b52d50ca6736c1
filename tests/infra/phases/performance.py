"""Phase 3: in parallel the outcomes are the same and the suite is faster, as far as it can be."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from .categories import JUDGED, build_verb_failure
from .evidence import Evidence
from .expectations import CATEGORIES
from .gates import Gate, Judgement, build_failure, build_pass
from .required_gain import Decision, Timing, decide

REPORT: Final = "performance_report.json"
PICTURE: Final = "performance_report.svg"
TUNED: Final = "parallel_optimization_results.json"
OUTPUTS: Final = (REPORT, PICTURE, TUNED)

DIFFERENT: Final = "outcomes differ"

Object = Mapping[str, object]


def judge_outcomes(evidence: Evidence) -> Judgement:
    """Measure, and tell whether each test comes to the same sequentially and in parallel."""
    answer = evidence.get_measured()
    analysis = get_object(answer.data, "analysis")
    if answer.exit_code not in JUDGED or not analysis:
        return build_verb_failure("measure", answer)
    compared = {f"{count} workers": get_object(analysis, count) for count in analysis}
    for name, category in get_objects(answer.data, "categories").items():
        compared[f"category {name}"] = get_object(category, "analysis")
    details = [
        f"{name}: {difference}"
        for name, one in compared.items()
        if one.get("verdict") == DIFFERENT
        for difference in list_differences(one)
    ]
    count = get_object(answer.data, "baseline").get("test_count")
    if details or answer.exit_code:
        remedy = "find the reason with `hunt`; no times are compared until it is mended"
        return build_failure(f"outcomes differ among {count} tests", remedy, *details, *answer.said)
    return build_pass(f"{count} tests, same outcomes with {', '.join(analysis)} workers")


def judge_gain(evidence: Evidence) -> Judgement:
    """Tell whether the best number of workers gains enough."""
    data = evidence.get_measured().data
    timings = list_timings(data)
    if not timings:
        return _build_missing("no run on more than one worker")
    decision = decide(timings, evidence.expectations.gain_percent)
    return build_gain(decision, timings)


def build_gain(decision: Decision, timings: Iterable[Timing]) -> Judgement:
    """Put the decision into words."""
    details = [timing.render() for timing in timings]
    if decision.is_enough:
        return build_pass(decision.render(), *details)
    remedy = (
        f"see in {PICTURE} what bounds it; try `tune`; split the longest tests, or stay sequential"
    )
    return build_failure(decision.render(), remedy, *details)


def list_timings(data: Object) -> list[Timing]:
    """Read the runs on workers that can be compared, each with its bound.

    Where `auto` came to one worker, its run is no parallel one, and would always be good enough.
    """
    baseline_s = get_object(data, "baseline").get("wall_s")
    bounds = get_objects(get_object(data, "bound"), "by_workers")
    analysis = get_objects(data, "analysis")
    found = []
    for workers, row in get_objects(data, "parallel").items():
        percentage = analysis.get(workers, {}).get("percentage")
        bound = bounds.get(workers, {})
        numbers = (baseline_s, row.get("wall_s"), percentage, bound.get("total_s"))
        baseline, wall_s, gain, bound_s = (_read_number(number) for number in numbers)
        counts = row.get("workers")
        is_parallel = isinstance(counts, list) and max(counts, default=0) > 1
        if is_parallel and baseline and wall_s and gain is not None and bound_s is not None:
            verdict = str(analysis[workers].get("verdict"))
            words = str(bound.get("words", ""))
            found.append(Timing(workers, baseline, wall_s, gain, verdict, bound_s, words))
    return found


def judge_categories(evidence: Evidence) -> Judgement:
    """Tell whether each category takes no longer in parallel than it may."""
    data = evidence.get_measured().data
    baseline_s = _read_number(get_object(data, "baseline").get("wall_s"))
    categories = get_objects(data, "categories")
    expected = evidence.expectations.times_s
    shown, problems = [], []
    for name in CATEGORIES:
        took_s = _read_number(get_object(categories.get(name, {}), "parallel").get("wall_s"))
        limit_s, source = expected.get(name, baseline_s), "" if name in expected else " in sequence"
        if took_s is None:
            if name in expected:
                problems.append(f"{name} was not measured")
            continue
        shown.append(f"{name} {took_s:.1f} s")
        if limit_s is None or took_s > limit_s:
            whole = f"{limit_s:.1f} s" if limit_s is not None else "unknown"
            all_tests = f" (all tests{source})" if source else ""
            problems.append(f"{name} takes {took_s:.1f} s in parallel, limit {whole}{all_tests}")
    if problems:
        remedy = "split or speed up its longest tests, or change the limit in the ini key `phases`"
        return build_failure(", ".join(shown) or "no times", remedy, *problems)
    return build_pass(", ".join(shown)) if shown else _build_missing("no category was measured")


def judge_tuning(evidence: Evidence) -> Judgement:
    """Tune, and tell whether there is a result for all tests, in figures and in words."""
    answer = evidence.run_verb("tune")
    configurations = get_objects(answer.data, "optimal_configurations")
    if answer.exit_code or not answer.data:
        return build_verb_failure("tune", answer)
    best = configurations.get("all", {})
    is_there = (evidence.root / TUNED).is_file()
    # 0 is an answer, too: one process.
    if best.get("workers") is None or not answer.data.get("recommendations") or not is_there:
        lacks = "no configuration for all tests, or no recommendation" if is_there else "no file"
        return build_failure(f"{TUNED}: {lacks}", "run `tune` by hand, and see what it says")
    measured_s = _read_number(best.get("measured_s"))
    time = "" if measured_s is None else f", {measured_s:.1f} s"
    return build_pass(f"{best['workers']} workers{time}; {len(configurations)} configurations")


def get_object(data: Object, key: str) -> Object:
    """Return an object within an object; an empty one where there is none."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def get_objects(data: Object, key: str) -> dict[str, Object]:
    """Return the objects within an object within an object."""
    found = get_object(data, key)
    return {name: value for name, value in found.items() if isinstance(value, dict)}


def list_differences(analysis: Object) -> list[str]:
    """Return what differs in a comparison, or how it came to its end."""
    found = analysis.get("differences")
    if not isinstance(found, list) or not found:
        return [str(analysis.get("failure") or DIFFERENT)]
    return [
        f"{one.get('nodeid')}: {one.get('sequential')} sequentially, {one.get('parallel')} parallel"
        for one in found
        if isinstance(one, dict)
    ]


def _read_number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _build_missing(what: str) -> Judgement:
    return build_failure(what, "run `measure` by hand, and mend what it says")


def _list(*names: str) -> Callable[[Evidence], Iterable[Path]]:
    return lambda evidence: [evidence.root / name for name in names]


GATES: Final = (
    Gate(3, 1, "outcomes are equal", judge_outcomes, _list(REPORT, PICTURE)),
    Gate(3, 2, "the suite is faster in parallel", judge_gain),
    Gate(3, 3, "categories take no longer than they may", judge_categories),
    Gate(3, 4, "the configuration is tuned", judge_tuning, _list(TUNED)),
)
