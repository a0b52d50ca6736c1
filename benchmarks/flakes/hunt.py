"""The benchmark of the flake hunt: what it finds in planted suites, and whom it accuses.

Copies each suite into a fresh directory, hunts there with our hunter, and judges the record that
it prints: flaky tests found, kinds, culprits, commands that fail again, innocents accused, time.
The suites need what the infrastructure needs; each process of a hunt would load the plugins of
whatever else is installed.

    uv run --isolated --no-default-groups --group hunt python benchmarks/flakes/hunt.py --write
    uv run --isolated --no-default-groups --group hunt python benchmarks/flakes/hunt.py --sample 60
    uv run python benchmarks/flakes/hunt.py --only 'victim_*' --repeats 0
    uv run python benchmarks/flakes/hunt.py --hunter 'python benchmarks/flakes/fake_hunter.py'
"""

import argparse
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

# What the parts of a benchmark share lies one directory up.
sys.path.append(str(Path(__file__).parents[1]))

from flakes import hunters, tables
from flakes.expected import Plant, list_sound, read_plants
from flakes.judging import Score
from flakes.trials import copy_suite

RESULT: Final = Path(__file__).with_suffix(".md")
AGAIN: Final = "uv run --isolated --no-default-groups --group hunt python benchmarks/flakes/hunt.py"
RIVALS: Final = Path(__file__).with_name("rivals.json")
JOBS: Final = 3
LIMIT_S: Final = 600.0
BUDGET_S: Final = 60.0
LEAST: Final = 0.9
"""The share of its repetitions in which a command must fail again."""
OURS: Final = "ours"


@dataclass(frozen=True, slots=True)
class Task:
    """One suite to hunt in, at its place."""

    name: str
    plant: Plant | None
    """None: a sound suite."""
    place: Path


def make_tasks(only: str, sample: int, work: Path) -> list[Task]:
    """Copy all suites to their places; of the planted ones so many, or all (0).

    They are spread evenly over the names, which begin with the kind.
    """
    plants = read_plants(only)
    if 0 < sample < len(plants):
        plants = [plants[place * len(plants) // sample] for place in range(sample)]
    suites: list[tuple[str, Plant | None, Path]] = [
        (plant.name, plant, plant.directory) for plant in plants
    ]
    suites += [(path.name, None, path) for path in list_sound(only)]
    tasks = []
    for name, plant, directory in suites:
        parent = work / (f"sound-{name}" if plant is None else name)
        shutil.rmtree(parent, ignore_errors=True)
        place = copy_suite(directory, parent / name, hunters.INI)
        tasks.append(Task(name, plant, place))
    return tasks


def hunt_all(tasks: Sequence[Task], options: argparse.Namespace) -> list[hunters.Answer]:
    """Hunt in all suites, some at a time; keep what each hunter printed."""

    def hunt(task: Task) -> hunters.Answer:
        answer = hunters.hunt(task.place, options.hunter, options.budget)
        (task.place.parent / "answer.txt").write_text(answer.output)
        score = hunters.judge_answer(task.name, task.plant, answer)
        said = answer.problem or ", ".join([*score.said, *(f"!{one}" for one in score.accused)])
        print(f"{task.name:32} {answer.took_s:6.1f} s  {said or 'nothing'}", flush=True)
        return answer

    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(hunt, tasks))


def repeat_all(
    tasks: Sequence[Task], answers: Sequence[hunters.Answer], repeats: int
) -> list[Score]:
    """Judge all answers, and run their commands again, one at a time."""
    scores = []
    for task, answer in zip(tasks, answers, strict=True):
        score = hunters.judge_answer(task.name, task.plant, answer)
        if task.plant and repeats:
            least = int(LEAST * repeats)
            counted = hunters.repeat_commands(task.place, task.plant, answer, repeats, least)
            score = hunters.add_commands(score, counted)
        scores.append(score)
    return scores


def render(scores: Sequence[Score], bars: Sequence[tables.Bar], options: argparse.Namespace) -> str:
    """Render the whole page."""
    others = tables.read_scores(RIVALS)
    drawn = f" --sample {options.sample}" if options.sample else ""
    sound = sum(one.is_sound for one in scores)
    names = {OURS: [one for one in scores if not one.is_sound]}
    here = {one.suite for one in names[OURS]}
    names.update(
        {
            name: [one for one in every.values() if one.suite in here]
            for name, every in others.items()
        }
    )
    return "\n".join(
        [
            "# The flake hunt: what it finds, and whom it accuses",
            "",
            f"Python {platform.python_version()}, pytest {version('pytest')}; "
            f"{len(scores) - sound} planted suites and {sound} sound ones, {options.jobs} hunts at "
            f"a time, a budget of {options.budget:g} s each. "
            f"Again: `{AGAIN} --jobs {options.jobs}{drawn} --write`.",
            "",
            "## Bars",
            "",
            tables.render_bars(bars),
            "## Beside others, on the planted suites",
            "",
            tables.render_totals(names),
            "detect-test-pollution is told the victim. The seconds of the other tools are of one "
            f"or two suites at a time, ours of {options.jobs} hunts at a time.",
            "",
            "## Suites",
            "",
            tables.render_suites(scores, others),
            "## Innocents accused, and hunts without an answer",
            "",
            tables.render_accused(scores),
        ]
    )


def main() -> int:
    """Hunt, judge and report; 1 where a bar is missed."""
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix="hunt-", ignore_cleanup_errors=True) as name:
        tasks = make_tasks(options.only, options.sample, Path(options.work or name))
        start = time.monotonic()
        answers = hunt_all(tasks, options)
        wall_s = time.monotonic() - start
        scores = repeat_all(tasks, answers, options.repeats)
    bars = tables.build_bars(scores, wall_s, LIMIT_S)
    text = render(scores, bars, options)
    print(text)
    if options.write:
        name = f"{RESULT.stem}_{options.sample}.md" if options.sample else RESULT.name
        RESULT.with_name(name).write_text(text, encoding="utf-8")
    return 0 if all(bar.is_kept for bar in bars) else 1


def parse_options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="*", help="suites whose names match")
    parser.add_argument(
        "--sample", type=int, default=0, help="so many of the planted suites, of all kinds"
    )
    parser.add_argument("--hunter", default=hunters.HUNTER, help="the command that hunts")
    parser.add_argument("--budget", type=float, default=BUDGET_S, help="seconds per suite")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"hunts at a time ({JOBS})")
    parser.add_argument("--repeats", type=int, default=10, help="runs of each command (10)")
    parser.add_argument("--work", help="directory to keep the suites and answers in")
    parser.add_argument("--write", action="store_true", help="write hunt.md, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
