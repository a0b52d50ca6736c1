"""The benchmark's report: bars, totals, and a line per suite.  Measuring is left to `hunt`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from flakes.hunters import sum_commands
from flakes.judging import Commands, Score

MAX_SAID: Final = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """What must be reached, and what was."""

    name: str
    least: str
    measured: str
    is_kept: bool

    def render(self) -> str:
        """Render as a row of a table."""
        return f"| {self.name} | {self.least} | {self.measured} | {_mark(self.is_kept)} |"


def build_bars(scores: Sequence[Score], wall_s: float, limit_s: float) -> list[Bar]:
    """Compare the totals with the bars; shares of 60 suites where there are more, or fewer."""
    planted = [one for one in scores if not one.is_sound]
    ordered = [one for one in planted if one.is_order_dependent]
    found = sum(one.is_found for one in planted)
    kinds = sum(one.is_kind_right for one in planted)
    culprits = sum(one.are_culprits_right for one in ordered)
    commands = sum_commands(planted)
    accused = sum(len(one.accused) for one in scores)
    silent = sum(bool(one.problem) for one in scores)
    return [
        _build_share("flaky suites found", found, len(planted), 55 / 60),
        _build_share("kind right", kinds, len(planted), 50 / 60),
        _build_share("order: true minimal culprits", culprits, len(ordered), 1.0),
        _build_share("command fails at least 9 of 10 times", commands.kept, commands.asked, 1.0),
        Bar("innocent tests accused", "0", str(accused), accused == 0),
        Bar("hunts without an answer", "0", str(silent), silent == 0),
        Bar("time of all hunts", f"{limit_s:.0f} s", f"{wall_s:.0f} s", wall_s <= limit_s),
    ]


def _build_share(name: str, count: int, total: int, least: float) -> Bar:
    return Bar(name, f"{least:.0%}", f"{count} of {total}", count >= least * total)


def render_bars(bars: Sequence[Bar]) -> str:
    """Render the bars as a table."""
    head = ["| what | bar | measured | |", "|---|---|---|---|"]
    return "\n".join([*head, *(bar.render() for bar in bars)]) + "\n"


def render_suites(scores: Sequence[Score], others: Mapping[str, Mapping[str, Score]]) -> str:
    """Render a line per planted suite, with what each rival found beside it."""
    head = ["suite", "planted", "found", "said", "kind", "culprits", "commands", "accused", "s"]
    head += list(others)
    rows = [head, ["---"] * len(head)]
    rows += [
        [*_build_cells(one), *(_render_other(scored.get(one.suite)) for scored in others.values())]
        for one in scores
        if not one.is_sound
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _build_cells(score: Score) -> list[str]:
    said = score.problem or ", ".join(score.said)
    return [
        score.suite,
        ", ".join(score.kinds),
        f"{score.found} of {score.planted}",
        said[:MAX_SAID].replace("|", "/").replace("\n", " "),
        _mark(score.is_kind_right),
        _mark(score.are_culprits_right) if score.is_order_dependent else "",
        _render_commands(score.commands),
        str(len(score.accused)),
        f"{score.took_s:.1f}",
    ]


def _render_commands(commands: Commands) -> str:
    if not commands.asked:
        return ""
    counts = ", ".join(f"{count}/{commands.runs}" for count in commands.failures)
    return counts or "none given"


def _render_other(score: Score | None) -> str:
    if score is None:
        return "not run"
    if score.problem:
        return "no answer"
    parts = ["found"] if score.is_found else ["-"]
    parts += ["kind"] * score.is_kind_right
    parts += ["culprits"] * (score.is_order_dependent and score.are_culprits_right)
    return ", ".join(parts)


FIGURES: Final[Sequence[tuple[str, Callable[[Sequence[Score]], str]]]] = (
    ("suites run", lambda scores: str(len(scores))),
    ("found", lambda scores: str(sum(one.is_found for one in scores))),
    ("kind right", lambda scores: str(sum(one.is_kind_right for one in scores))),
    (
        "order: true minimal culprits",
        lambda scores: str(sum(one.is_order_dependent * one.are_culprits_right for one in scores)),
    ),
    ("innocents accused", lambda scores: str(sum(len(one.accused) for one in scores))),
    ("no answer", lambda scores: str(sum(bool(one.problem) for one in scores))),
    (
        "s per suite",
        lambda scores: f"{sum(one.took_s for one in scores) / max(len(scores), 1):.1f}",
    ),
)
"""The totals of a hunter: what each is called, and how it is counted."""


def render_totals(names: Mapping[str, Sequence[Score]]) -> str:
    """Render the totals of each hunter beside each other."""
    rows = [["", *names], ["---"] * (len(names) + 1)]
    rows += [[name, *(count(scores) for scores in names.values())] for name, count in FIGURES]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def render_accused(scores: Sequence[Score]) -> str:
    """Render which innocent tests were accused, and which hunts gave no answer."""
    lines = [f"- {one.suite}: {accused}" for one in scores for accused in one.accused]
    lines += [f"- {one.suite}: {one.problem}" for one in scores if one.problem]
    return "\n".join(lines) + "\n" if lines else "None.\n"


def write_scores(path: Path, scores: Mapping[str, Sequence[Score]]) -> None:
    """Keep the scores of several hunters."""
    found = {name: [asdict(one) for one in every] for name, every in scores.items()}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read_scores(path: Path) -> dict[str, dict[str, Score]]:
    """Read what `write_scores` wrote, by hunter and suite; nothing where there is no such file."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: {one["suite"]: _read_score(one) for one in every} for name, every in found.items()
    }


def _read_score(found: dict[str, object]) -> Score:
    lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    commands = found["commands"]
    if not isinstance(commands, dict):
        raise TypeError(commands)
    kept = Commands(**{**commands, "failures": tuple(commands["failures"])})
    # Any of its types: the record is our own, written from a Score.
    return Score(**{**found, **lists, "commands": kept})  # type: ignore[arg-type]  # see above


def _mark(is_right: bool) -> str:  # noqa: FBT001, one letter of a table, called in one place each
    return "yes" if is_right else "NO"
