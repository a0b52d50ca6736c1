"""The randomised proof: no overlap, no crowded lane, no lost test, no hang.

Each run is a suite from a seed, under a real pytest with real workers, crashes in half of them.
What the tests wrote down themselves is compared with what was planned; the infrastructure is
asked nothing.  Prints a report and, with `--write`, puts it into `lanes_proof.md` beside this
file; the exit code is 1 if anything happened that must not.

    uv run python benchmarks/lanes_proof.py --runs 200 --write
    uv run python benchmarks/lanes_proof.py --seed 17 --keep /tmp/seed-17
"""

import argparse
import contextlib
import os
import sys
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from proving.checks import Evidence, find_violations
from proving.oldest import OLDEST, make_oldest
from proving.runs import run_plan
from proving.selftest import find_blind_spots
from proving.suites import Plan, build_plan
from proving.summary import Verdict, render_report
from pytest_runs import ROOT, Python

RESULT = Path(__file__).with_suffix(".md")
LOGS = Path(tempfile.gettempdir()) / "lanes-proof"


def build_plans(seeds: Sequence[int]) -> list[Plan]:
    """Build the plans of all seeds; odd ones have crashes."""
    return [build_plan(seed, has_crashes=bool(seed % 2)) for seed in seeds]


def prove(python: Python, plans: Sequence[Plan], jobs: int) -> list[Verdict]:
    """Run all plans, several at a time, and tell each violation as soon as it is found."""
    verdicts = []
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run_plan, python, plan) for plan in plans]
        for future in as_completed(waiting):
            verdicts.append(judge(future.result()))
            print(f"\r{len(verdicts)} of {len(plans)} runs", end="", file=sys.stderr)
    print(file=sys.stderr)
    return sorted(verdicts, key=lambda verdict: verdict.evidence.plan.seed)


def judge(evidence: Evidence) -> Verdict:
    """Check a run, and say at once what is wrong with it and how to repeat it."""
    verdict = Verdict(evidence, find_violations(evidence))
    if verdict.violations:
        LOGS.mkdir(exist_ok=True)
        # What depends on timing may not come again, so what pytest said is kept.
        log = LOGS / f"seed-{evidence.plan.seed}-{uuid.uuid4().hex[:6]}.log"
        log.write_text(evidence.finished.output, encoding="utf-8")
        print(f"\n{verdict.render()}\n  what pytest said: {log}", flush=True)
    return verdict


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="runs, one a seed (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--seed", type=int, help="repeat the run of one seed")
    parser.add_argument("--times", type=int, default=1, help="with --seed: so often")
    parser.add_argument("--keep", type=Path, help="with --seed: keep suite and logs there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--root", type=Path, default=ROOT, help="where tests.infra comes from")
    parser.add_argument("--python", help="another interpreter, which has the packages")
    parser.add_argument("--oldest", action="store_true", help=f"with {', '.join(OLDEST)}")
    parser.add_argument("--self-test", action="store_true", help="see the check find things")
    parser.add_argument("--write", action="store_true", help="write the result beside this, too")
    return parser.parse_args()


def repeat(python: Python, seed: int, keep: Path | None) -> int:
    """Run one seed again, and show what pytest said."""
    (plan,) = build_plans([seed])
    verdict = judge(run_plan(python, plan, keep=keep))
    print(verdict.evidence.finished.output)
    print(" ".join(verdict.evidence.finished.command))
    print(f"{len(verdict.violations)} violations")
    return int(bool(verdict.violations))


def main() -> int:
    """Prove, or repeat a seed, or test the check itself."""
    options = parse_arguments()
    executable = options.python or sys.executable
    with (
        make_oldest(executable) if options.oldest else contextlib.nullcontext(executable) as chosen
    ):
        python = Python(options.root.resolve(), chosen)
        if options.self_test:
            return find_blind_spots(python)
        if options.seed is not None and options.times == 1:
            return repeat(python, options.seed, options.keep)
        seeds: Sequence[int] = range(options.first, options.first + options.runs)
        if options.seed is not None:
            seeds = [options.seed] * options.times
        verdicts = prove(python, build_plans(seeds), options.jobs)
        text = render_report(python, verdicts, " --oldest" if options.oldest else "")
    print(text)
    if options.write:
        result = RESULT.with_stem(f"{RESULT.stem}_oldest") if options.oldest else RESULT
        result.write_text(text, encoding="utf-8")
    return int(any(verdict.violations for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
