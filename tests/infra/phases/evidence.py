"""What the gates of one phase judge by: the repository, what it expects, and what was found in it.

What is found for one gate is there for the next ones of the same phase.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..smells.targets import find_files, read_testpaths
from .expectations import Expectations
from .hands import Hands, VerbAnswer
from .survey import Survey


@dataclass(slots=True)
class Evidence:
    """A repository, seen by the gates of one phase."""

    root: Path
    expectations: Expectations
    hands: Hands
    is_check_only: bool = False
    """Whether no test may be marked."""
    last_figures: Mapping[str, str] = field(default_factory=dict)
    """Title of a gate to its figure when it passed last."""
    _survey: Survey | None = None
    _measured: VerbAnswer | None = None

    @property
    def suite(self) -> tuple[str, ...]:
        """The paths of the suite, relative to the root."""
        return self.expectations.suite or tuple(read_testpaths(self.root))

    def find_sources(self) -> list[Path]:
        """Find the Python files of the suite, and of all tests beside it.

        :raises PathUnreadableError: a path of the suite doesn't exist.
        """
        others = (self.root / path for path in read_testpaths(self.root))
        found = [*self.find_suite(), *find_files([path for path in others if path.exists()])]
        return list(dict.fromkeys(map(Path.resolve, found)))

    def find_suite(self) -> list[Path]:
        """Find the Python files of the suite.

        :raises PathUnreadableError: a path of the suite doesn't exist.
        """
        return find_files([self.root / path for path in self.suite])

    def run_verb(self, verb: str, *arguments: str) -> VerbAnswer:
        """Run a verb on the suite, with what the repository gives it besides."""
        besides = self.expectations.verb_arguments.get(verb, ())
        return self.hands.run_verb(verb, *arguments, *besides, *self.suite)

    def get_survey(self) -> Survey:
        """Return what pytest collects of the suite."""
        if self._survey is None:
            self._survey = self.hands.run_pytest("--collect-only", "-q", *self.suite)
        return self._survey

    def get_measured(self) -> VerbAnswer:
        """Return what `measure` finds; it runs once."""
        if self._measured is None:
            self._measured = self.run_verb("measure")
        return self._measured
