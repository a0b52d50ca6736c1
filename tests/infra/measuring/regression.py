"""A report against an older one: which configurations have become slower; pure.

Only the same numbers of workers are compared.  What else differs between the two is told, since a
slower machine, or more tests, is no regression of the suite.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import SettingError

FACTS: Final = ("cores", "processor", "python", "pytest", "xdist")


@dataclass(frozen=True, slots=True)
class Change:
    """The median of one number of workers, then and now."""

    workers: str
    before_s: float
    after_s: float
    is_worse: bool
    """Whether it takes longer by more than is tolerated."""

    @property
    def share(self) -> float:
        """By how much it takes longer, as a part of what it took."""
        return self.after_s / self.before_s - 1


@dataclass(frozen=True, slots=True)
class Regression:
    """Two reports compared."""

    changes: Sequence[Change]
    tolerance: float
    notes: Sequence[str] = ()
    """What else differs."""

    @property
    def is_worse(self) -> bool:
        """Whether anything is slower than is tolerated."""
        return any(change.is_worse for change in self.changes)

    def to_data(self) -> dict[str, object]:
        """Return it as what JSON can hold."""
        changes = [asdict(change) | {"share": change.share} for change in self.changes]
        return {
            "is_worse": self.is_worse,
            "tolerance": self.tolerance,
            "changes": changes,
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Render a line for each number of workers, then what else differs."""
        lines = [
            f"-n {one.workers}: {one.before_s:.2f} s before, {one.after_s:.2f} s now "
            f"({one.share:+.0%}, {'more than' if one.is_worse else 'within'} {self.tolerance:.0%})"
            for one in self.changes
        ]
        title = "Slower than the older report:" if self.is_worse else "Against the older report:"
        return "\n".join([title, *lines, *(f"note: {note}" for note in self.notes)])


# Any: reports are JSON of any shape; `read_report` has looked at what is used.
def compare_reports(
    old: Mapping[str, Any], new: Mapping[str, Any], *, tolerance: float
) -> Regression:
    """Compare the parallel medians of two reports.

    :raises SettingError: they have no number of workers in common.
    """
    both = [count for count in new["parallel"] if count in old["parallel"]]
    if not both:
        raise SettingError(
            "--compare",
            ", ".join(old["parallel"]),
            f"has none of the numbers of workers measured now ({', '.join(new['parallel'])})",
            "measure with the same --workers",
        )
    changes = [_build_change(count, old, new, tolerance) for count in both]
    return Regression(changes, tolerance, tuple(_list_notes(old, new, both)))


def read_report(path: Path) -> Mapping[str, Any]:
    """Read an older report.

    :raises SettingError: it is none.
    """
    remedy = "give a performance_report.json that measure has written"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        times = [float(one["wall_s"]) for one in found["parallel"].values()]
        is_report = isinstance(found["machine"], dict) and all(time_s > 0 for time_s in times)
    except OSError as error:
        raise SettingError("--compare", str(path), f"can't be read ({error})", remedy) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise SettingError("--compare", str(path), f"is no report ({error!r})", remedy) from error
    if not is_report:
        raise SettingError("--compare", str(path), "is no report", remedy)
    return dict(found)


def parse_share(text: str) -> float:
    """Read a share such as `20%` or `0.2`.

    :raises SettingError: it is none.
    """
    number, _, rest = text.strip().partition("%")
    try:
        share = float(number) / (100 if "%" in text else 1)
    except ValueError:
        share = -1.0
    if rest or not 0 <= share <= 10:  # noqa: PLR2004  1000%: nobody means more
        raise SettingError("--tolerance", text, "is no share", "give one such as 20% or 0.2")
    return share


# Any: as above.
def _build_change(
    count: str, old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float
) -> Change:
    before_s, after_s = (float(one["parallel"][count]["wall_s"]) for one in (old, new))
    return Change(count, before_s, after_s, after_s > before_s * (1 + tolerance))


# Any: as above.
def _list_notes(
    old: Mapping[str, Any], new: Mapping[str, Any], both: Sequence[str]
) -> Iterator[str]:
    for name in FACTS:
        before, after = old["machine"].get(name), new["machine"].get(name)
        if before != after:
            yield f"{name} was {before}, and is {after}: another machine or other versions"
    if old.get("command") != new.get("command"):
        yield "the command was another one"
    before_count, after_count = (one["parallel"][both[0]].get("test_count") for one in (old, new))
    if before_count != after_count:
        yield f"{before_count} tests then, {after_count} now"
