"""What the gates of a repository expect: the ini key `phases`, read.

Whether a suite meets it is judged in the modules of the phases.
"""

import difflib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ..errors import SettingError

CATEGORIES: Final = ("unit", "integration", "slow")
PROBES: Final = ("builders", "parameters", "mocks")
VERBS: Final = ("mark", "measure", "tune")

DEFAULT_GAIN: Final = 50.0
"""Per cent of the sequential time."""

T = TypeVar("T")
D = TypeVar("D")

UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Range:
    """How many tests a category may have."""

    least: int
    most: int | None
    """None: any number."""

    def __contains__(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least}-{self.most}"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is expected; by default as much as can be expected of any suite."""

    suite: tuple[str, ...] = ()
    """Paths of the suite; none: pytest's testpaths."""
    tests: int | None = None
    """How many there are at least; None: as many as when the gate passed last."""
    counts: Mapping[str, Range] = field(default_factory=dict)
    """By category; one that isn't there may have any number."""
    gain_percent: float = DEFAULT_GAIN
    times_s: Mapping[str, float] = field(default_factory=dict)
    """What a category may take in parallel; one that isn't there: as long as all in sequence."""
    probes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Node ids of tests that prove one kind of independence."""
    verb_arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `mark`, `measure` and `tune` are given besides the suite."""


def parse_expectations(text: str) -> Expectations:
    """Read lines such as `unit = 180-200`.

    :raises SettingError: a line is a mistake; the error shows it, and what it could be.
    """
    found = _parse_lines(text)
    return Expectations(
        suite=_read(found, "suite", _parse_words, ()),
        tests=_read(found, "tests", _parse_count, None),
        counts=_read_each(found, {name: name for name in CATEGORIES}, _parse_range),
        gain_percent=_read(found, "gain", _parse_percent, DEFAULT_GAIN),
        times_s=_read_each(found, {f"{name}_time": name for name in CATEGORIES}, _parse_time),
        probes=_read_each(found, {name: name for name in PROBES}, _parse_words),
        verb_arguments=_read_each(found, {name: name for name in VERBS}, _parse_words),
    )


def _parse_lines(text: str) -> dict[str, str]:
    known = ("suite", "tests", "gain", *CATEGORIES, *(f"{name}_time" for name in CATEGORIES))
    known += (*PROBES, *VERBS)
    found: dict[str, str] = {}
    for line in filter(None, (part.strip() for part in text.splitlines())):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not value:
            raise SettingError(
                "phases", line, "is no expectation", "write it as NAME = VALUE: tests = 208"
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise SettingError("phases", line, "names nothing that a gate looks at", remedy)
        if name in found:
            raise SettingError("phases", line, f"is the second line of {name}", "keep one of them")
        found[name] = value
    return found


def _read(found: Mapping[str, str], name: str, parse: Callable[[str, str], T], default: D) -> T | D:
    return parse(name, found[name]) if name in found else default


def _read_each(
    found: Mapping[str, str], names: Mapping[str, str], parse: Callable[[str, str], T]
) -> dict[str, T]:
    """Read those of some lines that are there.

    :param names: name of the line, to the name that its value gets.
    """
    return {short: parse(name, found[name]) for name, short in names.items() if name in found}


def _parse_words(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise _build_error(
            name, text, f"can't be split ({error})", "close the quotation"
        ) from error


def _parse_count(name: str, text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise _build_error(name, text, "is no number of tests", "give one such as 208")
    return int(text)


def _parse_range(name: str, text: str) -> Range:
    match = re.fullmatch(r"(\d+)(?:\s*(-)\s*(\d+)?)?", text)
    least = int(match[1]) if match else 1
    open_end = None if match and match[2] else least
    most = int(match[3]) if match and match[3] else open_end
    if not match or (most is not None and most < least):
        raise _build_error(
            name, text, "is no range of numbers", "give one such as 180-200, 180- or 190"
        )
    return Range(least, most)


def _parse_percent(name: str, text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    if not match or float(match[1]) >= 100:  # noqa: PLR2004  no run takes no time
        raise _build_error(name, text, "is no share of the time", "give one such as 50%")
    return float(match[1])


def _parse_time(name: str, text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m)", text)
    if not match or not float(match[1]):
        raise _build_error(name, text, "is no time", "give one such as 500ms, 60s or 2m")
    return float(match[1]) * UNITS[match[2]]


def _build_error(name: str, text: str, problem: str, remedy: str) -> SettingError:
    return SettingError("phases", f"{name} = {text}", problem, remedy)
