"""What every verb of the command line is made of."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line tells its caller."""

    SOUND = 0
    FINDING = 1
    USAGE = 2
    """A mistake in what the user gave; `argparse` uses the same number."""
    FAILURE = 3
    """A failure of the infrastructure itself."""
    INTERRUPTED = 130
    """A person ended it before anything was found; a shell's own number for that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb found: a text for people, the same as data, and whether it is sound."""

    text: str
    data: Mapping[str, object]
    exit_code: ExitCode = ExitCode.SOUND


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: how it is asked for, explained and done."""

    name: str
    summary: str
    """One line for the list of verbs."""
    description: str
    """What its own `--help` teaches; `{prog}` stands for the program's name and the verb."""
    run: Callable[[argparse.Namespace], Outcome]
    """Raises `InfraError` for a mistake of the user's; `progress` is there to be spoken to."""
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None
    takes_pytest_args: bool = False
    """Whether arguments that it doesn't know are pytest's, and come as `pytest_args`."""
